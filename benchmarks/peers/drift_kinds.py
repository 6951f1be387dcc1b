"""The kinds of streams by name, apart from drawing them, which needs numpy.

The name of a stream says all of it: ``mix.200.3`` has days of 200 rows, and is the fourth of its kind.
"""

from __future__ import annotations

__all__ = ["AFTER", "CHANGE", "CHANGES", "REFERENCE", "SEASON", "YEAR", "parts"]

REFERENCE = 10_000
CHANGE = 100  # the first day that differs
AFTER = 30
YEAR = 365
SEASON = 140  # days of the streams with a weekly season: 20 weeks say enough
CHANGES = {
    "mean-0.1": "+0.1 sd, 1 column of 20",
    "mean-0.25": "+0.25 sd, 1 column",
    "mix": "a category +5 points",
    "correlation": "a correlation .5 to 0",
    "concept": "concept, in the loss",
}


def parts(name: str) -> tuple[str, int, int]:
    """Return the kind, the rows a day and the number of a stream."""
    kind, rows, number = name.rsplit(".", 2)
    return kind, int(rows), int(number)
