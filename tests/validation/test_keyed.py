"""Rows with equal keys meet, in whatever storage they come, and the disk is left as it was."""

from __future__ import annotations

import errno
import pickle
import tempfile
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import StorageError
from maturekit.schema import Column, Schema
from maturekit.validation import spill, validate
from maturekit.validation.key_hash import key_hash
from maturekit.validation.moments import iso_text, nanoseconds
from maturekit.validation.piece import Piece
from maturekit.validation.reading import read

DAY = datetime(2013, 1, 1)
ALIKE = {
    "wholes": (
        Column("int"),
        [
            np.array([3, -1], dtype="int8"),
            np.array([3, -1], dtype="int64"),
            np.array([3.0, -1.0]),
            pd.array([3, -1], dtype="Int32"),
            np.array([3, -1], dtype=object),
            np.array([Decimal(3), np.int64(-1)], dtype=object),
            pd.Categorical([3, -1]),
        ],
    ),
    "large": (
        Column("int"),
        [np.array([2**64 - 1, 2**63], dtype="uint64"), np.array([2**64 - 1, 2**63], dtype=object)],
    ),
    "floats": (
        Column("float"),
        [
            np.array([0.5, 0.0]),
            np.array([0.5, -0.0], dtype="float32"),
            np.array([0.5, 0], dtype=object),
            pd.array([0.5, 0.0], dtype="Float64"),
        ],
    ),
    "truth": (Column("bool"), [np.array([True, False]), np.array([True, False], dtype=object)]),
    "texts": (
        Column("string"),
        [np.array(["a", "é"], dtype=object), pd.array(["a", "é"], dtype="string"), pd.Categorical(["a", "é"])],
    ),
    "mixed": (Column("category"), [np.array([3, "a"], dtype=object), pd.Categorical([3, "a"])]),
    "moments": (
        Column("datetime"),
        [
            np.array([DAY, DAY + timedelta(1)], dtype="M8[s]"),
            np.array([DAY, DAY + timedelta(1)], dtype="M8[ns]"),
            np.array([DAY, pd.Timestamp(DAY) + pd.Timedelta("1D")], dtype=object),
        ],
    ),
    "zoned": (
        Column("datetime"),
        [
            pd.DatetimeIndex([DAY, DAY + timedelta(1)], tz="UTC"),
            pd.DatetimeIndex([DAY, DAY + timedelta(1)], tz="UTC").tz_convert("America/New_York"),
            np.array([DAY.replace(tzinfo=UTC), DAY.replace(tzinfo=UTC) + timedelta(1)], dtype=object),
        ],
    ),
    "days": (
        Column("date"),
        [
            np.array([DAY, DAY + timedelta(1)], dtype="M8[us]"),
            np.array([date(2013, 1, 1), date(2013, 1, 2)], dtype=object),
        ],
    ),
    "spans": (
        Column("timedelta"),
        [np.array([1, -1], dtype="m8[s]"), np.array([timedelta(seconds=1), pd.Timedelta("-1s")], dtype=object)],
    ),
    "decimals": (
        Column("decimal"),
        [np.array([Decimal("3.0"), Decimal("1E+19")], dtype=object), np.array([3, 10**19], dtype=object)],
    ),
}


def values_of(stored, column):
    return read(pd.Series(stored), column).at(None, column)


@pytest.mark.parametrize("what", ALIKE)
def test_equal_keys_have_equal_hashes_in_any_storage(what):
    column, storages = ALIKE[what]
    hashes = {tuple(key_hash([values_of(stored, column)]).tolist()) for stored in storages}
    assert len(hashes) == 1
    assert len(set(hashes.pop())) == 2


@given(st.lists(st.one_of(st.integers(-(2**63), 2**64 - 1), st.decimals(allow_nan=False), st.integers()), min_size=2))
def test_equal_numbers_have_equal_hashes(numbers):
    objects = np.array([*numbers, None], dtype=object)[:-1]
    hashes = key_hash([objects]).tolist()
    for value, number in zip(numbers, hashes, strict=True):
        assert all(number == other for twin, other in zip(numbers, hashes, strict=True) if twin == value)


def test_a_hash_is_one_of_the_whole_key():
    left, right = np.array([1, 1, 2]), pd.Series(["a", "b", "a"])
    assert len(set(key_hash([left, right]).tolist())) == 3
    assert key_hash([left, right]).tolist() != key_hash([right, left]).tolist()


@pytest.mark.parametrize("what", ALIKE)
@pytest.mark.parametrize("limit", [0, spill.LIMIT])
def test_twins_are_found_across_chunks_of_any_storage(what, limit, monkeypatch):
    monkeypatch.setattr(spill, "LIMIT", limit)
    column, storages = ALIKE[what]
    schema = Schema({"x": column.model_copy(update={"unique": True})})
    for first in storages:
        for second in storages:
            report = validate([pd.DataFrame({"x": first}), pd.DataFrame({"x": second})], schema)
            (found,) = [finding for finding in report.findings if finding.rule == "unique"]
            assert found.positions.tolist() == [0, 1, 2, 3]


