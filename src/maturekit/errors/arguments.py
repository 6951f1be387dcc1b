"""Arguments that cannot be used, and evidence that is not enough."""

from __future__ import annotations

from maturekit.errors.base import MaturekitError

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "BatchTakenError",
    "MissingExtraError",
    "NameRuleError",
    "NotEnoughEvidenceError",
    "ProfileMismatchError",
    "SchemaError",
    "TableError",
]


class ArgumentError(MaturekitError, ValueError):
    """An argument has a value that cannot be used.

    >>> from maturekit.reports import Finding
    >>> Finding("range", "fine")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: status 'fine' is none of passed, failed, could_not_run, ...
    """


class ArgumentTypeError(MaturekitError, TypeError):
    """An argument has a type that cannot be used.

    >>> from maturekit.storage import MemoryStore
    >>> MemoryStore().put_new("a", "text")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: a store keeps bytes, got str
    """


class NameRuleError(ArgumentError):
    """A name would not be safe or portable as a file name.

    >>> from maturekit.governance import Policy, SchemaAttached
    >>> Policy("../x", [SchemaAttached()])
    Traceback (most recent call last):
    maturekit.errors.NameRuleError: policy name '../x' has a character that is not allowed: '/'...
    """


class TableError(ArgumentError):
    """A table cannot be judged at all, for instance since two columns share a name.

    >>> import pandas as pd
    >>> from maturekit.profile import Profile
    >>> Profile.of(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    Traceback (most recent call last):
    maturekit.errors.TableError: frame has column names that repeat: 'a'...
    """


class SchemaError(ArgumentError):
    """A contract contradicts itself or cannot be stored.

    >>> from maturekit.schema import Column
    >>> Column("float", ge=3, le=1)
    Traceback (most recent call last):
    maturekit.errors.SchemaError: no value is >= 3.0 and <= 1.0...
    """


class ProfileMismatchError(ArgumentError):
    """Two summaries do not describe the same table.

    >>> raise ProfileMismatchError("two profiles hold different columns, such as 'a'")
    Traceback (most recent call last):
    maturekit.errors.ProfileMismatchError: two profiles hold different columns, such as 'a'
    """


class BatchTakenError(ArgumentError):
    """A batch with this id was counted already.

    >>> raise BatchTakenError("the batch 'monday' was counted already")
    Traceback (most recent call last):
    maturekit.errors.BatchTakenError: the batch 'monday' was counted already
    """


class NotEnoughEvidenceError(MaturekitError, ValueError):
    """Too few rows, or rows too much alike, for a number with an interval; reports say *not enough evidence*.

    >>> from maturekit.statistics import mean
    >>> mean([1.0])
    Traceback (most recent call last):
    maturekit.errors.NotEnoughEvidenceError: a mean with an interval needs at least 2 rows, got 1
    """


class MissingExtraError(MaturekitError, ImportError):
    """A feature needs a package that is not installed.

    >>> raise MissingExtraError("polars tables need the package 'narwhals'", hint="pip install 'maturekit[frames]'")
    Traceback (most recent call last):
    maturekit.errors.MissingExtraError: polars tables need the package 'narwhals'
    <BLANKLINE>
    Hint: pip install 'maturekit[frames]'
    """
