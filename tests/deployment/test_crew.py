"""Threads that a caller can leave behind: used again, bounded, gone when nobody needs them."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import os
import sys
import threading
import time
import weakref
from types import SimpleNamespace

import pytest

from maturekit.deployment import crew as crew_module
from maturekit.deployment.crew import Crew
from maturekit.errors import DeadlineError, OverloadedError

pytestmark = pytest.mark.usefixtures("no_thread_is_left")
SOON = 10.0


def soon():
    return time.monotonic() + SOON


@pytest.fixture
def crew():
    return Crew(places=None, queue=0, lost=3)


def leave_behind(crew, work, times=1):
    for _ in range(times):
        with pytest.raises(DeadlineError):
            crew.run(work, 1, deadline=time.monotonic() + 0.05)


def aside(crew, work, number, results):
    thread = threading.Thread(target=lambda: results.append(crew.run(work, number, deadline=soon())), daemon=True)
    thread.start()
    return thread


def test_threads_are_used_again(crew, held):
    held.gate.set()
    assert [crew.run(held, number, deadline=soon()) for number in range(20)] == list(range(0, 40, 2))
    assert len(set(held.threads)) == 1
    assert threading.get_ident() not in held.threads


def test_a_thread_that_was_idle_for_long_has_gone_and_another_one_comes(crew, held, until):
    held.gate.set()
    crew.run(held, 1, deadline=soon())
    until(lambda: not crew._idle)
    assert crew.run(held, 2, deadline=soon()) == 4


def test_what_hangs_takes_so_many_threads_and_no_more(crew, held, until):
    leave_behind(crew, held, times=3)
    until(lambda: len(held.threads) == 3)
    for _ in range(5):
        with pytest.raises(OverloadedError, match="3 calls that outran their deadline are still running"):
            crew.run(held, 1, deadline=soon())
    assert (len(held.threads), crew.running, crew.left, crew.shed) == (3, 3, 3, 5)
    held.gate.set()
    until(lambda: crew.running == 0)
    assert (crew.left, crew.late) == (0, 3)
    assert crew.run(held, 1, deadline=soon()) == 2


class Thing:
    """Something whose end can be seen."""


def test_an_error_comes_as_it_is(crew):
    with pytest.raises(ZeroDivisionError):
        crew.run(lambda number: 1 / number, 0, deadline=soon())
    with pytest.raises(SystemExit):
        crew.run(sys.exit, None, deadline=soon())
    assert crew.running == 0


def test_neither_questions_nor_results_nor_errors_are_kept_by_the_thread(crew, monkeypatch, until):
    monkeypatch.setattr(crew_module, "_IDLE_SECONDS", SOON)
    gone = [weakref.ref(crew.run(lambda _: Thing(), None, deadline=soon()))]

    def fail(thing):
        gone.append(weakref.ref(thing))
        raise ValueError

    gc.disable()  # nothing may need it
    try:
        with contextlib.suppress(ValueError):
            crew.run(fail, Thing(), deadline=soon())
        until(lambda: not any(thing() for thing in gone))
    finally:
        gc.enable()
    assert len(crew._idle) == 1
    crew.close()


class Unlucky:
    """A lock that comes, and whose coming is overlooked: the time was over just before."""

    meanwhile = None

    def __init__(self):
        self.lock = threading.Lock()
        self.release = self.lock.release

    def acquire(self, timeout=None):
        if timeout is None:
            return self.lock.acquire()
        if self.meanwhile is not None:
            self.meanwhile.set()
        assert self.lock.acquire(timeout=timeout)
        return False


def test_a_result_that_comes_at_the_last_moment_counts(crew, monkeypatch):
    crew.run(len, "a thread is there", deadline=soon())
    monkeypatch.setattr(crew_module, "threading", SimpleNamespace(Lock=Unlucky, TIMEOUT_MAX=threading.TIMEOUT_MAX))
    assert crew.run(len, "four", deadline=soon()) == 4
    assert (crew.left, crew.late) == (0, 0)


def test_a_place_that_comes_at_the_last_moment_is_given_back(held, monkeypatch, until):
    crew = Crew(places=1, queue=1, lost=1)
    thread = threading.Thread(target=crew.run, args=(held, 1), kwargs={"deadline": None}, daemon=True)
    thread.start()
    until(lambda: held.threads)
    monkeypatch.setattr(Unlucky, "meanwhile", held.gate)
    monkeypatch.setattr(crew_module, "threading", SimpleNamespace(Lock=Unlucky, TIMEOUT_MAX=threading.TIMEOUT_MAX))
    with pytest.raises(DeadlineError):
        crew.run(held, 2, deadline=soon())
    thread.join(SOON)
    assert (crew.running, len(held.threads)) == (0, 1)


def test_context_variables_of_the_caller_are_seen(crew):
    trace = contextvars.ContextVar("trace")
    trace.set("7f3a")
    assert crew.run(lambda _: trace.get(), None, deadline=soon()) == "7f3a"


def test_closing_waits_for_what_is_waited_for_and_afterwards_all_begins_anew(crew, held, until):
    results = []
    asking = aside(crew, held, 1, results)
    until(lambda: held.threads)
    closing = threading.Thread(target=crew.close, daemon=True)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    held.gate.set()
    for thread in (closing, asking):
        thread.join(SOON)
        assert not thread.is_alive()
    assert results == [2]
    assert not crew._idle
    assert crew.run(held, 2, deadline=soon()) == 4


def test_closing_does_not_wait_for_what_was_left_behind(crew, held):
    leave_behind(crew, held)
    crew.close()
    assert crew.running == 1


def test_a_crew_that_is_gone_leaves_no_thread(held, until):
    held.gate.set()
    gone = [
        weakref.ref(crew)
        for crew in (Crew(places=1, queue=0, lost=1) for _ in range(20))
        if crew.run(held, 1, deadline=soon())
    ]
    until(lambda: gc.collect() is not None and not any(crew() for crew in gone))


def test_a_system_without_threads_sheds(held, monkeypatch):
    def no_more(self):
        raise RuntimeError("can't start new thread")

    crew = Crew(places=1, queue=0, lost=1)
    monkeypatch.setattr(crew_module._Hand, "start", no_more)
    for _ in range(2):
        with pytest.raises(OverloadedError, match="no thread could be started: can't start new thread"):
            crew.run(held, 1, deadline=soon())
    assert (crew.running, crew.shed) == (0, 2)


def test_places_go_to_who_has_waited_longest(held, until):
    crew = Crew(places=1, queue=5, lost=1)
    order, results = [], []

    def work(number):
        order.append(number)
        return held(number)

    threads = []
    for number in range(5):
        threads.append(aside(crew, work, number, results))
        until(lambda: len(order) + len(crew._waiting) == len(threads))
    held.gate.set()
    for thread in threads:
        thread.join(SOON)
    assert order == [0, 1, 2, 3, 4]
    assert sorted(results) == [0, 2, 4, 6, 8]
    assert crew.running == 0


def test_who_gives_up_waiting_takes_no_place(held, until):
    crew = Crew(places=1, queue=5, lost=1)
    results = []
    thread = aside(crew, held, 1, results)
    until(lambda: held.threads)
    leave_behind(crew, held, times=3)
    assert (crew.running, len(crew._waiting), crew.left) == (1, 0, 0)
    held.gate.set()
    thread.join(SOON)
    assert crew.running == 0
    assert crew.run(held, 2, deadline=soon()) == 4


def test_a_forked_child_counts_from_nothing_and_has_threads_of_its_own(held, forked, until):
    crew = Crew(places=1, queue=0, lost=1)
    results = []
    thread = aside(crew, held, 1, results)
    until(lambda: held.threads)

    def begin_anew():
        held.gate.set()
        assert crew.running == 0
        assert crew.run(held, 3, deadline=soon()) == 6

    assert forked(begin_anew).ended() == 0
    held.gate.set()
    thread.join(SOON)
    assert results == [2]


def test_a_function_that_forks_ends_well_in_both_processes(crew, forked):
    def go_on():
        assert crew.running == 0
        assert crew.run(len, "four", deadline=soon()) == 4

    child = forked(go_on, fork=lambda: crew.run(lambda _: os.fork(), None, deadline=None))
    assert child.ended() == 0
    assert crew.running == 0


def test_an_interpreter_ends_at_once_though_a_call_hangs(interpreter):
    story = """
        import threading, time
        from maturekit.deployment.crew import Crew
        from maturekit.errors import DeadlineError
        crew = Crew(places=None, queue=0, lost=2)
        print(crew.run(len, "four", deadline=time.monotonic() + 10))
        try:
            crew.run(lambda _: threading.Event().wait(), None, deadline=time.monotonic() + 0.01)
        except DeadlineError:
            print("late", flush=True)
    """
    done = interpreter(story)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["4", "late"], "")


def test_64_threads_leave_nothing_behind(until):
    crew = Crew(places=4, queue=8, lost=100)
    most, now, wrong, answered, lock = [0], [0], [], [], threading.Lock()

    def work(number):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002 if number % 5 else 0.03)
        with lock:
            now[0] -= 1
        return 2 * number

    def ask(first):
        for number in range(first, first + 10_000, 1000):
            try:
                answer = crew.run(work, number, deadline=time.monotonic() + (0.02 if number % 2 else SOON))
            except (DeadlineError, OverloadedError):
                continue
            answered.append(number)
            if answer != 2 * number:
                wrong.append((number, answer))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    until(lambda: crew.running == 0)
    assert wrong == []
    assert answered
    assert crew.shed
    assert most[0] <= 4
    assert crew.left == 0
    assert not crew._waiting
