"""Predictions: written down when they are made, labelled when the truth is known, read, and forgotten on request."""

from maturekit.predictions.entry import Entry
from maturekit.predictions.labels import GENERATED_KEY
from maturekit.predictions.log import Log
from maturekit.predictions.tables import FIXED_COLUMNS

__all__ = ["FIXED_COLUMNS", "GENERATED_KEY", "Entry", "Log"]
