"""How one record is answered: by compiled code that was proven to say what the model says, else as a row of a frame."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.deployment.call import Call
from maturekit.deployment.ordinary import OrdinaryPath

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.deployment.compiled.code import RowFunction
    from maturekit.deployment.compiled.trial import Trial
    from maturekit.deployment.contract import Contract

__all__ = ["RowPath"]

_MOST = 4_096
"""Combinations of types that are remembered."""

_NATIVE: Mapping[type, type] = {np.float64: float, np.int64: int, np.bool_: bool, np.str_: str}

_MOST_PROOFS = 64
"""Combinations of types that are proven, or not, without a contract; each takes some ten milliseconds."""

Values = tuple[Any, ...]


class RowPath:
    """One method of one model, asked about records under one contract or none.

    The first record, or `prove`, compiles the model in the caller's thread; meanwhile other threads are answered the
    ordinary way. Compiled code answers a record only if the types of its values are among those that it was proven with,
    and if it is sure; whatever else comes goes the ordinary way, so that an odd record gets the model's own answer or
    error. Without a contract each combination of types is proven when it is first seen.

    Safe for several threads if the model is, and for a fork at any time.

    Parameters
    ----------
    model : estimator
        Who is asked.
    method : str
        What it is asked for.
    contract : Contract or None
        What holds of every record.
    examples : DataFrame or None
        Stored examples of the model's input.
    names : list of str or None
        The columns that the model wants, if it knows them; used without a contract.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"area": [1.0, 2.0, 3.0]})
    >>> path = RowPath(LinearRegression().fit(frame, [10.0, 20.0, 30.0]), "predict", None, None, ["area"])
    >>> value, dtype = path.ask(Call(record={"area": 4.0}))
    >>> round(value, 6), dtype, path.is_compiled
    (40.0, dtype('float64'), True)
    """

    is_compiled = False
    """Whether compiled code answers, proven; a plain attribute, since it is read on the fast path."""

    def __init__(
        self,
        model: Any,
        method: str,
        contract: Contract | None,
        examples: pd.DataFrame | None,
        names: Sequence[str] | None,
    ) -> None:
        self._arguments = (model, method, contract, examples, names)
        self._names = names if contract is None else contract.names
        self._ordinary = OrdinaryPath(model, method, contract, names)
        self._taken = _taker(self._names or ())
        self._ready: dict[tuple[type, ...], RowFunction] = {}
        self._dtype: np.dtype[Any] | None = None
        self._trial: Trial | None = None
        self._left = 0
        self._claims: dict[Any, object] = {}
        self._why = (
            "" if self._names and method != "transform" else "only what a model answers about named columns is compiled"
        )

    def ask(self, call: Call) -> tuple[Any, Any]:
        """Return (plain value, dtype of an array of it) from compiled code, or (what the model returned, None).

        Raises what the model raises, and `DeadlineError` if the call's deadline passes before the model is asked.
        """
        record = call.record
        if type(record) is dict:
            try:
                values = self._taken(record)
                return self._ready[tuple(map(type, values))](values), self._dtype
            except Exception:  # noqa: BLE001, S110  # types not seen before, or a record that compiled code leaves to the model
                pass
        return self._at_length(call)

    def prove(self) -> None:
        """Compile, and prove it; once, whoever calls. Without examples or a contract it takes a record to try."""
        self._try(None)

    def answers(self, record: Mapping[str, Any]) -> bool:
        """Whether compiled code answers this very record, so that nobody has to wait for a model or for a proof."""
        if self._trial is None or not self.is_compiled:
            return False
        try:
            values = self._taken(record)
            types = tuple(map(type, values))
            function = self._ready.get(types) or self._trial.accepted(types)
            if function is not None:
                function(values)
                return True
        except Exception:  # noqa: BLE001, S110  # as in `ask`
            pass
        return False

    def explained(self) -> tuple[str, str, str, str, int]:
        """Return model, method, path, why, and the number of records it was proven on."""
        model, method = self._arguments[:2]
        why = self._why
        if not why and not self.is_compiled:
            why = "not tried yet" if self._trial is None else self._trial.why
        elif self.is_compiled and self._left:
            why = f"{self._left} record{'s were' if self._left > 1 else ' was'} left to the model"
        path = "compiled" if self.is_compiled else "ordinary"
        return type(model).__name__, method, path, why, 0 if self._trial is None else self._trial.count

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of; the copy compiles anew."""
        return type(self), self._arguments

    def _at_length(self, call: Call) -> tuple[Any, Any]:
        record = call.record or {}
        if type(record) is not dict:
            return self.ask(call.narrowed(record=dict(record)))  # which has no defaults for what is missing
        if not self._why and all(name in record for name in self._names or ()):
            values = self._taken(record)
            types = tuple(map(type, values))
            if types not in self._ready:
                function = self._decided(types, values)
                if function is not None:
                    try:
                        return function(values), self._dtype
                    except Exception:  # noqa: BLE001, S110  # as in `ask`
                        pass
        self._left += 1  # as near as threads let it count
        return self._ordinary.ask(call), None

    def _decided(self, types: tuple[type, ...], values: Values) -> RowFunction | None:
        """Return the function for records of these types, now and from now on; None if the model has to answer."""
        self._try(values)
        trial = self._trial
        if trial is None or self._why:
            return None
        function = trial.accepted(types)
        if function is None and self._arguments[2] is None:
            if len(self._claims) < _MOST_PROOFS and self._claim(types):
                function = trial.proven_for(types, [values])
        elif function is None:
            function = self._translated(trial, types)
        if function is not None:
            if len(self._ready) >= _MOST:
                self._ready.clear()
            self._ready[types] = function
            self._dtype, self.is_compiled = trial.dtype, True
        return function

    def _translated(self, trial: Trial, types: tuple[type, ...]) -> RowFunction | None:
        """Return a function for records with scalars of numpy, which a contract takes for what they hold."""
        native = tuple(_NATIVE.get(kind, kind) for kind in types)
        function = trial.accepted(native) if native != types else None
        if function is None:
            return None
        return lambda values: function(
            tuple([value.item() if isinstance(value, np.generic) else value for value in values])
        )

    def _try(self, values: Values | None) -> None:
        """Compile and prove, if nobody did or does; other threads and callers do not wait."""
        if self._why or self._trial is not None or not self._claim("all"):
            return
        from maturekit.deployment.compiled.trial import NotCompiled, Trial  # noqa: PLC0415  # only where records are asked about

        model, method, contract, examples, _ = self._arguments
        try:
            trial = Trial(model, method, contract, examples, self._names or ())
            trial.run(values)
        except NotCompiled as error:
            self._why = str(error)
        except Exception as error:  # noqa: BLE001  # a model of another release may look different inside; it still answers
            self._why = f"compiling failed with {type(error).__name__}: {error}"
        except BaseException:  # an interrupt says nothing about the model: whoever comes next tries again
            self._claims.pop((os.getpid(), "all"), None)
            raise
        else:
            if contract is not None and trial.dtype is None:
                self._claims.pop((os.getpid(), "all"), None)  # there was nothing to try it on
                return
            self._dtype, self.is_compiled = trial.dtype, trial.dtype is not None
            self._trial = trial

    def _claim(self, what: Any) -> bool:
        """Return whether this thread is the first in this process."""
        mine = object()
        return self._claims.setdefault((os.getpid(), what), mine) is mine


def _taker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Values]:
    if len(names) == 1:
        (name,) = names
        return lambda record: (record[name],)
    return operator.itemgetter(*names) if names else tuple
