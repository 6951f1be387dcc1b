"""The one dialect of patterns, on the one engine that every path uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from pydantic_core import SchemaError as EngineError
from pydantic_core import SchemaValidator, core_schema

from maturekit.errors import SchemaError

__all__ = ["all_matching", "matching", "translated"]

_CLASSES = {
    r"\d": "[0-9]",
    r"\D": "[^0-9]",
    r"\w": "[0-9A-Za-z_]",
    r"\W": "[^0-9A-Za-z_]",
    r"\s": r"[\t\n\x0B\x0C\r ]",
    r"\S": r"[^\t\n\x0B\x0C\r ]",
}
_OUTSIDE = {"(?", r"\A", r"\Z", r"\z", r"\b", r"\B"}
_TOKEN = re.compile(r"\\.|\(\?(?::|P<[A-Za-z_]\w*>)?|.", re.DOTALL | re.ASCII)
_HINT = "a pattern covers the whole value, in the syntax of RE2 with the groups (...), (?:...) and (?P<name>...)."


def translated(pattern: str) -> str:
    r"""Return a pattern as the engine's own text: anchored at both ends, with ASCII classes.

    The dialect is that of RE2 and of Rust's `regex`: no look-around, no backreferences, and therefore a time that is
    linear in the length of the value, whatever the pattern. `\d`, `\w` and `\s` are ASCII; flags and word boundaries
    do not exist. Anything outside the dialect raises `SchemaError`.

    >>> translated(r"\d{3}")
    '^(?:[0-9]{3})$'
    >>> translated(r"(?=a)")
    Traceback (most recent call last):
    maturekit.errors.SchemaError: the pattern '(?=a)' holds '(?', which is outside the dialect
    <BLANKLINE>
    Hint: a pattern covers the whole value, in the syntax of RE2 with the groups (...), (?:...) and (?P<name>...).
    """
    tokens = _TOKEN.findall(pattern)
    stranger = next((token for token in tokens if token in _OUTSIDE), None)
    if stranger is not None:
        raise SchemaError(f"the pattern {pattern!r} holds {stranger!r}, which is outside the dialect", hint=_HINT)
    body = "".join(_CLASSES.get(token, token) for token in tokens)
    try:
        _engine(body)  # alone first: in "a)|(b" the parentheses would otherwise close the frame around it
    except EngineError as error:
        reason = str(error).rsplit("error:", maxsplit=1)[-1].strip()
        raise SchemaError(f"the pattern {pattern!r} is malformed: {reason}", hint=_HINT) from error
    return f"^(?:{body})$"


def matching(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether one text is matched as a whole.

    >>> matching("[a-z]+")("abc"), matching("[a-z]+")("abc1")
    (True, False)
    """
    return _engine(translated(pattern)).isinstance_python


def all_matching(pattern: str, texts: Sequence[str]) -> bool:
    """Return whether every text is matched as a whole; faster than asking one by one.

    >>> all_matching("[a-z]+", ["abc", "d"])
    True
    """
    element = core_schema.str_schema(pattern=translated(pattern), strict=True)
    return SchemaValidator(core_schema.list_schema(element)).isinstance_python(list(texts))


@lru_cache(maxsize=256)
def _engine(text: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=text, strict=True))
