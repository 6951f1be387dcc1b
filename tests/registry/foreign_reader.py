"""A reader of registries written from the specification alone: standard library, no line of maturekit.

Run as ``python -I -S foreign_reader.py FOLDER [KEY in hexadecimal]``: it prints every model with its versions and where
its aliases stand, then every fault it finds, and returns 1 if there is one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from pathlib import Path

CHECK = re.compile(rb'"check":"sha256:[0-9a-f]{64}"')
MAC = re.compile(rb'"mac":"(hmac-sha256:[0-9a-f]{64})?"')
HEAD_EVERY, PACK_EVERY, TABLE_EVERY = 10, 100, 1000
TABLED = "actor actor_kind body cause number reason role subject time".split()


class Reader:
    """Reads one registry; `lines` says what is there, `faults` what is wrong."""

    def __init__(self, root, key):
        self.root, self.key, self.lines, self.faults = Path(root), key, [], []

    def read(self):
        data = (self.root / "registry.json").read_bytes()
        content = json.loads(data)
        if content["what"] != "maturekit registry" or content["format"] > 1:
            raise ValueError("not a registry of format 1")
        self.expect(content["check"] == digest(CHECK.sub(b'"check":""', data)), "registry.json is damaged")
        for folder in sorted((self.root / "logs" / "model").glob("[!.]*")):
            self.model(folder)

    def model(self, folder):
        log, previous, packed, tabled = f"model/{folder.name}", "", b"", []
        self.state, self.needed, versions = {}, set(), []
        events = folder / "events"
        last = max((int(path.stem) for path in events.glob("[0-9]" * 12 + ".json")), default=0)
        for number in range(1, last + 1):
            data = (events / f"{number:012d}.json").read_bytes()
            event = json.loads(data)
            if event["format"] > 1:
                raise ValueError(f"{log}: event {number} has a newer format")
            self.sealed(data, f"{log}: event {number}", check_at=-1, mac_at=-1)
            at_home = (event["log"], event["number"], event["previous"]) == (log, number, previous)
            self.expect(at_home, f"{log}: event {number} does not follow the one before")
            previous, packed = digest(data), packed + data + b"\n"
            tabled.append(event)
            if event["kind"] == "version":
                versions.append(f"version {event['body']['number']} {event['subject']}")
                self.expect(
                    event["subject"] == version_digest(event["body"]), f"{log}: event {number} has a wrong digest"
                )
            self.step(event)
            if number % HEAD_EVERY == 0:
                self.head(folder, number, previous)
            if number % PACK_EVERY == 0:
                cache = folder / f"{number:012d}.pack.jsonl"
                self.expect(not cache.exists() or cache.read_bytes() == packed, f"{log}: pack {number} differs")
                packed = b""
            if number % TABLE_EVERY == 0:
                self.table(folder, number, previous, tabled)
                tabled = []
        self.lines += [log, f"events {last}", f"newest {previous}", *versions]
        aliases = self.state.get("aliases", {})
        self.lines += [f"alias {name} {place['to']}" for name, place in sorted(aliases.items())]
        self.content(events / "blobs" / "sha256", log)

    def step(self, event):
        """Carry on where the aliases stand, and who needs which content."""
        kind, body, needed = event["kind"], event["body"], []
        if kind == "version":
            self.state = {**self.state, "versions": body["number"]}
            needed = [(f"model/{name}", file["digest"]) for name, file in body["model"]["files"].items()]
            needed += [(name, body[name]) for name in ("schema", "profile", "examples", "notes")]
            needed = [(f"{body['number']} {part}", content) for part, content in needed]
            needed.append(("", body["environment"]["installed"]))
        elif kind in {"alias", "refusal"}:
            moves = [body, *([body["swap"]] if body["swap"] else [])]
            needed = [("", move["report"]) for move in moves]
            aliases = dict(self.state.get("aliases", {}))
            for move in moves if kind == "alias" else ():
                aliases.pop(move["alias"], None)
                if move["to"] is not None:
                    aliases[move["alias"]] = {"event": move["event"], "to": move["to"]}
            self.state = {**self.state, "aliases": aliases} if kind == "alias" else self.state
        elif kind in {"report", "alarm"}:
            needed = [("", body["report"])]
        elif kind == "erasure":
            self.state = {**self.state, "erasure": event["number"]}
            self.needed -= {(f"{body['version']} {part}", content) for part, content in body["erased"].items()}
        self.needed |= {(whose, content) for whose, content in needed if content}

    def head(self, folder, number, newest):
        path = folder / f"{number:012d}.head.json"
        if not path.exists():
            return
        data, what = path.read_bytes(), f"model/{folder.name}: head {number}"
        self.sealed(data, what, check_at=0, mac_at=0)
        head = json.loads(data)
        self.expect((head["number"], head["digest"], head["state"]) == (number, newest, self.state), f"{what} differs")

    def table(self, folder, number, newest, events):
        path = folder / f"{number:012d}.table.json"
        if not path.exists():
            return
        data, what = path.read_bytes(), f"model/{folder.name}: table {number}"
        self.sealed(data, what, check_at=0, mac_at=-1)
        kinds = {}
        for event in events:
            kinds.setdefault(event["kind"], []).append({name: event[name] for name in TABLED})
        told = {kind: {"rows": len(rows), "columns": column(rows, 5)} for kind, rows in kinds.items()}
        table = {"log": events[0]["log"], "number": number, "digest": newest, "previous": events[0]["previous"]}
        found = {name: value for name, value in json.loads(data).items() if name not in {"check", "mac"}}
        self.expect(spelled(found) == spelled({**table, "kinds": told}), f"{what} differs")

    def content(self, folder, log):
        there = {f"sha256:{path.name}": path for path in folder.glob("??/*") if not path.name.startswith(".")}
        for name, path in sorted(there.items()):
            self.expect(digest(path.read_bytes()) == name, f"{log}: the blob {name} is damaged")
        for name in sorted({content for _, content in self.needed} - set(there)):
            self.faults.append(f"{log}: the blob {name} is missing")

    def sealed(self, data, what, *, check_at, mac_at):
        """Look at `check` and `mac`: which of their name they are is known, so no JSON has to be spelled for it."""
        check, mac = CHECK.findall(data), [match.group() for match in MAC.finditer(data)]
        if not check or not mac:
            self.faults.append(f"{what} has no seal")
            return
        without = replaced(data, check[check_at], b'"check":""', check_at)
        self.expect(check[check_at] == b'"check":"%s"' % digest(without).encode(), f"{what} is damaged")
        if self.key:
            bare = replaced(without, mac[mac_at], b'"mac":""', mac_at)
            signed = b'"mac":"hmac-sha256:%s"' % hmac.new(self.key, bare, hashlib.sha256).hexdigest().encode()
            self.expect(hmac.compare_digest(mac[mac_at], signed), f"{what} is not signed by the key")

    def expect(self, true, fault):
        self.faults += [] if true else [fault]


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def version_digest(body):
    content = {name: value for name, value in body.items() if name not in {"number", "parent", "origin"}}
    return digest(spelled(content))


def spelled(content):
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def column(values, deep):
    if len(set(map(spelled, values))) == 1:
        return {"all": values[0]}
    if deep and all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        return {"of": {name: column([value[name] for value in values], deep - 1) for name in values[0]}}
    return {"each": values}


def replaced(data, old, new, place):
    at = data.rindex(old) if place else data.index(old)
    return data[:at] + new + data[at + len(old) :]


if __name__ == "__main__":
    reader = Reader(sys.argv[1], bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else b"")
    try:
        reader.read()
    except (KeyError, TypeError, ValueError, OSError) as error:
        reader.faults.append(f"unreadable: {error!r}")
    sys.stdout.buffer.write("".join(f"{line}\n" for line in reader.lines).encode())
    for fault in reader.faults:
        sys.stdout.buffer.write(f"FAULT {fault}\n".encode())
    sys.exit(1 if reader.faults else 0)
