"""The one logger; maturekit never prints."""

from __future__ import annotations

import logging

__all__ = ["logger"]

logger = logging.getLogger("maturekit")
