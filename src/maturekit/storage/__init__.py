"""Storage: bytes under keys, each created exactly once, in a folder, in memory or in a bucket."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.storage.cached import CachedStore
    from maturekit.storage.local import LocalStore
    from maturekit.storage.memory import MemoryStore
    from maturekit.storage.object import ObjectStore
    from maturekit.storage.place import Place, open_store
    from maturekit.storage.store import Store
    from maturekit.storage.writer import Upload, Writer

__all__ = [
    "CachedStore",
    "LocalStore",
    "MemoryStore",
    "ObjectStore",
    "Place",
    "Store",
    "Upload",
    "Writer",
    "open_store",
]

_HOMES = {
    "CachedStore": "maturekit.storage.cached",
    "LocalStore": "maturekit.storage.local",
    "MemoryStore": "maturekit.storage.memory",
    "ObjectStore": "maturekit.storage.object",
    "Place": "maturekit.storage.place",
    "Store": "maturekit.storage.store",
    "Upload": "maturekit.storage.writer",
    "Writer": "maturekit.storage.writer",
    "open_store": "maturekit.storage.place",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
