"""What a guard does with categories that the contract does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, SchemaError
from maturekit.schema import Column

__all__ = ["Policies", "UnknownPolicy", "check_policy", "names_to_clear", "under_policy"]

UnknownPolicy = Literal["reject", "flag", "allow", "missing"]

Policies = UnknownPolicy | Mapping[str, UnknownPolicy] | None


def check_policy(unknown: Policies) -> None:
    """Refuse what is no policy.

    >>> check_policy("drop")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: unknown='drop' is none of reject, flag, allow, missing
    """
    words = [unknown] if isinstance(unknown, str) else [] if unknown is None else unknown
    if not isinstance(words, list | Mapping):
        raise ArgumentTypeError(
            f"unknown must be a word or a mapping of column names to words, got {type(unknown).__name__}"
        )
    strangers = [name for name in words if not isinstance(name, str)]
    if strangers:
        raise ArgumentTypeError(f"unknown= names {strangers[0]!r}, which is no name of a column")
    for word in words.values() if isinstance(words, Mapping) else words:
        if word not in get_args(UnknownPolicy):
            raise ArgumentError(f"unknown={word!r} is none of {', '.join(get_args(UnknownPolicy))}")


def under_policy(columns: Mapping[str, Column], unknown: Policies) -> dict[str, Column]:
    """Return columns as they are under a policy.

    >>> columns = {"carrier": Column("category", categories=["AA"]), "seats": Column("int")}
    >>> under_policy(columns, "allow")["carrier"].unknown
    'allow'
    """
    limited = [name for name, column in columns.items() if column.categories is not None]
    policies = dict.fromkeys(limited, unknown) if isinstance(unknown, str) else dict(unknown or {})
    for name in policies:
        if name not in columns:
            missing = NotFoundError.named("feature", name, known=columns)
            raise SchemaError(f"unknown= names what the contract does not: {missing.message}", hint=missing.hint)
        if name not in limited:
            raise SchemaError(
                f"unknown= names {name!r}, which has no categories",
                hint="give the column `categories`, or leave it out.",
            )
    said = {name: "flag" if word == "missing" else word for name, word in policies.items()}
    return {
        name: column.model_copy(update={"unknown": said[name]}) if name in said else column
        for name, column in columns.items()
    }


def names_to_clear(columns: Mapping[str, Column], unknown: Policies) -> frozenset[str]:
    """Return the columns in which an unknown category counts as a missing value.

    >>> sorted(names_to_clear({"carrier": Column("category", categories=["AA"]), "seats": Column("int")}, "missing"))
    ['carrier']
    """
    limited = {name for name, column in columns.items() if column.categories is not None}
    if isinstance(unknown, str):
        return frozenset(limited if unknown == "missing" else ())
    return frozenset(name for name in limited if (unknown or {}).get(name) == "missing")
