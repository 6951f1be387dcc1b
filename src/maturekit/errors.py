"""Every exception and warning maturekit raises on purpose.

The tree::

  * MaturekitError
    + ArgumentError             (also ValueError)     an argument cannot be used
      - NameRuleError           (also ValueError)     a name is not portable between file systems
      - TableError              (also ValueError)     a table cannot be judged at all
      - SchemaError             (also ValueError)     a contract contradicts itself
      - ProfileMismatchError    (also ValueError)     two summaries do not describe the same table
      - BatchTakenError         (also ValueError)     a batch would count twice
    + ArgumentTypeError         (also TypeError)      an argument has the wrong type
    + CheckFailedError          (also ValueError)     a report holds a failure; carries the report
    + NotEnoughEvidenceError    (also ValueError)     too few rows, or too alike, for a number with an interval
    + RejectedRowsError         (also ValueError)     rows were refused; carries the answer
      - RejectedRecordError     (also ValueError)     one record was refused
    + NotFoundError             (also LookupError)    something named does not exist
      - RegistryNotFoundError   (also LookupError)
      - ModelNotFoundError      (also LookupError)
      - VersionNotFoundError    (also LookupError)
      - AliasNotFoundError      (also LookupError)
    + MissingExtraError         (also ImportError)    an optional package is not installed
    + StorageError              (also OSError)        bytes could not be read or written
      - KeyMissingError         (also LookupError)    nothing is stored under a key
      - KeyTakenError           (also FileExistsError) a key is written once, and was
      - SourceMissingError      (also FileNotFoundError) a file or folder to read is not there
      - ForeignFolderError      (also OSError)        the folder holds something that is not ours
    + FormatError               (also ValueError)     stored text is malformed or of a newer format
    + IntegrityError            (also ValueError)     stored bytes differ from what was written
    + UntrustedError            (also ValueError)     a file asks for code nobody allowed
    + PromotionRefusedError     (also RuntimeError)   a policy said no; carries the report

Catch `MaturekitError` for "something maturekit refused to do"; catch the built-in parent when you
do not want to import maturekit at all. `MaturekitWarning` is the only warning class.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Self

__all__ = [
    "AliasNotFoundError",
    "ArgumentError",
    "ArgumentTypeError",
    "BatchTakenError",
    "CheckFailedError",
    "ForeignFolderError",
    "FormatError",
    "IntegrityError",
    "KeyMissingError",
    "KeyTakenError",
    "MaturekitError",
    "MaturekitWarning",
    "MissingExtraError",
    "ModelNotFoundError",
    "NameRuleError",
    "NotEnoughEvidenceError",
    "NotFoundError",
    "ProfileMismatchError",
    "PromotionRefusedError",
    "RegistryNotFoundError",
    "RejectedRecordError",
    "RejectedRowsError",
    "SchemaError",
    "SourceMissingError",
    "StorageError",
    "TableError",
    "UntrustedError",
    "VersionNotFoundError",
]


class MaturekitError(Exception):
    r"""Base class: one sentence saying what is wrong, and one saying what to do.

    >>> str(MaturekitError("the folder is empty", hint="register a model first."))
    'the folder is empty\n\nHint: register a model first.'
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}\n\nHint: {hint}" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that an error crosses a process border with all it carries."""
        return (_rebuilt, (type(self), self.args, self.__dict__))


def _rebuilt(kind: type[MaturekitError], args: tuple[object, ...], state: dict[str, Any]) -> MaturekitError:
    error = kind.__new__(kind, *args)
    error.args = args  # an OSError leaves them to __init__, which knows only a message and a hint
    error.__dict__.update(state)
    return error


class MaturekitWarning(UserWarning):
    """The one warning class: something works, and will surprise you later.

    >>> issubclass(MaturekitWarning, UserWarning)
    True
    """


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


class CheckFailedError(MaturekitError, ValueError):
    """A report holds a failure at the asked severity; `report` carries all of it.

    >>> from maturekit.reports import Finding, Report
    >>> Report("validation", [Finding("nullable", "failed", columns=("age",), count=2)]).raise_if_failed()
    Traceback (most recent call last):
    maturekit.errors.CheckFailedError: validation did not pass: nullable age 2 rows...
    """

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report


class NotEnoughEvidenceError(MaturekitError, ValueError):
    """Too few rows, or rows too much alike, for a number with an interval; reports say *not enough evidence*.

    >>> from maturekit.statistics import mean
    >>> mean([1.0])
    Traceback (most recent call last):
    maturekit.errors.NotEnoughEvidenceError: a mean with an interval needs at least 2 rows, got 1
    """


