"""A question to a model: what is asked, about which rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Call", "rows_of"]


class Call:
    """One question to a model, on its way from wrapper to wrapper.

    Parameters
    ----------
    method : str
        What to call: ``"predict"``, ``"predict_proba"``, ...
    frame : table or array, optional
        The rows, a DataFrame or whatever the model takes.
    record : mapping, optional
        One record instead of rows: names and values.
    request : str, optional
        Id of the question; one is made up when it is first asked for.

    Examples
    --------
    >>> call = Call("predict", record={"age": 41}, request="7f3a")
    >>> call.rows, call.request
    (1, '7f3a')
    >>> Call("predict")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: a call is about a frame or about one record, and this one is about neither
    """

    __slots__ = ("_request", "build", "frame", "method", "origin", "pins", "places", "record", "rows", "schema")

    def __init__(
        self,
        method: str = "predict",
        *,
        frame: Any = None,
        record: Mapping[str, Any] | None = None,
        request: str = "",
    ) -> None:
        if (frame is None) == (record is None):
            which = "neither" if frame is None else "both"
            raise ArgumentError(f"a call is about a frame or about one record, and this one is about {which}")
        if record is not None and not isinstance(record, Mapping):
            raise ArgumentTypeError(
                f"a record is a mapping of names to values, got {type(record).__name__}",
                hint="pass rows to `predict`, and one dict to `predict_one`.",
            )
        self.method = method
        self.frame = frame
        self.record = record
        self.rows = rows_of(frame) if record is None else 1
        self._request = request
        self.build: Callable[[Mapping[str, Any]], Any] | None = None
        """How a record becomes what an estimator takes; None for a frame of one row as pandas infers it."""
        self.origin = self
        """The call as it first came in, with all its columns and rows."""
        self.places: NDArray[np.int64] | None = None
        """Row numbers in `origin` that this call is about; None for all."""
        self.pins: dict[int, Any] = {}
        """What a source chose for this call, by the source's id: one call sees one version, however often it asks."""
        self.schema: Schema | None = None
        """The contract that a guard further out has applied."""

    @property
    def request(self) -> str:
        """Id of the question, the same for every wrapper that sees it."""
        if self.origin is not self:
            return self.origin.request
        if not self._request:
            self._request = os.urandom(12).hex()
        return self._request

    def narrowed(
        self,
        *,
        frame: Any = None,
        record: Mapping[str, Any] | None = None,
        places: NDArray[np.int64] | None = None,
        build: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> Call:
        """Return the call to pass inward: other columns, and only the rows at `places` (of this call; None for all).

        >>> import numpy as np
        >>> import pandas as pd
        >>> inner = Call(frame=pd.DataFrame({"age": [41, 33], "id": ["a", "b"]}), request="7f3a").narrowed(
        ...     frame=pd.DataFrame({"age": [33]}), places=np.array([1])
        ... )
        >>> inner.request, inner.origin.frame["id"].iloc[inner.places].tolist()
        ('7f3a', ['b'])
        """
        call = Call(self.method, frame=frame, record=record)
        call.build = build
        call.origin = self.origin
        call.pins = self.pins
        call.schema = self.schema
        call.places = self.places if places is None else places if self.places is None else self.places[places]
        return call

    def table(self, names: Iterable[str] | None = None) -> Any:
        """Return what an estimator takes: the frame, or the record as a frame of one row.

        A record has no order and may say more than the model wants to know: it gets the `names`, if it knows them.
        """
        if self.record is None:
            return self.frame
        if self.build is not None:
            return self.build(self.record)
        record = self.record
        wanted = list(record if names is None else names)
        missing = [name for name in wanted if name not in record]
        if missing:
            raise ArgumentError(f"the record lacks {', '.join(map(repr, missing))}")
        return pd.DataFrame({name: [record[name]] for name in wanted})

    def __repr__(self) -> str:
        """Return method and number of rows, never a value."""
        what = "one record" if self.record is not None else f"{self.rows} rows"
        return f"Call({self.method!r}, {what})"


def rows_of(table: Any) -> int:
    """Return the number of rows of a frame, an array, a sparse matrix or a list."""
    shape = getattr(table, "shape", None)
    try:
        return int(shape[0]) if shape else len(table)
    except TypeError:
        raise ArgumentTypeError(
            f"a model is asked about rows, got {type(table).__name__}", hint="pass a table, or a dict to `predict_one`."
        ) from None
