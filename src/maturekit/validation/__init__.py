"""Contracts run on data: every failure by row position, quarantine, and rules of your own."""

from maturekit.schema import (
    Compare,
    Constant,
    ForeignKey,
    Fresh,
    GroupRule,
    GroupSize,
    Implies,
    Key,
    NearProfile,
    Present,
    RowCount,
    RowRule,
    Rule,
    SumsTo,
    TableRule,
    UnknownRule,
    Verdict,
)
from maturekit.validation.frame_report import FrameReport
from maturekit.validation.history import History, history
from maturekit.validation.learn import Learned, learn
from maturekit.validation.skew import skew
from maturekit.validation.validate import validate

__all__ = [
    "Compare",
    "Constant",
    "ForeignKey",
    "FrameReport",
    "Fresh",
    "GroupRule",
    "GroupSize",
    "History",
    "Implies",
    "Key",
    "Learned",
    "NearProfile",
    "Present",
    "RowCount",
    "RowRule",
    "Rule",
    "SumsTo",
    "TableRule",
    "UnknownRule",
    "Verdict",
    "history",
    "learn",
    "skew",
    "validate",
]
