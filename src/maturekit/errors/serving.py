"""Calls that a model was not asked, or did not answer in time."""

from __future__ import annotations

from maturekit.errors.base import MaturekitError

__all__ = ["CircuitOpenError", "DeadlineError", "OverloadedError"]


class DeadlineError(MaturekitError, TimeoutError):
    """There was no answer in time; whatever still comes is dropped.

    >>> raise DeadlineError("no answer within 0.2 s")
    Traceback (most recent call last):
    maturekit.errors.DeadlineError: no answer within 0.2 s
    """


class OverloadedError(MaturekitError, RuntimeError):
    """Too many calls are running and waiting, so this one was shed before it began.

    >>> raise OverloadedError("8 calls run and 16 wait, which is the limit")
    Traceback (most recent call last):
    maturekit.errors.OverloadedError: 8 calls run and 16 wait, which is the limit
    """


class CircuitOpenError(MaturekitError, RuntimeError):
    """A model failed too often of late and is left alone for a while.

    >>> raise CircuitOpenError("5 of the last 10 calls failed; the next trial is in 30 s")
    Traceback (most recent call last):
    maturekit.errors.CircuitOpenError: 5 of the last 10 calls failed; the next trial is in 30 s
    """
