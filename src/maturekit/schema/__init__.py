"""Contracts: what a table, and each of its records, must look like."""

from maturekit.schema.change import Change
from maturekit.schema.column import Column
from maturekit.schema.group_rule import GroupRule
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rule import Rule
from maturekit.schema.rules import (
    Compare,
    Constant,
    ForeignKey,
    Fresh,
    GroupSize,
    Implies,
    Key,
    NearProfile,
    Present,
    RowCount,
    SumsTo,
)
from maturekit.schema.schema import Schema
from maturekit.schema.table_rule import TableRule, Verdict
from maturekit.schema.unknown import UnknownRule

__all__ = [
    "Change",
    "Column",
    "Compare",
    "Constant",
    "ForeignKey",
    "Fresh",
    "GroupRule",
    "GroupSize",
    "Implies",
    "Key",
    "NearProfile",
    "Present",
    "RowCount",
    "RowRule",
    "Rule",
    "Schema",
    "SumsTo",
    "TableRule",
    "UnknownRule",
    "Verdict",
]
