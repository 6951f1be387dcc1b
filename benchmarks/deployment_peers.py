"""A guarded model beside MLflow's pyfunc, vetiver and BentoML service objects: ``python benchmarks/deployment_peers.py``.

Each peer is installed once, with this project, into a virtual environment of its own below ``build/peers``; delete that
to get newer releases. No HTTP: objects called in one process, in turn, about single records and about 1,000 rows of the
20 mixed columns of ``benchmarks/serving.py``. Times are wall clock, medians of turns.
"""

from __future__ import annotations

import argparse
import sys

from peers.environments import Environment
from peers.pieces import Piece, run_piece

PEERS = ("mlflow", "vetiver", "bentoml")
MODELS = ("logistic regression", "HistGradientBoosting")
PER_TURN = {"ours": 300, "theirs": 5, "pipeline": 5}  # calls about a record


def main() -> None:
    """Compare, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(PEERS), help="some of mlflow,vetiver,bentoml")
    parser.add_argument("--turns", type=int, default=15)
    asked = parser.parse_args()
    print("| peer | model | same answers | record: pipeline, us | peer | maturekit | peer / maturekit |"
          " 1,000 rows: pipeline, ms | peer | maturekit | peer / maturekit |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for peer in asked.peers.split(","):
        environment = Environment(peer)
        try:
            environment.prepare()
        except (OSError, RuntimeError) as error:
            print(f"| {peer} | left out: {error} |")
            continue
        name = f"{peer} {environment.versions(peer)[0]}"
        for model in MODELS:
            print(f"  {name} {model}", file=sys.stderr, flush=True)
            counts = [f"--{name}={count}" for name, count in PER_TURN.items()]
            more = ("--model", model, "--turns", asked.turns, *counts)
            piece = run_piece(environment.python, peer, *more, limit=400, module="peers.deployment_work")
            same = next((str(line["same"]).lower() for line in piece.lines if "same" in line), "–")
            print(f"| {name} | {model} | {same} | {' | '.join([*_record(piece), *_rows(piece)])} |", flush=True)


def _record(piece: Piece) -> list[str]:
    times = {name: piece.median(name) for name in PER_TURN}
    each = {name: None if spent is None else spent / PER_TURN[name] for name, spent in times.items()}
    cells = [piece.cell(name) if spent is None else f"{spent * 1e6:,.1f}" for name, spent in each.items()]
    both = each["ours"] and each["theirs"]
    ours, theirs, pipeline = cells
    return [pipeline, theirs, ours, f"{each['theirs'] / each['ours']:,.0f}" if both else "–"]


def _rows(piece: Piece) -> list[str]:
    cells = [piece.median(f"{name}, 1000") for name in ("pipeline", "theirs", "ours")]
    shown = ["–" if spent is None else f"{spent / 3 * 1e3:.2f}" for spent in cells]
    return [*shown, piece.ratio("theirs, 1000", "ours, 1000")]


if __name__ == "__main__":
    main()
