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
    + DeadlineError             (also TimeoutError)   no answer in time
    + OverloadedError           (also RuntimeError)   too many calls at once; this one was shed
    + CircuitOpenError          (also RuntimeError)   a model failed too often and is left alone for a while

Catch `MaturekitError` for "something maturekit refused to do"; catch the built-in parent when you
do not want to import maturekit at all. `MaturekitWarning` is the only warning class.
"""

from __future__ import annotations

from maturekit.errors.arguments import (
    ArgumentError,
    ArgumentTypeError,
    BatchTakenError,
    MissingExtraError,
    NameRuleError,
    NotEnoughEvidenceError,
    ProfileMismatchError,
    SchemaError,
    TableError,
)
from maturekit.errors.base import (
    MaturekitError,
    MaturekitWarning,
)
from maturekit.errors.lookups import (
    AliasNotFoundError,
    ModelNotFoundError,
    NotFoundError,
    RegistryNotFoundError,
    VersionNotFoundError,
)
from maturekit.errors.refusals import (
    CheckFailedError,
    PromotionRefusedError,
    RejectedRecordError,
    RejectedRowsError,
)
from maturekit.errors.serving import (
    CircuitOpenError,
    DeadlineError,
    OverloadedError,
)
from maturekit.errors.stored import (
    ForeignFolderError,
    FormatError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    SourceMissingError,
    StorageError,
    UntrustedError,
)

__all__ = [
    "AliasNotFoundError",
    "ArgumentError",
    "ArgumentTypeError",
    "BatchTakenError",
    "CheckFailedError",
    "CircuitOpenError",
    "DeadlineError",
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
    "OverloadedError",
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

for _name in __all__:  # what a traceback and a pickle call them
    globals()[_name].__module__ = __name__
