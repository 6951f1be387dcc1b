"""Threads for an event loop begin with the first call, and anew where they are gone."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from maturekit.deployment.threads import Threads


def name_of(_: object) -> str:
    return threading.current_thread().name


def test_a_call_runs_in_a_thread_of_its_own():
    threads = Threads()
    assert asyncio.run(threads.awaited(name_of, None)).startswith("maturekit")
    threads.close()


def test_calls_run_side_by_side():
    threads, together = Threads(), threading.Barrier(8, timeout=10)

    async def all_of_them():
        return await asyncio.gather(*(threads.awaited(lambda _: together.wait(), None) for _ in range(8)))

    assert sorted(asyncio.run(all_of_them())) == list(range(8))
    threads.close()


def test_closing_waits_for_what_runs_and_asking_again_begins_anew():
    threads, done = Threads(), []

    async def begin_and_close():
        task = asyncio.ensure_future(threads.awaited(lambda _: done.append(1), None))
        await asyncio.sleep(0)
        threads.close()
        await task

    for _ in range(2):
        asyncio.run(begin_and_close())
    assert done == [1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    threads = Threads()
    asyncio.run(threads.awaited(name_of, None))
    child = os.fork()
    if child == 0:
        worked = asyncio.run(asyncio.wait_for(threads.awaited(name_of, None), 10)).startswith("maturekit")
        os._exit(0 if worked else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    threads.close()
