"""Aliases: moved by events, judged by policies."""

from __future__ import annotations

from collections.abc import Callable

from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, PromotionRefusedError
from maturekit.events import Draft, Event, Head
from maturekit.registry.bodies import MoveBody
from maturekit.registry.checks import checked_line
from maturekit.registry.housekeeping.standing import require_whole
from maturekit.registry.lookup import checked_cause, find_alias
from maturekit.registry.promotion import Wish, rollback_move
from maturekit.registry.version import Version
from maturekit.registry.writing import Writing
from maturekit.reports import PolicyLike

__all__ = ["Moving"]


class Moving(Writing):
    """A registry whose aliases can be moved; see `Registry`.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> for number, alias in enumerate(["production", "challenger"], 1):
    ...     version = registry.register("late-flights", {"threshold": 15 * number})
    ...     _ = registry.promote(version, to=alias, actor="ada", reason="first")
    >>> _ = registry.swap("late-flights", "production", "challenger", actor="ada", reason="it won")
    >>> {alias: version.number for alias, version in registry.aliases("late-flights").items()}
    {'production': 2, 'challenger': 1}
    """

    def promote(
        self,
        version: Version | str,
        *,
        to: str,
        policy: PolicyLike | None = None,
        actor: str,
        reason: str,
        cause: Event | str | None = None,
    ) -> Event:
        """Let an alias point to a version, if the policy agrees, and return the event.

        The policy judges a case that names the version, the one where the alias stands now, and the reports of both. If
        another event lands meanwhile, it judges again. A refusal is an event too, so that it is seen later.

        Raises
        ------
        PromotionRefusedError
            The policy did not agree; the error carries its report.
        """
        candidate = self._own(version)
        check_name(to, what="alias")
        return self._move(
            candidate.name, lambda _: [(candidate, to)], policy=policy, actor=actor, reason=reason, cause=cause
        )

    def swap(
        self,
        name: str,
        first: str,
        second: str,
        *,
        policy: PolicyLike | None = None,
        actor: str,
        reason: str,
        cause: Event | str | None = None,
    ) -> Event:
        """Let two aliases of a model change places, in one event, and return it.

        Nobody ever sees one alias moved and the other not. The policy judges both moves, that of `first` before that of
        `second`; if it refuses one, none is made.

        Raises
        ------
        AliasNotFoundError
            One of them is not there.
        PromotionRefusedError
            The policy did not agree; the error carries its report.
        """
        if check_name(first, what="alias") == check_name(second, what="alias"):
            raise ArgumentError(f"the alias {first!r} cannot change places with itself")
        log = self._existing(name)

        def places(head: Head) -> list[tuple[Version, str]]:
            return [
                (Version.of(self, find_alias(log, here, head.state)), there)
                for here, there in ((second, first), (first, second))
            ]

        return self._move(name, places, policy=policy, actor=actor, reason=reason, cause=cause)

    def rollback(self, name: str, *, alias: str, actor: str, reason: str, cause: Event | str | None = None) -> Event:
        """Let an alias point again to the version before the last promotion, and return the event.

        Rolling back twice goes two promotions back. Raises `AliasNotFoundError` if there is nothing to go back to.
        """
        check_name(alias, what="alias")
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        cause_id, log = checked_cause(self.store, cause), self._existing(name)

        def decide(head: Head) -> Draft:
            move = rollback_move(log, alias, head)
            target = log.event(move.event or 0).event
            require_whole(log, target, head)
            return self._draft("alias", move, target.subject, actor=actor, reason=reason, cause=cause_id)

        return log.append(decide)

    def retire(self, name: str, *, alias: str, actor: str, reason: str, cause: Event | str | None = None) -> Event:
        """Take an alias away from a model, and return the event; what it pointed to stays."""
        check_name(alias, what="alias")
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        cause_id, log = checked_cause(self.store, cause), self._existing(name)

        def decide(head: Head) -> Draft:
            left = Version.of(self, find_alias(log, alias, head.state))
            move = MoveBody(alias=alias, origin=left.number, to=None, judged=head.number)
            return self._draft("alias", move, left.digest, actor=actor, reason=reason, cause=cause_id)

        return log.append(decide)

    def _move(
        self,
        name: str,
        places: Callable[[Head], list[tuple[Version, str]]],
        *,
        policy: PolicyLike | None,
        actor: str,
        reason: str,
        cause: Event | str | None,
    ) -> Event:
        """Let one or two aliases point elsewhere, in one event, if the policy agrees to each move."""
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        cause_id, log = checked_cause(self.store, cause), self._existing(name)
        refused: list[PromotionRefusedError] = []

        def decide(head: Head) -> Draft:
            refused.clear()
            moves = []
            for candidate, alias in places(head):
                require_whole(log, candidate.event, head)
                wish = Wish(candidate, alias, log, policy=policy, actor=actor)
                kind, move = wish.judge(head, delivery)
                if kind == "refusal":
                    refused.append(wish.refused())
                    return self._draft(kind, move, candidate.digest, actor=actor, reason=reason, cause=cause_id)
                moves.append((candidate, move))
            (candidate, move), *others = moves
            whole = move.model_copy(update={"swap": others[0][1]}) if others else move
            return self._draft("alias", whole, candidate.digest, actor=actor, reason=reason, cause=cause_id)

        with self.blobs(name).delivery() as delivery:
            event = log.append(decide)
            delivery.confirm()
        if refused:
            raise refused[0]
        return event
