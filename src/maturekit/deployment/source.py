"""Where the chain of wrappers ends: the estimator that answers, and what is known of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.errors import ArgumentError
from maturekit.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "Source"]

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
"""What a wrapper can be asked, where the model inside has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An estimator, and the version it was loaded from, if it was.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit([[0.0]], [1.0])
    >>> Source(model).ask(Call("predict", frame=[[0.0], [1.0]])).values.tolist()
    [2.5, 2.5]
    """

    model: Any
    schema: Schema | None = None
    reference: str | None = None
    digest: str | None = None
    examples: pd.DataFrame | None = None

    def ask(self, call: Call) -> Answer:
        """Let the estimator answer, and say who it was."""
        if call.method not in METHODS or not hasattr(self.model, call.method):
            raise ArgumentError(
                f"{type(self.model).__name__} cannot be asked to {call.method!r}",
                hint=f"it offers {', '.join(name for name in METHODS if hasattr(self.model, name)) or 'nothing'}.",
            )
        started = time.perf_counter()
        table = call.table(getattr(self.model, "feature_names_in_", None))
        values = getattr(self.model, call.method)(table)
        return Answer(
            values,
            rows=call.rows,
            request=call.request,
            method=call.method,
            version=self.reference,
            digest=self.digest,
            seconds=time.perf_counter() - started,
        )
