"""Files that are no export, were damaged, or were made to do harm: refused by name, and nothing is written."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile

import pytest

from maturekit._core.digest import canonical_json, check_of, digest_of
from maturekit.errors import FormatError, IntegrityError, MaturekitError
from maturekit.events import Draft, Event, Seal
from maturekit.registry import Registry
from maturekit.registry.recording import version_digest
from maturekit.reports import Finding, Report
from maturekit.storage import MemoryStore

EVENT = "logs/model/late/events/{:012d}.json"
HEAD = "logs/model/late/000000000010.head.json"


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The entries of an export of a version and of a model, by what was exported."""
    registry = Registry(MemoryStore(), actor="ada")
    version = registry.register("late", "a", notes="first", evidence=[Report("review", [Finding("look", "failed")])])
    registry.approve(version, actor="bob")
    for _ in range(107):
        registry.log("late").append(Draft("hold", body={"version": 1}, subject=version.digest, actor="ada"))
    folder = tmp_path_factory.mktemp("exports")
    return {
        what: read_all(registry.export_to(folder / "export.zip", what).read_bytes())
        for what in ("late:1", "late", None)
    }


@pytest.fixture
def arrives(tmp_path):
    """Return a function that imports bytes or entries into nothing, and checks that an error leaves nothing."""

    def arrives(sent):
        path = tmp_path / "export.zip"
        path.write_bytes(sent if isinstance(sent, bytes) else written(sent))
        store = MemoryStore()
        try:
            return Registry(store, actor="eve").import_from(path)
        except MaturekitError as error:
            assert list(store.list()) == []
            assert str(path) in error.message
            raise

    return arrives


