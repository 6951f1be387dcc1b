"""What callers pass in, checked before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from maturekit._core.digest import canonical_json
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.registry.bodies import Bounds

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = [
    "Measured",
    "checked_intervals",
    "checked_line",
    "checked_metrics",
    "checked_parameters",
    "checked_tags",
    "checked_text",
]

_LINE = 500


class Measured(Protocol):
    """A measure that knows how sure it is, such as `statistics.Interval`."""

    @property
    def value(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """Lower bound."""

    @property
    def high(self) -> float:
        """Upper bound."""

    @property
    def confidence(self) -> float:
        """How often such bounds contain the true value."""

    @property
    def n(self) -> int:
        """Rows behind it."""


def checked_line(text: object, *, what: str) -> str:
    """Return a short text of one line; it will stand in an event for ever.

    >>> checked_line("weekly retrain", what="reason")
    'weekly retrain'
    """
    line = checked_text(text, what=what)
    if not line.strip():
        raise ArgumentError(f"the {what} is empty", hint=f"say the {what} in a few words.")
    if len(line) > _LINE or not line.isprintable():
        raise ArgumentError(
            f"the {what} must be one printable line of at most {_LINE} characters",
            hint="longer texts belong into `notes`, or into a report.",
        )
    return line


def checked_text(text: object, *, what: str) -> str:
    """Return a text that can be stored as UTF-8."""
    if not isinstance(text, str):
        raise ArgumentTypeError(f"the {what} must be a str, got {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(f"the {what} is not valid Unicode: {error}") from error
    return text


def checked_metrics(metrics: Mapping[str, float | Measured] | None) -> dict[str, float]:
    """Return finite measures by name, without their intervals.

    >>> checked_metrics({"roc_auc": float("nan")})
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: the metric 'roc_auc' is nan; a metric is a finite number
    <BLANKLINE>
    Hint: leave out what could not be measured.
    """
    checked = {}
    for name, given in _items(metrics, what="metrics"):
        value = given.value if _has_interval(given) else given
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
            value = f"{type(value).__name__}, no number"
        if isinstance(value, (bool, str)) or not math.isfinite(number):
            raise ArgumentError(
                f"the metric {name!r} is {value}; a metric is a finite number",
                hint="leave out what could not be measured.",
            )
        checked[name] = number
    return checked


def checked_intervals(metrics: Mapping[str, float | Measured] | None) -> dict[str, Bounds]:
    """Return the intervals of the measures that have one, by name.

    >>> from maturekit.statistics import Interval
    >>> checked_intervals({"roc_auc": Interval(0.77, 0.75, 0.79, confidence=0.95, n=4000), "share": 0.2})
    {'roc_auc': Bounds(low=0.75, high=0.79, confidence=0.95, n=4000)}
    """
    bounds = {}
    for name, given in _items(metrics, what="metrics"):
        if _has_interval(given):
            low, high, sure = float(given.low), float(given.high), float(given.confidence)
            if not low <= float(given.value) <= high or not math.isfinite(high - low) or not 0 < sure < 1:
                raise ArgumentError(f"the metric {name!r} has no proper interval: {given!r:.200}")
            bounds[name] = Bounds(low=low, high=high, confidence=sure, n=int(given.n))
    return bounds


def checked_parameters(parameters: Mapping[str, Any] | None) -> dict[str, JsonValue]:
    """Return parameters that JSON can hold; numbers of numpy become plain ones.

    >>> checked_parameters({"depth": 3, "features": ("hour", "dest")})
    {'depth': 3, 'features': ['hour', 'dest']}
    """
    checked: dict[str, JsonValue] = {}
    for name, value in _items(parameters, what="parameters"):
        try:
            plain = _plain(value)
            canonical_json(plain)
        except (TypeError, ValueError, RecursionError) as error:
            raise ArgumentError(
                f"the parameter {name!r} cannot be stored: {error}",
                hint="parameters are numbers, texts, truth values, None, and lists and dictionaries of these.",
            ) from error
        checked[name] = plain
    return checked


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags, each once, in the order given.

    >>> checked_tags(["weekly", "weekly"])
    ('weekly',)
    """
    if isinstance(tags, str):
        raise ArgumentTypeError(
            f"tags is a list of texts, got the str {tags!r:.60}", hint=f"write tags=[{tags!r:.60}]."
        )
    return tuple(dict.fromkeys(checked_line(tag, what="tag") for tag in tags))


def _has_interval(given: Any) -> bool:
    return all(hasattr(given, name) for name in ("value", "low", "high", "confidence", "n"))


def _items(mapping: Mapping[str, Any] | None, *, what: str) -> list[tuple[str, Any]]:
    if mapping is None:
        return []
    if not isinstance(mapping, Mapping):
        raise ArgumentTypeError(f"{what} must be a dictionary by name, got {type(mapping).__name__}")
    return [(checked_line(name, what=f"name in {what}"), value) for name, value in mapping.items()]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {checked_text(name, what="key"): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if type(value).__module__ == "numpy":
        return value.tolist()
    return value
