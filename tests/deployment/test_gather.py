"""Who comes while a batch runs is part of the next one, and nobody pays for a neighbour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest

from maturekit.deployment import gather as gather_module
from maturekit.deployment.gather import Gather
from maturekit.errors import DeadlineError

SOON = 10.0
"""Seconds after which a test gives up waiting for what happens at once."""


class Doubling:
    """Answers with twice the item, notes every batch, and holds each batch while `gate` is shut."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Semaphore(0)

    def __call__(self, items: list[float]) -> list[float]:
        gate = self.gate
        self.batches.append(items)
        self.begun.release()
        assert gate.wait(SOON)
        if any(item < 0 for item in items):
            raise ValueError(f"negative: {min(items)}")
        return [2 * item for item in items]


class Callers:
    """Threads that each ask one thing; what came back, by item."""

    def __init__(self, until: Callable[[Callable[[], bool]], None], gather: Gather[float, float]) -> None:
        self.until = until
        self.gather = gather
        self.answers: dict[float, object] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, item: float, **options: object) -> None:
        """Ask in a new thread, and return when it waits in line or is being answered."""
        line = self.gather._line
        before = len(line.waiting), line.busy
        thread = threading.Thread(target=self._ask, args=(item, options), daemon=True)
        self.threads.append(thread)
        thread.start()
        self.until(lambda: (len(line.waiting), line.busy) != before or not thread.is_alive())

    def _ask(self, item: float, options: dict[str, object]) -> None:
        try:
            self.answers[item] = self.gather.ask(item, **options)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            self.answers[item] = error

    def join(self) -> dict[float, object]:
        for thread in self.threads:
            thread.join(SOON)
            assert not thread.is_alive()
        return self.answers


@pytest.fixture
def callers_of(until: Callable[[Callable[[], bool]], None]) -> Callable[[Gather[float, float]], Callers]:
    """Return a function that makes the callers of something that gathers."""
    return partial(Callers, until)


@pytest.fixture
def model() -> Doubling:
    return Doubling()


def test_a_lone_caller_is_answered_at_once_every_time(model):
    gather = Gather(model)
    assert [gather.ask(item) for item in (1.0, 2.0)] == [2.0, 4.0]
    assert model.batches == [[1.0], [2.0]]


