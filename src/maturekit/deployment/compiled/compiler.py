"""How one kind of estimator becomes lines of a function; more can be registered by subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

if TYPE_CHECKING:
    from maturekit.deployment.compiled.code import Cell, Code, Lookup

__all__ = ["Compiler", "NotCompiled", "compiler_of"]


class NotCompiled(Exception):  # noqa: N818  # it is no error: the ordinary path is used
    """An estimator, or an option of it, that no compiler knows; the message says which.

    >>> raise NotCompiled("SimpleImputer of -1")
    Traceback (most recent call last):
    maturekit.deployment.compiled.compiler.NotCompiled: SimpleImputer of -1
    """


class Compiler(ABC):
    """Compile one kind of estimator.

    A subclass is used from the moment it is defined, for estimators of exactly the classes that it names; the latest
    wins. What it makes is used only after it gave the same answers as the estimator itself. It has no state and is made
    without arguments.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator, TransformerMixin
    >>> class Halved(TransformerMixin, BaseEstimator):
    ...     __module__ = "acme.features"
    ...
    ...     def fit(self, X, y=None):
    ...         return self
    ...
    ...     def transform(self, X):
    ...         return X / 2.0
    >>> class OfHalved(Compiler):
    ...     handles = ("acme.Halved",)
    ...
    ...     def _emit(self, estimator, cells, code, method):
    ...         return [Number(f"{code.number(cell)} / 2.0", cell.nullable) for cell in cells]
    ...
    ...     def sample(self):
    ...         return Halved().fit([[0.0]]), [[3.0], [4.0]]
    >>> from maturekit.deployment.compiled import Number, row_function
    >>> row_function(Halved(), 2, "transform")((3.0, 4.0))
    [1.5, 2.0]
    """

    handles: ClassVar[tuple[str, ...]]
    """Classes of estimators, each as ``"package.Class"`` by the package's first name: ``"sklearn.StandardScaler"``."""

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield the one instance there is, for the contract suite `maturekit.testing.COMPILER_CHECKS`."""
        yield cls()

    @abstractmethod
    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        """Add the lines of an estimator, and return the cells that come out.

        `method` is ``"transform"``, or what a predictor is asked. A predictor returns one `Cell`, whose value is what
        stands in one row of its array, as plain Python: a label, a float or a list of floats. Raise `NotCompiled` for
        what is not understood. What the estimator refuses must not be answered: use `Code.finite` where null is refused.
        """

    @abstractmethod
    def sample(self) -> tuple[Any, Any]:
        """Return a fitted estimator that this compiles, and rows to ask it about, for the contract suite."""

    @final
    def emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        """Return the cells that come out of an estimator."""
        return self._emit(estimator, cells, code, method)


def compiler_of(estimator: Any) -> Compiler:
    """Return the compiler of an estimator; raise `NotCompiled` if there is none.

    >>> compiler_of(object())
    Traceback (most recent call last):
    maturekit.deployment.compiled.compiler.NotCompiled: builtins.object has no compiler
    """
    kind = type(estimator)
    name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    for each in reversed(list(_all(Compiler))):  # type: ignore[type-abstract]  # it only has to have subclasses
        if name in each.__dict__.get("handles", ()):
            return each()
    raise NotCompiled(f"{name} has no compiler")


def _all(base: type[Compiler]) -> Iterator[type[Compiler]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _all(kind)
