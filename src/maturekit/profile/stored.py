"""The JSON of a profile: what is fixed stands once, counts stand for the whole and for each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit.errors import FormatError
from maturekit.profile import views
from maturekit.profile.bins import Bins
from maturekit.profile.category import CategoryColumn
from maturekit.profile.dictionary import Dictionary
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import PairSums
from maturekit.profile.text_view import TextView

if TYPE_CHECKING:
    from maturekit.profile.profile import Profile

__all__ = ["read", "write"]

_FORMAT = 1

P = TypeVar("P", bound="Profile")

_Fixed = tuple[Sequence[tuple[str, str, Bins | Dictionary]], Sequence[tuple[str, str]], tuple[TextView, ...]]


def write(profile: Profile) -> str:
    """Return the canonical JSON text of a profile."""
    fixed = {
        "columns": [_layout(column) for column in profile.columns.values()],
        "pairs": [list(pair) for pair in profile.pairs.names] if profile.pairs else [],
        "views": [views.write(view) for view in profile.views],
    }
    return canonical_json(
        {"format": _FORMAT, "fixed": fixed, "counted": _counted(profile, list(profile.columns))}
    ).decode()


def read(kind: type[P], text: str | bytes) -> P:
    """Read back what `write` wrote; raise `FormatError` for anything else or newer."""
    data = check_format(parse_json(text, what="a stored profile"), what="a stored profile", newest=_FORMAT)
    try:
        layouts = [(layout["name"], layout["kind"], _fixed(layout)) for layout in data["fixed"]["columns"]]
        pairs = [(first, second) for first, second in data["fixed"]["pairs"]]
        texts = tuple(views.read(view) for view in data["fixed"].get("views", ()))
        return _recounted(kind, (layouts, pairs, texts), data["counted"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(f"a stored profile is malformed: {error!r}") from error


def _layout(column: NumericColumn | CategoryColumn) -> dict[str, Any]:
    if isinstance(column, NumericColumn):
        return {"name": column.name, "kind": column.kind, "bins": column.bins.to_dict()}
    return {"name": column.name, "kind": column.kind, "dictionary": column.dictionary.to_dict()}


def _fixed(layout: Mapping[str, Any]) -> Bins | Dictionary:
    return Bins.from_dict(layout["bins"]) if "bins" in layout else Dictionary.from_dict(layout["dictionary"])


def _counted(profile: Profile, names: Sequence[str]) -> dict[str, Any]:
    """Return the counts of a profile, without what is fixed: its parts share that with it."""
    data: dict[str, Any] = {
        "rows": profile.rows,
        "columns": [profile.columns[name].to_dict() for name in names],
        "pairs": profile.pairs.to_dict() if profile.pairs else None,
    }
    for name, parts in (("batches", profile.batches), ("classes", profile.classes)):
        if parts:
            data[name] = [{"label": label, **_counted(part, names)} for label, part in parts.items()]
    return data


def _recounted(kind: type[P], fixed: _Fixed, data: Mapping[str, Any]) -> P:
    layouts, pairs, texts = fixed
    columns: dict[str, NumericColumn | CategoryColumn] = {}
    for (name, what, shared), counted in zip(layouts, data["columns"], strict=True):
        if isinstance(shared, Bins):
            columns[name] = NumericColumn.from_dict(counted, name=name, kind=what, bins=shared)
        else:
            columns[name] = CategoryColumn.from_dict(counted, name=name, kind=what, dictionary=shared)
    sums = None if data["pairs"] is None else PairSums.from_dict(data["pairs"], names=pairs)
    batches, classes = (
        {part["label"]: _recounted(kind, fixed, part) for part in data.get(name, ())} for name in ("batches", "classes")
    )
    return kind(int(data["rows"]), columns, sums, batches, classes, texts)
