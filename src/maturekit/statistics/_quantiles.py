"""How many standard errors a confidence is worth."""

from __future__ import annotations

from maturekit.errors import ArgumentError

__all__ = ["check_confidence", "normal_quantile", "student_quantile"]


def check_confidence(confidence: float) -> float:
    """Return a confidence that lies between 0 and 1; else raise `ArgumentError`.

    >>> check_confidence(95)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: confidence must lie between 0 and 1, got 95
    <BLANKLINE>
    Hint: write 95 percent as 0.95.
    """
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0.0 < confidence < 1.0:
        raise ArgumentError(
            f"confidence must lie between 0 and 1, got {confidence!r}", hint="write 95 percent as 0.95."
        )
    return float(confidence)


def normal_quantile(confidence: float) -> float:
    """Return the number of standard errors on either side of a normal estimate.

    >>> round(normal_quantile(0.95), 2)
    1.96
    """
    from scipy.special import ndtri  # noqa: PLC0415  # importing maturekit.statistics does not load scipy

    return float(ndtri(0.5 + check_confidence(confidence) / 2))


def student_quantile(confidence: float, degrees: float) -> float:
    """Return the number of standard errors on either side of a mean whose spread is estimated too.

    >>> round(student_quantile(0.95, degrees=9), 3)
    2.262
    """
    from scipy.special import stdtrit  # noqa: PLC0415  # importing maturekit.statistics does not load scipy

    return float(stdtrit(degrees, 0.5 + check_confidence(confidence) / 2))
