"""Which suite belongs to which base class, and how to run it on a class of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from maturekit.deployment import Wrapper
from maturekit.deployment.compiled import Compiler
from maturekit.drift import BatchStatistic
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.governance import Gate
from maturekit.maturity import Criterion
from maturekit.predictions import Sink
from maturekit.profile import Distance, View
from maturekit.registry import Serializer
from maturekit.schema import GroupRule, RowRule, TableRule
from maturekit.statistics import Metric
from maturekit.storage import Store
from maturekit.testing.batch_statistics import BATCH_STATISTIC_CHECKS
from maturekit.testing.compilers import COMPILER_CHECKS
from maturekit.testing.criteria import CRITERION_CHECKS
from maturekit.testing.distances import DISTANCE_CHECKS
from maturekit.testing.gates import GATE_CHECKS
from maturekit.testing.metrics import METRIC_CHECKS
from maturekit.testing.rules import GROUP_RULE_CHECKS, ROW_RULE_CHECKS, TABLE_RULE_CHECKS
from maturekit.testing.serializers import SERIALIZER_CHECKS
from maturekit.testing.sinks import SINK_CHECKS
from maturekit.testing.stores import STORE_CHECKS
from maturekit.testing.views import VIEW_CHECKS
from maturekit.testing.walk import check_class
from maturekit.testing.wrappers import WRAPPER_CHECKS

__all__ = ["SUITES", "Check", "check", "checks_of"]

Check = Callable[[Any], None]
"""A function that takes an instance and raises `AssertionError` if it breaks a promise of its base class."""

SUITES: Mapping[type, tuple[Check, ...]] = MappingProxyType(
    {
        BatchStatistic: BATCH_STATISTIC_CHECKS,
        Compiler: COMPILER_CHECKS,
        Criterion: CRITERION_CHECKS,
        Distance: DISTANCE_CHECKS,
        Gate: GATE_CHECKS,
        GroupRule: GROUP_RULE_CHECKS,
        Metric: METRIC_CHECKS,
        RowRule: ROW_RULE_CHECKS,
        Serializer: SERIALIZER_CHECKS,
        Sink: SINK_CHECKS,
        Store: STORE_CHECKS,
        TableRule: TABLE_RULE_CHECKS,
        View: VIEW_CHECKS,
        Wrapper: WRAPPER_CHECKS,
    }
)
"""The contract suite of every base class that users may extend."""


def checks_of(kind: type) -> tuple[Check, ...]:
    """Return the checks that a class has to pass, for use with ``pytest.mark.parametrize``; none without such a base.

    Raises `ArgumentTypeError` for what is no class.

    >>> from maturekit.profile import Wasserstein
    >>> checks_of(Wasserstein) == DISTANCE_CHECKS
    True
    """
    check_class(kind, what="kind")
    return tuple(check for base, suite in SUITES.items() if issubclass(kind, base) for check in suite)


def check(kind: type) -> None:
    """Run every check on fresh examples of a class; the first broken promise raises.

    The class says by ``examples()`` which instances to judge. Raises `ArgumentError` when it yields none, or when the
    class is abstract or has no base that comes with a suite, and `ArgumentTypeError` for what is no class, and for
    examples that are not of it.

    >>> from maturekit.governance import SchemaAttached
    >>> check(SchemaAttached)
    >>> check(dict)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: dict has no base class with a contract suite
    <BLANKLINE>
    Hint: suites exist for subclasses of BatchStatistic, Compiler, Criterion, Distance, Gate, GroupRule, Metric, RowRule, Serializer, Sink, Store, TableRule, View, Wrapper.
    """
    checks = checks_of(kind)
    if not checks:
        known = ", ".join(base.__name__ for base in SUITES)
        raise ArgumentError(
            f"{kind.__name__} has no base class with a contract suite", hint=f"suites exist for subclasses of {known}."
        )
    if inspect.isabstract(kind):
        raise ArgumentError(f"{kind.__name__} is abstract", hint="check a subclass that fills in what is missing.")
    for each in checks:
        judged = 0
        for instance in _examples(kind):
            each(instance)
            judged += 1
        if not judged:
            raise ArgumentError(f"{kind.__name__}.examples() yields nothing", hint="yield at least one instance.")


def _examples(kind: Any) -> Iterator[Any]:
    is_bound = isinstance(inspect.getattr_static(kind, "examples"), (classmethod, staticmethod))
    found = kind.examples() if is_bound else None
    if not isinstance(found, Iterable):
        raise ArgumentTypeError(
            f"{kind.__name__}.examples must be a class method that yields instances",
            hint="decorate it with `@classmethod`, and write `yield cls(...)`.",
        )
    for instance in found:
        if not isinstance(instance, kind):
            raise ArgumentTypeError(
                f"{kind.__name__}.examples() must yield instances of {kind.__name__}, got {type(instance).__name__}"
            )
        yield instance
