"""A schema as JSON and back; reading never imports code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit.errors import FormatError, SchemaError
from maturekit.schema.bounds import bound_from_json, bound_to_json
from maturekit.schema.column import Column
from maturekit.schema.rule import Rule
from maturekit.schema.rules.built_in import BUILT_IN
from maturekit.schema.unknown import UnknownRule

__all__ = ["by_name", "read", "read_rule", "written"]

_FORMAT = 1
_BOUNDS = ("ge", "gt", "le", "lt", "multiple_of")


def written(columns: Mapping[str, Column], rules: Iterable[Rule]) -> str:
    """Return columns (in order) and rules as canonical JSON."""
    return canonical_json(
        {
            "format": _FORMAT,
            "columns": [{"name": name, "kind": column.kind, **_parameters(column)} for name, column in columns.items()],
            "rules": [rule.to_dict() for rule in rules],
        }
    ).decode()


def read(text: str | bytes, rules: Iterable[type[Rule]]) -> tuple[dict[str, Column], list[Rule]]:
    """Read back what `written` wrote; `rules` are the classes that stored rules may be made of."""
    data = check_format(parse_json(text, what="a stored schema"), what="a stored schema", newest=_FORMAT)
    known = by_name(rules)
    try:
        columns = {}
        for entry in data["columns"]:
            kind, name = entry["kind"], entry["name"]
            if name in columns:
                raise FormatError(f"a stored schema is malformed: the column {name!r} stands twice")
            said = {key: bound_from_json(kind, value) if key in _BOUNDS else value for key, value in entry.items()}
            columns[name] = Column(**{key: value for key, value in said.items() if key != "name"})
        return columns, [read_rule(entry, known) for entry in data["rules"]]
    except (KeyError, TypeError, AttributeError, SchemaError) as error:
        raise FormatError(f"a stored schema is malformed: {error}") from error


def by_name(rules: Iterable[type[Rule]]) -> dict[str, type[Rule]]:
    """Return rule classes by the name they are stored under."""
    known: dict[str, type[Rule]] = dict(BUILT_IN)
    for rule in rules if isinstance(rules, Iterable) else [rules]:
        if not (isinstance(rule, type) and issubclass(rule, Rule)):
            raise SchemaError(
                f"rules= holds {rule!r}, which is no class of rules", hint="pass the class, not an instance."
            )
        if known.setdefault(rule.__name__, rule) is not rule:
            raise SchemaError(f"two classes of rules are named {rule.__name__!r}", hint="rename one of them.")
    return known


def read_rule(entry: Mapping[str, Any], known: Mapping[str, type[Rule]]) -> Rule:
    """Return a stored rule as an instance of its class, or as `UnknownRule`."""
    if not all(isinstance(name, str) for name in (entry["rule"], *entry["columns"])):
        raise FormatError(f"a stored rule names what is no text: {entry['rule']!r} over {entry['columns']!r}")
    kind = known.get(entry["rule"])
    if kind is None:
        rule: Rule = UnknownRule(
            canonical_json(dict(entry)).decode(),
            **{key: value for key, value in entry["parameters"].items() if key in {"severity", "mostly"}},
        )
    else:
        rule = kind.from_dict(entry)
    if list(rule.columns) != list(entry["columns"]):
        raise FormatError(f"a stored rule names the columns {entry['columns']}, and its class reads {rule.columns}")
    return rule


def _parameters(column: Column) -> dict[str, Any]:
    return {
        name: bound_to_json(value) if name in _BOUNDS else sorted(value) if isinstance(value, frozenset) else value
        for name, value in column.parameters().items()
    }
