"""The rules that a stored schema knows by name, whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maturekit.schema.rule import Rule
from maturekit.schema.rules.compare import Compare
from maturekit.schema.rules.constant import Constant
from maturekit.schema.rules.foreign_key import ForeignKey
from maturekit.schema.rules.fresh import Fresh
from maturekit.schema.rules.group_size import GroupSize
from maturekit.schema.rules.implies import Implies
from maturekit.schema.rules.key import Key
from maturekit.schema.rules.near_profile import NearProfile
from maturekit.schema.rules.present import Present
from maturekit.schema.rules.row_count import RowCount
from maturekit.schema.rules.sums_to import SumsTo

__all__ = ["BUILT_IN"]

BUILT_IN: Mapping[str, type[Rule]] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
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
    }
)
"""The classes of these rules by the name they are stored under."""
