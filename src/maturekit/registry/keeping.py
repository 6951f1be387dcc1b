"""Housekeeping: what is sound, what may go, what must stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from maturekit._core.clock import as_utc
from maturekit.errors import ArgumentError
from maturekit.events import Draft, Event, Head
from maturekit.registry import housekeeping
from maturekit.registry.bodies import HoldBody
from maturekit.registry.checks import checked_line
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.lookup import checked_cause
from maturekit.registry.moving import Moving
from maturekit.registry.state import open_history
from maturekit.registry.version import Version
from maturekit.reports import Finding, Report

__all__ = ["Keeping"]


class Keeping(Moving):
    """A registry that can be verified and cleaned; see `Registry`.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late-flights", {"threshold": 15}, notes="as Ben said")
    >>> anchor = registry.anchor()
    >>> event = registry.erase(version, parts={"notes"}, actor="ada", reason="names a person")
    >>> registry["late-flights:1"].load(), list(registry["late-flights:1"].erased)
    ({'threshold': 15}, ['notes'])
    >>> registry.verify(anchor=anchor).ok
    True
    """

    def verify(self, *, anchor: str | bytes | None = None) -> Report:
        """Read every file afresh and return every fault with its place.

        With keys, events that none of them signed are faults. Without an anchor, a history whose last events were
        removed looks like a shorter one; without keys, one that was rewritten as a whole looks like another one.

        Parameters
        ----------
        anchor : str, optional
            What `anchor` returned earlier: every history must continue from there.

        Returns
        -------
        Report
            Findings with the rules ``root``, ``event``, ``record``, ``blob``, ``cache`` and ``anchor``, the history in
            `columns`; what could not be read has the status *could not run*. As information: content that no event
            names, that was erased, and files of other kinds.

        Raises
        ------
        RegistryNotFoundError, ForeignFolderError
            There is no registry.
        FormatError
            The registry is of a newer format, or the anchor is no anchor.
        """
        return housekeeping.verify_registry(self.store, seal=self._seal, anchor=anchor)

    def anchor(self) -> str:
        """Return where every history stands now, as canonical JSON: print, commit or sign it elsewhere.

        It names the newest event of each history by its digest, which covers all events before it. Raises
        `IntegrityError` if one of them is damaged: what is damaged shall not be vouched for.
        """
        names = housekeeping.log_names(self.store)
        return housekeeping.anchor_text(
            self._root.id, ((name, open_history(self.store, name, seal=self._seal).head()) for name in names)
        )

    def gc(self, *, grace: timedelta = timedelta(days=1)) -> Report:
        """Delete content that no event needs and that nobody wrote or used within `grace`, and say what was done.

        Content of versions that were erased goes as well, should the eraser have crashed; so does what crashed writers
        left. Heads, packs and tables that are wrong or missing are stored again. A damaged history is left alone: the report
        says so, and is not `ok`.
        """
        self._root.check()
        return housekeeping.collect_garbage(self.store, grace=grace, seal=self._seal)

    def hold(self, version: Version | str, *, actor: str, reason: str, cause: Event | str | None = None) -> Event:
        """Forbid to erase anything of a version, and return the event. Each hold needs a release of its own."""
        mine = self._own(version)
        draft = self._draft(
            "hold",
            HoldBody(version=mine.number),
            mine.digest,
            actor=checked_line(actor, what="actor"),
            reason=checked_line(reason, what="reason"),
            cause=checked_cause(self.store, cause),
        )
        return self.log(mine.name).append(draft)

    def release(self, version: Version | str, *, actor: str, reason: str, cause: Event | str | None = None) -> Event:
        """End one hold of a version, and return the event; raise `ArgumentError` if it is not held."""
        mine = self._own(version)
        log = self.log(mine.name)
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        cause_id = checked_cause(self.store, cause)

        def decide(head: Head) -> Draft:
            if not Standing.of(log.events(until=head.number)).is_held(mine.number):
                raise ArgumentError(f"{mine.reference} is not held")
            body = HoldBody(version=mine.number)
            return self._draft("release", body, mine.digest, actor=actor, reason=reason, cause=cause_id)

        return log.append(decide)

    def erase(
        self,
        version: Version | str,
        *,
        actor: str,
        reason: str,
        cause: Event | str | None = None,
        parts: Iterable[str] | None = None,
    ) -> Event:
        """Erase content of a version for good, and return the event that says so.

        The event, a tombstone, comes first; then the content is deleted, as far as no other version or report has the
        same. Should that be interrupted, `gc` finishes it, and so does calling it again. The version stays in the
        history with all that its event says, and so do the reports attached to it.

        Parameters
        ----------
        version : Version or str
            The version.
        actor, reason : str
            Who erases it, and why.
        cause : Event or str, optional
            The event that it answers.
        parts : iterable of str, optional
            What to erase: any of ``"model"``, ``"examples"``, ``"profile"``, ``"notes"`` and ``"schema"``; by default
            all but the schema. That says what the version's input had to look like, and predictions that were logged
            need it; but if its categories or bounds were learned, they are values from the data: name it then.

        Raises
        ------
        ArgumentError
            The version is held, an alias points to it, or it never had any of the parts; nothing is written.
        """
        cause_id = checked_cause(self.store, cause)
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        mine, wanted = self._own(version), housekeeping.checked_parts(parts)
        log = self.log(mine.name)
        eraser = housekeeping.Eraser(log, Standing.of(log.events()))
        return self._erase(eraser, mine, wanted, actor=actor, reason=reason, cause=cause_id)

    def expire(
        self,
        name: str,
        *,
        keep: int,
        older_than: timedelta | None = None,
        actor: str,
        reason: str,
        cause: Event | str | None = None,
        dry_run: bool = False,
    ) -> Report:
        """Erase the old versions of a model, and return what was done and why others stayed.

        A version goes if it is not among the newest `keep`, is older than `older_than`, is not held, and no alias
        points to it or would be rolled back to it.

        Parameters
        ----------
        name : str
            Name of the model.
        keep : int
            How many of the newest versions stay whatever their age.
        older_than : timedelta, optional
            Younger ones stay too, by the registry's clock; by default age does not matter.
        actor, reason : str
            Who erases them, and why.
        cause : Event or str, optional
            The event that it answers.
        dry_run : bool
            Only say what would be done.

        Returns
        -------
        Report
            A finding for each version that is not erased yet, as information: the rule is ``erased``, ``would erase``
            or ``kept``.
        """
        housekeeping.checked_keep(keep, older_than, dry_run=dry_run)
        cause_id, log = checked_cause(self.store, cause), self._existing(name)
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        history = log.events()
        eraser = housekeeping.Eraser(log, Standing.of(history))
        now = as_utc(self.clock(), what="the clock's time")
        findings = []
        for event, why in housekeeping.reasons_to_keep(
            history, eraser.standing, keep=keep, older_than=older_than, now=now
        ):
            version = Version.of(self, log.event(event.number))
            rule, stays = "would erase" if dry_run else "erased", why
            if not stays and not dry_run:
                try:
                    self._erase(
                        eraser, version, housekeeping.checked_parts(None), actor=actor, reason=reason, cause=cause_id
                    )
                except ArgumentError as error:  # somebody has held it, or moved an alias there, since we looked
                    stays = error.message
            message = f"{version.reference} stays: {stays}" if stays else version.reference
            findings.append(Finding("kept" if stays else rule, "passed", severity="info", message=message))
        return Report("retention", findings, subjects={"model": name}, time=now)

    def _erase(
        self,
        eraser: housekeeping.Eraser,
        mine: Version,
        wanted: frozenset[str],
        *,
        actor: str,
        reason: str,
        cause: str | None,
    ) -> Event:
        def decide(head: Head) -> Draft:
            body = eraser.tombstone(mine, wanted, head)
            return self._draft("erasure", body, mine.digest, actor=actor, reason=reason, cause=cause)

        event = eraser.earlier(mine, wanted) or eraser.log.append(decide)
        eraser.delete(mine, wanted)
        return event
