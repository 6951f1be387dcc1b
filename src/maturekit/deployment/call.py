"""A question to a model: what is asked, about which rows."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from maturekit._core.arguments import check_number
from maturekit._core.frames import as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maturekit.deployment.contract import Contract

__all__ = ["Call", "rows_of"]


class Call:
    """One question to a model, on its way from wrapper to wrapper; nobody changes it once it is made.

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
    deadline : float, optional
        When nobody waits for the answer any more, in seconds of ``time.monotonic()``.

    Examples
    --------
    >>> call = Call("predict", record={"age": 41}, request="7f3a")
    >>> call.rows, call.request
    (1, '7f3a')
    >>> Call("predict")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: a call is about a frame or about one record, and this one is about neither
    """

    frame: Any = None
    record: Mapping[str, Any] | None = None
    rows: int = 1
    deadline: float | None = None
    contract: Contract | None = None
    """The contract that a guard further out has applied; it knows how a record becomes what the model takes."""
    places: NDArray[np.int64] | None = None
    """Row numbers in `origin` that this call is about; None for all."""
    in_loop: bool = False
    """Whether an event loop asks, which must not wait: what is not known to take microseconds goes into a thread."""
    _request: str = ""
    _origin: Call | None = None
    _asked: Call | None = None
    _pins: tuple[Any, ...] = ()

    def __init__(
        self,
        method: str = "predict",
        *,
        frame: Any = None,
        record: Mapping[str, Any] | None = None,
        request: str = "",
        deadline: float | None = None,
    ) -> None:
        if type(method) is not str and not isinstance(method, str):
            raise ArgumentTypeError(f"method must be a name such as 'predict', got {type(method).__name__}")
        self.method = method
        if record is None:
            if frame is None:
                raise ArgumentError("a call is about a frame or about one record, and this one is about neither")
            self.frame = frame
            self.rows = rows_of(frame)
        else:
            if frame is not None:
                raise ArgumentError("a call is about a frame or about one record, and this one is about both")
            if type(record) is not dict and not isinstance(record, Mapping):
                raise ArgumentTypeError(
                    f"a record is a mapping of names to values, got {type(record).__name__}",
                    hint="pass rows to `predict`, and one dict to `predict_one`.",
                )
            self.record = record
        if type(request) is not str and request is not None and not isinstance(request, str):
            raise ArgumentTypeError(f"request must be a text, got {type(request).__name__}")
        if request:
            self._request = request
        if deadline is not None:
            check_number(deadline, what="deadline")
            self.deadline = deadline

    @property
    def origin(self) -> Call:
        """The call as it first came in, with all its columns and rows."""
        return self._origin or self

    @property
    def request(self) -> str:
        """Id of the question, the same for every wrapper that sees it."""
        origin = self._origin or self
        if not origin._request:  # noqa: SLF001  # the same class
            origin._request = _ids.next()  # noqa: SLF001  # as above
        return origin._request  # noqa: SLF001  # as above

    @property
    def pins(self) -> tuple[tuple[Any, Any], ...]:
        """The steps that have chosen something for this call, each with what it chose."""
        pins = (self._asked or self)._pins  # noqa: SLF001  # the same class
        return tuple(zip(pins[::2], pins[1::2], strict=True))

    def pinned(self, step: Any) -> Any:
        """Return what a step chose for this call, None if nothing: one call sees one version, however often it asks."""
        return next((chosen for who, chosen in self.pins if who is step), None)

    def pin(self, step: Any, chosen: Any) -> None:
        """Remember what a step chose, for this call and those that it was narrowed from or to.

        >>> call, model = Call("predict", record={"age": 41}), object()
        >>> call.narrowed(record={}).pin(model, "version 3")
        >>> call.pinned(model), call.copied().pinned(model)
        ('version 3', None)
        """
        asked = self._asked or self
        asked._pins += (step, chosen)  # noqa: SLF001  # the same class

    def behind(self, contract: Contract, record: Mapping[str, Any]) -> Call:
        """Return the call that a guard passes inward about one record: its features, under its contract."""
        call = Call.__new__(Call)
        call.method = self.method
        call.record = record
        call.contract = contract
        if self.deadline is not None:
            call.deadline = self.deadline
        call._origin = self._origin or self  # noqa: SLF001  # the same class
        call._asked = self._asked or self  # noqa: SLF001  # as above
        return call

    def narrowed(
        self,
        *,
        frame: Any = None,
        record: Mapping[str, Any] | None = None,
        places: NDArray[np.int64] | None = None,
        contract: Contract | None = None,
        deadline: float | None = None,
    ) -> Call:
        """Return the call to pass inward: other columns, and only the rows at `places` (of this call; None for all).

        Without a frame or record these stay as they are; so do a contract and a deadline that are not given.

        >>> import numpy as np
        >>> import pandas as pd
        >>> inner = Call(frame=pd.DataFrame({"age": [41, 33], "id": ["a", "b"]}), request="7f3a").narrowed(
        ...     frame=pd.DataFrame({"age": [33]}), places=np.array([1])
        ... )
        >>> inner.request, inner.key("id").tolist()
        ('7f3a', ['b'])
        """
        call = Call.__new__(Call)
        call.method = self.method
        if record is not None:
            call.record = record
        elif frame is not None:
            call.frame, call.rows = frame, rows_of(frame)
        else:
            call.record, call.frame, call.rows = self.record, self.frame, self.rows
        call.contract = self.contract if contract is None else contract
        call.deadline = self.deadline if deadline is None else deadline
        call.places = self.places if places is None else places if self.places is None else self.places[places]
        call._origin = self._origin or self  # noqa: SLF001  # the same class
        call._asked = self._asked or self  # noqa: SLF001  # as above
        return call

    def in_a_loop(self) -> Call:
        """Return the same question as an event loop puts it that must not wait."""
        call = self.narrowed()
        call.in_loop = True
        return call

    def copied(self) -> Call:
        """Return the same question for a second model: what the first one pinned is not the second one's."""
        call = self.narrowed()
        call._asked = None  # noqa: SLF001  # the same class
        return call

    def table(self, names: Iterable[str] | None = None) -> Any:
        """Return what an estimator takes: the frame, or the record as a frame of one row.

        A record has no order and may say more than the model wants to know: it gets the `names`, if it knows them.
        """
        if self.record is None:
            return self.frame
        if self.contract is not None:
            return self.contract.row(self.record)
        record = self.record
        wanted = list(record if names is None else names)
        missing = [name for name in wanted if name not in record]
        if missing:
            raise ArgumentError(f"the record lacks {', '.join(map(repr, missing))}")
        return pd.DataFrame({name: [record[name]] for name in wanted})

    def key(self, name: str) -> Any:
        """Return the values of a column as it first came in, for the rows of this call; None if there is no such column.

        For a record that is its value, for a table a Series. So a wrapper finds ids that a guard took out.
        """
        origin = self._origin or self
        record = origin.record
        if record is not None:
            return record.get(name)
        if not hasattr(origin.frame, "columns"):
            return None
        table = origin.frame if isinstance(origin.frame, pd.DataFrame) else as_frame(origin.frame)
        if name not in table.columns:
            return None
        return table[name] if self.places is None else table[name].iloc[self.places]

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


class _Ids:
    """Ids that no other process gives: what is random of this one, and a number."""

    def __init__(self) -> None:
        self._begin()
        with contextlib.suppress(AttributeError):  # Windows has no fork
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._process = os.urandom(8).hex()
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._process}{next(self._numbers):08x}"


_ids = _Ids()
