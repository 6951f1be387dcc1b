"""Contracts: what a table, and each of its records, must look like."""

from maturekit.schema.change import Change
from maturekit.schema.column import Column
from maturekit.schema.compare import Compare
from maturekit.schema.rule import Rule
from maturekit.schema.schema import Schema
from maturekit.schema.unknown import UnknownRule

__all__ = ["Change", "Column", "Compare", "Rule", "Schema", "UnknownRule"]
