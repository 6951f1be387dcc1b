"""Scans: fold a mergeable summary over a table that may not fit in memory."""

from maturekit.scan.chunks import chunks, frames
from maturekit.scan.fold import fold

__all__ = ["chunks", "fold", "frames"]
