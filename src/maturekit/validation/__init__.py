"""Contracts run on data: every failure by row position, quarantine, and rules of your own."""

from maturekit.schema import Compare, Rule, UnknownRule
from maturekit.validation.frame_report import FrameReport
from maturekit.validation.validate import validate

__all__ = ["Compare", "FrameReport", "Rule", "UnknownRule", "validate"]
