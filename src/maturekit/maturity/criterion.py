"""The one contract of every criterion: a question about a history, answered by the events that prove it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self, final

from maturekit._core.logs import logger
from maturekit._core.names import kebab
from maturekit.events import Event
from maturekit.maturity.evidence import Evidence

__all__ = ["Criterion", "Judgement", "Proof"]


@dataclass(frozen=True, slots=True)
class Proof:
    """The events that show something; or, declared, those in which somebody only says so.

    Examples
    --------
    >>> Proof().events
    ()
    """

    events: tuple[Event, ...] = ()
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one criterion found in one history.

    Parameters
    ----------
    criterion : str
        Its name.
    stage : int
        The stage that asks for it, 1 to 5.
    asks : str
        What must have happened.
    status : {"proven", "declared", "missing", "could_not_run"}
        *Declared*: somebody said so, and nothing on record shows it; it does not count.
    evidence : tuple of str
        Ids of the events that show it, such as ``"model/late-flights/17"``.
    step : str
        What to do if it is missing.
    effort : float
        How long that takes somebody who has done it before, in hours; an estimate, to choose what comes first.
    message : str
        Why it could not run.

    Examples
    --------
    >>> Judgement("contract-attached", 2, "it says what input looks like", "missing", (), "attach one", 2.0).proven
    False
    """

    criterion: str
    stage: int
    asks: str
    status: Literal["proven", "declared", "missing", "could_not_run"]
    evidence: tuple[str, ...]
    step: str
    effort: float
    message: str = ""

    @property
    def proven(self) -> bool:
        """Whether the history shows it."""
        return self.status == "proven"


class Criterion(ABC):
    """One question of a stage, which the history of a model answers or does not.

    Write a criterion by defining `stage`, `asks`, `step`, `effort` and the hook `_look`. It must be provable by a
    history, and a near miss must not prove it.

    Examples
    --------
    >>> class NotesKept(Criterion):
    ...     stage, effort = 2, 0.5
    ...     asks, step = "the version carries notes", "register with notes="
    ...
    ...     def _look(self, evidence):
    ...         return Proof(tuple(event for event in evidence.of("version") if event.body.get("notes")))
    >>> NotesKept().judge(Evidence("late")).status
    'missing'
    """

    stage: int
    """The stage that asks for it, 1 to 5."""
    asks: str
    """What must have happened, as a statement."""
    step: str
    """What to do if it has not."""
    effort: float
    """How long that takes somebody who has done it before, in hours."""

    @abstractmethod
    def _look(self, evidence: Evidence) -> Proof:
        """Return the events that show it, all of `evidence`; an empty proof if there are none."""

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield working instances, for the contract suite `maturekit.testing.CRITERION_CHECKS`."""
        yield cls()

    @property
    def name(self) -> str:
        """The name of the class, in small letters with hyphens."""
        return kebab(type(self).__name__)

    @final
    def judge(self, evidence: Evidence) -> Judgement:
        """Return what the history shows; a criterion that raises *could not run*, and never proves."""
        try:
            proof, message = self._look(evidence), ""
            ids = tuple(event.id for event in proof.events)
            status: Literal["proven", "declared", "missing", "could_not_run"] = (
                "missing" if not ids else "declared" if proof.declared else "proven"
            )
        except Exception as error:  # noqa: BLE001  # one broken criterion must not hide what the others found
            logger.warning("criterion %s could not run on %s", self.name, evidence.model, exc_info=True)
            ids, status, message = (), "could_not_run", f"{type(error).__name__}: {error}"
        return Judgement(self.name, self.stage, self.asks, status, ids, self.step, self.effort, message)

    def __repr__(self) -> str:
        """Return the name of the class."""
        return f"{type(self).__name__}()"
