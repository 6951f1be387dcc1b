"""Drift monitors on the same days, and one large report: ``python benchmarks/drift_peers.py --years 2 --runs 5``.

Each tool is installed once into a virtual environment of its own below ``build/peers``, in the newest release that runs,
with what it needs pinned (`TOOLS`); delete that to install again. Streams, and what was found in them, are kept in
``--folder``, so that a run goes on where the last one was stopped; without it all is drawn and watched anew. The kinds
of streams are in ``peers/drift_kinds.py``, how each tool is set up in ``peers/*_work.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from peers.drift_kinds import AFTER, CHANGE, CHANGES, YEAR
from peers.environments import ROOT, Environment
from peers.pieces import Piece, run_piece

OURS = "maturekit"
TOOLS = {
    OURS: (OURS, "pandas", "numpy"),
    "evidently": (
        "evidently==0.7.23",
        "pandas<3",
    ),  # imports a private name that pandas 3 lacks
    "alibi-detect": ("alibi-detect==0.13.0",),  # asks for numpy 1 and pandas 2 by itself
    "nannyml": (
        "nannyml==0.13.1",
        "pandas<3",
        "statsmodels",
    ),  # statsmodels is imported and not asked for
    "river": ("river==0.26.1", "pandas"),
    "river-page-hinkley": ("river==0.26.1", "pandas"),
    "river-kswin": ("river==0.26.1", "pandas"),
}
ALWAYS_ALARM = (
    "river-page-hinkley",
    "river-kswin",
)  # only their false alarms are shown
ROWS = (200, 1000)
CLEAN = {
    ("clean", 200, False): "200 rows a day",
    ("clean", 1000, False): "1,000 rows a day",
    ("weekly", 1000, False): "weekly season, 1,000",
    ("weekly", 1000, True): "weekly season, told",
}


class ToolEnvironment(Environment):
    """An environment with pinned requirements; only maturekit's own has this project in it."""

    def __init__(self, tool: str, parent: Path) -> None:
        super().__init__(tool)
        self.requirements = TOOLS[tool]
        self.names = [requirement.split("=")[0].split("<")[0] for requirement in self.requirements]
        self.folder = parent / self.names[0]
        self.python = self.folder / "bin" / "python"

    def prepare(self) -> None:
        """Install what is missing; raise `RuntimeError` with pip's last words if it cannot be."""
        if self.versions(*self.names):
            return
        print(f"installing {self.names[0]} ...", file=sys.stderr, flush=True)
        venv.create(self.folder, with_pip=True, clear=True)
        wanted = [part for name in self.requirements for part in (("-e", str(ROOT)) if name == OURS else (name,))]
        command = [str(self.python), "-m", "pip", "install", "--quiet", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"pip could not install {self.names[0]}: {done.stderr.strip().splitlines()[-1]}")


