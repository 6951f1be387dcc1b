"""What a check, a contract or a policy refused; each carries what it found."""

from __future__ import annotations

from typing import Any

from maturekit.errors.base import MaturekitError

__all__ = [
    "CheckFailedError",
    "PromotionRefusedError",
    "RejectedRecordError",
    "RejectedRowsError",
]


class CheckFailedError(MaturekitError, ValueError):
    """A report holds a failure at the asked severity; `report` carries all of it.

    >>> from maturekit.reports import Finding, Report
    >>> Report("validation", [Finding("nullable", "failed", columns=("age",), count=2)]).raise_if_failed()
    Traceback (most recent call last):
    maturekit.errors.CheckFailedError: validation did not pass: nullable age 2 rows...
    """

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report


class RejectedRowsError(MaturekitError, ValueError):
    """Some rows were refused by a contract; `answer` holds the answers of the others.

    >>> import pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from maturekit import Column, Schema, deployment
    >>> frame = pd.DataFrame({"a": [-1.0, 1.0]})
    >>> model = DummyClassifier().fit(frame, [0, 1])
    >>> deployment.Guarded(model, schema=Schema({"a": Column("float", ge=0)})).predict(frame)
    Traceback (most recent call last):
    maturekit.errors.RejectedRowsError: 1 of 2 rows got no answer: ge:a (1 row)...
    """

    def __init__(self, message: str, *, answer: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.answer = answer


class RejectedRecordError(RejectedRowsError):
    """One record was refused by a contract; `answer.findings` says why.

    >>> raise RejectedRecordError("the record was rejected: ge:a", answer=None)
    Traceback (most recent call last):
    maturekit.errors.RejectedRecordError: the record was rejected: ge:a
    """


class PromotionRefusedError(MaturekitError, RuntimeError):
    """A policy refused a promotion; `report` holds every gate's finding.

    >>> raise PromotionRefusedError("policy 'weekly' says schema-attached failed", report=None)
    Traceback (most recent call last):
    maturekit.errors.PromotionRefusedError: policy 'weekly' says schema-attached failed
    """

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report
