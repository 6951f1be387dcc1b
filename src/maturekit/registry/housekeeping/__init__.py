"""Housekeeping: every fault named, what nobody needs removed, what must go erased."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.registry.housekeeping.anchoring import anchor_text
    from maturekit.registry.housekeeping.erasing import Eraser
    from maturekit.registry.housekeeping.garbage import collect_garbage
    from maturekit.registry.housekeeping.marking import log_names
    from maturekit.registry.housekeeping.retention import checked_keep, checked_parts, reasons_to_keep
    from maturekit.registry.housekeeping.verification import verify_registry

__all__ = [
    "Eraser",
    "anchor_text",
    "checked_keep",
    "checked_parts",
    "collect_garbage",
    "log_names",
    "reasons_to_keep",
    "verify_registry",
]

_HOMES = {
    "Eraser": "maturekit.registry.housekeeping.erasing",
    "anchor_text": "maturekit.registry.housekeeping.anchoring",
    "checked_keep": "maturekit.registry.housekeeping.retention",
    "checked_parts": "maturekit.registry.housekeeping.retention",
    "collect_garbage": "maturekit.registry.housekeeping.garbage",
    "log_names": "maturekit.registry.housekeeping.marking",
    "reasons_to_keep": "maturekit.registry.housekeeping.retention",
    "verify_registry": "maturekit.registry.housekeeping.verification",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
