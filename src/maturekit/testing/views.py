"""What every `View` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import pandas as pd

from maturekit.errors import NotFoundError
from maturekit.profile import Profile, View

__all__ = ["VIEW_CHECKS"]

_SAMPLES: tuple[list[object], ...] = (
    [0.0, 1.5, -2.0, None, 1.5],
    [0, 1, -2, 1, 40],
    ["a", "", None, "a", "Ada 12"],
    [True, False, True, True, False],
    [pd.Timestamp("2013-01-01"), pd.Timestamp("2013-06-01"), *[pd.Timestamp("2012-01-01")] * 3],
)


def _frames(view: View) -> Iterator[pd.DataFrame]:
    """Yield frames of one kind of value each that the view can read, shifted from column to column."""
    for sample in _SAMPLES:
        frame = pd.DataFrame({name: sample[at % 5 :] + sample[: at % 5] for at, name in enumerate(view.columns)})
        try:
            view.of(frame)
        except Exception:  # noqa: BLE001, S112  # a view need not be able to read every kind
            continue
        yield frame


def _cells(series: pd.Series) -> list[str]:
    return [repr(cell) if shown else "null" for cell, shown in zip(series.tolist(), series.notna(), strict=True)]


def check_it_has_a_name_and_reads_columns(view: View) -> None:
    assert isinstance(view.name, str)
    assert view.name
    assert isinstance(view.columns, tuple)
    assert view.columns, "a view without columns is given no data"
    assert all(isinstance(name, str) for name in view.columns)
    assert len(set(view.columns)) == len(view.columns)
    assert view.name not in view.columns, "a view does not replace a column"


def check_it_can_read_some_kind_of_value(view: View) -> None:
    assert list(_frames(view)), "none of numbers, texts, truth values and moments could be read"


def check_one_value_a_row_that_depends_on_that_row_alone(view: View) -> None:
    for frame in _frames(view):
        whole = _cells(view.of(frame))
        assert len(whole) == len(frame)
        for order in ([4, 3, 2, 1, 0], [1, 1, 3], [2], []):
            part = _cells(view.of(frame.iloc[order]))
            assert part == [whole[row] for row in order], "chunks of a table must give what the whole table gives"


def check_the_index_does_not_matter(view: View) -> None:
    for frame in _frames(view):
        assert _cells(view.of(frame.set_axis([7, 7, 1, 0, 3]))) == _cells(view.of(frame))


def check_it_changes_nothing(view: View) -> None:
    for frame in _frames(view):
        before = frame.copy(deep=True)
        first = _cells(view.of(frame))
        pd.testing.assert_frame_equal(frame, before)
        assert _cells(view.of(frame)) == first, "the same rows give the same values"


def check_a_profile_counts_it(view: View) -> None:
    for frame in _frames(view):
        many = pd.concat([frame] * 8, ignore_index=True)
        reference = Profile.of(many, views=[view])
        assert reference.columns[view.name].rows == len(many)
        today = Profile.of(frame, like=Profile.from_json(reference.to_json()), views=[view])
        assert today.columns[view.name].rows == len(frame)
        assert (reference + today).columns[view.name].cells.sum() == 9 * today.columns[view.name].cells.sum()


def check_a_table_without_its_columns_is_told_so(view: View) -> None:
    empty = pd.DataFrame(index=range(3))
    assert not view.applies_to(empty)
    try:
        view.of(empty)
    except NotFoundError:
        return
    raise AssertionError("a column that is missing must be named")


def check_survives_pickling(view: View) -> None:
    copy = pickle.loads(pickle.dumps(view))
    assert (copy.name, copy.columns) == (view.name, view.columns)
    for frame in _frames(view):
        assert _cells(copy.of(frame)) == _cells(view.of(frame))


VIEW_CHECKS: tuple[Callable[[View], None], ...] = (
    check_it_has_a_name_and_reads_columns,
    check_it_can_read_some_kind_of_value,
    check_one_value_a_row_that_depends_on_that_row_alone,
    check_the_index_does_not_matter,
    check_it_changes_nothing,
    check_a_profile_counts_it,
    check_a_table_without_its_columns_is_told_so,
    check_survives_pickling,
)
"""Run each on any view."""
