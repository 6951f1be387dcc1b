"""From what a user writes as a place to the store that keeps it."""

from __future__ import annotations

import os

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.storage.local import LocalStore
from maturekit.storage.store import Store

__all__ = ["Place", "open_store"]

Place = str | os.PathLike[str] | Store
"""A folder, or a store."""


def open_store(place: Place) -> Store:
    """Return the store of a place: a folder, or a store that is passed through.

    >>> open_store("models")
    LocalStore('models')
    >>> open_store("s3://bucket/models")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: no store is built in for places of the form 's3://'
    <BLANKLINE>
    Hint: pass a folder, or your own subclass of `maturekit.storage.Store`.
    """
    if isinstance(place, Store):
        return place
    if not isinstance(place, (str, os.PathLike)):
        raise ArgumentTypeError(f"a place is a folder or a Store, got {type(place).__name__}")
    text = os.fspath(place)
    if not text:
        raise ArgumentError("the place is empty", hint="pass a folder, such as 'models'.")
    scheme, separator, _ = text.partition("://")
    if separator:
        raise ArgumentError(
            f"no store is built in for places of the form '{scheme}://'",
            hint="pass a folder, or your own subclass of `maturekit.storage.Store`.",
        )
    return LocalStore(text)