def test_who_comes_while_a_batch_runs_shares_the_next_one(model, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    for item in (1.0, 2.0, 3.0, 4.0):
        callers.ask(item)
    model.gate.set()
    assert callers.join() == {1.0: 2.0, 2.0: 4.0, 3.0: 6.0, 4.0: 8.0}
    assert model.batches == [[1.0], [2.0, 3.0, 4.0]]


def test_only_what_is_of_one_kind_shares_a_batch_and_the_oldest_goes_first(model, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    for item, kind in ((1.0, "x"), (2.0, "y"), (3.0, "x"), (4.0, "y"), (5.0, "x")):
        callers.ask(item, kind=kind)
    model.gate.set()
    assert len(callers.join()) == 5
    assert model.batches == [[1.0], [2.0, 4.0], [3.0, 5.0]]


def test_no_batch_is_larger_than_the_largest(model, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model, largest=2))
    for item in (1.0, 2.0, 3.0, 4.0):
        callers.ask(item)
    model.gate.set()
    assert len(callers.join()) == 4
    assert model.batches == [[1.0], [2.0, 3.0], [4.0]]


def test_a_poisoned_item_fails_alone(model, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    for item in (1.0, 2.0, -3.0, 4.0):
        callers.ask(item)
    model.gate.set()
    answers = callers.join()
    error = answers.pop(-3.0)
    assert answers == {1.0: 2.0, 2.0: 4.0, 4.0: 8.0}
    assert isinstance(error, ValueError)
    assert str(error) == "negative: -3.0"
    assert model.batches[:2] == [[1.0], [2.0, -3.0, 4.0]]
    assert sorted(model.batches[2:]) == [[-3.0], [2.0], [4.0]]


def test_a_batch_with_too_few_results_is_asked_one_by_one(callers_of):
    seen = []

    def forgetful(items):
        seen.append(len(items))
        if len(seen) == 1:
            assert gate.wait(SOON)
        return items[:1]

    gate = threading.Event()
    callers = callers_of(Gather(forgetful))
    for item in (1.0, 2.0, 3.0):
        callers.ask(item)
    gate.set()
    assert callers.join() == {1.0: 1.0, 2.0: 2.0, 3.0: 3.0}
    assert seen == [1, 2, 1, 1]


def test_a_waiter_leaves_at_its_deadline_and_the_others_are_answered(model, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    callers.ask(1.0)
    callers.ask(2.0)
    with pytest.raises(DeadlineError, match="the deadline passed before the model was asked"):
        callers.gather.ask(3.0, deadline=time.monotonic() + 0.02)
    callers.ask(4.0)
    model.gate.set()
    assert callers.join() == {1.0: 2.0, 2.0: 4.0, 4.0: 8.0}
    assert model.batches == [[1.0], [2.0, 4.0]]


def test_who_is_in_a_running_batch_leaves_at_its_deadline_too(model, until, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    callers.ask(1.0)
    callers.ask(2.0)
    callers.ask(3.0, deadline=time.monotonic() + 1.0)
    begun, model.gate = model.gate, threading.Event()
    begun.set()  # the first batch ends, the second one is held
    until(lambda: isinstance(callers.answers.get(3.0), DeadlineError))
    assert model.batches == [[1.0], [2.0, 3.0]]
    model.gate.set()
    assert callers.join()[2.0] == 4.0


def test_a_deadline_that_has_passed_asks_nobody_and_holds_up_nobody(model):
    gather = Gather(model)
    with pytest.raises(DeadlineError):
        gather.ask(1.0, deadline=time.monotonic() - 1.0)
    assert model.batches == []
    assert gather.ask(2.0, deadline=time.monotonic() + SOON) == 4.0


def test_a_leader_whose_deadline_has_passed_hands_over(model, monkeypatch, callers_of):
    model.gate.clear()
    callers = callers_of(Gather(model))
    callers.ask(1.0)
    callers.ask(2.0, deadline=time.monotonic() + 100.0)
    callers.ask(3.0)
    late = time.monotonic() + 200.0
    monkeypatch.setattr("maturekit.deployment.gather.time", SimpleNamespace(monotonic=lambda: late))
    model.gate.set()
    assert isinstance(callers.join()[2.0], DeadlineError)
    assert callers.answers[3.0] == 6.0
    assert model.batches == [[1.0], [3.0]]


def test_a_batch_that_hangs_holds_up_nobody_for_longer_than_the_patience(model, until, callers_of):
    model.gate.clear()
    gather = Gather(model, patience=0.1)
    callers = callers_of(gather)
    line = gather._line
    for item in (1.0, 2.0, 3.0):
        callers.ask(item)
    until(lambda: len(model.batches) == 3)  # the waiters have gone to the model themselves
    assert [1.0] in model.batches
    hung, model.gate = model.gate, threading.Event()
    model.gate.set()
    assert gather._line is not line
    assert gather.ask(4.0) == 8.0  # in a new line, where nobody waits
    assert callers.answers == {}
    hung.set()
    assert callers.join() == {1.0: 2.0, 2.0: 4.0, 3.0: 6.0}
    assert gather.ask(5.0) == 10.0


def test_an_interrupt_of_a_leader_sends_the_others_on_their_own(until, callers_of):
    class Interrupted(Doubling):
        def __call__(self, items):
            results = super().__call__(items)
            if len(items) > 1:
                raise KeyboardInterrupt
            return results

    model = Interrupted()
    model.gate.clear()
    gather = Gather(model)
    callers = callers_of(gather)
    interrupted = []

    def ask_and_be_interrupted():
        try:
            gather.ask(2.0)
        except KeyboardInterrupt:
            interrupted.append(True)

    callers.ask(1.0)
    leader = threading.Thread(target=ask_and_be_interrupted)
    leader.start()
    until(lambda: len(gather._line.waiting) == 1)
    callers.ask(3.0)
    model.gate.set()
    leader.join(SOON)
    assert interrupted == [True]
    assert callers.join() == {1.0: 2.0, 3.0: 6.0}
    assert gather.ask(5.0) == 10.0


def test_who_is_interrupted_as_the_lead_comes_hands_over(model, monkeypatch, until, callers_of):
    class Interrupted:
        def __init__(self, lock):
            self.lock, self.release = lock, lock.release

        def acquire(self, timeout):
            assert self.lock.acquire(timeout=timeout)
            raise KeyboardInterrupt

    class Ticket(gather_module._Ticket):
        def __init__(self, item, kind):
            super().__init__(item, kind)
            if item == 2.0:
                self.ready = Interrupted(self.ready)

    monkeypatch.setattr(gather_module, "_Ticket", Ticket)
    model.gate.clear()
    callers = callers_of(Gather(model, patience=10 * SOON))
    callers.ask(1.0)
    interrupted = []

    def ask_and_be_interrupted():
        try:
            callers.gather.ask(2.0)
        except KeyboardInterrupt:
            interrupted.append(True)

    thread = threading.Thread(target=ask_and_be_interrupted)
    thread.start()
    until(lambda: len(callers.gather._line.waiting) == 1)
    callers.ask(3.0)
    model.gate.set()
    thread.join(SOON)
    assert interrupted == [True]
    assert callers.join() == {1.0: 2.0, 3.0: 6.0}
    assert model.batches == [[1.0], [3.0]]


def test_a_child_forked_while_somebody_leads_asks_anew(model, forked, callers_of):
    model.gate.clear()
    gather = Gather(model)
    callers = callers_of(gather)
    callers.ask(1.0)
    callers.ask(2.0)
    assert model.begun.acquire(timeout=SOON)

    def ask_anew() -> None:
        gather._answer = lambda items: [3 * item for item in items]
        assert gather.ask(5.0) == 15.0

    assert forked(ask_anew).ended() == 0
    model.gate.set()
    assert callers.join() == {1.0: 2.0, 2.0: 4.0}


def test_64_threads_get_their_own_answers_and_nothing_is_left():
    asked = []

    def answer(items):
        asked.append(len(items))
        time.sleep(0.001)
        if any(item % 7 == 3 for item in items):
            raise ValueError(items[0])
        return [item + 0.5 for item in items]

    gather = Gather(answer)
    wrong = []

    def ask(number):
        for turn in range(20):
            item = number + 64 * turn
            try:
                result = gather.ask(item, kind=number % 2, deadline=time.monotonic() + 60.0)
            except ValueError as error:
                result = "poisoned" if error.args == (item,) else error
            if result != ("poisoned" if item % 7 == 3 else item + 0.5):
                wrong.append((item, result))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert max(asked) > 1
    line = gather._line
    assert not line.busy
    assert not line.waiting
