"""The one contract of whatever turns a model into files and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO, ClassVar, Protocol, Self, TypeVar, cast, final

from maturekit._core.hashing import Buffer
from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, MaturekitError
from maturekit.registry.checks import checked_list

__all__ = ["Content", "Serializer", "checked_serializer"]

Content = bytes | Callable[[BinaryIO], object]
"""Bytes that are written: all at once, or by a function that writes them to a binary file."""


class _File(Protocol):
    """What a serializer needs of a file to write to; it cannot seek."""

    def write(self, data: bytes, /) -> int:
        """Take the next bytes."""

    def tell(self) -> int:
        """Return how many bytes were written."""

    def close(self) -> None:
        """End writing."""


_F = TypeVar("_F", bound=_File)


class Serializer(ABC):
    """A model as named bytes, and back.

    Write one by setting `name` and `executes` and defining `_dump`, `_load` and `sample`; the public methods check
    arguments and word the errors. A version stores the serializer's name and never its code: to read a version, give
    `Registry` an instance with the same name. Bytes reach `_load` only after their digests were verified.

    A model of many megabytes is written and read faster, and without a second copy in memory, by a serializer that
    returns functions which write to a file instead of bytes, and that sets `reads_buffers`.

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

    reads_buffers: ClassVar[bool] = False
    """Whether `_load` takes files as any buffer, such as a writable memoryview that belongs to the model from then on.

    If not, each file is bytes.
    """

    @abstractmethod
    def _dump(self, model: Any) -> Mapping[str, Content]:
        """Return the files of a model by name; raise anything if it cannot be written.

        A file is bytes, or a function that is called once with a binary file to write to, which cannot seek.
        """

    @abstractmethod
    def _load(self, files: Mapping[str, Any], trust: frozenset[str]) -> Any:
        """Return the model; raise `UntrustedError` for code that neither this serializer nor `trust` allows.

        Each file is bytes, unless `reads_buffers` is set.
        """

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
        return {name: file.getvalue() for name, file in self.write(model, BytesIO).items()}

    @final
    def write(self, model: Any, create: Callable[[], _F]) -> dict[str, _F]:
        """Write the files of a model, each to what `create` returns, and return them by name.

        Raises `ArgumentError` if the model cannot be written; then every file is closed.

        Examples
        --------
        >>> from io import BytesIO
        >>> from maturekit.registry import JoblibSerializer
        >>> files = JoblibSerializer().write({"threshold": 15}, BytesIO)
        >>> JoblibSerializer().load({name: file.getvalue() for name, file in files.items()})
        {'threshold': 15}
        """
        files: dict[str, _F] = {}
        try:
            for name, content in self._contents(model).items():
                files[name] = file = create()
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    content(cast("BinaryIO", file))
        except BaseException as error:
            for file in files.values():
                file.close()
            if isinstance(error, (MaturekitError, MemoryError)) or not isinstance(error, Exception):
                raise
            raise ArgumentError(
                f"the serializer {self.name!r} cannot write this {type(model).__name__}: {error}",
                hint="lambdas, local functions and classes, open files and locks cannot be stored; use module-level names.",
            ) from error
        return files

    def _contents(self, model: Any) -> Mapping[str, Content]:
        contents = self._dump(model)
        if not contents or not all(isinstance(content, bytes) or callable(content) for content in contents.values()):
            raise ArgumentTypeError(
                f"the serializer {self.name!r} must return bytes, or functions that write them, by file name"
            )
        for name in contents:
            check_name(name, what="file name")
        return contents

    @final
    def load(self, files: Mapping[str, Buffer], *, trust: Iterable[str] = ()) -> Any:
        """Return the model of these files.

        Parameters
        ----------
        files : mapping of str to bytes, bytearray or memoryview
            What `dump` returned. Arrays of the model may share the memory of a writable buffer: leave it to the model.
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
        given = files if self.reads_buffers else {name: bytes(data) for name, data in files.items()}
        try:
            return self._load(given, names)
        except (MaturekitError, MemoryError):
            raise
        except Exception as error:
            raise FormatError(f"the serializer {self.name!r} cannot read this model: {error!r:.300}") from error


def checked_serializer(serializer: object) -> Serializer:
    """Return a serializer; raise `ArgumentTypeError` for anything else."""
    if not isinstance(serializer, Serializer):
        raise ArgumentTypeError(
            f"expected a Serializer, got {serializer!r:.100}", hint="pass an instance, such as JoblibSerializer()."
        )
    return serializer


def _checked_trust(trust: Iterable[str]) -> frozenset[str]:
    names = checked_list(trust, what="trust", of="names")
    for name in names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")) or "." not in name:
            raise ArgumentError(
                f"{name!r:.60} is no name that can be trusted",
                hint="write module and name in full, such as 'shop.features.Basket'; patterns are not read.",
            )
    return frozenset(names)
