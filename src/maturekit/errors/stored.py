"""Bytes that could not be read or written, or are not what they should be."""

from __future__ import annotations

from collections.abc import Iterable

from maturekit.errors.base import MaturekitError

__all__ = [
    "ForeignFolderError",
    "FormatError",
    "IntegrityError",
    "KeyMissingError",
    "KeyTakenError",
    "SourceMissingError",
    "StorageError",
    "UntrustedError",
]


class StorageError(MaturekitError, OSError):
    """Bytes could not be read or written; nothing was half-written.

    >>> from maturekit.storage import LocalStore
    >>> LocalStore(__file__).put_new("a", b"one")
    Traceback (most recent call last):
    maturekit.errors.StorageError: could not write 'a' in ...
    """


class KeyMissingError(StorageError, LookupError):
    """Nothing is stored under this key.

    >>> from maturekit.storage import MemoryStore
    >>> MemoryStore().get("a")
    Traceback (most recent call last):
    maturekit.errors.KeyMissingError: nothing is stored under 'a'
    """


class KeyTakenError(StorageError, FileExistsError):
    """The key exists already, and keys are written only once.

    >>> raise KeyTakenError("the key 'a' is taken")
    Traceback (most recent call last):
    maturekit.errors.KeyTakenError: the key 'a' is taken
    """


class SourceMissingError(StorageError, FileNotFoundError):
    """A file or folder that should be read is not there.

    >>> from maturekit import scan
    >>> list(scan.chunks("no-such-file.parquet"))
    Traceback (most recent call last):
    maturekit.errors.SourceMissingError: there is no file or folder no-such-file.parquet
    """


class ForeignFolderError(StorageError):
    """The folder holds files that are not ours, so nothing is written into it.

    >>> raise ForeignFolderError("papers holds files that are not of a registry, so nothing is written there")
    Traceback (most recent call last):
    maturekit.errors.ForeignFolderError: papers holds files that are not of a registry, so nothing is written there
    """


class FormatError(MaturekitError, ValueError):
    """A stored text is malformed, or of a format newer than this library.

    >>> from maturekit.reports import Report
    >>> Report.from_json("{}")
    Traceback (most recent call last):
    maturekit.errors.FormatError: a stored report is malformed: it has no format number
    """


class IntegrityError(MaturekitError, ValueError):
    """Stored bytes differ from what was written.

    >>> raise IntegrityError("model/late-flights: event 1 is missing, but event 2 is there")
    Traceback (most recent call last):
    maturekit.errors.IntegrityError: model/late-flights: event 1 is missing, but event 2 is there
    """


class UntrustedError(MaturekitError, ValueError):
    """A model file asks for code that neither the library nor the caller allowed; `names` lists it.

    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from maturekit import Registry
    >>> from maturekit.storage import MemoryStore
    >>> Registry(MemoryStore(), actor="ada").register("odd", FunctionTransformer(print)).load()
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the model file asks for code that is not on the allow-list: builtins.print...
    """

    def __init__(self, message: str, *, names: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.names = tuple(names)
