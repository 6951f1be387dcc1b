"""What every rule promises, as checks anyone can run on their own subclass: of rows, of groups, of tables."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from maturekit._core.digest import canonical_json, parse_json
from maturekit.errors import SchemaError
from maturekit.schema import Column, GroupRule, RowRule, Rule, Schema, TableRule
from maturekit.schema.kinds import Kind

__all__ = ["GROUP_RULE_CHECKS", "ROW_RULE_CHECKS", "TABLE_RULE_CHECKS"]

_SAMPLES: tuple[list[object], ...] = (
    [0.0, 1.5, -2.0, 1.5, 1e300],
    [0, 1, -2, 1, 2**40],
    ["a", "", "b", "a", "é"],
    [True, False, True, True, False],
    [pd.Timestamp("2013-01-01"), pd.Timestamp("2013-06-01"), *[pd.Timestamp("2012-01-01")] * 3],
)
_KINDS: tuple[Kind, ...] = ("float", "string", "bool", "datetime", "timedelta")


def _frames(rule: Rule) -> Iterator[pd.DataFrame]:
    """Yield frames of each kind of value, shifted from column to column; a rule need not be able to read all of them."""
    for sample in _SAMPLES:
        columns = {name: sample[place % 5 :] + sample[: place % 5] for place, name in enumerate(rule.columns)}
        if isinstance(rule, RowRule):
            columns |= dict.fromkeys(rule.presence, _SAMPLES[3])
        yield pd.DataFrame(columns, index=range(5))


def _grouped(rule: GroupRule) -> Iterator[pd.DataFrame]:
    """Yield frames in which each group has rows that differ outside of what makes the group."""
    for frame in _frames(rule):
        again = frame.copy()
        for name in rule.columns:
            if name not in rule.by:
                again[name] = frame[name].to_numpy()[::-1]
        yield pd.concat([frame, again.iloc[:4]], ignore_index=True)


def _or_error(call: Callable[..., Any], *arguments: object) -> Any:
    """Return an answer, or that there is none: whatever a rule raises means that it could not run."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001  # see above
        return type(error).__name__


def _broken(rule: RowRule | GroupRule, frame: pd.DataFrame) -> list[bool] | str:
    answer: list[bool] | str = _or_error(lambda: [bool(row) for row in rule.breaking(frame)])
    return answer


