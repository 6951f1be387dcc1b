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
    """The one warning class: something works, and will surprise you later."""


class ArgumentError(MaturekitError, ValueError):
    """An argument has a value that cannot be used."""


class ArgumentTypeError(MaturekitError, TypeError):
    """An argument has a type that cannot be used."""


class NameRuleError(ArgumentError):
    """A name would not be safe or portable as a file name."""


class TableError(ArgumentError):
    """A table cannot be judged at all, for instance since two columns share a name."""


class SchemaError(ArgumentError):
    """A contract contradicts itself or cannot be stored."""


class ProfileMismatchError(ArgumentError):
    """Two summaries do not describe the same table."""


class BatchTakenError(ArgumentError):
    """A batch with this id was counted already."""


class CheckFailedError(MaturekitError, ValueError):
    """A report holds a failure at the asked severity; `report` carries all of it."""

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report


class NotEnoughEvidenceError(MaturekitError, ValueError):
    """Too few rows, or rows too much alike, for a number with an interval; reports say *not enough evidence*."""


class RejectedRowsError(MaturekitError, ValueError):
    """Some rows were refused by a contract; `answer` holds the answers of the others."""

    def __init__(self, message: str, *, answer: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.answer = answer


class RejectedRecordError(RejectedRowsError):
    """One record was refused by a contract; `answer.findings` says why."""


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
    """There is no registry at this place."""


class ModelNotFoundError(NotFoundError):
    """The registry holds no model of that name."""


class VersionNotFoundError(NotFoundError):
    """The model has no version of that number."""


class AliasNotFoundError(NotFoundError):
    """No version of the model carries that alias."""


class MissingExtraError(MaturekitError, ImportError):
    """A feature needs a package that is not installed.

    >>> raise MissingExtraError("polars tables need the package 'narwhals'", hint="pip install 'maturekit[frames]'")
    Traceback (most recent call last):
    maturekit.errors.MissingExtraError: polars tables need the package 'narwhals'
    <BLANKLINE>
    Hint: pip install 'maturekit[frames]'
    """


class StorageError(MaturekitError, OSError):
    """Bytes could not be read or written; nothing was half-written."""


class KeyMissingError(StorageError, LookupError):
    """Nothing is stored under this key."""


class KeyTakenError(StorageError, FileExistsError):
    """The key exists already, and keys are written only once."""


class SourceMissingError(StorageError, FileNotFoundError):
    """A file or folder that should be read is not there."""


class ForeignFolderError(StorageError):
    """The folder holds files that are not ours, so nothing is written into it."""


class FormatError(MaturekitError, ValueError):
    """A stored text is malformed, or of a format newer than this library."""


class IntegrityError(MaturekitError, ValueError):
    """Stored bytes differ from what was written."""


class UntrustedError(MaturekitError, ValueError):
    """A model file asks for code that neither the library nor the caller allowed; `names` lists it."""

    def __init__(self, message: str, *, names: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.names = tuple(names)


class PromotionRefusedError(MaturekitError, RuntimeError):
    """A policy refused a promotion; `report` holds every gate's finding."""

    def __init__(self, message: str, *, report: Any, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report
