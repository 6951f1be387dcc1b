"""Days watched, or two tables compared, in the environment of one tool: ``python -m peers.drift_work watch TOOL ...``.

What it finds goes to the standard output, one JSON object a line; `drift_peers` reads it.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from peers.drift_kinds import CHANGE, CHANGES, parts
from peers.drift_streams import Stream, read, read_tables
from peers.drift_tool import Detector, Tables, detector
from peers.turns import say


def watch(tool: type[Detector], stream: Stream, *, first: int, told: bool) -> Iterator[tuple[int, set[str]]]:
    """Yield each day from the first one on, and the methods that raise an alarm on it."""
    last = min(len(stream.days), first + tool.most_days)
    days, seasons = stream.days[first:last], stream.seasons[first:last]
    watching = tool(stream.reference, stream.rows)
    if told:
        return watching.watch_seasons(stream.reference_seasons, days, seasons)
    return enumerate(watching.watch(days), start=first)


def watch_stream(tool: type[Detector], folder: Path, name: str, *, told: bool) -> None:
    """Say on which days of a stream each method raised an alarm; after a change, until each of them has."""
    stream, start = read(folder, name), time.process_time()
    changes = parts(name)[0] in CHANGES
    found: dict[str, list[int]] = {method: [] for method in tool.methods}
    watched = 0
    for day, methods in watch(tool, stream, first=CHANGE if changes and not tool.memory else 0, told=told):
        watched += 1
        for method in methods:
            found[method].append(day)
        if changes and all(days and days[-1] >= CHANGE for days in found.values()):
            break
    say(
        stream=name,
        told=told,
        days=watched,
        alarms=found,
        seconds_cpu=round(time.process_time() - start, 2),
    )


def report(tool: str, path: Path, what: str) -> None:
    """Say what one comparison of two tables took from the start of this process, without reading them."""
    start = time.process_time()
    reference, current = read_tables(path)
    reading = time.process_time() - start
    if what != "nothing":
        detector(tool).reports()[what](Tables(reference, current, path.parent))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() - reading + children.ru_utime + children.ru_stime
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(
        report=what,
        seconds_cpu=round(seconds, 2),
        reading=round(reading, 2),
        peak_mib=round(peak),
    )


def main() -> None:
    """Do what the arguments ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["watch", "reports", "report"])
    parser.add_argument("tool")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--streams", nargs="*", default=[])
    parser.add_argument("--told", action="store_true")
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--what", default="nothing")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.task == "watch":
        tool = detector(asked.tool)
        for name in asked.streams:
            watch_stream(tool, asked.folder, name, told=asked.told)
    elif asked.task == "reports":
        say(reports=list(detector(asked.tool).reports()))
    else:
        report(asked.tool, asked.tables, asked.what)


if __name__ == "__main__":
    main()
