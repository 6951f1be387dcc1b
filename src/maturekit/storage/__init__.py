"""Storage: bytes under keys, each created exactly once, in a folder, in memory or in a bucket."""

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
