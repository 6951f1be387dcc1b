"""A digest taken beside the reading or writing of the bytes, so that it costs no time of its own."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["AHEAD", "LARGE", "PART", "Buffer", "Digester"]

Buffer = bytes | bytearray | memoryview
"""Bytes in memory; a memoryview is of single bytes."""

LARGE = 4 * 2**20
"""Bytes of a part that is worth a second thread; hashing it takes about two milliseconds."""

PART = 2**20
"""Bytes to hand over at once, once there is one."""

AHEAD = 4
"""Parts that may still be read when `update` has returned: the last ones."""


class Digester:
    """The SHA-256 of parts given one after another.

    From the first large part on, a thread takes the digest while the caller goes on; it is at most `AHEAD` parts
    behind. A part must not be changed before `AHEAD` others were given, or `digest` has returned. For one thread at a
    time.

    Examples
    --------
    >>> digester = Digester()
    >>> digester.update(b"o")
    >>> digester.update(b"ne")
    >>> digester.digest()
    'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed'
    """

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None  # it ends its thread when it is no longer referred to
        self._waiting: deque[Future[None]] = deque()

    def update(self, part: Buffer) -> None:
        """Take the next bytes; wait if the digest is far behind."""
        if self._pool is None:
            if len(part) < LARGE:
                self._sha.update(part)
                return
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # small values do not pay for it

            self._pool = ThreadPoolExecutor(1)
        if len(self._waiting) == AHEAD:
            self._waiting.popleft().result()
        try:
            self._waiting.append(self._pool.submit(self._sha.update, part))
        except RuntimeError:  # no thread can be started: the process is ending, or has as many as it may
            self._settle()
            self._sha.update(part)

    def digest(self) -> str:
        """Return the digest of all parts, with its name in front."""
        self._settle()
        return f"sha256:{self._sha.hexdigest()}"

    def _settle(self) -> None:
        while self._waiting:
            self._waiting.popleft().result()
        self._pool = None
