"""Models as joblib files, read by an allow-list."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Self

from maturekit._core.hashing import Buffer
from maturekit.errors import FormatError, MaturekitWarning
from maturekit.registry import safe
from maturekit.registry.serializers.serializer import Content, Serializer

__all__ = ["JoblibSerializer"]

_FILE = "model.joblib"
_PROTOCOL = 4
"""Of pickle; fixed, so that every supported Python reads what any of them wrote."""


class JoblibSerializer(Serializer):
    """Write a model with `joblib.dump`, uncompressed; read it without letting the file run anything.

    Any tool reads the file with `joblib.load`. This class reads it with a machine of its own that builds plain data,
    numpy arrays and instances of the classes of its allow-list: exact names of scikit-learn's ordinary estimators, no
    patterns. Everything else raises `UntrustedError`, which names it, until the caller trusts exactly that name. What
    compiled code will follow without looking (trees, neighbour structures, support vectors, encoders, sparse tables) is
    checked before.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    >>> serializer = JoblibSerializer()
    >>> files = serializer.dump(model)
    >>> list(files)
    ['model.joblib']
    >>> float(serializer.load(files).predict([[2.0]])[0].round(6))
    5.0

    A file that would run a command is refused, whatever stands behind it:

    >>> import joblib, os
    >>> class Bad:
    ...     def __reduce__(self):
    ...         return os.system, ("echo run",)
    >>> serializer.load(serializer.dump(Bad()))
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the model file asks for code that is not on the allow-list: posix.system
    <BLANKLINE>
    Hint: if you know and trust where the file comes from, allow exactly what you know: trust=['posix.system'].
    """

    name = "joblib"
    executes = "nothing but the plain estimators of scikit-learn on its allow-list, and what the caller trusts by name"

    reads_buffers = True

    def _dump(self, model: Any) -> Mapping[str, Content]:
        import joblib  # noqa: PLC0415  # a registry that never writes a model does not pay for it

        return {_FILE: lambda file: joblib.dump(model, file, protocol=_PROTOCOL)}

    def _load(self, files: Mapping[str, Buffer], trust: frozenset[str]) -> Any:
        if list(files) != [_FILE]:
            raise FormatError(f"a joblib model is one file, {_FILE!r}; here are {', '.join(map(repr, files))}")
        names = frozenset((module, name) for module, _, name in (full.rpartition(".") for full in trust))
        reading = safe.read(files[_FILE], trust=names)
        if reading.versions:
            _compare_versions(reading.versions)
        return reading.value

    def sample(self) -> tuple[Any, Any]:
        """Return a fitted classifier of two features."""
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415  # only the contract suite asks

        rows = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]
        return DecisionTreeClassifier(random_state=0).fit(rows, ["a", "b", "b", "a"]), rows

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one serializer."""
        yield cls()


def _compare_versions(written: frozenset[str]) -> None:
    import sklearn  # noqa: PLC0415  # reading the model has loaded it

    here = sklearn.__version__
    others = sorted(version for version in written if version.split(".")[:2] != here.split(".")[:2])
    if others:
        warnings.warn(
            f"the model was fitted with scikit-learn {', '.join(others)} and is read by {here}: it may predict otherwise; "
            "prove it on known answers, or fit it again",
            MaturekitWarning,
            stacklevel=5,
        )
