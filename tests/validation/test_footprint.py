"""What validation leaves behind in a process: few modules, and nothing that threads could trip over."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd

from maturekit.schema import Column, Compare, Constant, GroupSize, Key, Schema, SumsTo
from maturekit.validation import validate

USE = """if True:
    import json, sys
    import numpy as np, pandas as pd
    from datetime import timedelta
    from maturekit import validation
    from maturekit.schema import *
    rows = 400
    low = np.arange(rows) / 7.0
    frame = pd.DataFrame({"id": [f"A{row:05d}" for row in range(rows)], "low": low, "high": low + 1, "both": 2 * low + 1,
                          "g": ["x", "y"] * 200, "n": [str(row) for row in range(rows)],
                          "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="h")})
    learned = validation.learn(frame)
    schema = learned.schema.updated(
        {"n": Column("int", coerce=True, order="increasing")},
        rules=[Compare("low", "<", "high"), SumsTo("both", ("low", "high")), Key("id", "g"), Constant("g", by="id"),
               GroupSize("g", at_least=2), Implies("g", ("x",), "low", ge=0), Fresh("at", within=timedelta(days=1)),
               ForeignKey("id", "ids"), RowCount(at_least=1)])
    report = validation.validate(frame, schema, references={"ids": frame[:300]})
    good, bad = report.split(frame, schema=schema)
    assert len(bad) == 100, report.summary()
    report.sample(frame), report.together(), report.to_frame(), report._repr_html_(), report.summary()
    validation.FrameReport.from_json(report.to_json())
    validation.history({"a": report}).frame()
    validation.skew(frame, frame[5:], schema, on="id")
    schema.row_model().model_json_schema(), Schema.from_model(schema.row_model())
    schema.changes_from(learned.schema), schema._repr_html_(), Schema.from_json(schema.to_json()).digest
    schema.check_record(frame.iloc[0].to_dict()), schema.conform(frame), schema.serving()
    heavy = {"scipy", "sklearn", "joblib", "narwhals", "polars", "matplotlib"}
    whole = sorted(heavy & set(sys.modules))
    validation.validate(frame, schema, references={"ids": frame}, rows=100)
    print(json.dumps([whole, sorted(heavy & set(sys.modules))]))"""


def test_no_use_of_a_contract_loads_scipy_or_scikit_learn_and_only_chunks_load_joblib():
    ran = subprocess.run([sys.executable, "-W", "error", "-c", USE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    whole, in_chunks = json.loads(ran.stdout)
    assert whole == []
    assert set(in_chunks) <= {"joblib"}


def contract(number):
    return Schema(
        {
            "id": Column("string", pattern=rf"[A-Z]{{1,{number + 1}}}[0-9]+", unique=True),
            "low": Column("float", ge=0),
            "high": Column("float"),
            "both": Column("float"),
            "g": Column("category", categories=["x", "y"]),
            "n": Column("int", coerce=True, aliases=["m"]),
        },
        rules=[
            Compare("low", "<=", "high"),
            SumsTo("both", ("low", "high")),
            Key("id", "g"),
            Constant("g", by="id"),
            GroupSize("g", at_least=5),
        ],
    )


def spoilt(number):
    rows = 300
    low = np.arange(rows, dtype=float)
    frame = pd.DataFrame({"id": [f"A{row}" for row in range(rows)], "low": low, "high": low, "both": 2 * low})
    frame = frame.assign(g=np.array(["x", "y"])[np.arange(rows) % 2], m=[str(row) for row in range(rows)])
    frame.loc[number, "id"] = "a"
    frame.loc[number + 10, "low"] = -1.0
    frame.loc[number + 20, "m"] = "many"
    return frame


def test_threads_share_one_schema_from_its_first_use_on():
    """Each thread meets a schema that nobody has used, at the same time, and judges tables and records of its own."""
    threads = 4
    for turn in range(4):
        expected = [validate(spoilt(number), contract(turn)).findings for number in range(threads)]
        schema = Schema.from_json(contract(turn).to_json())
        start = Barrier(threads)

        def judge(number, schema=schema, start=start):
            frame = spoilt(number)
            records = [frame.iloc[row].to_dict() for row in (number, number + 10, number + 20, 100)]
            start.wait(10)
            found = [schema.check_record(record) for record in records]
            in_chunks = validate(frame, schema, rows=64).findings
            return found, validate(frame, schema).findings, in_chunks, schema.digest, schema.row_model()

        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(judge, range(threads)))
        for number, (found, whole, in_chunks, digest, _) in enumerate(answers):
            assert [{one.rule for one in of} for of in found] == [{"pattern"}, {"ge", "SumsTo"}, {"kind"}, set()]
            assert whole == in_chunks == expected[number]
            assert digest == schema.digest
