"""The registry beside MLflow, pins, BentoML and skops, the same work in turn: ``python benchmarks/registry_peers.py``.

Each peer is installed once, with this project, into a virtual environment of its own below ``build/peers``; delete that
to get newer releases. Ratios of one row come from one process that does ours and theirs in turn. What does not end in
its time is shown as "over N s", what cannot be installed or raises is shown with its error, and the others go on.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers.environments import Environment
from peers.pieces import Budget, Piece, run_piece

TOOLS = {
    "mlflow": ("MLflow, files", "MLflow, sqlite", "MLflow, sqlite, cloudpickle"),
    "pins": ("pins",),
    "bentoml": ("BentoML",),
    "skops": ("skops",),
}
FORMATS = {"MLflow, sqlite, cloudpickle", "skops"}  # compared in writing and loading only
WRITTEN = {"forest of 1.4 MB": (15, 8.0), "array of 200 MB": (5, 15.0)}
READ = {"boosting in a pipeline": (15, 5.0), "forest of 2.7 MB": (15, 5.0), "array of 200 MB": (5, 10.0)}
MODULES = {"skops": "skops.io"}
IMPORTS = 10


class Comparison:
    """What is compared, with whom, and the time that is left."""

    def __init__(self, *, peers: list[str], versions: int, seconds: float, folder: Path) -> None:
        self.folder = folder
        self.counts = sorted({10, min(1000, versions), versions})
        self.seconds = seconds
        self.environments: dict[str, Environment] = {}
        for peer in peers:
            environment = Environment(peer)
            try:
                environment.prepare()
            except (OSError, RuntimeError) as error:
                print(f"{peer} is left out: {error}\n")
            else:
                self.environments[peer] = environment
        self.budgets = {tool: Budget(seconds) for peer in self.environments for tool in TOOLS[peer]}
        self.parts = 0

    def tools(self, *, stores: bool = False) -> Iterator[tuple[Environment, str]]:
        """Yield every tool with its environment, the stores only if asked for."""
        for peer, environment in self.environments.items():
            for tool in TOOLS[peer]:
                if not (stores and tool in FORMATS):
                    yield environment, tool

    def piece(self, environment: Environment, task: str, tool: str, most: float, *more: object) -> Piece:
        """Run a piece within the time that its tool has left."""
        print(f"  {task} {tool} {' '.join(map(str, more))}", file=sys.stderr, flush=True)
        budget = Budget(most) if task == "fill" else self.budgets.setdefault(tool, Budget(self.seconds))
        with budget.spend(most) as limit:
            return run_piece(environment.python, task, "--tool", tool, *more, limit=limit)

    @contextmanager
    def place(self) -> Iterator[Path]:
        """Give a folder that goes away afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            yield Path(place)

    def versions(self) -> None:
        """Print what is installed."""
        common = ("scikit-learn", "pandas", "numpy", "joblib", "pydantic")
        header("environment", "version", *common)
        for peer, environment in self.environments.items():
            row(peer, *environment.versions(peer, *common))

    def files(self, task: str, models: dict[str, tuple[int, float]], base: str) -> None:
        """Print a table of writing or reading."""
        header("model", "MB", "tool", f"{base}, ms", "maturekit", "ratio", "tool, ms", "ratio", "turns")
        for model, (turns, seconds) in models.items():
            for environment, tool in self.tools():
                with self.place() as place:
                    more = ("--folder", place, "--model", model, "--turns", turns, "--seconds", seconds)
                    piece = self.piece(environment, task, tool, 60 + 4 * seconds, *more)
                if not (piece.seconds or piece.errors):
                    row(model, "", tool, piece.failure)
                    continue
                size = next((f"{line['megabytes']:.1f}" for line in piece.lines if "megabytes" in line), "")
                ours = piece.cell("ours"), piece.ratio("ours", "joblib")
                theirs = piece.cell("theirs"), piece.ratio("theirs", "joblib")
                row(model, size, tool, piece.cell("joblib"), *ours, *theirs, piece.turns("joblib", "ours", "theirs"))

    def many(self) -> None:
        """Print what listing, resolving and registering cost with more and more versions."""
        tools = ["maturekit", *(tool for _, tool in self.tools(stores=True))]
        places = {(tool, count): self.folder / f"{tool}-{count}" for tool in tools for count in self.counts}
        unfilled: dict[tuple[str, int], str] = {}
        for (tool, count), place in places.items():
            environment = next(one for one, other in self.tools(stores=True) if tool in {other, "maturekit"})
            piece = self.piece(environment, "fill", tool, 400, "--folder", place, "--count", count)
            if not any("filled" in line for line in piece.lines):
                unfilled[tool, count] = piece.failure
        for task in ("resolve", "list", "register"):
            listing = task == "list"
            frame, last = (("frame, ms",), ("tool / frame",)) if listing else ((), ())
            print(f"\n{task.capitalize()}, where a name has so many versions\n")
            header("versions", "tool", "maturekit, ms", *frame, "tool, ms", "tool / maturekit", *last, "turns")
            for count in self.counts:
                for environment, tool in self.tools(stores=True):
                    missing = unfilled.get(("maturekit", count)) or unfilled.get((tool, count))
                    if missing:
                        row(f"{count:,}", tool, f"not filled: {missing}")
                        continue
                    more = ("--folder", places[tool, count], "--filled", places["maturekit", count])
                    piece = self.piece(environment, task, tool, 30, *more, "--turns", 7, "--seconds", 8)
                    if not (piece.seconds or piece.errors or piece.running):
                        row(f"{count:,}", tool, piece.failure)
                        continue
                    cells = piece.cell("ours"), *([piece.cell("frame")] if listing else []), piece.cell("theirs")
                    ratios = [piece.ratio("theirs", base) for base in (("ours", "frame") if listing else ("ours",))]
                    row(f"{count:,}", tool, *cells, *ratios, piece.turns("ours", "theirs"))
        ends = [self.folder / f"maturekit-{count}" for count in (self.counts[0], self.counts[-1])]
        self.growth(next(iter(self.environments.values())), *ends)

    def growth(self, environment: Environment, few: Path, lots: Path) -> None:
        """Print what the same calls of ours cost with few and with many versions."""
        print("\nOurs, few and many versions in turn\n")
        header("call", f"at {self.counts[0]:,}, ms", f"at {self.counts[-1]:,}, ms", "ratio", "turns")
        more = ("--folder", few, "--filled", lots, "--turns", 41, "--seconds", 10)
        piece = self.piece(environment, "growth", "maturekit", 60, *more)
        for call in ("resolve", "register"):
            small, large = f"{call}, few", f"{call}, many"
            row(call, piece.cell(small), piece.cell(large), piece.ratio(large, small), piece.turns(small, large))

    def imports(self) -> None:
        """Print the processor time of imports, less that of a Python that imports nothing."""
        header("import", "CPU ms", "multiple of `import pydantic`", "multiple of `from pydantic import BaseModel`")
        for number, (peer, environment) in enumerate(self.environments.items()):
            bases = ["pass", "import pydantic", "from pydantic import BaseModel"]
            ours = ["import maturekit.registry", "from maturekit.registry import Registry"]  # the first loads on use
            codes = [*bases, *ours, f"import {MODULES.get(peer, peer)}"]
            taken: dict[str, list[float]] = {code: [] for code in codes}
            for _ in range(IMPORTS + 1):  # the first finds nothing compiled or cached
                for code in codes:
                    taken[code].append(_cpu(environment, code))
            found = {code: statistics.median(times[1:]) for code, times in taken.items()}
            own = {code: found[code] - found["pass"] for code in codes}
            for code in codes[-1:] if number else codes[1:]:
                row(f"`{code}`", f"{own[code] * 1000:.0f}", *(f"{own[code] / own[base]:.2f}" for base in bases[1:]))

    def crowds(self) -> None:
        """Print what becomes of registrations of one name by eight processes at once."""
        header("tool", "tried", "acknowledged", "listed", "listed, do not load", "raised", "seconds")
        for environment, tool in self.tools_and_ours():
            with self.place() as place:
                more = ("--folder", place, "--count", 25, "--seconds", 30)
                piece = self.piece(environment, "crowd", tool, 120, *more)
            said = next((line for line in piece.lines if "acknowledged" in line), None)
            if said is None:
                row(tool, piece.failure or "no answer")
                continue
            after = said["after"]
            after = (after["listed"], after["broken"]) if isinstance(after, dict) else (after, "–")
            tried = said["acknowledged"] + sum(said["raised"].values())
            raised = ", ".join(f"{count} {name}" for name, count in said["raised"].items()) or "none"
            row(tool, tried, said["acknowledged"], *after, raised, f"{said['seconds']:.1f}")

    def kills(self, trials: int) -> None:
        """Print in how many trials each thing still works after a registration was killed."""
        header(
            "tool",
            "trials",
            "killed before it ended",
            "next write works",
            "listing works",
            "all that is listed loads",
            "earlier version loads",
        )
        for environment, tool in self.tools_and_ours():
            if tool == "MLflow, sqlite":
                continue
            with self.place() as place:
                piece = self.piece(environment, "kill", tool, 200, "--folder", place, "--count", trials)
            found = [line for line in piece.lines if "trial" in line]
            if not found:
                row(tool, piece.failure or "no answer")
                continue
            told = [line["after"] if isinstance(line["after"], dict) else {} for line in found]
            works = [f"{sum(answer.get(key, 'x') == '' for answer in told)}" for key in ("write", "list", "load")]
            first = [answer for line, answer in zip(found, told, strict=True) if line["trial"] % 2]
            kept = f"{sum(answer.get('first', 'x') == '' for answer in first)} of {len(first)}"
            row(tool, len(found), sum(line["killed"] for line in found), *works, kept)

    def tools_and_ours(self) -> Iterator[tuple[Environment, str]]:
        """Yield ours first, then every store."""
        tools = list(self.tools(stores=True))
        yield tools[0][0], "maturekit"
        yield from tools


