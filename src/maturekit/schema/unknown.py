"""A stored rule whose class nobody passed: kept as it is, and never run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from maturekit._core.digest import canonical_json, parse_json
from maturekit.errors import UntrustedError
from maturekit.schema.row_rule import RowRule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UnknownRule"]


class UnknownRule(RowRule):
    """A rule that was stored by a class this process was not given; it *could not run* until the class is passed.

    Reading a schema never imports code, so the class of a user's own rule has to come from the reader:
    ``Schema.from_json(text, rules=[Near])``. Until then the rule is kept, and stored again, exactly as it was.

    Parameters
    ----------
    stored : str
        The stored rule, as JSON.

    Examples
    --------
    >>> rule = UnknownRule('{"columns":["a","b"],"parameters":{"within":2.0},"rule":"Near"}')
    >>> rule.stored_as, rule.columns
    ('Near', ('a', 'b'))
    >>> rule.keeps({"a": 1.0, "b": 2.0})
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the rule 'Near' was stored by a class that this process was not given
    <BLANKLINE>
    Hint: pass the class: `Schema.from_json(text, rules=[...])` or `schema.resolved([...])`.
    """

    about: ClassVar[str] = "unknown"

    stored: str

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a rule as a schema of another process may hold it."""
        stored = {"rule": "Near", "columns": ["a", "b"], "parameters": {"within": 2.0}}
        yield cls(canonical_json(stored).decode())

    @property
    def judges_records(self) -> bool:  # type: ignore[override]  # what every other class knows of itself was stored here
        """Whether the class that stored it judges single records."""
        return bool(self.to_dict().get("records", True))

    @property
    def stored_as(self) -> str:
        """Name of the class that stored it."""
        return str(self.to_dict()["rule"])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule reads, as they were stored beside it."""
        return tuple(self.to_dict()["columns"])

    def to_dict(self) -> dict[str, Any]:
        """Return what was stored."""
        stored: dict[str, Any] = parse_json(self.stored, what="a stored rule")
        return stored

    def _given(self, references: Mapping[str, object], now: datetime) -> NoReturn:  # noqa: ARG002  # nothing helps
        self._refuse()

    def _holds(self, frame: pd.DataFrame) -> NoReturn:  # noqa: ARG002  # there is nothing to run on it
        self._refuse()

    def _holds_one(self, record: Mapping[str, Any]) -> NoReturn:  # noqa: ARG002  # see above
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UntrustedError(
            f"the rule {self.stored_as!r} was stored by a class that this process was not given",
            names=[self.stored_as],
            hint="pass the class: `Schema.from_json(text, rules=[...])` or `schema.resolved([...])`.",
        )