class Comparison:
    """The environments, the streams, and what the tools found: a line a stream, in a file that later runs go on with."""

    def __init__(self, environments: Path, folder: Path, *, minutes: float) -> None:
        self.environments = environments
        self.folder = folder
        self.limit = 60 * minutes
        self.path = folder / "found.jsonl"
        self.lines = [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def run(self, module: str, tool: str, *arguments: object, limit: float = 900) -> Piece:
        """Run a module in the environment of a tool, and say so if it did not end well."""
        python = ToolEnvironment(tool, self.environments).python
        piece = run_piece(python, *arguments, limit=limit, module=f"peers.{module}")
        if piece.failure:
            print(f"  {tool}: {piece.failure}", file=sys.stderr, flush=True)
        return piece

    def watch(self, tool: str, cell: tuple[str, int, bool], many: int) -> None:
        """Let a tool watch the streams of a cell that it has not watched yet, as many as it can in its minutes."""
        kind, rows, told = cell
        done = {line["stream"] for line in self.found(tool, cell)}
        names = [name for number in range(many) if (name := f"{kind}.{rows}.{number}") not in done]
        if not names:
            return
        print(
            f"  {tool} {kind} {rows}{' told' if told else ''}: {len(names)} streams",
            file=sys.stderr,
            flush=True,
        )
        self.run("drift_streams", OURS, self.folder, *names, limit=3600)
        more = (
            "watch",
            tool,
            "--folder",
            self.folder,
            *(["--told"] if told else []),
            "--streams",
            *names,
        )
        lines = self.run("drift_work", tool, *more, limit=self.limit).lines
        with self.path.open("a") as file:
            for line in lines:
                if "stream" in line:
                    self.lines.append({"tool": tool, **line})
                    file.write(json.dumps(self.lines[-1]) + "\n")

    def found(self, tool: str, cell: tuple[str, int, bool]) -> list[dict[str, Any]]:
        """Return the lines of a cell."""
        kind, rows, told = cell
        mine = [line for line in self.lines if line["tool"] == tool and line["told"] == told]
        return [line for line in mine if line["stream"].startswith(f"{kind}.{rows}.")]

    def reports(self, tools: Sequence[str], rows: int, turns: int) -> Iterator[dict[str, Any]]:
        """Let the tools in turn compare two tables, in a new process each time, and yield what it took."""
        tables = self.folder / f"tables.{rows}.npz"
        self.run("drift_streams", OURS, self.folder, tables.stem)
        works = {tool: self.run("drift_work", tool, "reports", tool).lines[-1]["reports"] for tool in tools}
        for _ in range(turns):
            for tool, names in works.items():
                for what in [*names, "nothing"] if names else []:
                    piece = self.run(
                        "drift_work",
                        tool,
                        "report",
                        tool,
                        "--tables",
                        tables,
                        "--what",
                        what,
                    )
                    yield from ({"tool": tool, **line} for line in piece.lines if "report" in line)


def clean_table(tools: Sequence[str], comparison: Comparison) -> Iterator[str]:
    """Return the table of alarms a year while nothing changes."""
    yield f"| tool | method | {' | '.join(CLEAN.values())} |"
    yield "|---|---|" + "---|" * len(CLEAN)
    for tool in tools:
        cells = [comparison.found(tool, cell) for cell in CLEAN]
        for method in _methods(cells):
            yield f"| {tool} | {method} | {' | '.join(_rate(lines, method) for lines in cells)} |"


def delay_table(tools: Sequence[str], rows: int, comparison: Comparison) -> Iterator[str]:
    """Return the table of days until a change was found."""
    yield f"| tool | method | days with a false alarm | {' | '.join(CHANGES.values())} | runs |"
    yield "|---|---|---|" + "---|" * len(CHANGES) + "---|"
    for tool in tools:
        cells = [comparison.found(tool, (kind, rows, False)) for kind in CHANGES]
        quiet = comparison.found(tool, ("clean", rows, False))
        runs = sorted({len(lines) for lines in cells})
        for method in _methods(cells):
            days = sum(line["days"] for line in quiet)
            share = f"{sum(len(line['alarms'][method]) for line in quiet) / days:.1%}" if days else "–"
            said = " | ".join(_delay(lines, method) for lines in cells)
            yield f"| {tool} | {method} | {share} | {said} | {'-'.join(map(str, runs))} |"


def report_table(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return the table of what one report of two tables takes, and how many times the first row that is."""
    taken: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        taken[line["tool"], line["report"]].append(line)
    seconds = {work: statistics.median(line["seconds_cpu"] for line in said) for work, said in taken.items()}
    peaks = {work: max(line["peak_mib"] for line in said) for work, said in taken.items()}
    works = [work for work in taken if work[1] != "nothing"]
    yield f"| tool | report | s CPU with import | / {works[0][0]}, {works[0][1]} | / import of pandas | peak MiB | without the report |"
    yield "|---|---|---|---|---|---|---|"
    for tool, what in works:
        own, bare = (tool, what), (tool, "nothing")
        ratios = f"{seconds[own] / seconds[works[0]]:.1f} | {seconds[own] / seconds[bare]:.1f}"
        yield f"| {tool} | {what} | {seconds[own]:.2f} | {ratios} | {peaks[own]:,} | {peaks[bare]:,} |"


def _methods(cells: Iterable[list[dict[str, Any]]]) -> list[str]:
    return next((list(lines[0]["alarms"]) for lines in cells if lines), [])


def _rate(lines: list[dict[str, Any]], method: str) -> str:
    if not lines:
        return "–"
    rates = [len(line["alarms"][method]) / line["days"] * YEAR for line in lines]
    error = f" ± {statistics.stdev(rates) / math.sqrt(len(rates)):.2g}" if len(rates) > 1 else ""
    years, rate = sum(line["days"] for line in lines) / YEAR, statistics.mean(rates)
    return f"{rate:.{0 if rate >= 10 else 2}f}{error} ({years:.2g})"


def _delay(lines: list[dict[str, Any]], method: str) -> str:
    if not lines:
        return "–"
    first = (next((day for day in line["alarms"][method] if day >= CHANGE), math.inf) for line in lines)
    delays = sorted(day - CHANGE + 1 for day in first)
    middle, late = statistics.median(delays), delays[math.ceil(0.9 * len(delays)) - 1]
    missed = sum(math.isinf(delay) for delay in delays)
    return f"{_days(middle)} ({_days(late)}{f', {missed} never' if missed else ''})"


def _days(delay: float) -> str:
    return "–" if math.isinf(delay) else f"{delay:g}"


def _ready(tool: str, environments: Path) -> bool:
    environment = ToolEnvironment(tool, environments)
    try:
        environment.prepare()
    except (OSError, RuntimeError) as error:
        print(f"{tool} is left out: {error}", file=sys.stderr, flush=True)
        return False
    versions = zip(environment.names, environment.versions(*environment.names), strict=True)
    print(f"{tool}: {', '.join(' '.join(both) for both in versions)}", flush=True)
    return True


def main() -> None:
    """Prepare, watch, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", default=",".join(TOOLS), help=f"some of {','.join(TOOLS)}")
    parser.add_argument("--years", type=int, default=10, help="clean years a cell")
    parser.add_argument("--runs", type=int, default=20, help="changes a cell")
    parser.add_argument(
        "--minutes",
        type=float,
        default=10,
        help="the most that a tool may spend on a cell",
    )
    parser.add_argument("--only", default="clean,change,report", help="some of clean,change,report")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the report")
    parser.add_argument("--turns", type=int, default=3, help="how often each report is made")
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where streams and findings are kept; by default nowhere",
    )
    asked = parser.parse_args()
    environments = asked.environments.absolute()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if asked.folder is None else asked.folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        ToolEnvironment(OURS, environments).prepare()
        tools = [tool for tool in asked.tools.split(",") if _ready(tool, environments)]
        comparison = Comparison(environments, folder, minutes=asked.minutes)
        for tool in tools:
            for cell in CLEAN if "clean" in asked.only else []:
                comparison.watch(tool, cell, asked.years)
            for kind in CHANGES if "change" in asked.only and tool not in ALWAYS_ALARM else []:
                for rows in ROWS:
                    comparison.watch(tool, (kind, rows, False), asked.runs)
        print("\nAlarms a year while nothing changes, ± standard error (years watched):\n")
        print(*clean_table(tools, comparison), sep="\n")
        for rows in ROWS:
            print(f"\nDays to an alarm, {rows:,} rows a day: median (90 % of runs; how many not in {AFTER} days):\n")
            print(*delay_table(tools, rows, comparison), sep="\n")
        if "report" in asked.only:
            print(f"\nOne report of {asked.rows:,} x 50 against as many:\n", flush=True)
            print(
                *report_table(comparison.reports(tools, asked.rows, asked.turns)),
                sep="\n",
            )


if __name__ == "__main__":
    main()
