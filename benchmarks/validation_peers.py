"""Validation beside pandera, Great Expectations and pointblank: ``python benchmarks/validation_peers.py``.

Each peer is installed once, with this project, into a virtual environment of its own below ``build/peers``; delete that
to get newer releases. The workload and the hand-written pandas are those of ``benchmarks/validation.py``. All sides work
in turn on one frame in one process, and say how many rows (pointblank: cells) they refuse.
"""

from __future__ import annotations

import argparse
import sys

from peers.environments import Environment
from peers.pieces import run_piece

PEERS = ("pandera", "great_expectations", "pointblank")


def main() -> None:
    """Compare, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(PEERS), help="some of pandera,great_expectations,pointblank")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--texts", default="arrow,object", help="some of arrow,python,object")
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    print(
        "| peer | texts | bad rows | refused: ours, theirs | by hand, ms | maturekit, ms | peer, ms | peer / maturekit |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for peer in asked.peers.split(","):
        environment = Environment(peer, "pyarrow")
        try:
            environment.prepare()
        except (OSError, RuntimeError) as error:
            print(f"| {peer} | left out: {error} |")
            continue
        name = f"{peer} {environment.versions(peer)[0]}"
        for texts in asked.texts.split(","):
            for bad in (0.0, 0.01):
                print(f"  {name} {texts} {bad}", file=sys.stderr, flush=True)
                more = ("--rows", asked.rows, "--texts", texts, "--bad", bad, "--turns", asked.turns)
                piece = run_piece(environment.python, peer, *more, limit=600, module="peers.validation_work")
                said = next((line for line in piece.lines if "found" in line), None)
                refused = "–" if said is None else f"{said['ours']:,}, {next(iter(said['found'].values())):,}"
                cells = [piece.cell(work) for work in ("by hand", "ours", "theirs")]
                ratio = piece.ratio("theirs", "ours")
                print(f"| {name} | {texts} | {bad:.0%} | {refused} | {' | '.join(cells)} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
