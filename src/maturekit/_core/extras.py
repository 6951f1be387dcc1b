"""Optional packages: imported when they are needed, with an error that says how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

from maturekit.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module, or say which extra brings it.

    >>> require("no_such_module", extra="frames", purpose="reading polars tables")
    Traceback (most recent call last):
    maturekit.errors.MissingExtraError: reading polars tables needs the package 'no_such_module', which is not installed
    <BLANKLINE>
    Hint: pip install 'maturekit[frames]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise  # the package is there, and it is one of its own needs that is missing
        raise MissingExtraError(
            f"{purpose} needs the package {module.split('.')[0]!r}, which is not installed",
            hint=f"pip install 'maturekit[{extra}]'",
        ) from error
