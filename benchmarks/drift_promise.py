"""Every level that `drift.Monitor` states, by simulation: ``python benchmarks/drift_promise.py``.

Batches are drawn as rows of large tables, counted over bins that each reference has learned for itself, and judged by
the engine of the monitor (a test shows that the counts and the evidence are those of `Profile.of` and `Monitor.update`).
``--tables`` chooses among the tables, ``--only`` among their cells, ``--years`` and ``--runs`` how long to look.
"""

from __future__ import annotations

import argparse
import sys
import time

from drift.tables import TABLES


def main() -> None:
    """Print tables in Markdown, each line as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=201, help="clean years for each cell")
    parser.add_argument("--runs", type=int, default=200, help="runs for each delay")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--only", default="", help="cells whose label contains this")
    options = parser.parse_args()
    for table in (TABLES[name] for name in options.tables):
        print(f"\n{table.title}\n\n| {table.head} |\n|{'---|' * (table.head.count('|') + 1)}", flush=True)
        for label, run in table.cells(getattr(options, table.unit)):
            begin = time.process_time()
            if options.only in label:
                for line in run():
                    print(f"| {line} |", flush=True)
                print(f"[{label}: {time.process_time() - begin:.0f} s of CPU]", file=sys.stderr)


if __name__ == "__main__":
    main()
