"""Names that are safe as file names on every system."""

from __future__ import annotations

import re

from maturekit.errors import ArgumentTypeError, NameRuleError

__all__ = ["check_name", "is_name", "kebab"]

_ALLOWED = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10))]
)


def check_name(name: object, *, what: str) -> str:
    """Return `name` if it can be a file name on Linux, macOS and Windows alike; else raise `NameRuleError`.

    The rule: 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen, beginning and ending with a letter or a
    digit, no two dots in a row, and the part before the first dot is none of the names Windows reserves.

    >>> check_name("late-flights", what="model name")
    'late-flights'
    >>> check_name("../x", what="model name")
    Traceback (most recent call last):
    maturekit.errors.NameRuleError: model name '../x' has a character that is not allowed: '/'
    <BLANKLINE>
    Hint: use 1 to 64 characters of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"{what} must be a str, got {type(name).__name__}")
    fault = _fault(name)
    if fault:
        shown = name if len(name) <= 64 else name[:61] + "..."
        raise NameRuleError(
            f"{what} {shown!r} {fault}",
            hint="use 1 to 64 characters of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit.",
        )
    return name


def is_name(name: str) -> bool:
    """Whether `check_name` takes a text.

    >>> is_name("late-flights"), is_name("Late")
    (True, False)
    """
    return not _fault(name)


def kebab(name: str) -> str:
    """Return the name of a class as it stands in findings and tables.

    >>> kebab("MetricFloor")
    'metric-floor'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _fault(name: str) -> str:
    if not name:
        return "is empty"
    if len(name) > 64:
        return f"has {len(name)} characters; at most 64 are allowed"
    stranger = next((char for char in name if not re.fullmatch(r"[a-z0-9._-]", char)), None)
    if stranger is not None:
        if stranger.isascii() and stranger.isupper():
            return f"has the capital letter {stranger!r}; some file systems cannot tell it from a small one"
        return f"has a character that is not allowed: {stranger!r}"
    if ".." in name:
        return "has two dots in a row"
    if name.split(".")[0] in _RESERVED:
        return "is reserved on Windows"
    if not _ALLOWED.fullmatch(name):
        return "must begin and end with a letter or a digit"
    return ""
