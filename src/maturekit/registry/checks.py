"""What callers pass in, checked before anything is written."""

from __future__ import annotations

import math
import numbers
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
    "checked_list",
    "checked_metrics",
    "checked_parameters",
    "checked_remark",
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


def checked_remark(text: object, *, what: str) -> str:
    """Return a short text of one line that may be empty.

    >>> checked_remark("", what="role")
    ''
    """
    return text if isinstance(text, str) and not text else checked_line(text, what=what)


def checked_list(values: object, *, what: str, of: str) -> tuple[Any, ...]:
    """Return what a caller lists; one text is no list of texts.

    >>> checked_list(["weekly"], what="tags", of="texts")
    ('weekly',)
    >>> checked_list("weekly", what="tags", of="texts")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: tags is a list of texts, got the str 'weekly'
    <BLANKLINE>
    Hint: write tags=['weekly'].
    """
    if isinstance(values, (str, bytes)):
        raise ArgumentTypeError(
            f"{what} is a list of {of}, got the {type(values).__name__} {values!r:.60}",
            hint=f"write {what}=[{values!r:.60}].",
        )
    if not isinstance(values, Iterable):
        raise ArgumentTypeError(f"{what} is a list of {of}, got {type(values).__name__}")
    return tuple(values)


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
        number = _number(value)
        if not math.isfinite(number):
            raise ArgumentError(
                f"the metric {name!r} is {_shown(value)}; a metric is a finite number",
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
            low, high, sure, rows = map(_number, (given.low, given.high, given.confidence, given.n))
            proper = low <= _number(given.value) <= high and math.isfinite(high - low) and 0 < sure < 1
            if not proper or rows < 0 or not rows.is_integer():
                raise ArgumentError(
                    f"the metric {name!r} has no proper interval: {given!r:.200}",
                    hint="its value lies between finite bounds, its confidence between 0 and 1, and n is a count of rows.",
                )
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
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
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
    return tuple(dict.fromkeys(checked_line(tag, what="tag") for tag in checked_list(tags, what="tags", of="texts")))


def _number(value: Any) -> float:
    """Return a float; nan for what is no number, and infinity for what is too large for one."""
    if isinstance(value, (bool, str, bytes)):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf


def _shown(value: object) -> str:
    if isinstance(value, (bool, str, bytes)):
        return f"{value!r:.60}"
    return str(_number(value)) if isinstance(value, numbers.Real) else f"{type(value).__name__}, no number"


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
