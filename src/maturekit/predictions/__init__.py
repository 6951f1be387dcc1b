"""Predictions: written down when they are made, labelled when the truth is known, read, and forgotten on request."""

from maturekit.predictions.entry import Entry
from maturekit.predictions.log import Log
from maturekit.predictions.pseudonyms import Pseudonyms
from maturekit.predictions.sample import Sample
from maturekit.predictions.segment_sink import SegmentSink
from maturekit.predictions.sink import Sink

__all__ = ["Entry", "Log", "Pseudonyms", "Sample", "SegmentSink", "Sink"]
