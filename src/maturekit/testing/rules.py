"""What every `Rule` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import pandas as pd

from maturekit._core.digest import canonical_json, parse_json
from maturekit.schema import Column, Rule, Schema

__all__ = ["RULE_CHECKS"]

_SAMPLES: tuple[list[object], ...] = (
    [0.0, 1.5, -2.0, 1.5, 1e300],
    [0, 1, -2, 1, 2**40],
    ["a", "", "b", "a", "é"],
    [True, False, True, True, False],
    [pd.Timestamp("2013-01-01"), pd.Timestamp("2013-06-01"), *[pd.Timestamp("2012-01-01")] * 3],
)


def _frames(rule: Rule) -> Iterator[pd.DataFrame]:
    """Yield frames of each kind of value, shifted from column to column; a rule need not be able to read all of them."""
    for sample in _SAMPLES:
        columns = {name: sample[place % 5 :] + sample[: place % 5] for place, name in enumerate(rule.columns)}
        yield pd.DataFrame(columns)


def _broken(rule: Rule, frame: pd.DataFrame) -> list[bool] | str:
    """Return the rule's answer for each row, or the name of what it raised."""
    try:
        return [bool(row) for row in rule.breaking(frame)]
    except Exception as error:  # noqa: BLE001  # whatever a rule raises is an answer: it could not run
        return type(error).__name__


def _broken_records(rule: Rule, frame: pd.DataFrame) -> list[bool] | str:
    try:
        return [not rule.keeps({name: frame[name].tolist()[row] for name in rule.columns}) for row in range(len(frame))]
    except Exception as error:  # noqa: BLE001  # see above
        return type(error).__name__


def check_names_its_columns(rule: Rule) -> None:
    assert rule.columns, "a rule without columns is never given any data"
    assert all(isinstance(name, str) for name in rule.columns), rule.columns
    assert len(set(rule.columns)) == len(rule.columns), rule.columns


def check_same_rows_get_the_same_answer(rule: Rule) -> None:
    for frame in _frames(rule):
        assert _broken(rule, frame) == _broken(rule, frame.copy())


def check_a_row_is_judged_by_itself(rule: Rule) -> None:
    for frame in _frames(rule):
        together = _broken(rule, frame)
        if isinstance(together, list):
            alone = [_broken(rule, frame.iloc[[row]].reset_index(drop=True)) for row in range(len(frame))]
            assert alone == [[verdict] for verdict in together]


def check_a_record_gets_the_verdict_of_its_row(rule: Rule) -> None:
    for frame in _frames(rule):
        together = _broken(rule, frame)
        records = _broken_records(rule, frame)
        assert records == together or (isinstance(records, str) and isinstance(together, str)), (records, together)


def check_the_frame_is_not_changed(rule: Rule) -> None:
    for frame in _frames(rule):
        before = frame.copy()
        _broken(rule, frame)
        pd.testing.assert_frame_equal(frame, before)


def check_is_stored_and_read_back(rule: Rule) -> None:
    text = canonical_json(rule.to_dict()).decode()
    assert canonical_json(parse_json(text, what="a rule")).decode() == text
    schema = Schema({name: Column("float") for name in rule.columns}, rules=[rule])
    again = Schema.from_json(schema.to_json(), rules=[type(rule)])
    assert again == schema
    assert Schema.from_json(schema.to_json()).digest == schema.digest, "an unknown rule is kept as it was stored"


def check_equal_rules_hash_alike_and_survive_pickling(rule: Rule) -> None:
    copy = pickle.loads(pickle.dumps(rule))
    assert copy == rule
    assert hash(copy) == hash(rule)
    assert repr(copy) == repr(rule)


def check_cannot_be_changed(rule: Rule) -> None:
    try:
        rule.severity = "info"  # type: ignore[misc]  # that it is refused is the claim
    except AttributeError:
        return
    raise AssertionError("a rule must be frozen")


RULE_CHECKS: tuple[Callable[[Rule], None], ...] = (
    check_names_its_columns,
    check_same_rows_get_the_same_answer,
    check_a_row_is_judged_by_itself,
    check_a_record_gets_the_verdict_of_its_row,
    check_the_frame_is_not_changed,
    check_is_stored_and_read_back,
    check_equal_rules_hash_alike_and_survive_pickling,
    check_cannot_be_changed,
)
"""Run each on an instance of a rule; a user's class has to be importable to be pickled."""
