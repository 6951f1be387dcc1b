"""MLOps building blocks: plain objects and plain files around a model that leaves the notebook.

The nouns that everybody needs stand here and load when they are first used; the blocks are packages:
`validation`, `registry`, `drift`, `deployment`, `predictions`, `monitoring`, `governance`, `maturity`.
"""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.maturity import assess
    from maturekit.profile import Profile
    from maturekit.registry import Registry
    from maturekit.schema import Column, Schema

__version__ = "0.1.0"

__all__ = ["Column", "Profile", "Registry", "Schema", "assess"]

_HOMES = {
    "Column": "maturekit.schema",
    "Profile": "maturekit.profile",
    "Registry": "maturekit.registry",
    "Schema": "maturekit.schema",
    "assess": "maturekit.maturity",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
