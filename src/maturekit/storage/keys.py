"""What may be a key."""

from __future__ import annotations

import re

from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["check_folder", "check_key", "check_prefix"]

_KEY = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*")


def check_key(key: str) -> str:
    """Return a key, or raise an error that says what a key is.

    >>> check_key("logs/model/late")
    'logs/model/late'
    >>> check_key("../late")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: '../late' is not a key
    <BLANKLINE>
    Hint: use a relative path of letters, digits and '. _ = -', no part beginning with a dot, 512 characters.
    """
    if not isinstance(key, str):
        raise ArgumentTypeError(f"a key must be a str, got {type(key).__name__}")
    if not _KEY.fullmatch(key) or len(key) > 512:
        shown = key if len(key) <= 80 else key[:77] + "..."
        raise ArgumentError(
            f"{shown!r} is not a key",
            hint="use a relative path of letters, digits and '. _ = -', no part beginning with a dot, 512 characters.",
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return what keys may begin with: nothing, a key, or a key and a slash.

    >>> check_prefix("logs/")
    'logs/'
    """
    if prefix:
        check_key(prefix.removesuffix("/") if isinstance(prefix, str) else prefix)
    return prefix


def check_folder(prefix: str) -> str:
    """Return a prefix that is empty or ends with a slash.

    >>> check_folder("logs/")
    'logs/'
    """
    if check_prefix(prefix) and not prefix.endswith("/"):
        raise ArgumentError(f"{prefix!r:.100} is no folder of keys", hint="let it end with a slash.")
    return prefix
