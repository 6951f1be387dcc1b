"""From what a user writes as a place to the store that keeps it."""

from __future__ import annotations

import os

from maturekit._core.files import checked_path
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.storage.local import LocalStore
from maturekit.storage.store import Store

__all__ = ["Place", "open_store"]

Place = str | os.PathLike[str] | Store
"""A folder, the address of a bucket, or a store."""

_BUCKETS = {"s3", "gs", "az"}


def open_store(place: Place) -> Store:
    """Return the store of a place: a folder, ``s3://bucket/prefix``, or a store that is passed through.

    ``gs://bucket/prefix`` and ``az://container/prefix`` are opened too. Nothing is read or sent. An `ObjectStore` or a
    `CachedStore` takes options that an address cannot say.

    >>> open_store("models")
    LocalStore('models')
    >>> open_store("s3://bucket/models")
    ObjectStore('s3://bucket/models')
    >>> open_store("ftp://host/models")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: no store is built in for places of the form 'ftp://'
    <BLANKLINE>
    Hint: pass a folder, 's3://bucket/prefix', or your own subclass of `maturekit.storage.Store`.
    """
    if isinstance(place, Store):
        return place
    if not isinstance(place, (str, os.PathLike)):
        raise ArgumentTypeError(f"a place is a folder or a Store, got {type(place).__name__}")
    text = os.fspath(place)
    if not text:
        raise ArgumentError("the place is empty", hint="pass a folder, such as 'models'.")
    folder = checked_path(place, what="place")
    scheme, separator, _ = text.partition("://")
    if scheme in _BUCKETS and separator:
        from maturekit.storage.object import ObjectStore  # noqa: PLC0415  # a folder does not pay for it

        return ObjectStore(text)
    if separator:
        raise ArgumentError(
            f"no store is built in for places of the form '{scheme}://'",
            hint="pass a folder, 's3://bucket/prefix', or your own subclass of `maturekit.storage.Store`.",
        )
    return LocalStore(os.path.expanduser(folder))  # noqa: PTH111  # as pandas reads paths
