"""No two rows agree in all of some columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import SchemaError
from maturekit.reports import Severity
from maturekit.schema.group_rule import GroupRule

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Key"]


class Key(GroupRule):
    """No two rows agree in all of these columns; of rows that do, all break the rule.

    For a single column, ``Column(..., unique=True)`` says the same.

    Parameters
    ----------
    *columns : str
        Names of the columns. A row in which any of them is null passes.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = Key("flight", "day")
    >>> rule
    Key('flight', 'day')
    >>> frame = pd.DataFrame({"flight": [7, 7, 8, 7], "day": [1, 2, 1, 1]})
    >>> rule.breaking(frame).tolist()
    [True, False, False, True]
    """

    def __init__(self, *columns: str, severity: Severity = "error", mostly: float = 1.0) -> None:
        if any(isinstance(name, (tuple, list)) for name in columns):
            raise SchemaError(f"Key takes names, got {columns!r}", hint='write Key("flight", "day").')
        for name, value in (("by", columns), ("severity", severity), ("mostly", mostly)):
            object.__setattr__(self, name, value)
        self.__post_init__()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a key of one column and one of three."""
        yield cls("a")
        yield cls("a", "b", "c", severity="warning", mostly=0.9)

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"{', '.join(self.by)} must be unique{' together' if len(self.by) > 1 else ''}"

    @classmethod
    def _restored(cls, parameters: dict[str, Any]) -> Self:
        return cls(*parameters.pop("by"), **parameters)

    def _holds(self, groups: Any) -> Any:
        return groups.size() == 1

    def _breaks(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        from maturekit.schema.rules.keying import shared  # noqa: PLC0415  # a schema only read does not pay for pandas

        return shared(frame, self.by)

    def __repr__(self) -> str:
        """Return the rule as it can be written."""
        more = [f"{name}={value!r}" for name, value in (("severity", self.severity), ("mostly", self.mostly))]
        said = [
            text for text, usual in zip(more, (self.severity == "error", self.mostly == 1.0), strict=True) if not usual
        ]
        return f"Key({', '.join([*map(repr, self.by), *said])})"