def _part(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    part: pd.DataFrame = frame.iloc[rows].reset_index(drop=True)
    return part


def _ok(rule: TableRule, make: Callable[..., Any], *arguments: object) -> bool | None:
    """Return whether a table passes, by a summary that is made of the arguments; None when the rule could not run."""
    answer: object = _or_error(lambda: rule.judge(make(*arguments)).ok)
    return answer if isinstance(answer, bool) else None


def _merged(rule: TableRule, parts: list[pd.DataFrame], first: int = 0) -> Any:
    """Return the summary of a few parts, of which those at `first` and after it are merged before the others."""
    summaries = [rule.summarise(part) for part in parts]
    summaries[first : first + 2] = [rule.merge(*summaries[first : first + 2])]
    return summaries[0] if len(summaries) == 1 else rule.merge(*summaries)


def _schema(rule: Rule) -> Schema:
    """Return a schema that holds the rule, with columns of kinds that it takes."""
    for kinds in itertools.product(_KINDS, repeat=len(rule.columns)):
        try:
            return Schema({name: Column(kind) for name, kind in zip(rule.columns, kinds, strict=True)}, rules=[rule])
        except SchemaError:
            continue
    raise AssertionError(f"{rule!r} takes columns of no kind")


def check_names_its_columns(rule: Rule) -> None:
    assert rule.columns or isinstance(rule, TableRule), "a rule without columns is given no data"
    assert all(isinstance(name, str) for name in rule.columns), rule.columns
    assert len(set(rule.columns)) == len(rule.columns), rule.columns


def check_is_stored_and_read_back(rule: Rule) -> None:
    text = canonical_json(rule.to_dict()).decode()
    assert canonical_json(parse_json(text, what="a rule")).decode() == text
    schema = _schema(rule)
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


def check_same_rows_get_the_same_answer(rule: RowRule | GroupRule) -> None:
    for frame in _frames(rule):
        assert _broken(rule, frame) == _broken(rule, frame.copy())


def check_the_frame_is_not_changed(rule: RowRule | GroupRule | TableRule) -> None:
    for frame in _frames(rule):
        before = frame.copy()
        _or_error(rule.summarise if isinstance(rule, TableRule) else rule.breaking, frame)
        pd.testing.assert_frame_equal(frame, before)


def check_a_row_is_judged_by_itself(rule: RowRule) -> None:
    for frame in _frames(rule):
        together = _broken(rule, frame)
        if isinstance(together, list):
            alone = [_broken(rule, _part(frame, [row])) for row in range(len(frame))]
            assert alone == [[verdict] for verdict in together]


def check_a_record_gets_the_verdict_of_its_row(rule: RowRule) -> None:
    for frame in _frames(rule):
        rows = [{name: frame[name].tolist()[row] for name in rule.columns} for row in range(len(frame))]
        together = _broken(rule, frame)
        records = _or_error(lambda rows: [not rule.keeps(row) for row in rows], rows)
        assert records == together or (isinstance(records, str) and isinstance(together, str)), (records, together)


def check_a_group_breaks_as_a_whole(rule: GroupRule) -> None:
    for frame in _grouped(rule):
        broken = _broken(rule, frame)
        if isinstance(broken, list):
            assert pd.Series(broken).groupby([frame[name] for name in rule.by]).nunique().max() == 1, broken


def check_a_group_is_judged_by_itself(rule: GroupRule) -> None:
    for frame in _grouped(rule):
        together = _broken(rule, frame)
        if isinstance(together, list):
            for rows in frame.groupby(list(rule.by)).indices.values():
                assert _broken(rule, _part(frame, rows)) == [together[row] for row in rows]


def check_parts_merge_to_the_whole(rule: TableRule) -> None:
    for frame in _frames(rule):
        whole = _ok(rule, rule.summarise, frame)
        for cut in range(len(frame) + 1):
            parts = [_part(frame, slice(cut)), _part(frame, slice(cut, None))]
            merged = _ok(rule, _merged, rule, parts)
            assert merged == whole, f"cut after {cut} rows: {merged}, in one piece: {whole}"


def check_it_does_not_matter_which_parts_merge_first(rule: TableRule) -> None:
    for frame in _frames(rule):
        parts = [_part(frame, slice(start, start + 2)) for start in (0, 2, 4)]
        assert _ok(rule, _merged, rule, parts, 0) == _ok(rule, _merged, rule, parts, 1)


def check_a_summary_is_kept_by_merging_and_pickling(rule: TableRule) -> None:
    for frame in _frames(rule):
        before = _ok(rule, rule.summarise, frame)
        if isinstance(before, bool):  # a rule need not be able to read every kind of value
            summary = rule.summarise(frame)
            rule.merge(summary, rule.summarise(frame))
            assert rule.judge(summary).ok == before, "merging changed what was merged"
            assert rule.judge(pickle.loads(pickle.dumps(summary))).ok == before


_RULE_CHECKS: tuple[Callable[[Any], None], ...] = (
    check_names_its_columns,
    check_is_stored_and_read_back,
    check_equal_rules_hash_alike_and_survive_pickling,
    check_cannot_be_changed,
    check_the_frame_is_not_changed,
)

ROW_RULE_CHECKS: tuple[Callable[[Any], None], ...] = (
    *_RULE_CHECKS,
    check_same_rows_get_the_same_answer,
    check_a_row_is_judged_by_itself,
    check_a_record_gets_the_verdict_of_its_row,
)
"""Run each on an instance of a row rule; a user's class has to be importable to be pickled."""

GROUP_RULE_CHECKS: tuple[Callable[[Any], None], ...] = (
    *_RULE_CHECKS,
    check_same_rows_get_the_same_answer,
    check_a_group_breaks_as_a_whole,
    check_a_group_is_judged_by_itself,
)
"""Run each on an instance of a group rule."""

TABLE_RULE_CHECKS: tuple[Callable[[Any], None], ...] = (
    *_RULE_CHECKS,
    check_parts_merge_to_the_whole,
    check_it_does_not_matter_which_parts_merge_first,
    check_a_summary_is_kept_by_merging_and_pickling,
)
"""Run each on an instance of a table rule; what it needs from elsewhere has been `given`."""
