"""The rules that come with the library."""

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

__all__ = [
    "Compare",
    "Constant",
    "ForeignKey",
    "Fresh",
    "GroupSize",
    "Implies",
    "Key",
    "NearProfile",
    "Present",
    "RowCount",
    "SumsTo",
]
