"""What of a schema holds when a model is asked, and what the model then receives."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit._core.frames import as_frame
from maturekit.deployment.unknown import Policies, names_to_clear, under_policy
from maturekit.errors import ArgumentError, SchemaError, TableError
from maturekit.reports import Finding
from maturekit.schema import Column, Schema
from maturekit.schema.kinds import is_null
from maturekit.validation.failures import Failures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.source import Source

__all__ = ["Contract", "reasons", "stored"]

_TEXTS = pd.Series(["a"]).dtype
"""How pandas stores texts when nobody says otherwise: object before pandas 3, then str."""

_COPIES_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3

_NEVER = frozenset({"present", "kind"})

_NO_NUMBERS = frozenset({"string", "category", "datetime", "date", "timedelta"})

_ONE_STORAGE = frozenset({"int", "datetime"})
"""The kinds whose values choose their storage: signed or not, and by time zone."""


class Contract:
    """The features that a schema has in serving and the rules among them, for one model.

    Labels, keys, times and groups are for others. Uniqueness, order and the rules about groups or tables speak of more
    than one row, and a prediction must not depend on its neighbours, so they are left out too.

    Parameters
    ----------
    schema : Schema
        The whole contract of the table.
    source : Source
        What will answer. If the model knows the names of its features, it gets those, in its order, else those of the
        schema. If there are examples, texts of a record are stored as they are there; else a `category` is categorical
        and a `string` is not.
    unknown : str or mapping of str to str, optional
        What happens to categories that the schema does not know, as `Guarded` takes it.
    """

    def __init__(self, schema: Schema, source: Source, *, unknown: Policies = None) -> None:
        serving = schema.serving()
        features = {name: _of_a_row(serving.columns[name]) for name in serving.features}
        features = under_policy(features, unknown)
        rules = [rule for rule in serving.rules if rule.judges_records and set(rule.columns) <= set(features)]
        self.whole = schema
        self.unknown = unknown
        self.schema = Schema(features, rules)
        known = getattr(source.model, "feature_names_in_", None)
        self.names = list(features) if known is None else [str(name) for name in known]
        strangers = [name for name in self.names if name not in features]
        if strangers:
            raise SchemaError(
                f"the model needs {', '.join(map(repr, strangers[:5]))}, which the schema does not declare as features",
                hint="declare them with the role 'feature', or register the model with the schema of its features.",
            )
        self._columns = {name: features[name] for name in self.names}
        self._clears = names_to_clear(self._columns, unknown)
        self._categories = {name: _categories_of(name, features[name], source.examples) for name in self.names}
        self._known = {name: frozenset(each) for name, each in self._categories.items() if each is not None}
        self._conforms = any(column.coerce or column.aliases for column in features.values())
        self._seen: tuple[pd.Index, list[int] | None] | None = None
        self._as_array = known is None and hasattr(source.model, "n_features_in_")  # it was fitted on an array

    def frame_of(self, table: Any) -> pd.DataFrame:
        """Return a table as a frame with names that are texts and do not repeat; what has the names of the last is one."""
        seen = self._seen
        return table if type(table) is pd.DataFrame and seen and seen[0].equals(table.columns) else as_frame(table)

    @functools.cached_property
    def failures(self) -> Failures:
        """What is wrong with the features of a table."""
        return Failures(self.schema)

    def cleared(self, findings: Iterable[Finding]) -> frozenset[str]:
        """Return the columns in which unknown categories were found that count as missing."""
        if not self._clears:
            return self._clears
        return self._clears & {finding.columns[0] for finding in findings if finding.rule == "categories"}

    def rows(self, frame: pd.DataFrame, keep: NDArray[np.int64] | None, clear: AbstractSet[str] = frozenset()) -> Any:
        """Return the features of the rows to keep (None: all), stored as they came; nothing is cast but what is coerced.

        Only a column of mixed objects is stored anew by its kind, and one of nulls alone, which tables hold as floats:
        neighbours, gone or absent, must not decide how a value is stored. In the columns to `clear`, categories that the contract does not know are missing.
        Whoever writes to what comes back does not write to `frame`.
        """
        if self._conforms:
            table = frame[list(self.schema.located(frame.columns).values())]
            table = self.schema.conform(table if keep is None else table.take(keep))[self.names]
        else:
            table = self._selected(frame)
            table = table if keep is None else table.take(keep)
        if clear:
            known = {
                name: table[name].isin(self._columns[name].categories or ()) for name in clear & self._columns.keys()
            }
            table = table.assign(**{name: table[name].where(here) for name, here in known.items()})
        odd = {
            name: _as_it_is(stored(table[name].tolist(), column), table.index)
            for (name, column), dtype in zip(self._columns.items(), table.dtypes.tolist(), strict=True)
            if dtype.kind == "O" and isinstance(dtype, np.dtype) and not _is_usual(table[name], column)
        }
        odd |= {
            name: _as_it_is(stored([None] * len(table), column, self._categories[name]), table.index)
            for (name, column), dtype in zip(self._columns.items(), table.dtypes.tolist(), strict=True)
            if dtype.kind == "f" and column.kind in _NO_NUMBERS and table[name].isna().all()
        }
        return self._shaped(table.assign(**odd) if odd else table)

    def _selected(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the features of a table, in the model's order, as a table of its own."""
        names, seen = frame.columns, self._seen
        if seen is None or not seen[0].equals(names):
            found = names.get_indexer(pd.Index(self.names)).tolist()
            if -1 in found:
                raise TableError(f"the table lacks {self.names[found.index(-1)]!r}")
            self._seen = seen = names, None if found == list(range(len(names))) else found
        if seen[1] is None:  # before pandas 3 a copy that shares its values is not protected from being written to
            return frame.copy(deep=not _COPIES_ON_WRITE)
        return frame.take(seen[1], axis=1)

    def row(self, record: Mapping[str, Any]) -> Any:
        """Return the features of one valid record as a frame of one row."""
        return self.table([record])

    def table(self, records: Sequence[Mapping[str, Any]]) -> Any:
        """Return the features of valid records as one frame, with a row for each, stored as `row` stores it alone.

        Whole numbers beside a null are floats, as in any table. Raises `ArgumentError` where one column has no storage
        that all of them have alone: moments of several time zones, and whole numbers both below 0 and beyond 63 bits.
        """
        cells = {}
        for name, column in self._columns.items():
            array = stored([record[name] for record in records], column, self._categories[name])
            if len(records) > 1 and column.kind in _ONE_STORAGE and _is_mixed(array):
                raise ArgumentError(
                    f"the values of {name!r} cannot be stored in one column as they would be alone",
                    hint="ask about these records one by one.",
                )
            cells[name] = _as_it_is(array, pd.RangeIndex(len(records)))
        return self._shaped(pd.DataFrame(cells))

    def strangers(self, record: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values of a valid record that become categories of their own: only equals of it may stand beside it."""
        return tuple(
            (name, record[name])
            for name, known in self._known.items()
            if record[name] not in known and not is_null(record[name])
        )

    def narrowed(self, record: Mapping[str, Any], clear: AbstractSet[str] = frozenset()) -> dict[str, Any]:
        """Return one valid record without what the model must not see; the columns to `clear` are missing in it."""
        if self._conforms:
            record = self.schema.conform_record(record)
        if clear:
            return {name: None if name in clear else record[name] for name in self.names}
        return {name: record[name] for name in self.names}

    def _shaped(self, table: pd.DataFrame) -> Any:
        return table.to_numpy() if self._as_array else table


def reasons(findings: Iterable[Finding], rows: int) -> dict[int, tuple[str, ...]]:
    """Return for each refused row why; what failed as a whole, or could not run, refuses every row.

    A value that is absent, or of another kind, refuses its row whatever the severity: no model could be given it.

    >>> reasons([Finding("nullable", "failed", columns=("age",), positions=[1])], rows=2)
    {1: ('nullable:age',)}
    """
    by_row: dict[int, list[str]] = {}
    for finding in findings:
        refuses = finding.severity == "error" or (finding.rule in _NEVER and finding.status != "not_enough_evidence")
        if refuses and (not finding.ok or len(finding.positions)):
            word = ":".join([finding.rule, *(", ".join(finding.columns),) * bool(finding.columns)])
            if finding.status == "could_not_run":
                word += " could not run"
            for row in finding.positions.tolist() or range(rows):
                by_row.setdefault(row, []).append(word)
    return {row: tuple(words) for row, words in sorted(by_row.items())}


def stored(values: Sequence[Any], column: Column, categories: tuple[Any, ...] | None = None) -> Any:
    """Return valid values of a column as an array, in the storage that a whole table of them usually has.

    With `categories` it is categorical; values that are none of them stand behind them.

    >>> stored([3.0], Column("int")).dtype, stored([None], Column("float", nullable=True)).dtype
    (dtype('int64'), dtype('float64'))
    >>> stored(["b"], Column("category"), ("a",)).categories.tolist()
    ['a', 'b']
    """
    read = [None if is_null(value) else column.reader(value) for value in values]
    if categories is not None:
        places = {value: place for place, value in enumerate(categories)}
        codes = [-1 if value is None else places.setdefault(value, len(places)) for value in read]
        return pd.Categorical.from_codes(codes, dtype=_dtype(tuple(places)))
    kind: str = column.kind
    if kind == "category":  # nulls alone are stored as those beside a value
        kind = _kind_of(read if any(value is not None for value in read) else column.categories or ())
    if kind == "string":
        texts = [np.nan if value is None else value for value in read]
        try:
            return pd.Series(texts, dtype=_TEXTS).array
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON lets in, and Arrow cannot hold
            return pd.Series(texts, dtype=object).array
    if kind == "float" or (kind == "int" and None in read):
        return np.array(read, dtype=np.float64)
    if kind in {"int", "bool"}:
        return np.array(read)
    if kind == "date":
        return np.array(read, dtype="datetime64[D]").astype("datetime64[s]")
    if kind in {"decimal", "object"}:
        return pd.Series(read, dtype=object).array
    empty = f"{kind}64[ns]" if all(value is None for value in read) else None
    return pd.Series(read, dtype=empty).array


def _categories_of(name: str, column: Column, examples: pd.DataFrame | None) -> tuple[Any, ...] | None:
    if examples is not None and name in examples:
        dtype = examples[name].dtype
        return tuple(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else None
    return tuple(column.categories or ()) if column.kind == "category" else None


@functools.lru_cache(maxsize=256)
def _dtype(categories: tuple[Any, ...]) -> pd.CategoricalDtype:
    try:
        return pd.CategoricalDtype(pd.Index(categories))
    except UnicodeEncodeError:  # as above
        return pd.CategoricalDtype(pd.Index(categories, dtype=object))


def _kind_of(values: Sequence[Any]) -> str:
    """Return the kind that the values of a category have: texts or whole numbers, or an object where both are there."""
    kinds = {"string" if isinstance(value, str) else "int" for value in values if value is not None}
    return "object" if len(kinds) > 1 else kinds.pop() if kinds else "string"


def _as_it_is(array: Any, index: pd.Index) -> Any:
    """Return an array such that a frame does not ask objects once more what they could be stored as."""
    objects = isinstance(array, pd.arrays.NumpyExtensionArray) and array.dtype.kind == "O"
    return pd.Series(array, index=index, dtype=object) if objects else array


def _is_usual(series: pd.Series, column: Column) -> bool:
    """Return whether valid objects are stored as usual: texts, and as nulls nothing but None and NaN."""
    if column.kind not in {"string", "category"}:
        return False
    return not column.nullable or {str, float, type(None)}.issuperset(map(type, series.tolist()))


def _is_mixed(array: Any) -> bool:
    """Return whether numbers or moments had to be stored as something else."""
    return array.dtype.kind == "O" or (array.dtype.kind == "f" and not np.isnan(array).any())


def _of_a_row(column: Column) -> Column:
    return column.model_copy(update={"unique": False, "order": None}) if column.unique or column.order else column
