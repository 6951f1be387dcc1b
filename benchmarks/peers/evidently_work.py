"""Evidently: `DataDriftPreset` of each day against the reference, with the tests it chooses by itself.

For a reference of more than 1,000 rows these are the Wasserstein distance in standard deviations for numbers and the
Jensen-Shannon distance for categories, both with the threshold 0.1; the dataset has drifted when half of its columns
have. A report draws its pictures while it computes (over 2 s a day), so days are judged by the same tests without the
pictures, and the first day of every stream by the report itself, which must agree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

os.environ["DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently import DataDefinition, Dataset
from evidently import Report as EvidentlyReport
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset
from peers.drift_tool import Detector, Report, Tables

__all__ = ["Evidently"]

_DATASET, _ANY = "dataset verdict (half of the columns)", "any column"


class Evidently(Detector):
    """The two verdicts a user reads off the report."""

    methods = (_DATASET, _ANY)
    most_days = 70

    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Count the drifted columns of each day; which test suits a column is asked once."""
        tests = {
            name: (kind, get_stattest(column, days[0][name], kind, None)) for name, kind, column in self._columns()
        }
        for number, day in enumerate(days):
            drifted = [
                test(self.reference[name], day[name], kind, None).drifted for name, (kind, test) in tests.items()
            ]
            if number == 0 and sum(drifted) != _count(_run(self.reference, day)):
                raise RuntimeError("evidently's tests and its report disagree")
            verdicts = {_DATASET: sum(drifted) >= len(drifted) / 2, _ANY: any(drifted)}
            yield {method for method, alarm in verdicts.items() if alarm}

    def _columns(self) -> Iterator[tuple[str, ColumnType, pd.Series]]:
        for name, column in self.reference.items():
            numeric = pd.api.types.is_numeric_dtype(column)
            yield str(name), ColumnType.Numerical if numeric else ColumnType.Categorical, column

    @classmethod
    def reports(cls) -> Mapping[str, Report]:
        """Return the preset; its results are read, no HTML is made."""
        return {"Report([DataDriftPreset()])": _report}


def _report(tables: Tables) -> object:
    return _run(tables.reference, tables.current)


def _run(reference: pd.DataFrame, current: pd.DataFrame) -> dict:
    numeric = [name for name in reference if pd.api.types.is_numeric_dtype(reference[name])]
    categories = [name for name in reference if name not in numeric]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=categories)
    sides = [Dataset.from_pandas(side, data_definition=definition) for side in (current, reference)]
    return EvidentlyReport([DataDriftPreset()]).run(*sides).dict()


def _count(result: dict) -> int:
    counted = (metric for metric in result["metrics"] if metric["metric_name"].startswith("DriftedColumnsCount"))
    return int(next(counted)["value"]["count"])
