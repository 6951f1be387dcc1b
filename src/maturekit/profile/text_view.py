"""A view of a text column: its texts are read once each, however often they stand there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

from maturekit.errors import ArgumentTypeError
from maturekit.profile.values import values
from maturekit.profile.view import View

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["TextView"]


class TextView(View):
    """A property of the texts of one column; null where the text is null.

    Parameters
    ----------
    column : str
        The column that is read; the view is called ``"<column>:<word>"``.

    Examples
    --------
    `Length` and `Pattern` are such views:

    >>> from maturekit.profile import Length
    >>> Length("comment").name, Length("comment").columns
    ('comment:length', ('comment',))
    """

    word: ClassVar[str]
    """What is made of a text, in one word: it names the view, in the stored profile as well."""

    def __init__(self, column: str) -> None:
        if not isinstance(column, str):
            raise ArgumentTypeError(f"{type(self).__name__} reads one column, by its name, got {type(column).__name__}")
        self._column = column

    @property
    def column(self) -> str:
        """The column that is read."""
        return self._column

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column that is read."""
        return (self._column,)

    @property
    def name(self) -> str:
        """Name of the column that is made."""
        return f"{self._column}:{self.word}"

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one."""
        yield cls("comment")

    @abstractmethod
    def _read(self, texts: Sequence[str], codes: NDArray[np.int64]) -> pd.Series[Any]:
        """Return the column for distinct texts and, for each row, the number of its text (-1 for null)."""

    @final
    def _values(self, frame: pd.DataFrame) -> pd.Series[Any]:
        codes, texts = values(frame[self._column])
        return self._read(texts, codes)

    def __eq__(self, other: object) -> bool:
        """Equal in what is made of which column."""
        return type(self) is type(other) and self.columns == other.columns if isinstance(other, TextView) else False

    def __hash__(self) -> int:
        """Hash of the name."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Return the view as it can be written."""
        return f"{type(self).__name__}({self._column!r})"
