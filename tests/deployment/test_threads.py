"""Threads for an event loop begin when needed, and hold up neither the loop nor the end of the interpreter."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from maturekit.deployment import threads as threads_module
from maturekit.deployment.threads import Threads
from maturekit.errors import OverloadedError

SOON = 10.0


OTHERS = set()  # threads that an earlier test of another file has left idle


def ours():
    return {thread for thread in threading.enumerate() if thread.name == "maturekit-async"} - OTHERS


def until(happens):
    stop = time.monotonic() + SOON
    while not happens():
        assert time.monotonic() < stop, "it never happens"
        time.sleep(0.001)


async def aside(happens):
    """Wait for something while the loop goes on."""
    stop = time.monotonic() + SOON
    while not happens():
        assert time.monotonic() < stop, "it never happens"
        await asyncio.sleep(0.001)


@pytest.fixture
def threads():
    return Threads()


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch):
    OTHERS.clear()
    OTHERS.update(ours())
    monkeypatch.setattr(threads_module, "_IDLE_SECONDS", 0.05)
    yield
    until(lambda: not ours())


def name_of(_: object) -> str:
    return threading.current_thread().name


def test_a_call_runs_in_a_thread_of_its_own(threads):
    assert asyncio.run(threads.awaited(name_of, None)) == "maturekit-async"
    threads.close()


def test_calls_run_side_by_side(threads):
    together = threading.Barrier(8, timeout=SOON)

    async def all_of_them():
        return await asyncio.gather(*(threads.awaited(lambda _: together.wait(), None) for _ in range(8)))

    assert sorted(asyncio.run(all_of_them())) == list(range(8))
    threads.close()


def test_threads_are_used_again(threads, monkeypatch):
    monkeypatch.setattr(threads_module, "_IDLE_SECONDS", SOON)

    async def one_after_another():
        return {await threads.awaited(lambda _: threading.get_ident(), None) for _ in range(20)}

    assert len(asyncio.run(one_after_another())) < 20  # an answer may be there before its thread is idle
    threads.close()


def test_32_run_at_once_and_the_loop_goes_on_while_the_others_wait_their_turn(threads, held):
    async def crowd():
        tasks = [asyncio.ensure_future(threads.awaited(held, number)) for number in range(40)]
        await aside(lambda: len(held.came) == 32)
        await asyncio.sleep(0.05)
        assert (sorted(held.came), len(ours())) == (list(range(32)), 32)
        held.gate.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(crowd()) == [2 * number for number in range(40)]
    threads.close()


def test_who_gives_up_before_his_turn_is_not_asked_for_and_who_gives_up_later_is_not_told(threads, held, caplog):
    async def crowd():
        tasks = [asyncio.ensure_future(threads.awaited(held, number)) for number in range(34)]
        await aside(lambda: len(held.came) == 32)
        for number in (0, 32):
            tasks[number].cancel()
        held.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answers[number]) for number in (0, 32)] == [asyncio.CancelledError] * 2
        assert answers[33] == 66
        await asyncio.sleep(0.05)

    asyncio.run(crowd())
    assert sorted(held.came) == [*range(32), 33]
    assert caplog.text == ""
    threads.close()


def test_an_answer_after_the_end_of_the_loop_disturbs_nobody(threads, held):
    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(threads.awaited(held, 1), 0.05)

    asyncio.run(give_up())
    forgotten = asyncio.new_event_loop()
    task = forgotten.create_task(threads.awaited(held, 2))
    forgotten.run_until_complete(asyncio.sleep(0))
    until(lambda: held.came == [1, 2])
    task.cancel()
    forgotten.run_until_complete(asyncio.gather(task, return_exceptions=True))
    forgotten.close()
    held.gate.set()
    assert asyncio.run(threads.awaited(len, "four")) == 4
    threads.close()


@pytest.mark.parametrize("error", [ValueError("odd"), asyncio.CancelledError(), TimeoutError()])
def test_what_the_function_raises_is_raised(threads, error):
    def raises(_):
        raise error

    with pytest.raises(type(error)):
        asyncio.run(threads.awaited(raises, None))
    threads.close()


def test_the_end_of_an_iterator_is_an_error_like_any_other(threads):
    with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
        asyncio.run(asyncio.wait_for(threads.awaited(next, iter(())), SOON))
    assert isinstance(caught.value.__cause__, StopIteration)
    threads.close()


def test_loops_of_several_threads_share_them(threads):
    def ask(number):
        async def some():
            return await asyncio.gather(*(threads.awaited(lambda n: 2 * n, number + n) for n in range(25)))

        return asyncio.run(some())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(40))) == [[2 * (number + n) for n in range(25)] for number in range(40)]
    assert len(ours()) <= 32
    threads.close()


def test_idle_threads_end_by_themselves(threads):
    assert asyncio.run(threads.awaited(len, "four")) == 4
    until(lambda: not ours())
    assert asyncio.run(threads.awaited(len, "three")) == 5
    del threads  # a wrapper that nobody closes leaves nothing behind either


def test_closing_waits_for_what_runs_and_asking_again_begins_anew(threads):
    done = []

    async def begin_and_close():
        task = asyncio.ensure_future(threads.awaited(lambda _: done.append(1), None))
        await asyncio.sleep(0)
        threads.close()
        await task

    for _ in range(2):
        asyncio.run(begin_and_close())
    assert done == [1, 1]
    assert not ours()


def test_closing_waits_for_calls_whose_turn_has_yet_to_come_and_for_nobody_who_gave_up(threads, held):
    async def crowd():
        tasks = [asyncio.ensure_future(threads.awaited(held, number)) for number in range(34)]
        await aside(lambda: len(held.came) == 32)
        closing = asyncio.get_running_loop().run_in_executor(None, threads.close)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing), 0.1)
        for task in tasks:
            task.cancel()
        await asyncio.wait_for(closing, SOON)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await threads.awaited(len, "four") == 4  # in another thread: all 32 still hang

    asyncio.run(crowd())
    assert len(held.came) == 32
    held.gate.set()
    threads.close()


def test_a_system_without_threads_sheds_or_waits_for_one_that_is_there(threads, held, monkeypatch):
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "maturekit-async":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OverloadedError, match="no thread could be started"):
        asyncio.run(threads.awaited(len, "four"))
    monkeypatch.undo()

    async def two():
        first = asyncio.ensure_future(threads.awaited(held, 1))
        await aside(lambda: held.came)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        second = asyncio.ensure_future(threads.awaited(held, 2))
        await asyncio.sleep(0.01)
        held.gate.set()
        return await asyncio.gather(first, second)

    assert asyncio.run(two()) == [2, 4]
    monkeypatch.undo()
    threads.close()


def test_a_forked_child_has_threads_of_its_own(threads, held, forked):
    async def begin():
        task = asyncio.ensure_future(threads.awaited(held, 1))
        await aside(lambda: held.came)
        return task

    def work():
        assert asyncio.run(asyncio.wait_for(threads.awaited(name_of, None), SOON)) == "maturekit-async"
        threads.close()

    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(begin())
    assert forked(work).ended() == 0
    held.gate.set()
    assert loop.run_until_complete(task) == 2
    loop.close()
    threads.close()


def test_the_interpreter_ends_though_calls_hang(interpreter):
    story = """
        import asyncio, threading
        import numpy as np
        from maturekit.deployment import Breaker, Call

        asked = []

        class Hangs:
            def predict(self, X):
                asked.append(threading.current_thread().name)
                threading.Event().wait()

        async def give_up(calls):
            task = asyncio.gather(*(service.ahandle(Call(frame=np.zeros((1, 1)))) for _ in range(2)))
            while len(asked) < calls:
                await asyncio.sleep(0.001)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                print(*asked)

        service = Breaker(Hangs())
        asyncio.run(give_up(2))
        service.close()
        asyncio.run(give_up(4))
    """
    done = interpreter(story)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["maturekit-async"] * 6, "")
