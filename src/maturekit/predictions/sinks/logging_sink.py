"""A sink that hands every row to the logging of Python, for whatever listens there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Self

from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError
from maturekit.predictions.blocks import Block
from maturekit.predictions.sink import Sink
from maturekit.predictions.sinks.numbering import Numbering
from maturekit.predictions.sinks.rows import json_of, rows_of

__all__ = ["LoggingSink"]


class LoggingSink(Sink):
    """Log every row as one record, whose message is the row in JSON and whose attribute ``prediction`` is the row.

    The row is that of a `JsonLinesSink`. Nothing can be read back, labelled or forgotten here, and rows are as durable
    as the handlers make them. A handler that raises stops the list; when it comes again, it goes on with the row that
    failed. As safe between threads and processes as the handlers are.

    Parameters
    ----------
    name : str, default "maturekit.predictions"
        Of the logger.
    level : int, default logging.INFO
        Of the records.

    Examples
    --------
    >>> import sys
    >>> from maturekit.predictions import Entry, Log
    >>> logger, handler = logging.getLogger("example"), logging.StreamHandler(sys.stdout)
    >>> handler.setFormatter(logging.Formatter("%(levelname)s %(prediction)s"))
    >>> logger.addHandler(handler)
    >>> sink = LoggingSink("example", level=logging.ERROR)
    >>> sink.write([{"kind": "labels", "time": "2013", "rows": 1, "key": {}, "label": {"type": "int", "values": [1]}}])
    ERROR {'id': '...-1-0', 'time': '2013', 'kind': 'labels', 'key': {}, 'label': 1}
    """

    readable: ClassVar[bool] = False

    def __init__(self, name: str = "maturekit.predictions", *, level: int = logging.INFO) -> None:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"name must be the name of a logger, got {type(name).__name__}")
        if type(level) is not int or level < 0:
            raise ArgumentError(f"level must be a number such as logging.INFO, got {level!r}")
        self.name = name
        self.level = level
        self._numbering = Numbering()
        self._handed: dict[str, int] = {}

    def _write(self, blocks: list[Block]) -> None:
        logger = logging.getLogger(self.name)
        with self._numbering.of(blocks) as batch:
            name = f"{batch.writer}-{batch.number}"
            rows = ({"id": f"{name}-{place}", **row} for place, row in enumerate(_rows(blocks)))
            try:
                for row in islice(rows, self._handed.get(name, 0), None):
                    logger.log(self.level, "%s", json_of(row), extra={"prediction": row})
                    self._handed[name] = self._handed.get(name, 0) + 1
            except Exception as error:
                raise StorageError(f"a handler of the logger {self.name!r} failed: {error!r}") from error
            self._handed.pop(name, None)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a sink that hands rows to a logger of its own, which drops them."""
        logger = logging.getLogger("maturekit.predictions.example")
        logger.propagate = False
        yield cls(logger.name)

    def __repr__(self) -> str:
        """Return the name of the logger."""
        return f"LoggingSink({self.name!r})"


def _rows(blocks: list[Block]) -> Iterator[dict[str, object]]:
    for block in blocks:
        yield from rows_of(block)
