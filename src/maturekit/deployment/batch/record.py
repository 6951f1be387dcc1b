"""What is known of a run: how far it is, and what each chunk gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

__all__ = ["BatchProgress", "Record"]


class Record(BaseModel):
    """What one chunk gave; a chunk that has one is never scored again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    mark: str
    """What tells whether the chunk of the source is still the same."""
    rows: int
    answered: int
    reasons: dict[str, int] = {}
    """How many rows were refused for which reason; a row may have several."""
    versions: tuple[tuple[str | None, str | None], ...] = ()
    """Reference and digest of the versions that answered."""
    columns: tuple[str, ...] = ()
    """Columns of the scored rows."""
    digest: str = ""
    """Digest of the part with the scored rows; empty if there is none."""
    rejected_columns: tuple[str, ...] = ()
    rejected_digest: str = ""
    """The same of the rejected rows."""


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch run is: what the callback `progress` gets after each chunk, and what `Batch.run` returns.

    Parameters
    ----------
    chunks, rows : int
        Chunks and rows of the source that are done, those of an earlier, interrupted run included.
    answered : int
        Rows that stand in the output.
    resumed : int
        Chunks that an interrupted run had done before; they were not scored again.
    reasons : mapping of str to int
        Why rows were rejected, and how many for each reason; a row may have several.
    versions : tuple of str
        References of the versions that answered; empty for a model that is not from a registry.
    finished : bool
        Whether the output is complete and stands in its place.

    Examples
    --------
    >>> print(BatchProgress(2, 500, 498, reasons={"ge:age": 2}, versions=("churn:3",), finished=True))
    500 rows in 2 chunks: 498 answered by churn:3, 2 rejected (ge:age 2), finished
    """

    chunks: int = 0
    rows: int = 0
    answered: int = 0
    resumed: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    finished: bool = False

    @property
    def rejected(self) -> int:
        """Rows that got no answer, and stand in the file of the rejected ones."""
        return self.rows - self.answered

    @classmethod
    def of(cls, records: Iterable[Record], *, resumed: int = 0, finished: bool = False) -> BatchProgress:
        """Return what some records sum to."""
        known = list(records)
        reasons: Counter[str] = Counter()
        for record in known:
            reasons.update(record.reasons)
        return cls(
            chunks=len(known),
            rows=sum(record.rows for record in known),
            answered=sum(record.answered for record in known),
            resumed=resumed,
            reasons=dict(sorted(reasons.items())),
            versions=tuple(sorted({name for record in known for name, _ in record.versions if name})),
            finished=finished,
        )

    def __str__(self) -> str:
        """Return it in one line."""
        by = f" by {', '.join(self.versions)}" if self.versions else ""
        why = f" ({', '.join(f'{reason} {count}' for reason, count in self.reasons.items())})" if self.reasons else ""
        state = "finished" if self.finished else "not finished"
        chunks = f"{self.chunks} chunk{'s' * (self.chunks != 1)}"
        return f"{self.rows} rows in {chunks}: {self.answered} answered{by}, {self.rejected} rejected{why}, {state}"
