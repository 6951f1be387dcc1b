"""Names of what does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Self

from maturekit.errors.base import MaturekitError

__all__ = [
    "AliasNotFoundError",
    "ModelNotFoundError",
    "NotFoundError",
    "RegistryNotFoundError",
    "VersionNotFoundError",
]


class NotFoundError(MaturekitError, LookupError):
    """Something was asked for by a name that does not exist.

    >>> raise ModelNotFoundError.named("model", "chrun", known=["churn", "fraud"])
    Traceback (most recent call last):
    maturekit.errors.ModelNotFoundError: no model named 'chrun'; known: 'churn', 'fraud'
    <BLANKLINE>
    Hint: did you mean 'churn'?
    """

    def __init__(self, message: str, *, name: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name

    @classmethod
    def named(cls, what: str, name: str, *, known: Iterable[str]) -> Self:
        """Word the error for a missing `name` of a `what`, given the names that exist."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        shown = ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        return cls(
            f"no {what} named {name!r}; known: {shown or 'none'}",
            name=name,
            hint=f"did you mean {close[0]!r}?" if close else "",
        )


class RegistryNotFoundError(NotFoundError):
    """There is no registry at this place.

    >>> from maturekit import Registry
    >>> Registry("no-such-folder").names()
    Traceback (most recent call last):
    maturekit.errors.RegistryNotFoundError: there is no registry in 'no-such-folder'...
    """


class ModelNotFoundError(NotFoundError):
    """The registry holds no model of that name.

    >>> raise ModelNotFoundError.named("model", "late-fligts", known=["late-flights"])
    Traceback (most recent call last):
    maturekit.errors.ModelNotFoundError: no model named 'late-fligts'; known: 'late-flights'...
    """


class VersionNotFoundError(NotFoundError):
    """The model has no version of that number.

    >>> raise VersionNotFoundError("'late-flights' has no version 2", hint="its versions are 1 to 1.")
    Traceback (most recent call last):
    maturekit.errors.VersionNotFoundError: 'late-flights' has no version 2...
    """


class AliasNotFoundError(NotFoundError):
    """No version of the model carries that alias.

    >>> raise AliasNotFoundError.named("alias", "prodution", known=["production"])
    Traceback (most recent call last):
    maturekit.errors.AliasNotFoundError: no alias named 'prodution'; known: 'production'...
    """
