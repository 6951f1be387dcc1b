"""Numbers for what one process writes, so that a list that comes again after a failure is known again."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from maturekit._core.locks import ForkLock
from maturekit.predictions.blocks import Block

__all__ = ["Batch", "Numbering"]

_REMEMBERED = 16
"""So many lists may have failed, or be under way in other threads, before the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Who writes, the number of the list, and whether it comes again after a failure.

    >>> Batch("3f9a1c2b", 7, again=False).number
    7
    """

    writer: str
    number: int
    again: bool


class Numbering:
    """Give every list of blocks a number within this process, and the very same list the same one if it failed.

    A forked child is a writer of its own, and so is a copy that was pickled. Safe between threads.

    Examples
    --------
    >>> numbering, blocks = Numbering(), [{"rows": 1}]
    >>> with contextlib.suppress(OSError), numbering.of(blocks):
    ...     raise OSError("the disk is full")
    >>> with numbering.of([{"rows": 1}]) as batch:
    ...     print(batch.number, batch.again)
    2 False
    >>> with numbering.of(blocks) as batch:
    ...     print(batch.number, batch.again)
    1 True
    """

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._process = 0  # of no process: the first batch chooses a name

    @contextlib.contextmanager
    def of(self, blocks: list[Block]) -> Iterator[Batch]:
        """Give a list its number while it is stored; if that raises, it may come again."""
        with self._lock:
            if self._process != os.getpid():  # the first batch, or the first after a fork
                self._process = os.getpid()
                self._writer = secrets.token_hex(4)
                self._number = 0
                self._failed: list[tuple[list[Block], int]] = []
            number = next((number for failed, number in self._failed if failed is blocks), None)
            batch = Batch(self._writer, self._number + 1 if number is None else number, number is not None)
            self._number = max(self._number, batch.number)
            others = [(failed, number) for failed, number in self._failed if failed is not blocks]
            self._failed = [*others[1 - _REMEMBERED :], (blocks, batch.number)]
        yield batch
        with self._lock:
            self._failed = [(failed, number) for failed, number in self._failed if failed is not blocks]

    def __reduce__(self) -> tuple[type[Numbering], tuple[()]]:
        """Pickle as a new writer: what this one writes is its own."""
        return Numbering, ()