def test_neighbours_of_numbers_that_floats_cannot_tell_apart_are_no_twins():
    schema = Schema({"x": Column("int", unique=True, nullable=True)})
    parts = [[2**53, 2**53 + 1], [2**63 - 1, -1], [2**63, 2**64 - 1], [None, 0]]
    chunks = [pd.DataFrame({"x": pd.Series(part, dtype=object).infer_objects()}) for part in parts]
    report = validate(chunks, schema)
    assert report.ok
    assert report == validate(pd.concat([c.astype(object) for c in chunks]), schema, clock=lambda: report.time)


def test_moments_that_no_common_storage_holds_are_compared_all_the_same():
    schema = Schema({"x": Column("datetime", unique=True, order="increasing")})
    early, late = np.array(["1500-01-01"], dtype="M8[s]"), np.array(["2013-01-01T00:00:00.000000001"], dtype="M8[ns]")
    report = validate([pd.DataFrame({"x": part}) for part in (early, late, early)], schema)
    found = {finding.rule: finding.positions.tolist() for finding in report.findings if finding.status == "failed"}
    assert found == {"unique": [0, 2], "order": [2]}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (pd.Timestamp("1500-01-01"), "1500-01-01T00:00:00"),
        (pd.Timestamp("2013-01-01 00:00:00.000000001"), "2013-01-01T00:00:00.000000001"),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000), "1969-12-31T23:59:59.500"),
        (pd.Timestamp("2013-01-01", tz="America/New_York"), "2013-01-01T05:00:00+00:00"),
        (date(9999, 12, 31), "9999-12-31T00:00:00"),
    ],
)
def test_moments_are_shown_as_they_are(moment, text):
    assert iso_text(nanoseconds(moment)) == text


def test_positions_ascend_in_every_part_and_no_row_is_lost():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 50, 3000)
    with spill.Spill({"a": ("key",), 7: ("key", "more")}, limit=500) as kept:
        for start in range(0, 3000, 300):
            part = keys[start : start + 300]
            kept.add("a", Piece({"key": part}, 300, start))
            kept.add(7, Piece({"key": part, "more": pd.Series(part.astype(str))}, 300, start))
        for name in ("a", 7):
            parts = list(kept.parts(name))
            assert len(parts) > 10
            assert sorted(row for part in parts for row in part.positions) == list(range(3000))
            assert all((np.diff(part.positions) > 0).all() for part in parts)
            found = [set(keys[part.positions]) for part in parts]
            assert sum(map(len, found)) == len(set.union(*found))  # no key stands in two parts


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(spill, "LIMIT", 10)
    return tmp_path


UNIQUE = Schema({"x": Column("int", unique=True)})


def numbers(rows=100):
    for start in range(0, rows, 20):
        yield pd.DataFrame({"x": np.arange(start, start + 20)})


def test_what_is_spilled_is_the_owners_alone_and_gone_afterwards(folder):
    seen = []

    def watched():
        for frame in numbers():
            seen.extend(path.stat().st_mode & 0o777 for path in folder.iterdir())
            yield frame

    assert validate(watched(), UNIQUE).ok
    assert set(seen) == {0o700}
    assert list(folder.iterdir()) == []


def test_nothing_is_written_while_rows_are_few_or_the_table_is_in_memory(folder):
    small = pd.DataFrame({"x": [1, 1]})
    with spill.Spill({"x": ("x",)}, limit=None) as kept:
        kept.add("x", Piece({"x": np.arange(100)}, 100))
        assert list(folder.iterdir()) == []
    assert len(validate(iter([small, small]), UNIQUE).rejected) == 4
    assert validate(pd.concat(numbers()), UNIQUE).ok


def test_a_source_that_breaks_leaves_no_folder(folder):
    def breaking():
        yield from numbers()
        assert len(list(folder.iterdir())) == 1
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        validate(breaking(), UNIQUE)
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_said_so_and_leaves_no_folder(folder, monkeypatch):
    written = []

    def dump(piece, file, protocol):
        written.append(piece)
        if len(written) > 70:
            raise OSError(errno.ENOSPC, "No space left on device")
        file.write(pickle.dumps(piece, protocol=protocol))

    monkeypatch.setattr(spill.pickle, "dump", dump)
    with pytest.raises(StorageError, match=r"could not be kept in .*: .*No space left on device") as caught:
        validate(numbers(), UNIQUE)
    assert "TMPDIR" in str(caught.value)
    assert list(folder.iterdir()) == []


def test_rows_that_somebody_removes_are_missed(folder):
    def swept():
        yield from numbers()
        next(path for path in folder.rglob("*") if path.is_file()).unlink()

    with pytest.raises(StorageError, match="rows are gone"):
        validate(swept(), UNIQUE)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_folder_that_cannot_be_made_is_said_so(folder, monkeypatch, n_jobs):
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "none"))
    with joblib.parallel_config(backend="threading"), pytest.raises(StorageError, match="could not be kept in"):
        validate(numbers(), UNIQUE, n_jobs=n_jobs)


def test_objects_of_one_type_meet_by_their_own_equality(folder):
    column = Column("object", of="uuid.UUID", unique=True)
    ids = [uuid.UUID(int=number % 40) for number in range(60)]
    chunks = [pd.DataFrame({"x": ids[at : at + 15]}) for at in range(0, 60, 15)]
    report = validate(chunks, Schema({"x": column}))
    assert report.rejected.tolist() == [*range(20), *range(40, 60)]
