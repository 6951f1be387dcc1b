"""The rules that a stored schema knows by name, whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maturekit.schema import rules
from maturekit.schema.rule import Rule

__all__ = ["BUILT_IN"]

BUILT_IN: Mapping[str, type[Rule]] = MappingProxyType({name: getattr(rules, name) for name in rules.__all__})
"""The classes of these rules by the name they are stored under."""
