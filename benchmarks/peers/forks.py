"""Work in a forked process, which may be ended at any moment without harm to the one that watches it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from typing import Any

__all__ = ["answer_of", "start"]

FAILED = 70


def start(work: Callable[[], object]) -> int:
    """Fork, work in the child, and return its process id; the child ends without the parent's clean-up."""
    process = os.fork()
    if process:
        return process
    status = FAILED
    with contextlib.suppress(BaseException):
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 2)
        work()
        status = 0
    os._exit(status)


def answer_of(work: Callable[[], Any], *, seconds: int) -> Any:
    """Return what the work answers in a forked process, or a text that says that it did not answer in time."""
    reader, writer = os.pipe()

    def child() -> None:
        os.close(reader)
        signal.alarm(seconds)
        with os.fdopen(writer, "w") as pipe:
            json.dump(work(), pipe)

    process = start(child)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(process, 0)
    return json.loads(text) if text else f"no answer in {seconds} s"