class RejectedRowsError(MaturekitError, ValueError):
    """Some rows were refused by a contract; `answer` holds the answers of the others.

    >>> import pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from maturekit import Column, Schema, deployment
    >>> frame = pd.DataFrame({"a": [-1.0, 1.0]})
    >>> model = DummyClassifier().fit(frame, [0, 1])
    >>> deployment.Guarded(model, schema=Schema({"a": Column("float", ge=0)})).predict(frame)
    Traceback (most recent call last):
    maturekit.errors.RejectedRowsError: 1 of 2 rows got no answer: ge:a (1 row)...
    """

    def __init__(self, message: str, *, answer: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.answer = answer


class RejectedRecordError(RejectedRowsError):
    """One record was refused by a contract; `answer.findings` says why.

    >>> raise RejectedRecordError("the record was rejected: ge:a", answer=None)
    Traceback (most recent call last):
    maturekit.errors.RejectedRecordError: the record was rejected: ge:a
    """


class NotFoundError(MaturekitError, LookupError):
    """Something was asked for by a name that does not exist.

    >>> raise ModelNotFoundError.named("model", "chrun", known=["churn", "fraud"])
    Traceback (most recent call last):
    maturekit.errors.ModelNotFoundError: no model named 'chrun'; known: 'churn', 'fraud'
    <BLANKLINE>
    Hint: did you mean 'churn'?
    """

    def __init__(self, message: str, *, name: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name

    @classmethod
    def named(cls, what: str, name: str, *, known: Iterable[str]) -> Self:
        """Word the error for a missing `name` of a `what`, given the names that exist."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        shown = ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        return cls(
            f"no {what} named {name!r}; known: {shown or 'none'}",
            name=name,
            hint=f"did you mean {close[0]!r}?" if close else "",
        )


class RegistryNotFoundError(NotFoundError):
    """There is no registry at this place.

    >>> from maturekit import Registry
    >>> Registry("no-such-folder").names()
    Traceback (most recent call last):
    maturekit.errors.RegistryNotFoundError: there is no registry in 'no-such-folder'...
    """


class ModelNotFoundError(NotFoundError):
    """The registry holds no model of that name.

    >>> raise ModelNotFoundError.named("model", "late-fligts", known=["late-flights"])
    Traceback (most recent call last):
    maturekit.errors.ModelNotFoundError: no model named 'late-fligts'; known: 'late-flights'...
    """


class VersionNotFoundError(NotFoundError):
    """The model has no version of that number.

    >>> raise VersionNotFoundError("'late-flights' has no version 2", hint="its versions are 1 to 1.")
    Traceback (most recent call last):
    maturekit.errors.VersionNotFoundError: 'late-flights' has no version 2...
    """


class AliasNotFoundError(NotFoundError):
    """No version of the model carries that alias.

    >>> raise AliasNotFoundError.named("alias", "prodution", known=["production"])
    Traceback (most recent call last):
    maturekit.errors.AliasNotFoundError: no alias named 'prodution'; known: 'production'...
    """


class MissingExtraError(MaturekitError, ImportError):
    """A feature needs a package that is not installed.

    >>> raise MissingExtraError("polars tables need the package 'narwhals'", hint="pip install 'maturekit[frames]'")
    Traceback (most recent call last):
    maturekit.errors.MissingExtraError: polars tables need the package 'narwhals'
    <BLANKLINE>
    Hint: pip install 'maturekit[frames]'
    """


class StorageError(MaturekitError, OSError):
    """Bytes could not be read or written; nothing was half-written.

    >>> from maturekit.storage import LocalStore
    >>> LocalStore(__file__).put_new("a", b"one")
    Traceback (most recent call last):
    maturekit.errors.StorageError: could not write 'a' in ...
    """


class KeyMissingError(StorageError, LookupError):
    """Nothing is stored under this key.

    >>> from maturekit.storage import MemoryStore
    >>> MemoryStore().get("a")
    Traceback (most recent call last):
    maturekit.errors.KeyMissingError: nothing is stored under 'a'
    """


class KeyTakenError(StorageError, FileExistsError):
    """The key exists already, and keys are written only once.

    >>> raise KeyTakenError("the key 'a' is taken")
    Traceback (most recent call last):
    maturekit.errors.KeyTakenError: the key 'a' is taken
    """


class SourceMissingError(StorageError, FileNotFoundError):
    """A file or folder that should be read is not there.

    >>> from maturekit import scan
    >>> list(scan.chunks("no-such-file.parquet"))
    Traceback (most recent call last):
    maturekit.errors.SourceMissingError: there is no file or folder no-such-file.parquet
    """


class ForeignFolderError(StorageError):
    """The folder holds files that are not ours, so nothing is written into it.

    >>> raise ForeignFolderError("papers holds files that are not of a registry, so nothing is written there")
    Traceback (most recent call last):
    maturekit.errors.ForeignFolderError: papers holds files that are not of a registry, so nothing is written there
    """


class FormatError(MaturekitError, ValueError):
    """A stored text is malformed, or of a format newer than this library.

    >>> from maturekit.reports import Report
    >>> Report.from_json("{}")
    Traceback (most recent call last):
    maturekit.errors.FormatError: a stored report is malformed: it has no format number
    """


class IntegrityError(MaturekitError, ValueError):
    """Stored bytes differ from what was written.

    >>> raise IntegrityError("model/late-flights: event 1 is missing, but event 2 is there")
    Traceback (most recent call last):
    maturekit.errors.IntegrityError: model/late-flights: event 1 is missing, but event 2 is there
    """


class UntrustedError(MaturekitError, ValueError):
    """A model file asks for code that neither the library nor the caller allowed; `names` lists it.

    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from maturekit import Registry
    >>> from maturekit.storage import MemoryStore
    >>> Registry(MemoryStore(), actor="ada").register("odd", FunctionTransformer(print)).load()
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the model file asks for code that is not on the allow-list: builtins.print...
    """

    def __init__(self, message: str, *, names: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.names = tuple(names)


class PromotionRefusedError(MaturekitError, RuntimeError):
    """A policy refused a promotion; `report` holds every gate's finding.

    >>> raise PromotionRefusedError("policy 'weekly' says schema-attached failed", report=None)
    Traceback (most recent call last):
    maturekit.errors.PromotionRefusedError: policy 'weekly' says schema-attached failed
    """

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report
