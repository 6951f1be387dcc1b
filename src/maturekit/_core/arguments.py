"""What somebody passed as an argument: a number at all, or names at all, before anything is done with it."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping

from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["check_number", "checked_names"]


def check_number(value: object, *, what: str, whole: bool = False) -> None:
    """Raise `ArgumentTypeError` unless `value` is a real number, or a whole one; a truth value is none.

    Infinity and nan are numbers; whether they are of any use is for the caller to say.

    >>> check_number(2.5, what="seconds")
    >>> check_number("2.5", what="seconds")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: seconds must be a number, got str
    >>> check_number(2.5, what="workers", whole=True)
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: workers must be a whole number, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ArgumentTypeError(f"{what} must be a {'whole ' * whole}number, got {type(value).__name__}")
    if whole and not isinstance(value, numbers.Integral):
        raise ArgumentTypeError(f"{what} must be a whole number, got {value!r}")


def checked_names(value: object, *, what: str) -> tuple[str, ...]:
    """Return names of columns, of which each stands once, as a tuple; one text is one name.

    >>> checked_names("flight", what="key"), checked_names(["flight", "day"], what="key")
    (('flight',), ('flight', 'day'))
    >>> checked_names(["flight", 7], what="key")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: key must be names of columns, got int among them
    """
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
        raise ArgumentTypeError(f"{what} must be names of columns, got {type(value).__name__}")
    names = tuple(value)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"{what} must be names of columns, got {type(name).__name__} among them")
    twins = [name for place, name in enumerate(names) if name in names[:place]]
    if twins:
        raise ArgumentError(f"{what} names {twins[0]!r} twice")
    return names
