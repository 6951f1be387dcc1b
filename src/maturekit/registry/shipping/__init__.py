"""Shipping: a registry, a model or a version as one file, out and in again."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.registry.shipping.archive import Archive
    from maturekit.registry.shipping.arrival import ArrivedHistory, ArrivedVersion, arrived_histories, arrived_version
    from maturekit.registry.shipping.exporting import write_export

__all__ = [
    "Archive",
    "ArrivedHistory",
    "ArrivedVersion",
    "arrived_histories",
    "arrived_version",
    "write_export",
]

_HOMES = {
    "Archive": "maturekit.registry.shipping.archive",
    "ArrivedHistory": "maturekit.registry.shipping.arrival",
    "ArrivedVersion": "maturekit.registry.shipping.arrival",
    "arrived_histories": "maturekit.registry.shipping.arrival",
    "arrived_version": "maturekit.registry.shipping.arrival",
    "write_export": "maturekit.registry.shipping.exporting",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
