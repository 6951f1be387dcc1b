"""Hypothesis strategies (extra `testing`): tables and records that keep a contract, and tables with planted faults."""

from maturekit.testing.strategies.faults import faulty_frames
from maturekit.testing.strategies.tables import frames, records
from maturekit.testing.strategies.values import values

__all__ = ["faulty_frames", "frames", "records", "values"]
