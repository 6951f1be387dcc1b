"""What every deployment `Wrapper` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from maturekit.deployment import Answer, Call, Wrapper

__all__ = ["WRAPPER_CHECKS"]

_METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform")


def _frame(wrapper: Wrapper, rows: int = 12) -> pd.DataFrame:
    names = list(wrapper.feature_names_in_)
    return pd.DataFrame(np.random.default_rng(7).random((rows, len(names))), columns=names)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in record.items()} for record in frame.to_dict("records")]


def _offered(wrapper: Wrapper) -> list[str]:
    return [name for name in _METHODS if hasattr(wrapper, name)]


def check_it_offers_something(wrapper: Wrapper) -> None:
    assert _offered(wrapper)
    assert not hasattr(wrapper, "no_such_method")
    assert not hasattr(wrapper, "no_such_attribute_")


def check_every_row_gets_one_output(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    for name in _offered(wrapper):
        assert len(getattr(wrapper, name)(frame)) == len(frame)


def check_a_method_returns_what_handle_answers(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    for name in _offered(wrapper):
        answer = wrapper.handle(Call(name, frame=frame, request="r"))
        assert isinstance(answer, Answer)
        assert answer.ok
        assert (answer.rows, answer.method, answer.request) == (len(frame), name, "r")
        assert answer.status == ["ok"] * len(frame)
        assert answer.seconds >= 0.0
        np.testing.assert_array_equal(answer.values, getattr(wrapper, name)(frame))


def check_a_row_does_not_depend_on_its_neighbours(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    for name in _offered(wrapper):
        together = np.asarray(getattr(wrapper, name)(frame))
        for row in (0, len(frame) - 1):
            alone = np.asarray(getattr(wrapper, name)(frame.iloc[[row]]))
            np.testing.assert_allclose(alone[0], together[row], rtol=1e-12)


def check_one_record_gets_what_its_row_gets(wrapper: Wrapper) -> None:
    frame = _frame(wrapper, rows=3)
    if hasattr(wrapper, "predict"):
        for record, value in zip(_records(frame), wrapper.predict(frame), strict=True):
            one = wrapper.predict_one(record)
            assert one == value or np.isclose(one, value, rtol=1e-12)
            assert np.ndim(one) == np.ndim(value)


def check_the_table_is_left_as_it_was(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    before = frame.copy(deep=True)
    for name in _offered(wrapper):
        getattr(wrapper, name)(frame)
        wrapper.handle(Call(name, record=_records(frame)[0]))
    pd.testing.assert_frame_equal(frame, before)


def check_it_counts_as_fitted_and_fitting_changes_nothing(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    check_is_fitted(wrapper)
    (name, *_) = _offered(wrapper)
    before = np.asarray(getattr(wrapper, name)(frame))
    assert wrapper.fit(frame, np.zeros(len(frame))) is wrapper
    np.testing.assert_array_equal(getattr(wrapper, name)(frame), before)


def check_a_clone_is_the_wrapper_itself(wrapper: Wrapper) -> None:
    assert clone(wrapper) is wrapper


def check_parameters_are_those_of_the_constructor(wrapper: Wrapper) -> None:
    parameters = wrapper.get_params(deep=True)
    assert type(wrapper)(**parameters).get_params().keys() == parameters.keys()
    assert wrapper.set_params(**parameters) is wrapper
    assert all(wrapper.get_params()[name] is value for name, value in parameters.items())
    assert type(wrapper).__name__ in repr(wrapper)


def check_it_survives_pickling(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    (name, *_) = _offered(wrapper)
    expected = getattr(wrapper, name)(frame)  # whatever it loads on first use is loaded now
    copy = pickle.loads(pickle.dumps(wrapper))
    np.testing.assert_array_equal(getattr(copy, name)(frame), expected)


def check_scikit_learn_takes_it_for_what_is_inside(wrapper: Wrapper) -> None:
    assert wrapper.n_features_in_ == len(wrapper.feature_names_in_)
    assert get_tags(wrapper).estimator_type in {"classifier", "regressor", "transformer", "clusterer", None}
    if is_classifier(wrapper):
        assert set(wrapper.predict(_frame(wrapper))) <= set(wrapper.classes_)


def check_scorers_inspection_and_pipelines_work_on_it(wrapper: Wrapper) -> None:
    if not hasattr(wrapper, "predict") or not (is_classifier(wrapper) or is_regressor(wrapper)):
        return
    frame = _frame(wrapper)
    target = wrapper.predict(frame)
    best = get_scorer("accuracy" if is_classifier(wrapper) else "r2")(wrapper, frame, target)
    assert best == wrapper.score(frame, target)
    importances = permutation_importance(wrapper, frame, target, n_repeats=1, random_state=0).importances_mean
    assert len(importances) == frame.shape[1]
    np.testing.assert_array_equal(make_pipeline(wrapper).fit(frame, target).predict(frame), target)


def check_threads_may_share_it(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    (name, *_) = _offered(wrapper)
    expected = getattr(wrapper, name)(frame)
    with ThreadPoolExecutor(4) as pool:
        for values in pool.map(lambda _: getattr(wrapper, name)(frame), range(12)):
            np.testing.assert_array_equal(values, expected)


def check_threads_may_share_it_for_records(wrapper: Wrapper) -> None:
    if hasattr(wrapper, "predict"):
        records = _records(_frame(wrapper))
        expected = [wrapper.predict_one(record) for record in records]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(wrapper.predict_one, records * 2))
        _assert_alike(answers, expected * 2)


def check_an_event_loop_gets_the_same_answers(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    records = _records(frame)
    (name, *_) = _offered(wrapper)

    async def ask() -> tuple[Answer, list[Any]]:
        answer = await wrapper.ahandle(Call(name, frame=frame))
        ones = [wrapper.apredict_one(record) for record in records] if hasattr(wrapper, "predict") else []
        return answer, await asyncio.gather(*ones)

    with ThreadPoolExecutor(1) as pool:  # a notebook has an event loop in this thread already
        answer, ones = pool.submit(lambda: asyncio.run(ask())).result()
    wrapper.close()
    np.testing.assert_array_equal(answer.values, getattr(wrapper, name)(frame))
    _assert_alike(ones, [wrapper.predict_one(record) for record in records[: len(ones)]])


def check_warming_and_closing_change_no_answer(wrapper: Wrapper) -> None:
    frame = _frame(wrapper)
    (name, *_) = _offered(wrapper)
    expected = getattr(wrapper, name)(frame)
    assert wrapper.warm() is wrapper
    np.testing.assert_array_equal(getattr(wrapper, name)(frame), expected)
    assert set(wrapper.explain_path()["path"]) <= {"compiled", "ordinary"}
    with wrapper as same:
        assert same is wrapper
    np.testing.assert_array_equal(getattr(wrapper, name)(frame), expected)


def _assert_alike(ones: Sequence[Any], others: Sequence[Any]) -> None:
    for one, other in zip(ones, others, strict=True):
        assert one == other or np.isclose(one, other, rtol=1e-12)


WRAPPER_CHECKS: tuple[Callable[[Wrapper], None], ...] = (
    check_it_offers_something,
    check_every_row_gets_one_output,
    check_a_method_returns_what_handle_answers,
    check_a_row_does_not_depend_on_its_neighbours,
    check_one_record_gets_what_its_row_gets,
    check_the_table_is_left_as_it_was,
    check_it_counts_as_fitted_and_fitting_changes_nothing,
    check_a_clone_is_the_wrapper_itself,
    check_parameters_are_those_of_the_constructor,
    check_it_survives_pickling,
    check_scikit_learn_takes_it_for_what_is_inside,
    check_scorers_inspection_and_pipelines_work_on_it,
    check_threads_may_share_it,
    check_threads_may_share_it_for_records,
    check_an_event_loop_gets_the_same_answers,
    check_warming_and_closing_change_no_answer,
)
"""Run each on a wrapper around a fitted model that knows its feature names, all numbers between 0 and 1."""
