"""alibi-detect: `TabularDrift`, Kolmogorov-Smirnov and chi-squared tests with the Bonferroni correction, each day.

Its default `p_val=0.05` speaks of one test; a user who wants one false alarm a year of daily tests would pass 1/365, so
both are shown, from the same p-values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift
from peers.drift_tool import Detector, Report, Tables

__all__ = ["AlibiTabular"]

_LEVELS = {"TabularDrift, p_val=0.05 (default)": 0.05, "TabularDrift, p_val=1/365": 1 / 365}


class AlibiTabular(Detector):
    """One test a day; categories are passed as whole numbers."""

    methods = tuple(_LEVELS)

    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Compare the smallest p-value with each level over the number of columns, as the detector itself does."""
        coded = _Coded(self.reference)
        test = TabularDrift(coded(self.reference), p_val=0.05, categories_per_feature=coded.categories)
        for day in days:
            said = test.predict(coded(day), drift_type="batch")["data"]
            alarms = {method for method, level in _LEVELS.items() if said["p_val"].min() < level / day.shape[1]}
            if (next(iter(_LEVELS)) in alarms) != bool(said["is_drift"]):
                raise RuntimeError("the level of alibi-detect is not what was thought")
            yield alarms

    @classmethod
    def reports(cls) -> Mapping[str, Report]:
        """Return the test of one table against another."""
        return {"TabularDrift": _report}


class _Coded:
    """Turns a frame into the array of numbers that the detector takes."""

    def __init__(self, reference: pd.DataFrame) -> None:
        self.levels = {name: sorted(set(reference[name])) for name in reference if reference[name].dtype == object}
        self.categories = {list(reference).index(name): None for name in self.levels}  # found in the reference

    def __call__(self, frame: pd.DataFrame) -> np.ndarray:
        """Return one column a feature."""
        columns = [
            pd.Categorical(frame[name], self.levels[name]).codes if name in self.levels else frame[name].to_numpy()
            for name in frame
        ]
        return np.column_stack(columns)


def _report(tables: Tables) -> object:
    coded = _Coded(tables.reference)
    test = TabularDrift(coded(tables.reference), p_val=0.05, categories_per_feature=coded.categories)
    return test.predict(coded(tables.current), drift_type="batch")
