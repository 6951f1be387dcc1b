"""Models as skops files, read with a list of trusted names that belongs to the caller."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any, Self

from maturekit._core.extras import require
from maturekit.errors import ArgumentError, FormatError, UntrustedError
from maturekit.registry.serializers.serializer import Serializer

__all__ = ["SkopsSerializer"]

_FILE = "model.skops"
_EXTRA = "skops"


class SkopsSerializer(Serializer):
    """Write a model with `skops.io.dumps`; read it with what skops trusts by itself and what the caller names.

    Needs the extra ``skops``. skops trusts the estimators of scikit-learn, and the types and mathematical functions of
    numpy and scipy. It does not trust sparse matrices, nor trees and neighbour structures, whose indices compiled code
    follows without looking: a model of trees loads with ``trust=["sklearn.tree._tree.Tree"]``, if the caller trusts the
    values too. `JoblibSerializer` checks these values and loads the same models unasked, and faster. Nothing makes this
    class trust what a file asks for.

    A name in `trust` allows the file all that skops does with it: make an instance from any state, or call it with any
    arguments while the model is read.

    A file may unpack to at most 32 times its own size, or 64 MiB if that is more; otherwise it raises `FormatError`
    before skops reads it.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    >>> serializer = SkopsSerializer()
    >>> float(serializer.load(serializer.dump(model)).predict([[2.0]])[0].round(6))
    5.0

    A tree is refused until the caller trusts it:

    >>> from sklearn.tree import DecisionTreeRegressor
    >>> files = serializer.dump(DecisionTreeRegressor().fit([[0.0], [1.0]], [1.0, 3.0]))
    >>> serializer.load(files)
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the model file asks for what neither skops nor the caller trusts: sklearn.tree...
    <BLANKLINE>
    Hint: if you know and trust where the file comes from, allow exactly what you know: trust=['sklearn.tree._tree.Tree'].
    >>> serializer.load(files, trust=["sklearn.tree._tree.Tree"]).predict([[0.9]]).tolist()
    [3.0]
    """

    name = "skops"
    executes = (
        "no code but what skops trusts (estimators of scikit-learn, numpy, scipy) and what the caller trusts by name; "
        "their values are not checked, so that a hostile file may predict anything or crash compiled code"
    )

    def _dump(self, model: Any) -> Mapping[str, bytes]:
        skops = require("skops.io", extra=_EXTRA, purpose="writing a model as a skops file")
        data: bytes = skops.dumps(model)
        nameless = [name for name in skops.get_untrusted_types(data=data) if not _is_a_name(name)]
        if nameless:
            raise ArgumentError(
                f"the serializer {self.name!r} cannot write this {type(model).__name__}: nothing could load "
                f"{', '.join(nameless)}",
                hint="lambdas, local functions and classes cannot be stored; use module-level names.",
            )
        _check(data)
        return {_FILE: data}

    def _load(self, files: Mapping[str, bytes], trust: frozenset[str]) -> Any:
        if list(files) != [_FILE]:
            raise FormatError(f"a skops model is one file, {_FILE!r}; here are {', '.join(map(repr, files))}")
        skops = require("skops.io", extra=_EXTRA, purpose="reading a skops file")
        refusal = require("skops.io.exceptions", extra=_EXTRA, purpose="reading a skops file")
        data = files[_FILE]
        _check(data)
        try:
            return skops.loads(data, trusted=sorted(trust))
        except refusal.UntrustedTypesFoundException as error:
            names = sorted(set(skops.get_untrusted_types(data=data)) - trust)
            raise UntrustedError(
                f"the model file asks for what neither skops nor the caller trusts: {', '.join(names)}",
                names=names,
                hint=f"if you know and trust where the file comes from, allow exactly what you know: trust={names}.",
            ) from error

    def sample(self) -> tuple[Any, Any]:
        """Return a fitted classifier of two features that skops trusts."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # only the contract suite asks

        rows = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]
        return LogisticRegression().fit(rows, ["a", "b", "b", "a"]), rows

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one serializer, if skops is installed."""
        if importlib.util.find_spec("skops") is not None:
            yield cls()


def _check(data: bytes) -> None:
    from maturekit.registry.serializers.skops_limits import check_archive  # noqa: PLC0415  # the registry is imported without numpy

    check_archive(data)


def _is_a_name(name: str) -> bool:
    return "." in name and all(part.isidentifier() for part in name.split("."))
