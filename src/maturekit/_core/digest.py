"""Digests, and the one JSON spelling they are taken of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from maturekit.errors import ArgumentTypeError, FormatError

__all__ = ["canonical_json", "check_format", "check_of", "digest_of", "parse_json"]


def canonical_json(value: Any) -> bytes:
    r"""Return the one JSON text of a value: sorted keys, no blanks, UTF-8, no NaN.

    >>> canonical_json({"b": 1, "a": [1.5, None, "é"]})
    b'{"a":[1.5,null,"\xc3\xa9"],"b":1}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace")  # half a surrogate pair has no UTF-8, and this is its JSON spelling


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of bytes, with its name in front.

    >>> digest_of(b"")
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def check_of(content: Mapping[str, Any]) -> str:
    """Return what stands in the field `check` of content: the digest of all of it with this field empty.

    >>> check_of({"a": 1}) == check_of({"a": 1, "check": "anything"}) == digest_of(b'{"a":1,"check":""}')
    True
    """
    return digest_of(canonical_json({**content, "check": ""}))


def parse_json(data: bytes | str, *, what: str) -> Any:
    """Read JSON strictly: no duplicate keys, no NaN, no deep nesting; `what` names it in errors.

    >>> parse_json('{"a": 1}', what="settings")
    {'a': 1}
    >>> parse_json('{"a": 1, "a": 2}', what="settings")
    Traceback (most recent call last):
    maturekit.errors.FormatError: settings is not valid JSON: the key 'a' stands twice
    """
    if not isinstance(data, (str, bytes, bytearray)):
        raise ArgumentTypeError(f"{what} must be JSON text, got {type(data).__name__}")
    try:
        return json.loads(data, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise FormatError(f"{what} is not valid JSON: it is nested too deeply") from error
    except ValueError as error:
        raise FormatError(f"{what} is not valid JSON: {error}") from error


def check_format(data: Any, *, what: str, newest: int) -> dict[str, Any]:
    """Return stored data if it is an object whose format number this maturekit reads; `what` names it in errors.

    >>> check_format({"format": 2}, what="a stored report", newest=1)
    Traceback (most recent call last):
    maturekit.errors.FormatError: a stored report has format 2; this maturekit reads up to 1
    <BLANKLINE>
    Hint: upgrade maturekit.
    """
    if not isinstance(data, dict) or type(data.get("format")) is not int:
        raise FormatError(f"{what} is malformed: it has no format number")
    if data["format"] > newest:
        raise FormatError(
            f"{what} has format {data['format']}; this maturekit reads up to {newest}", hint="upgrade maturekit."
        )
    return data


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands twice")
    return result


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")