def read_all(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(entries, *, alter=lambda info: None, extra=()):
    """Return a zip archive of entries, each plain as an export has it unless `alter` says otherwise."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in [*entries.items(), *extra]:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            alter(info)
            archive.writestr(info, data)
    return file.getvalue()


def listed(entries, /, **changes):
    """Return entries with a list that fits them, and says what `changes` say."""
    told = json.loads(entries["export.json"]) | changes
    del told["check"]
    rest = {name: data for name, data in entries.items() if name != "export.json"}
    if "entries" not in changes:
        told["entries"] = {name: {"digest": digest_of(data), "size": len(data)} for name, data in rest.items()}
    return rest | {"export.json": canonical_json(told | {"check": check_of(told)})}


def changed(data, **changes):
    """Return an event with other facts, sealed anew as a forger would."""
    event = Event.from_bytes(data)
    return event.model_copy(update=changes).sealed(Seal()).to_bytes()


@pytest.mark.parametrize("what", ["late:1", "late", None])
def test_what_nobody_touched_arrives(exports, arrives, what):
    assert arrives(exports[what])[0].load() == "a"
    assert arrives(listed(exports[what]))[0].number == 1


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json", "/etc/evil", "logs/../../evil", "logs/model/late/events/../../../../evil",
        "C:/evil", "c:\\evil", "logs\\model\\late", "logs/model/late/events/blobs/sha256/ab/cd",
        "logs/model/late/events/000000000001.JSON", "LOGS/model/late/events/000000000001.json", "évil", "a",
        "logs/model/late/events/blobs/sha256/" + "ab/" + "cd" * 32, "logs/model//events/000000000001.json", ".hidden", "-",
        "logs/model/late/events/000000000001.json/x", "registry.json ", "export.json/",
    ],
)  # fmt: skip
def test_a_name_that_is_no_key_is_refused(exports, arrives, name):
    with pytest.raises((FormatError, IntegrityError), match=r"cannot be imported|is no export"):
        arrives(listed(exports["late:1"] | {name: b"evil"}))


@pytest.mark.parametrize(
    ("kind", "fault"),
    [(stat.S_IFLNK, "no plain file"), (stat.S_IFDIR, "no plain file"), (stat.S_IFIFO, "no plain file")],
)
def test_an_entry_that_is_no_plain_file_is_refused(exports, arrives, kind, fault):
    def alter(info):
        if info.filename == "registry.json":
            info.external_attr = (kind | 0o777) << 16

    with pytest.raises(FormatError, match=f"its entry 'registry.json' is {fault}"):
        arrives(written(exports["late:1"], alter=alter))


def test_a_compressed_entry_is_refused_before_it_is_unpacked(exports, arrives):
    def alter(info):
        info.compress_type = zipfile.ZIP_DEFLATED

    bomb = listed(exports["late:1"] | {EVENT.format(9): bytes(50_000_000)})
    with pytest.raises(FormatError, match="is compressed or encrypted"):
        arrives(written(bomb, alter=alter))


def test_an_encrypted_entry_is_refused(exports, arrives):
    data = bytearray(written(exports["late:1"]))
    struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 8, 1)
    with pytest.raises(FormatError, match=r"its entry 'export.json' is compressed or encrypted"):
        arrives(bytes(data))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(exports, arrives):
    twice = [("registry.json", exports["late:1"]["registry.json"])]
    with pytest.raises(FormatError, match=r"its entry 'registry.json' stands there twice"):
        arrives(written(exports["late:1"], extra=twice))


@pytest.mark.parametrize("size", [0, 1, 10**5, 2**32 - 2])
def test_a_size_that_is_a_lie_is_refused(exports, arrives, size):
    data = bytearray(written(exports["late:1"]))
    entry = data.rindex(b"PK\x01\x02")
    for place in (entry + 20, entry + 24):
        struct.pack_into("<I", data, place, size)
    with pytest.raises((FormatError, IntegrityError)):
        arrives(bytes(data))
    with pytest.raises((FormatError, IntegrityError)):
        arrives(bytes(data[: entry + 20] + data[entry + 24 : entry + 28] + data[entry + 24 :]))


def test_entries_that_share_their_bytes_are_refused(exports, arrives):
    data = written(exports["late:1"])
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    count = len(exports["late:1"])
    directory = data[start:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 50 * count, 50 * count, 50 * len(directory))
    with pytest.raises(FormatError, match="stands there twice"):
        arrives(data[:start] + 50 * directory + bytes(tail))


def test_a_file_that_is_cut_short_anywhere_is_refused(exports, arrives):
    data = written(exports["late:1"])
    for end in {*range(0, len(data), 97), len(data) - 1, len(data) - 21, len(data) - 23}:
        with pytest.raises((FormatError, IntegrityError)):
            arrives(data[:end])


def test_a_flipped_bit_is_noticed_or_means_nothing(exports, arrives):
    data = written(exports["late:1"])
    noticed = 0
    for place in range(0, len(data), 31):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        try:
            (version,) = arrives(bytes(flipped))
        except (FormatError, IntegrityError):
            noticed += 1
        else:  # a time or a version number in the frame of the zip archive
            assert (version.load(), version.notes, len(version.reports())) == ("a", "first", 1)
    assert noticed > len(data) / 31 * 0.8


def test_a_place_outside_the_file_is_damage_and_no_trouble_of_the_disk(exports, arrives):
    data = bytearray(written(exports["late:1"]))
    where = len(data) - 6  # where the list of entries begins, in the last record of a zip archive
    data[where : where + 4] = (int.from_bytes(data[where : where + 4], "little") + 5_000).to_bytes(4, "little")
    with pytest.raises((FormatError, IntegrityError)):
        arrives(bytes(data))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is no export"),
        (b"PK\x03\x04 and so on", "is no export"),
        (written({"letter.txt": b"dear"}), "has no export.json"),
        (written({"export.json": b"not json"}), "its list is not valid JSON"),
        (written({"export.json": b"[" * 10_000}), "nested too deeply"),
        (written({"export.json": b'{"what": "something else"}'}), "was not written by maturekit"),
        (written({"export.json": b'{"what": "maturekit export"}'}), "it has no format number"),
    ],
)
def test_a_foreign_file_is_refused(arrives, data, fault):
    with pytest.raises(FormatError, match=fault):
        arrives(data)


def test_a_newer_format_is_refused_with_what_to_do(exports, arrives):
    with pytest.raises(FormatError, match=r"it has format 2; this maturekit reads up to 1\n\nHint: upgrade maturekit"):
        arrives(listed(exports["late:1"], format=2))
    root = json.loads(exports["late:1"]["registry.json"]) | {"format": 2}
    with pytest.raises(FormatError, match="says format 2"):
        arrives(listed(exports["late:1"] | {"registry.json": canonical_json(root)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "everything"}, {"scope": None}, {"scope": ["version"]}, {"registry": 3}, {"subject": None},
        {"entries": []}, {"entries": {"registry.json": "sha256"}}, {"entries": {"registry.json": {"digest": "a"}}},
        {"entries": {"registry.json": {"digest": "a", "size": True}}},
    ],
)  # fmt: skip
def test_a_malformed_list_is_refused(exports, arrives, changes):
    with pytest.raises(FormatError, match="its list is malformed"):
        arrives(listed(exports["late:1"], **changes))


def test_a_list_that_was_edited_is_refused(exports, arrives):
    endless = exports["late:1"]["export.json"].replace(b'"format":1', b'"format":1,"more":1e999')
    with pytest.raises(IntegrityError, match="its list is damaged"):
        arrives(exports["late:1"] | {"export.json": endless})
    edited = exports["late:1"]["export.json"].replace(b'"size":1', b'"size":2')
    with pytest.raises(IntegrityError, match="its list is damaged"):
        arrives(exports["late:1"] | {"export.json": edited})


def test_entries_and_list_must_agree(exports, arrives):
    key = EVENT.format(1)
    with pytest.raises(IntegrityError, match=f"'{key}' is missing"):
        arrives({name: data for name, data in exports["late:1"].items() if name != key})
    with pytest.raises(IntegrityError, match=f"'{EVENT.format(9)}' is not listed"):
        arrives(exports["late:1"] | {EVENT.format(9): b"{}"})
    with pytest.raises(IntegrityError, match=f"'{key}' is damaged"):
        arrives(exports["late:1"] | {key: exports["late:1"][key].replace(b"ada", b"eve")})


@pytest.mark.parametrize("what", ["late:1", "late", None])
def test_content_must_be_what_events_name_and_no_more(exports, arrives, what):
    blob = next(name for name in exports[what] if "/blobs/" in name)
    with pytest.raises(IntegrityError, match=r"the bytes of the blob sha256:[0-9a-f]{64} are not those"):
        arrives(listed(exports[what] | {blob: b"evil"}))
    with pytest.raises(IntegrityError, match=r"the blob sha256:[0-9a-f]{64} is missing; model/late/\d+ names it"):
        arrives(listed({name: data for name, data in exports[what].items() if name != blob}))
    other = digest_of(b"evil")[7:]
    with pytest.raises(IntegrityError, match="no event needs"):
        arrives(listed(exports[what] | {f"logs/model/late/events/blobs/sha256/{other[:2]}/{other}": b"evil"}))
    with pytest.raises(IntegrityError, match="cannot be imported"):
        arrives(listed(exports[what] | {"logs/model/late/000000000020.head.json": b"{}"}))


@pytest.mark.parametrize("what", ["late", None])
@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (lambda e: e | {EVENT.format(3): changed(e[EVENT.format(3)], actor="eve")}, "event 4 does not follow"),
        (lambda e: e | {EVENT.format(3): e[EVENT.format(3)].replace(b"bob", b"eve")}, "event 3 is damaged"),
        (lambda e: e | {EVENT.format(3): e[EVENT.format(4)]}, "belongs to another place"),
        (lambda e: e | {EVENT.format(1): b"{}"}, "is malformed"),
        (lambda e: e | {EVENT.format(10**12 - 1): e[EVENT.format(3)]}, "events of model/late are missing"),
        (lambda e: {name: data for name, data in e.items() if name != EVENT.format(50)}, "are missing"),
        (lambda e: {name: data for name, data in e.items() if name != EVENT.format(110)}, "differs from the events"),
        (lambda e: e | {HEAD: e[HEAD].replace(b'"versions":1', b'"versions":9')}, "differs from the events"),
        (lambda e: e | {HEAD: sealed_head(e[HEAD])}, "differs from the events"),
        (
            lambda e: e | {"logs/model/late/000000000100.pack.jsonl": b"{}\n"},
            r"'logs/model/late/000000000100.pack.jsonl' differs from the events",
        ),
        (
            lambda e: e | {"logs/model/late/000000000105.pack.jsonl": b""},
            r"'logs/model/late/000000000105.pack.jsonl' differs from the events",
        ),
    ],
)
def test_a_history_that_does_not_fit_is_refused(exports, arrives, what, forge, fault):
    with pytest.raises(IntegrityError, match=fault):
        arrives(listed(forge(exports[what])))


def sealed_head(data):
    head = json.loads(data)
    head["state"]["versions"] = 9
    return canonical_json(Seal().sealed({name: value for name, value in head.items() if name not in {"check", "mac"}}))


@pytest.mark.parametrize(
    ("name", "fault"), [("con", "is reserved on Windows"), ("a..b", "two dots"), ("-x", "must begin and end")]
)
def test_a_model_name_that_is_not_portable_is_refused(exports, arrives, name, fault):
    entries = {key.replace("/late/", f"/{name}/"): data for key, data in exports["late:1"].items()}
    with pytest.raises(IntegrityError, match=fault):
        arrives(listed(entries, subject=f"model/{name}/1"))
    with pytest.raises(IntegrityError, match=f"{fault}|no event needs"):
        arrives(listed(entries, scope="registry", subject=""))


def test_the_list_must_say_what_is_there(exports, arrives):
    with pytest.raises(IntegrityError, match="it holds model/late, and says 'later'"):
        arrives(listed(exports["late"], subject="later"))
    with pytest.raises(IntegrityError, match="of another registry"):
        arrives(listed(exports["late"], registry="0" * 32))
    with pytest.raises(IntegrityError, match=r"its first event is not 'model/late/2'"):
        arrives(listed(exports["late:1"], subject="model/late/2"))
    with pytest.raises(IntegrityError, match="model name 'pilot/late' has a character that is not allowed"):
        arrives(listed(exports["late:1"], subject="pilot/late/1"))


@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (
            lambda e: e | {EVENT.format(1): changed(e[EVENT.format(1)], subject="sha256:" + "0" * 64)},
            "a digest that is",
        ),
        (lambda e: e | {EVENT.format(1): changed(e[EVENT.format(1)], kind="alias")}, "its first event is not"),
        (lambda e: e | {EVENT.format(1): changed(e[EVENT.format(1)], body={})}, "malformed"),
        (lambda e: e | {EVENT.format(2): changed(e[EVENT.format(2)], kind="hold")}, "is not about model/late/1"),
        (lambda e: e | {EVENT.format(2): changed(e[EVENT.format(2)], subject="")}, "is not about model/late/1"),
        (lambda e: e | {EVENT.format(3): changed(e[EVENT.format(3)], body={"version": 2})}, "is not about"),
        (lambda e: e | {EVENT.format(4): e[EVENT.format(3)]}, "belongs to another place"),
        (lambda e: e | {EVENT.format(3): changed(e[EVENT.format(3)], log="model/other")}, "another place"),
        (lambda e: e | {EVENT.format(3): e[EVENT.format(3)] + b" "}, "canonical"),
        (lambda e: e | {"logs/model/other/events/000000000001.json": e[EVENT.format(1)]}, "another place"),
    ],
)
def test_a_version_whose_events_do_not_fit_is_refused(exports, arrives, forge, fault):
    with pytest.raises((FormatError, IntegrityError), match=fault):
        arrives(listed(forge(exports["late:1"])))


def test_a_report_must_say_what_its_event_says(exports, arrives):
    entries = exports["late:1"]
    event = Event.from_bytes(entries[EVENT.format(2)])
    lie = changed(entries[EVENT.format(2)], body=event.body | {"verdict": "passed"})
    with pytest.raises(IntegrityError, match="model/late/2 does not say what its report says"):
        arrives(listed(entries | {EVENT.format(2): lie}))
    digest = digest_of(b"no report")
    blob = f"logs/model/late/events/blobs/sha256/{digest[7:9]}/{digest[7:]}"
    old = event.body["report"].removeprefix("sha256:")
    kept = {name: data for name, data in entries.items() if not name.endswith(old)}
    lie = changed(entries[EVENT.format(2)], body=event.body | {"report": digest})
    with pytest.raises((FormatError, IntegrityError), match="a stored report"):
        arrives(listed(kept | {EVENT.format(2): lie, blob: b"no report"}))


def test_a_version_of_a_forger_is_no_more_than_a_version_by_who_imports_it(exports, arrives):
    event = Event.from_bytes(exports["late:1"][EVENT.format(1)])
    body = event.body | {"tags": ["forged"]}
    forged = changed(event.to_bytes(), body=body, subject=version_digest(body), actor="ada")
    entries = {key: data for key, data in exports["late:1"].items() if "/events/0" not in key}
    report = next(key for key, data in entries.items() if b"review" in data)
    del entries[report]
    (version,) = arrives(listed(entries | {EVENT.format(1): forged}))
    assert (version.actor, version.tags) == ("eve", ("forged",))
