"""What judging one record costs beside pydantic on the same row model: ``python benchmarks/records.py``.

Twelve fields: 4 floats, 3 whole numbers, 2 texts of 20 levels, a text with a pattern, a moment, a float that may be
missing. The row model is written by hand; the contract is `Schema.from_model` of it. pydantic's side is
``validate_python``, and ``errors()`` where it refuses, since both sides must say all that is wrong. Both work in turn on
the same record; figures are medians of CPU microseconds a record. ``--turns`` and ``--records`` choose the work.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from maturekit.schema import Compare, Schema

LEVELS = tuple(f"level {number:02d}" for number in range(20))
FIRST, LAST = datetime(2024, 1, 1), datetime(2024, 12, 31)  # noqa: DTZ001  # the moments of the workload have no zone


class Row(BaseModel):
    """The workload as it would be written without maturekit."""

    f0: Annotated[float, Field(ge=0, le=1)]
    f1: Annotated[float, Field(ge=-10, le=10)]
    low: float
    high: float
    i0: Annotated[int, Field(ge=0, le=999)]
    i1: Annotated[int, Field(ge=-50, le=50)]
    i2: int
    s0: Literal[LEVELS]  # type: ignore[valid-type]  # twenty levels, not written out
    s1: Literal[LEVELS]  # type: ignore[valid-type]  # see above
    id: Annotated[str, Field(pattern="^[A-Z]{2}-[0-9]{8}$", max_length=11)]
    t: Annotated[datetime, Field(ge=FIRST, le=LAST)]
    gaps: float | None


GOOD: dict[str, Any] = {
    "f0": 0.5,
    "f1": -3.5,
    "low": 1.0,
    "high": 2.0,
    "i0": 17,
    "i1": -3,
    "i2": 100_000,
    "s0": LEVELS[3],
    "s1": LEVELS[17],
    "id": "AB-12345678",
    "t": datetime(2024, 5, 6, 7, 8),  # noqa: DTZ001  # see above
    "gaps": None,
}
RECORDS = {
    "valid": GOOD,
    "one error": GOOD | {"f0": -1.0},
    "five errors": GOOD | {"f0": -1.0, "i0": 5000, "s0": "other", "id": "x", "gaps": "none"},
    "valid, NaN for None": GOOD | {"gaps": float("nan")},
    "valid, whole numbers as floats": GOOD | {"i0": 17.0, "i1": -3.0, "i2": 1e5},
}


def by_pydantic(model: type[BaseModel]) -> Callable[[dict[str, Any]], object]:
    """Return pydantic's side."""
    validate = model.__pydantic_validator__.validate_python

    def judge(record: dict[str, Any]) -> object:
        try:
            validate(record)
        except ValidationError as error:
            return error.errors()
        return ()

    return judge


def microseconds(judge: Callable[[dict[str, Any]], object], record: dict[str, Any], records: int) -> float:
    """Return the CPU time of one record."""
    start = time.process_time()
    for _ in range(records):
        judge(record)
    return (time.process_time() - start) / records * 1e6


def main() -> None:
    """Print a line for each record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=21)
    parser.add_argument("--records", type=int, default=5_000)
    chosen = parser.parse_args()
    schema = Schema.from_model(Row)
    ruled = schema.updated({}, rules=[Compare("low", "<=", "high")])
    sides = {
        "pydantic": by_pydantic(Row),
        "check_record": schema.check_record,
        "pydantic, with a rule": by_pydantic(ruled.row_model()),
        "check_record, with a rule": ruled.check_record,
    }
    for name, record in RECORDS.items():
        assert len(list(schema.check_record(record))) == {"one error": 1, "five errors": 5}.get(name, 0)
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(chosen.turns):
            for side, judge in sides.items():
                times[side].append(microseconds(judge, record, chosen.records))
        middle = {side: statistics.median(each) for side, each in times.items()}
        ratio = middle["check_record"] / middle["pydantic"]
        with_rule = middle["check_record, with a rule"] / middle["pydantic, with a rule"]
        print(
            f"{name:31} pydantic {middle['pydantic']:5.2f} us  check_record {middle['check_record']:5.2f} us  "
            f"ratio {ratio:.2f}  with a rule between columns {with_rule:.2f}"
        )


if __name__ == "__main__":
    main()
