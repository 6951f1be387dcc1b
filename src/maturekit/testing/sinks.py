"""What every `Sink` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import functools
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, NotFoundError
from maturekit.predictions import Entry, Log, Sink
from maturekit.predictions.blocks import Block, blocks_of, each, key_matches
from maturekit.predictions.labels import label_blocks
from maturekit.predictions.tables import table_of

__all__ = ["SINK_CHECKS"]

_START = datetime(2013, 5, 3, 12, tzinfo=UTC)
_HOSTILE = {
    "time": "shadowed",
    "": 1,
    "a.b": float("inf"),
    "select": "'; drop table predictions; --",
    "lines": "one\r\ntwo\x00\u2028",
    "half": "\ud800",
    "mixed": ["a", 1],
    "large": 2**70,
    "none": None,
}


def _of_readable(check: Callable[[Sink], None]) -> Callable[[Sink], None]:
    """Judge only sinks that give back what they got."""

    @functools.wraps(check)
    def judged(sink: Sink) -> None:
        if sink.readable:
            check(sink)

    return judged


@_of_readable
def check_what_was_written_is_read_back(sink: Sink) -> None:
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "number": [0.5, np.nan, np.inf],
            "text": ["a", None, "ü"],
            "truth": [True, False, True],
            "moment": pd.Series([_START, None, _START + timedelta(microseconds=3)]).dt.tz_localize(None),
            "nothing": [None, None, None],
        }
    )
    entries = [
        Entry(
            frame,
            request="r1",
            method="predict_proba",
            prediction=[1, None, 0],
            score=[0.75, None, 0.25],
            key={"person": ["p", "q", None], "day": [1, 2, 3]},
            marks={1: ("rejected", ("gt:whole", "nullable:text"))},
            places=[0, 2, 5],
            version=["m:1", "m:2", None],
            digest="sha256:ab",
            arm=["champion", "challenger", ""],
            seconds=0.5,
            time=_START,
        ),
        Entry(frame.head(1), prediction=["late"], time=_START + timedelta(microseconds=1)),
        *(
            Entry({"x": number}, request=str(number), prediction=[number / 2], seconds=0.25, time=_later(number + 1))
            for number in range(3)
        ),
    ]
    blocks = list(blocks_of(entries))
    sink.write(blocks)
    assert _rows(sink) == _rows_of(blocks)


@_of_readable
def check_hostile_names_and_values_survive(sink: Sink) -> None:
    blocks = list(blocks_of([Entry(_HOSTILE, key={"id'": '"; \n'}, time=_START), Entry({}, time=_START)]))
    sink.write(blocks)
    assert _rows(sink) == _rows_of(blocks)


@_of_readable
def check_rows_keep_the_order_in_which_they_were_written(sink: Sink) -> None:
    for number in range(7):
        sink.write(_blocks(number))
    assert _ids(sink) == list(range(7))


@_of_readable
def check_predictions_and_labels_are_kept_apart(sink: Sink) -> None:
    labels = _labels(1, 2)
    sink.write(labels)
    assert list(sink.read("predictions")) == []
    sink.write(_blocks(7))
    assert _ids(sink) == [7]
    found = [block for blocks in sink.read("labels") for block in blocks]
    assert {(block["column"], tuple(each(block, "time"))) for block in found} == {("late", (labels[0]["time"],) * 2)}
    assert [value for block in found for value in block["key"]["id"]["values"]] == [1, 2]
    assert [value for block in found for value in block["label"]["values"]] == [True, True]


@_of_readable
def check_an_empty_sink_says_that_there_is_nothing(sink: Sink) -> None:
    for call in (
        lambda: sink.read("predictions"),
        lambda: sink.read("labels"),
        lambda: sink.erase("predictions", _with_id(1)),
        lambda: sink.expire("labels", _START),
    ):
        _refuses(NotFoundError, call)
    assert sink.key_sets() == []


@_of_readable
def check_rows_of_a_span_are_among_those_read_for_it(sink: Sink) -> None:
    for number in range(6):
        sink.write(_blocks(number))
    found = [
        value
        for blocks in sink.read("predictions", since=_later(2), until=_later(4))
        for block in blocks
        for value in block["key"]["id"]["values"]
    ]
    assert {2, 3} <= set(found) <= set(range(6))
    assert len(found) == len(set(found))


@_of_readable
def check_erased_rows_are_gone_and_no_others(sink: Sink) -> None:
    sink.write(_blocks(1, 2, 1, 3))
    sink.write(_blocks(1))
    sink.write(_labels(1, 2))
    assert sink.erase("predictions", _with_id(1)) == 3
    assert sink.erase("predictions", _with_id(1)) == 0
    assert _ids(sink) == [2, 3]
    assert sink.erase("labels", _with_id(1)) == 1
    assert [value for blocks in sink.read("labels") for block in blocks for value in block["key"]["id"]["values"]] == [
        2
    ]
    sink.write(_blocks(1))
    assert sorted(_ids(sink)) == [1, 2, 3]


@_of_readable
def check_marks_stay_with_their_rows_when_others_go(sink: Sink) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    sink.write(list(blocks_of([Entry(frame, key={"id": [1, 2, 3]}, marks={2: ("failed", ("E",))}, time=_START)])))
    sink.erase("predictions", _with_id(1))
    assert [(row["id"], row["status"], row["row"]) for row in _rows(sink)] == [(2, "ok", 1), (3, "failed", 2)]


@_of_readable
def check_older_rows_expire(sink: Sink) -> None:
    sink.write([block for number in range(4) for block in _blocks(number)])
    sink.write(_blocks(5))
    sink.write(_blocks(0))
    assert sink.expire("predictions", _later(2)) == 3
    assert sink.expire("predictions", _later(2)) == 0
    assert _ids(sink) == [2, 3, 5], "a row of just that moment stays"


@_of_readable
def check_key_sets_are_remembered(sink: Sink) -> None:
    for key in ({"id": 1}, {}, {"person": "p", "day": 1}, {"id": 2}):
        sink.write(list(blocks_of([Entry({"x": 1}, key=key, time=_START)])))
    sink.write(_labels(9, name="other"))
    assert sorted(sink.key_sets()) == [("id",), ("person", "day")]
    sink.erase("predictions", lambda block: np.ones(block["rows"], dtype=bool))
    assert sorted(sink.key_sets()) == [("id",), ("person", "day")], "labels may still come"


@_of_readable
def check_compacting_changes_no_row(sink: Sink) -> None:
    for number in range(9):
        sink.write(_blocks(number))
        sink.write(_labels(number))
    before = _rows(sink)
    for _ in range(2):
        sink.compact()
        assert _rows(sink) == before
    assert sink.erase("predictions", _with_id(4)) == 1
    assert _ids(sink) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert sum(block["rows"] for blocks in sink.read("labels") for block in blocks) == 9


@_of_readable
def check_threads_write_side_by_side(sink: Sink) -> None:
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for number in range(first, first + 5):
            sink.write(_blocks(number))

    threads = [threading.Thread(target=work, args=(5 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = _ids(sink)
    assert sorted(ids) == list(range(20))
    for place in range(4):
        mine = [number for number in ids if number // 5 == place]
        assert mine == sorted(mine)


@_of_readable
def check_a_log_on_the_sink_joins_and_forgets(sink: Sink) -> None:
    log = Log(sink, clock=lambda: _START)
    log.write(Entry(pd.DataFrame({"x": [0.5, 1.5]}), key={"id": [1, 2]}, prediction=[0, 1]))
    log.write(Entry({"x": 2.5}, key={"id": 3}, prediction=[1]))
    assert log.label(pd.DataFrame({"id": [2], "late": [True]}), column="late") == 1
    rows = log.frame().sort_values("id")
    assert rows["input.x"].tolist() == [0.5, 1.5, 2.5]
    assert rows["label"].isna().tolist() == [True, False, True]
    assert log.forget(2) == 2
    assert sorted(log.frame()["id"]) == [1, 3]


def check_only_rows_of_one_kind_are_taken(sink: Sink) -> None:
    _refuses(ArgumentError, lambda: sink.write([*_blocks(1), *_labels(1)]))
    _refuses(ArgumentError, lambda: sink.write([{"kind": "others", "rows": 1}]))
    sink.write([])
    if sink.readable:
        _refuses(ArgumentError, lambda: sink.read("others"))


def check_a_sink_that_cannot_read_says_so(sink: Sink) -> None:
    if not sink.readable:
        sink.write(_blocks(1))
        for call in (sink.read, sink.key_sets, sink.compact, lambda: sink.expire("labels", _START)):
            _refuses(ArgumentError, call)


def check_a_pickled_sink_can_be_written_to(sink: Sink) -> None:
    copy = pickle.loads(pickle.dumps(sink))  # made one line above
    assert type(copy) is type(sink)
    copy.write(_blocks(1))


def _later(minutes: int) -> datetime:
    return _START + timedelta(minutes=minutes)


def _blocks(*ids: int) -> list[Block]:
    """Return records with a number each, made as many minutes after the start."""
    return list(blocks_of(Entry({"x": one}, key={"id": one}, request=str(one), time=_later(one)) for one in ids))


def _labels(*ids: int, name: str = "id") -> list[Block]:
    frame = pd.DataFrame({name: ids, "late": [True] * len(ids)})
    return label_blocks(frame, column="late", keys=[(name,)], time="2013-05-03T12:00:00.000000Z")


def _with_id(wanted: int) -> Callable[[Block], Any]:
    return lambda block: key_matches(block, {"id": wanted})


def _ids(sink: Sink) -> list[int]:
    return [row["id"] for row in _rows(sink)]


def _rows(sink: Sink) -> list[dict[str, Any]]:
    return _rows_of([block for blocks in sink.read("predictions") for block in blocks])


def _rows_of(blocks: list[Block]) -> list[dict[str, Any]]:
    """One mapping a row, without what is missing: null and not there are the same."""
    return [dict(_present(row)) for block in blocks for row in table_of([block]).to_dict("records")]


def _present(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, list) or not pd.isna(value):
            yield name, value


def _refuses(error: type[Exception], call: Callable[[], object]) -> None:
    try:
        call()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


SINK_CHECKS: tuple[Callable[[Sink], None], ...] = (
    check_what_was_written_is_read_back,
    check_hostile_names_and_values_survive,
    check_rows_keep_the_order_in_which_they_were_written,
    check_predictions_and_labels_are_kept_apart,
    check_an_empty_sink_says_that_there_is_nothing,
    check_rows_of_a_span_are_among_those_read_for_it,
    check_erased_rows_are_gone_and_no_others,
    check_marks_stay_with_their_rows_when_others_go,
    check_older_rows_expire,
    check_key_sets_are_remembered,
    check_compacting_changes_no_row,
    check_threads_write_side_by_side,
    check_a_log_on_the_sink_joins_and_forgets,
    check_only_rows_of_one_kind_are_taken,
    check_a_sink_that_cannot_read_says_so,
    check_a_pickled_sink_can_be_written_to,
)
"""Run each on a fresh, empty sink."""
