"""The one contract of whatever turns a model into files and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self, final

from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, MaturekitError

__all__ = ["Serializer"]


class Serializer(ABC):
    """A model as named bytes, and back.

    Write one by setting `name` and `executes` and defining `_dump`, `_load` and `sample`; the public methods check
    arguments and word the errors. A version stores the serializer's name and never its code: to read a version, give
    `Registry` an instance with the same name. Bytes reach `_load` only after their digests were verified.

    Safe for several threads: a serializer keeps no state.

    Examples
    --------
    A serializer for models that are plain text, and what it writes:

    >>> class Text(Serializer):
    ...     name = "text"
    ...     executes = "nothing"
    ...     def _dump(self, model):
    ...         return {"model.txt": model.encode()}
    ...     def _load(self, files, trust):
    ...         return files["model.txt"].decode()
    ...     def sample(self):
    ...         return "y = 2x", None
    ...     @classmethod
    ...     def examples(cls):
    ...         yield cls()
    >>> files = Text().dump("y = 2x")
    >>> files
    {'model.txt': b'y = 2x'}
    >>> Text().load(files)
    'y = 2x'
    """

    name: ClassVar[str]
    """Stands in the record of every version it writes; the same rule as for model names."""

    executes: ClassVar[str]
    """One sentence: what loading a hostile file may run."""

    @abstractmethod
    def _dump(self, model: Any) -> Mapping[str, bytes]:
        """Return the files of a model by name; raise anything if it cannot be written."""

    @abstractmethod
    def _load(self, files: Mapping[str, bytes], trust: frozenset[str]) -> Any:
        """Return the model; raise `UntrustedError` for code that neither this serializer nor `trust` allows."""

    @abstractmethod
    def sample(self) -> tuple[Any, Any]:
        """Return a small model that this serializer writes and input for its `predict`, for the contract suite.

        A model without `predict` comes with None and is compared by equality.
        """

    @classmethod
    @abstractmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances of this class, for the contract suite `maturekit.testing.SERIALIZER_CHECKS`."""

    @final
    def dump(self, model: Any) -> dict[str, bytes]:
        """Return the files of a model by name; raise `ArgumentError` if it cannot be written."""
        try:
            files = dict(self._dump(model))
        except (MaturekitError, MemoryError):
            raise
        except Exception as error:
            raise ArgumentError(
                f"the serializer {self.name!r} cannot write this {type(model).__name__}: {error}",
                hint="lambdas, local functions and classes, open files and locks cannot be stored; use module-level names.",
            ) from error
        if not files or not all(isinstance(data, bytes) for data in files.values()):
            raise ArgumentTypeError(f"the serializer {self.name!r} must return bytes by file name")
        for name in files:
            check_name(name, what="file name")
        return files

    @final
    def load(self, files: Mapping[str, bytes], *, trust: Iterable[str] = ()) -> Any:
        """Return the model of these files.

        Parameters
        ----------
        files : mapping of str to bytes
            What `dump` returned.
        trust : iterable of str
            Exact names of classes and functions, such as ``"shop.features.Basket"``, that the caller allows beside
            what the serializer allows.

        Raises
        ------
        UntrustedError
            The files ask for code that nobody allowed; its `names` lists it.
        FormatError
            The files are malformed.
        """
        names = _checked_trust(trust)
        try:
            return self._load(files, names)
        except (MaturekitError, MemoryError):
            raise
        except Exception as error:
            raise FormatError(f"the serializer {self.name!r} cannot read this model: {error!r:.300}") from error


def _checked_trust(trust: Iterable[str]) -> frozenset[str]:
    if isinstance(trust, str):
        raise ArgumentTypeError(
            f"trust is a list of names, got the str {trust!r:.60}", hint=f"write trust=[{trust!r:.60}]."
        )
    names = list(trust)
    for name in names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")) or "." not in name:
            raise ArgumentError(
                f"{name!r:.60} is no name that can be trusted",
                hint="write module and name in full, such as 'shop.features.Basket'; patterns are not read.",
            )
    return frozenset(names)
