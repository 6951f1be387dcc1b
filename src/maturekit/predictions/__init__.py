"""Predictions: written down when they are made, labelled when the truth is known, read, and forgotten on request."""

from maturekit.predictions.entry import Entry
from maturekit.predictions.log import Log

__all__ = ["Entry", "Log"]
