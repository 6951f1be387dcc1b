"""Which rules fail on the same rows: each row with a failure belongs to one set of rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.reports import Finding
    from maturekit.validation.cells import Positions

__all__ = ["Together"]


@dataclass(frozen=True, slots=True)
class Together:
    """The rows that some findings concern, and for each of them the set of these findings.

    Parameters
    ----------
    rows : array of int64
        Positions of the rows, ascending.
    codes : array of int64
        For each of these rows the place of its set in `sets`.
    sets : tuple of tuple of str
        Names such as ``"age: ge"``, in the order of the findings; not every set needs to have a row.

    Examples
    --------
    >>> from maturekit.reports import Finding
    >>> low = Finding("ge", "failed", ("age",), positions=[1, 4])
    >>> late = Finding("Compare", "failed", ("start", "end"), positions=[0, 4])
    >>> together = Together.of([low, late])
    >>> together.rows.tolist(), together.texts().tolist()
    ([0, 1, 4], ['start, end: Compare', 'age: ge', 'age: ge; start, end: Compare'])
    """

    rows: Positions
    codes: Positions
    sets: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Self:
        """Return the sets of findings that concern the same rows."""
        named = [(_name(finding), finding.positions) for finding in findings if len(finding.positions)]
        marked = np.zeros(max((int(rows[-1]) + 1 for _, rows in named), default=0), dtype=np.bool_)
        for _, positions in named:
            marked[positions] = True
        rows = np.flatnonzero(marked)
        codes = np.zeros(len(rows), dtype=np.int64)
        sets: dict[tuple[str, ...], int] = {(): 0}
        for name, positions in named:
            places = np.searchsorted(rows, positions)
            held = codes[places]
            onward = np.zeros(len(sets), dtype=np.int64)
            known = list(sets)
            for code in np.flatnonzero(np.bincount(held)):
                names = known[code]
                onward[code] = sets.setdefault(names if name in names else (*names, name), len(sets))
            codes[places] = onward[held]
        return cls(rows, codes, tuple(sets))

    def texts(self) -> NDArray[np.object_]:
        """Return the names of each row's findings as one text a row."""
        return np.array(["; ".join(names) for names in self.sets], dtype=object)[self.codes]


def _name(finding: Finding) -> str:
    return f"{', '.join(finding.columns)}: {finding.rule}" if finding.columns else finding.rule
