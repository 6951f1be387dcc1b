"""Contract suites: what every subclass of a base class promises, as checks anyone can run on their own."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.testing.compilers import COMPILER_CHECKS
    from maturekit.testing.criteria import CRITERION_CHECKS
    from maturekit.testing.distances import DISTANCE_CHECKS
    from maturekit.testing.gates import GATE_CHECKS
    from maturekit.testing.metrics import METRIC_CHECKS
    from maturekit.testing.rules import GROUP_RULE_CHECKS, ROW_RULE_CHECKS, TABLE_RULE_CHECKS
    from maturekit.testing.serializers import SERIALIZER_CHECKS
    from maturekit.testing.sinks import SINK_CHECKS
    from maturekit.testing.stores import STORE_CHECKS
    from maturekit.testing.suites import SUITES, Check, check, checks_of
    from maturekit.testing.views import VIEW_CHECKS
    from maturekit.testing.walk import bases, implementations, modules
    from maturekit.testing.wrappers import WRAPPER_CHECKS

__all__ = [
    "COMPILER_CHECKS",
    "CRITERION_CHECKS",
    "DISTANCE_CHECKS",
    "GATE_CHECKS",
    "GROUP_RULE_CHECKS",
    "METRIC_CHECKS",
    "ROW_RULE_CHECKS",
    "SERIALIZER_CHECKS",
    "SINK_CHECKS",
    "STORE_CHECKS",
    "SUITES",
    "TABLE_RULE_CHECKS",
    "VIEW_CHECKS",
    "WRAPPER_CHECKS",
    "Check",
    "bases",
    "check",
    "checks_of",
    "implementations",
    "modules",
]

_HOMES = {  # a test of one gate does not load every block
    "COMPILER_CHECKS": "maturekit.testing.compilers",
    "CRITERION_CHECKS": "maturekit.testing.criteria",
    "Check": "maturekit.testing.suites",
    "DISTANCE_CHECKS": "maturekit.testing.distances",
    "GATE_CHECKS": "maturekit.testing.gates",
    "GROUP_RULE_CHECKS": "maturekit.testing.rules",
    "METRIC_CHECKS": "maturekit.testing.metrics",
    "ROW_RULE_CHECKS": "maturekit.testing.rules",
    "SERIALIZER_CHECKS": "maturekit.testing.serializers",
    "SINK_CHECKS": "maturekit.testing.sinks",
    "STORE_CHECKS": "maturekit.testing.stores",
    "SUITES": "maturekit.testing.suites",
    "TABLE_RULE_CHECKS": "maturekit.testing.rules",
    "VIEW_CHECKS": "maturekit.testing.views",
    "WRAPPER_CHECKS": "maturekit.testing.wrappers",
    "bases": "maturekit.testing.walk",
    "check": "maturekit.testing.suites",
    "checks_of": "maturekit.testing.suites",
    "implementations": "maturekit.testing.walk",
    "modules": "maturekit.testing.walk",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
