"""One piece of the comparison, done in the environment of a peer: ``python -m peers.work TASK ...``.

What it finds goes to the standard output, one JSON object a line; `registry_peers` reads it.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import joblib
from peers.crowd import crowd
from peers.killing import kill_trials
from peers.models import make_model, marked, tiny
from peers.tool import open_tool
from peers.turns import say, take_turns

OURS = "maturekit"
TASKS = ["write", "read", "fill", "list", "resolve", "register", "growth", "crowd", "kill"]


def dump_durably(model: object, path: Path) -> None:
    """Write a file that survives a crash, and nothing more."""
    with path.open("xb") as file:
        joblib.dump(model, file)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def write(peer: str, folder: Path, model: str, turns: int, seconds: float) -> None:
    """Compare registering a model with writing it by `joblib.dump` and two flushes."""
    ours, theirs, fitted = open_tool(OURS, folder / "ours"), open_tool(peer, folder / "theirs"), make_model(model)
    for tool in (ours, theirs):
        tool.register("warm-up", tiny(0))
    say(megabytes=_size(fitted, folder))
    take_turns(
        {
            "joblib": lambda turn: dump_durably(marked(fitted, turn), folder / f"{turn}.joblib"),
            "ours": lambda turn: ours.register("model", marked(fitted, turn)),
            "theirs": lambda turn: theirs.register("model", marked(fitted, turn)),
        },
        turns=turns,
        seconds=seconds,
    )


def read(peer: str, folder: Path, model: str, turns: int, seconds: float) -> None:
    """Compare loading a model with `joblib.load`."""
    ours, theirs, fitted = open_tool(OURS, folder / "ours"), open_tool(peer, folder / "theirs"), make_model(model)
    say(megabytes=_size(fitted, folder))
    plain, mine = folder / "size.joblib", ours.register("model", fitted)
    works = {"joblib": lambda _: joblib.load(plain), "ours": lambda _: ours.load("model", mine)}
    try:
        other = theirs.register("model", fitted)
        theirs.load("model", other)
    except Exception as error:  # noqa: BLE001  # whatever a tool raises is its row
        say(work="theirs", error=f"{type(error).__name__}: {error}")
    else:
        works["theirs"] = lambda _: theirs.load("model", other)
    ours.load("model", mine)
    take_turns(works, turns=turns, seconds=seconds)


def fill(tool: str, folder: Path, count: int) -> None:
    """Make many versions without flushing them; the alias points to the first one."""
    os.fsync = lambda _: None
    filled = open_tool(tool, folder)
    first = filled.register("model", tiny(0))
    filled.point("model", first)
    filled.fill("model", first, count)
    say(filled=count)


def many(peer: str, places: tuple[Path, Path], what: str, turns: int, seconds: float) -> None:
    """Compare listing, resolving or registering where there are many versions."""
    ours, theirs = open_tool(OURS, places[0]), open_tool(peer, places[1])
    if what == "list":
        works = {
            "ours": lambda _: ours.listing("model"),
            "frame": lambda _: ours.frame(),  # type: ignore[attr-defined]  # only ours has one
            "theirs": lambda _: theirs.listing("model"),
        }
    elif what == "resolve":
        works = {"ours": lambda _: ours.resolve("model"), "theirs": lambda _: theirs.resolve("model")}
    else:
        base = time.time_ns() % 10**9
        works = {
            "ours": lambda turn: ours.register("model", tiny(base + turn)),
            "theirs": lambda turn: theirs.register("model", tiny(base + turn)),
        }
    take_turns(works, turns=turns, seconds=seconds)


def growth(few: Path, lots: Path, turns: int, seconds: float) -> None:
    """Compare the same calls of ours where there are few versions and where there are many."""
    small, large = open_tool(OURS, few), open_tool(OURS, lots)
    base = time.time_ns() % 10**9
    take_turns(
        {
            "resolve, few": lambda _: small.resolve("model"),
            "resolve, many": lambda _: large.resolve("model"),
            "register, few": lambda turn: small.register("model", tiny(base + turn)),
            "register, many": lambda turn: large.register("model", tiny(base + turn)),
        },
        turns=turns,
        seconds=seconds,
    )


def _size(model: object, folder: Path) -> float:
    joblib.dump(model, folder / "size.joblib")
    return (folder / "size.joblib").stat().st_size / 1e6


def main() -> None:
    """Do the piece that the arguments name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--filled", type=Path, help="the registry of ours that holds many versions")
    parser.add_argument("--model")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.task in {"write", "read"}:
        work = write if asked.task == "write" else read
        work(asked.tool, asked.folder, asked.model, asked.turns, asked.seconds)
    elif asked.task == "fill":
        fill(asked.tool, asked.folder, asked.count)
    elif asked.task == "crowd":
        crowd(asked.tool, asked.folder, workers=8, each=asked.count, seconds=asked.seconds)
    elif asked.task == "kill":
        kill_trials(asked.tool, asked.folder, trials=asked.count)
    elif asked.task == "growth":
        growth(asked.folder, asked.filled, asked.turns, asked.seconds)
    else:
        many(asked.tool, (asked.filled, asked.folder), asked.task, asked.turns, asked.seconds)


if __name__ == "__main__":
    main()
