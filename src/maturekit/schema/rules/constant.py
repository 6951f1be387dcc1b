"""One column is decided by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import SchemaError
from maturekit.schema.group_rule import GroupRule

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Constant"]


class Constant(GroupRule):
    """Rows that agree in some columns agree in another one too: a functional dependency.

    All rows of a group that does not are marked, since none of them is known to be right.

    Parameters
    ----------
    column : str
        Name of the column that holds one value a group.
    by : tuple of str, or str
        The columns that decide it.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = Constant("city", by="zip")
    >>> rule
    Constant('city', by=('zip',))
    >>> rule.breaking(pd.DataFrame({"zip": [1, 1, 2], "city": ["Ulm", "Bonn", "Ulm"]})).tolist()
    [True, True, False]
    """

    column: str

    def __post_init__(self) -> None:
        """Check that the column is another one."""
        super().__post_init__()
        if self.column in self.by:
            raise SchemaError(f"{self!r} names {self.column!r} on both sides, so that nothing could break it")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a dependency on one column, and on two."""
        yield cls("a", by=("b",))
        yield cls("c", by=("a", "b"), severity="info")

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"{self.column} must be the same for the same {', '.join(self.by)}"

    def _holds(self, groups: Any) -> Any:
        return groups[self.column].nunique() < 2

    def _breaks(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        from maturekit.schema.rules.keying import numbered, row_keys  # noqa: PLC0415  # see above

        numbers, slots = numbered(frame, self.by)
        values, _ = row_keys(frame, (self.column,))
        one_of_each = np.zeros(slots, dtype=np.int64)
        one_of_each[numbers] = values  # whichever comes last stands for its group
        differs = one_of_each[numbers] != values
        fails = np.zeros(slots, dtype=np.bool_)
        fails[numbers[differs]] = True
        return np.asarray(fails[numbers])
