"""MLOps building blocks: plain objects and plain files around a model that leaves the notebook.

The nouns that everybody needs stand here and load when they are first used; the blocks are packages:
`validation`, `registry`, `drift`, `deployment`, `predictions`, `monitoring`, `governance`, `maturity`.
"""

from maturekit._core.lazy import lazy_names as _lazy_names

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
