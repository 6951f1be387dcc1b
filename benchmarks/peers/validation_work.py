"""One frame judged by a peer and by us in turn, in the peer's environment: ``python -m peers.validation_work PEER ...``.

Every peer does the checks of `validation.by_hand` as its documentation shows, with all failures collected, and says how
many rows each check refuses; its result is held against ours, so that a peer that misses failures does not look fast.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from collections.abc import Callable

import pandas as pd
import validation
from peers.turns import say, take_turns

from maturekit.validation import validate

Judge = Callable[[pd.DataFrame], dict[str, int]]
NULLABLE = ("low", "high", "i1", "i2", "s1", "gaps")


def pandera_judge() -> Judge:
    """Return pandera's lazy validation of the same contract."""
    import pandera.pandas as pa

    def column(name: str, dtype: object, *checks: pa.Check, unique: bool = False) -> pa.Column:
        return pa.Column(dtype, list(checks), nullable=name in NULLABLE, unique=unique)

    ranged = {name: pa.Check.in_range(low, high) for name, (low, high) in validation.RANGED.items()}
    columns = {name: column(name, float, *([ranged[name]] if name in ranged else [])) for name in ("f0", "f1")}
    columns |= {name: column(name, float) for name in ("low", "high", "gaps")}
    columns |= {name: column(name, int, *([ranged[name]] if name in ranged else [])) for name in ("i0", "i1", "i2")}
    columns |= {name: column(name, None, pa.Check.isin(validation.LEVELS)) for name in ("s0", "s1")}
    columns["id"] = column("id", None, pa.Check.str_matches(f"^{validation.ID}$"), unique=True)
    columns["t"] = column("t", None, pa.Check.in_range(validation.FIRST, validation.LAST))
    relation = pa.Check(lambda frame: ~(frame["low"] > frame["high"]), name="order")
    schema = pa.DataFrameSchema(columns, checks=[relation])

    def judge(frame: pd.DataFrame) -> dict[str, int]:
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases
            return {"rows": int(cases["index"].nunique())}
        return {"rows": 0}

    return judge


def great_expectations_judge() -> Judge:
    """Return the same as a suite of expectations on a whole frame in an ephemeral context."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    from great_expectations import expectations as expect

    logging.disable(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("frames")
    batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite("contract"))
    for name in ("f0", "f1", "low", "high", "gaps"):
        suite.add_expectation(expect.ExpectColumnValuesToBeOfType(column=name, type_="float64"))
    for name in ("i0", "i1", "i2"):
        suite.add_expectation(expect.ExpectColumnValuesToBeOfType(column=name, type_="int64"))
    for name in validation.REQUIRED:
        suite.add_expectation(expect.ExpectColumnValuesToNotBeNull(column=name))
    for name, (low, high) in validation.RANGED.items():
        suite.add_expectation(expect.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high))
    for name in ("s0", "s1"):
        suite.add_expectation(expect.ExpectColumnValuesToBeInSet(column=name, value_set=validation.LEVELS))
    suite.add_expectation(expect.ExpectColumnValuesToBeUnique(column="id"))
    suite.add_expectation(expect.ExpectColumnValuesToMatchRegex(column="id", regex=f"^{validation.ID}$"))
    first, last = validation.FIRST, validation.LAST
    suite.add_expectation(expect.ExpectColumnValuesToBeBetween(column="t", min_value=first, max_value=last))
    suite.add_expectation(
        expect.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="high", column_B="low", or_equal=True, ignore_row_if="either_value_is_missing"
        )
    )

    def judge(frame: pd.DataFrame) -> dict[str, int]:
        found = batch.get_batch({"dataframe": frame}).validate(suite, result_format="COMPLETE")
        rows: set[int] = set()
        for result in found.results:
            rows.update(result.result.get("unexpected_index_list") or ())
        return {"rows": len(rows)}

    return judge


def pointblank_judge() -> Judge:
    """Return the same as an interrogation with extracts of all failing rows."""
    import pointblank as pb

    def judge(frame: pd.DataFrame) -> dict[str, int]:
        plan = pb.Validate(frame).col_vals_not_null(columns=list(validation.REQUIRED))
        for name, (low, high) in validation.RANGED.items():
            plan = plan.col_vals_between(columns=name, left=low, right=high, na_pass=True)
        plan = plan.col_vals_in_set(columns=["s0", "s1"], set=validation.LEVELS)
        plan = plan.rows_distinct(columns_subset=["id"])
        plan = plan.col_vals_regex(columns="id", pattern=f"^{validation.ID}$")
        plan = plan.col_vals_between(columns="t", left=validation.FIRST, right=validation.LAST)
        plan = plan.col_vals_le(columns="low", value=pb.col("high"), na_pass=True)
        done = plan.interrogate()
        return {"cells": int(sum(done.n_failed().values()))}

    return judge


JUDGES = {
    "pandera": pandera_judge,
    "great_expectations": great_expectations_judge,
    "pointblank": pointblank_judge,
}


def main() -> None:
    """Judge one frame in turn and say what it took, and what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=JUDGES)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--bad", type=float, required=True)
    parser.add_argument("--turns", type=int, required=True)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    frame = validation.workload(asked.rows, asked.texts, bad=asked.bad)
    judge = JUDGES[asked.peer]()
    start = time.perf_counter()
    theirs = judge(frame)
    say(found=theirs, ours=int(validate(frame, validation.SCHEMA).rejected.size), warm_up=time.perf_counter() - start)
    take_turns(
        {
            "by hand": lambda _: validation.by_hand(frame),
            "ours": lambda _: validate(frame, validation.SCHEMA),
            "theirs": lambda _: judge(frame),
        },
        turns=asked.turns,
        seconds=120,
    )


if __name__ == "__main__":
    main()
