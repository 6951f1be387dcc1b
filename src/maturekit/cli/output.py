"""What a command answers, as text for people or as JSON for jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "facts_text", "safe", "table_text"]


@dataclass(frozen=True, slots=True)
class Answer:
    r"""What a command found: lines for people, data for jobs, and whether it found faults.

    Examples
    --------
    >>> Answer("1 model", {"models": 1}).shown(as_json=True)
    '{\n  "models": 1\n}\n'
    """

    text: str
    data: Mapping[str, Any]
    faulty: bool = False

    def shown(self, *, as_json: bool) -> str:
        """Return what is written to the standard output."""
        return f"{json.dumps(self.data, indent=2, sort_keys=True) if as_json else self.text}\n"


def safe(value: object) -> str:
    r"""Return a value in one line that cannot steer a terminal, whatever somebody has registered.

    >>> safe("late\x1b[2J\n")
    'late\\x1b[2J\\n'
    """
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> str:
    """Return rows in aligned columns, or a sentence if there is none.

    >>> print(table_text(["name", "versions"], [["late", 3], ["cheap-seats", 12]], empty="none"))
    NAME         VERSIONS
    late         3
    cheap-seats  12
    """
    cells = [[safe(cell) for cell in row] for row in rows]
    if not cells:
        return empty
    cells.insert(0, [name.upper() for name in header])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def facts_text(facts: Mapping[str, object]) -> str:
    """Return names and values in two columns; a list stands in several lines.

    >>> print(facts_text({"actor": "ada", "tags": ["weekly", "small"]}))
    actor  ada
    tags   weekly
           small
    """
    width = max(map(len, facts), default=0)
    lines = []
    for name, value in facts.items():
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        for place, one in enumerate(values or ["none"]):
            lines.append(f"{name if place == 0 else '':<{width}}  {safe(one)}")
    return "\n".join(lines)
