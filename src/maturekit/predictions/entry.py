"""What one call to a model left behind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Entry"]


@dataclass(slots=True)
class Entry:
    """One answered call, as `Log.write` takes it: a frame of rows, or one record.

    Parameters
    ----------
    inputs : DataFrame or mapping
        What was asked: the rows, or one record. Key columns may be among them; they are stored once, as key.
    request : str
        Id of the call.
    method : str
        What was called, such as ``"predict_proba"``.
    prediction, score : sequence or array, optional
        One value a row, None where a row got no answer; `score` is the probability of the positive class.
    key : mapping of str to column or value
        Names and values of the columns by which labels are joined later: a column for a frame, a value for a record.
    marks : mapping of int to (str, tuple of str)
        Status and reasons of every row that is not simply ``"ok"``, by row number.
    places : iterable of int, optional
        Row numbers within the request; counted from 0 by default.
    version, digest : str, optional
        Reference and digest of the model version that answered; or a list of one for each row of a frame.
    arm : str
        Which of several models answered, such as ``"challenger"``; or a list of one for each row of a frame.
    seconds : float
        How long the answer took.
    time : datetime, optional
        When, aware; the log's clock by default.

    Examples
    --------
    >>> Entry({"age": 41}, request="7f3a", prediction=[1], key={"person": "p-17"}).rows
    1
    """

    inputs: Any
    request: str = ""
    method: str = "predict"
    prediction: Sequence[Any] | None = None
    score: Sequence[Any] | None = None
    key: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    places: Iterable[int] | None = None
    version: str | Sequence[str | None] | None = None
    digest: str | Sequence[str | None] | None = None
    arm: str | Sequence[str] = ""
    seconds: float = math.nan
    time: datetime | None = None

    @property
    def one(self) -> bool:
        """Whether the call was about one record."""
        return isinstance(self.inputs, Mapping)

    @property
    def rows(self) -> int:
        """How many rows were asked about."""
        return 1 if self.one else len(self.inputs)
