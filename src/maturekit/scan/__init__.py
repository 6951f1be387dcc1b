"""Scans: fold a mergeable summary over a table that may not fit in memory."""

from maturekit.scan.chunks import chunks, frames
from maturekit.scan.fold import fold
from maturekit.scan.workers import mapped

__all__ = ["chunks", "fold", "frames", "mapped"]