def header(*cells: str) -> None:
    """Print the head of a table."""
    row(*cells)
    row(*("---" for _ in cells))


def row(*cells: object) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def _cpu(environment: Environment, code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([environment.python, "-c", code], check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return float("nan")  # shown as nan: an import that fails is not a fast one
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Compare, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(TOOLS), help="some of mlflow,pins,bentoml,skops")
    parser.add_argument("--versions", type=int, default=10_000, help="the most versions that a name has")
    parser.add_argument("--seconds", type=float, default=600, help="the most that one tool may take")
    parser.add_argument("--trials", type=int, default=30, help="how many registrations are killed")
    parser.add_argument("--only", default="write,read,many,import,crowd,kill", help="some of these")
    asked = parser.parse_args()
    only = asked.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(
            peers=asked.peers.split(","), versions=asked.versions, seconds=asked.seconds, folder=Path(folder)
        )
        comparison.versions()
        if "write" in only:
            print("\n## Register, as a multiple of `joblib.dump` and two flushes\n")
            comparison.files("write", WRITTEN, "dump + 2 flushes")
        if "read" in only:
            print("\n## Load, as a multiple of `joblib.load`\n")
            comparison.files("read", READ, "joblib.load")
        if "many" in only:
            print("\n## Many versions")
            comparison.many()
        if "import" in only:
            print(f"\n## Import, processor time less that of an empty Python, median of {IMPORTS}\n")
            comparison.imports()
        if "crowd" in only:
            print("\n## Eight processes that register 25 versions each of one name\n")
            comparison.crowds()
        if "kill" in only:
            print("\n## Registrations of a 1.4 MB model killed at a random moment\n")
            comparison.kills(asked.trials)


if __name__ == "__main__":
    main()
