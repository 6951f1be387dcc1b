"""Reading joblib files without running what they say."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.registry.safe.reading import Reading, needs, read

__all__ = ["Reading", "needs", "read"]

_HOMES = dict.fromkeys(__all__, "maturekit.registry.safe.reading")

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
