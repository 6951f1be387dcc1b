"""How many rows agree in some columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from maturekit.schema.group_rule import GroupRule
from maturekit.schema.rules.row_count import check_limits, limits

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GroupSize"]


class GroupSize(GroupRule):
    """Every group has at least, and at most, so many rows.

    Parameters
    ----------
    by : tuple of str, or str
        The columns in which the rows of a group agree.
    at_least, at_most : int, optional
        Number of rows, inclusive; at least one of them is given.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = GroupSize("day", at_least=2)
    >>> rule.words
    'each day must have at least 2 rows'
    >>> rule.breaking(pd.DataFrame({"day": [1, 1, 2]})).tolist()
    [False, False, True]
    """

    by: tuple[str, ...]
    at_least: int | None = None
    at_most: int | None = None

    def __post_init__(self) -> None:
        """Check the limits."""
        super().__post_init__()
        check_limits(self, self.at_least, self.at_most)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a lower limit, and both over two columns."""
        yield cls(("a",), at_least=2)
        yield cls(("a", "b"), at_least=1, at_most=1)

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"each {', '.join(self.by)} must have {limits(self.at_least, self.at_most)}"

    def _holds(self, groups: Any) -> Any:
        sizes = groups.size()
        return (sizes >= (self.at_least or 0)) & (sizes <= (float("inf") if self.at_most is None else self.at_most))

    def _breaks(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        from maturekit.schema.rules.keying import numbered  # noqa: PLC0415  # see above

        numbers, slots = numbered(frame, self.by)
        sizes = np.bincount(numbers, minlength=slots)
        broken = sizes < (self.at_least or 0)
        if self.at_most is not None:
            broken |= sizes > self.at_most
        return np.asarray(broken[numbers])
