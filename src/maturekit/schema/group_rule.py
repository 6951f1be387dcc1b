"""Rules about groups of rows: all rows that agree in some columns are judged together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, final

from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema.rule import Rule

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GroupRule"]


class GroupRule(Rule, ABC):
    """What the rows that agree in some columns must keep together; when they do not, all of them break the rule.

    Write a rule by naming its parameters as in a dataclass and defining `_holds`, which gets the groups as pandas'
    `DataFrameGroupBy` and returns one truth value a group. Each group is judged by itself: what other groups hold, and
    how many there are, must not matter, since large tables are judged in parts that keep groups whole.

    `_holds` never meets a null, an infinity or a value of the wrong kind: a row with one in any of the rule's columns
    belongs to no group, and passes. A single record is no group, so records are not judged.

    Parameters
    ----------
    by : tuple of str, or str
        The columns in which the rows of a group agree.
    severity, mostly
        As in `Rule`; `mostly` is a share of the rows.

    Examples
    --------
    >>> class SharesAddUp(GroupRule):
    ...     share: str
    ...
    ...     def _holds(self, groups):
    ...         return (groups[self.share].sum() - 1).abs() < 1e-9
    >>> rule = SharesAddUp("share", by="region")
    >>> rule.columns
    ('region', 'share')
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"region": ["n", "s", "n", "s"], "share": [0.5, 0.5, 0.5, 0.4]})
    >>> rule.breaking(frame).tolist()
    [False, True, False, True]
    """

    about: ClassVar[str] = "groups"

    by: tuple[str, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        """Check the parameters; a subclass that adds checks calls this one too."""
        name = type(self).__name__
        if isinstance(self.by, (tuple, list)) and not self.by:
            raise SchemaError(
                f"{name} needs the columns in which the rows of a group agree, got by={self.by!r}",
                hint='write by=("region", "day"), or TableRule for a rule about all rows together.',
            )
        super().__post_init__()
        if len(set(self.by)) < len(self.by):
            raise SchemaError(f"{name} names a column twice: by={self.by!r}")

    @abstractmethod
    def _holds(self, groups: Any) -> Any:
        """Return a Series of bool, one a group: whether the group keeps the rule; `groups` is a DataFrameGroupBy."""

    def _breaks(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows belong to a group that fails; override it where `groupby` is too slow."""
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy
        import pandas as pd  # noqa: PLC0415  # see above

        groups = frame.groupby(list(self.by), sort=False, observed=True)
        answer, wanted = self._holds(groups), groups.size().index
        if isinstance(answer, pd.Series) and answer.dtype.kind == "b" and len(answer) == len(wanted):
            holds = answer if answer.index.equals(wanted) else answer.reindex(wanted)
            if not holds.hasnans:
                return ~holds.to_numpy(dtype=np.bool_)[groups.ngroup().to_numpy()]
        size = getattr(answer, "shape", None)
        raise ArgumentError(
            f"{type(self).__name__}._holds returned {type(answer).__name__}"
            f"{'' if size is None else f' of shape {size}'} for {len(wanted)} groups",
            hint="return one bool a group, such as `groups[column].max() <= 10` or `groups.size() < 5`.",
        )

    @final
    def breaking(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of a frame of sound values are in a group that breaks the rule, as an array of bool.

        Raises `ArgumentError` when `_holds` does not return one truth value a group.
        """
        import numpy as np  # noqa: PLC0415  # see above

        if not len(frame):
            return np.zeros(0, dtype=np.bool_)
        broken = np.asarray(self._breaks(frame))
        if broken.dtype != np.bool_ or broken.shape != (len(frame),):
            raise ArgumentError(
                f"{type(self).__name__}._breaks returned {broken.dtype} of shape {broken.shape} for {len(frame)} rows",
                hint="return one bool a row: true where the row's group fails.",
            )
        return broken
