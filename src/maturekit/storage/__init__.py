"""Storage: bytes under keys, each created exactly once, in a folder or in memory."""

from maturekit.storage.local import LocalStore
from maturekit.storage.memory import MemoryStore
from maturekit.storage.place import Place, open_store
from maturekit.storage.store import Store

__all__ = ["LocalStore", "MemoryStore", "Place", "Store", "open_store"]
