"""Rows that have to be seen together, kept in memory while they are few and on disk when they are many.

Every *collection* is the rows that one rule has to see: the keys of a unique column, or the columns of a rule about
groups. When all collections together hold more than `limit` rows, each goes to a temporary folder: the hash of a key
chooses one of 64 files, so that rows with equal keys meet in one file. Each file is then read and judged by itself, by
the values; the hash decides nothing. So memory holds one part in 64 of a collection (or its largest group, if that is
more), and the disk the positions and values of all of it. The folder is readable by its owner only, and is removed
however the work ends; its place is that of Python's `tempfile`, which follows the environment variable TMPDIR.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

import numpy as np

from maturekit.errors import StorageError
from maturekit.validation.key_hash import key_hash
from maturekit.validation.piece import Piece

__all__ = ["LIMIT", "Spill"]

LIMIT: Final = 2**21
"""Rows of all collections together that stay in memory."""

_BITS: Final = 6


class Spill:
    """Collections of rows, each handed out in parts that keep equal keys together.

    Parameters
    ----------
    keys : mapping
        For each collection, by any name, the columns that are its key.
    limit : int or None
        Rows of all collections together that stay in memory; None: all.

    Examples
    --------
    >>> with Spill({"ids": ["id"]}, limit=3) as spill:
    ...     for start in (0, 3):
    ...         spill.add("ids", Piece({"id": np.array([7, 8, 9])}, 3, start))
    ...     parts = [part.positions.tolist() for part in spill.parts("ids")]
    >>> sorted(parts)
    [[0, 3], [1, 4], [2, 5]]
    """

    def __init__(self, keys: Mapping[Hashable, tuple[str, ...] | list[str]], *, limit: int | None = LIMIT) -> None:
        self._keys = {name: tuple(columns) for name, columns in keys.items()}
        self._limit = limit
        self._waiting: dict[Hashable, list[Piece]] = {name: [] for name in keys}
        self._written = dict.fromkeys(keys, 0)
        self._held = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Return the collections, to be used in a ``with`` statement."""
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the folder."""
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, name: Hashable, piece: Piece) -> None:
        """Add rows to a collection; raise `StorageError` when the disk does not take them."""
        if not piece.size:
            return
        self._waiting[name].append(piece)
        self._held += piece.size
        if self._limit is None or self._held <= self._limit:
            return
        with _worded():
            self._settle()

    def parts(self, name: Hashable) -> Iterator[Piece]:
        """Yield the rows of a collection; rows with equal keys are in one part, and positions ascend in each.

        Raises `StorageError` when what was written cannot be read.
        """
        if self._folder is None:
            if self._waiting[name]:
                yield Piece.joined(self._waiting[name])
            return
        left = self._written[name]
        for part in range(2**_BITS):
            pieces = self._read(name, part)
            left -= sum(piece.size for piece in pieces)
            if pieces:
                yield Piece.joined(pieces)
        if left:
            with _worded():
                raise OSError(f"{left:,} rows are gone")

    def _settle(self) -> None:
        """Write everything that waits; from then on, every piece goes to the disk at once."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="maturekit-")
            self._limit = 0
        for name, pieces in self._waiting.items():
            while pieces:
                piece = pieces.pop(0)
                self._held -= piece.size
                self._write(name, piece)

    def _write(self, name: Hashable, piece: Piece) -> None:
        parts = (key_hash([piece.columns[column] for column in self._keys[name]]) >> np.uint64(64 - _BITS)).astype(
            np.uint8
        )
        order = np.argsort(parts, kind="stable")
        bounds = np.searchsorted(parts[order], np.arange(2**_BITS + 1))
        for part, (low, high) in enumerate(pairwise(bounds.tolist())):
            if low < high:
                with self._place(name, part).open("ab") as file:
                    pickle.dump(piece.taken(order[low:high]), file, protocol=pickle.HIGHEST_PROTOCOL)
        self._written[name] += piece.size

    def _read(self, name: Hashable, part: int) -> list[Piece]:
        place, pieces = self._place(name, part), []
        with _worded():
            if place.exists():
                with place.open("rb") as file:
                    while file.peek(1):
                        pieces.append(pickle.load(file))  # noqa: S301  # written a moment ago, in a folder of its own
        return pieces

    def _place(self, name: Hashable, part: int) -> Path:
        assert self._folder is not None  # made before anything is written
        return Path(self._folder.name) / f"{list(self._keys).index(name)}-{part}"


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"rows that must be judged together could not be kept in {tempfile.gettempdir()}: {error}",
            hint="let the environment variable TMPDIR name a folder with room for them.",
        ) from error
