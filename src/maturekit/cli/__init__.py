"""The command: ``python -m maturekit``, for people and for jobs."""

from maturekit.cli.main import main

__all__ = ["main"]
