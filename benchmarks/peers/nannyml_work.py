"""NannyML: the univariate calculator (Jensen-Shannon distance) and PCA reconstruction, chunks of a day, defaults else.

Thresholds are its default: mean and three standard deviations of the chunks of the reference, of which there are 10 at
1,000 rows a day and 50 at 200.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml
import pandas as pd
from peers.drift_tool import Detector, Report, Tables

__all__ = ["NannyML"]

_CALCULATORS = {
    "univariate, any column": nannyml.UnivariateDriftCalculator,
    "PCA reconstruction": nannyml.DataReconstructionDriftCalculator,
}


class NannyML(Detector):
    """Both calculators, fitted once on the reference."""

    methods = tuple(_CALCULATORS)

    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Calculate all days at once, which is how the tool is meant to be used."""
        together = pd.concat(days, ignore_index=True)
        alerts = {
            method: _alerts(calculator(column_names=list(together), chunk_size=self.rows), self.reference, together)
            for method, calculator in _CALCULATORS.items()
        }
        for day in range(len(days)):
            yield {method for method, alert in alerts.items() if alert[day]}

    @classmethod
    def reports(cls) -> Mapping[str, Report]:
        """Return the univariate calculator with ten chunks, its default."""
        return {"UnivariateDriftCalculator": _report}


def _alerts(calculator: object, reference: pd.DataFrame, current: pd.DataFrame) -> list[bool]:
    calculator.fit(reference)  # type: ignore[attr-defined]  # both calculators have it
    found = calculator.calculate(current).filter(period="analysis").to_df()  # type: ignore[attr-defined]
    return found.xs("alert", axis=1, level=-1).any(axis=1).tolist()


def _report(tables: Tables) -> object:
    calculator = nannyml.UnivariateDriftCalculator(column_names=list(tables.reference))
    calculator.fit(tables.reference)
    return calculator.calculate(tables.current).to_df()
