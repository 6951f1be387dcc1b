"""What the log promises when processes end, die, fork, or run out of disk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import maturekit
from maturekit.predictions import Entry, Log

HEAD = """
import os, sys, time
from maturekit.predictions import Entry, Log, SegmentSink, Sink
"""
START = datetime(2013, 5, 1, tzinfo=UTC)
LOG = "log = Log(sys.argv[1], flush_rows=20, **{})"
SOURCE = {"PYTHONPATH": str(Path(maturekit.__file__).parents[1])}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, forks and limits of Unix")


def script(story, log=LOG):
    return "\n".join([HEAD, log, textwrap.dedent(story)])


def begin(story, folder):
    return subprocess.Popen(
        [sys.executable, "-c", script(story), str(folder)],
        env=os.environ | SOURCE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def run(interpreter):
    """Return a function that runs a story to its end, and returns what it printed and what it logged."""

    def run(story, folder, *, log=LOG):
        ran = interpreter(script(story, log), folder, **SOURCE)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout, ran.stderr

    return run


def numbers(folder):
    return Log(folder).frame()["input.number"].tolist()


def test_processes_write_side_by_side_and_store_everything_when_they_end(tmp_path):
    story = """
        for number in range(1010):
            log.write(Entry({"number": number}, key={"id": number}, request=str(number)))
        """
    writers = [begin(story, tmp_path / "log") for _ in range(2)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert sorted(numbers(tmp_path / "log")) == sorted([*range(1010)] * 2)


def test_a_killed_process_loses_what_it_said_was_waiting_and_no_more(tmp_path):
    writer = begin(
        """
        for number in range(1_000_000):
            log.write(Entry({"number": number}))
            print(number, log.waiting, flush=True)
        """,
        tmp_path / "log",
    )
    number = waiting = 0
    while number - waiting < 100:
        number, waiting = map(int, writer.stdout.readline().split())
    writer.send_signal(signal.SIGKILL)
    printed = writer.communicate(timeout=60)[0].splitlines(keepends=True)
    rest = [line for line in printed if line.endswith("\n")]  # the last one may be torn
    if rest:
        number, waiting = map(int, rest[-1].split())
    stored = numbers(tmp_path / "log")
    assert stored == list(range(len(stored)))
    written = number + 1
    assert written - waiting <= len(stored) <= written + 20


def test_a_store_that_hangs_holds_up_the_end_no_longer_than_stated_and_the_loss_is_said(tmp_path, run):
    story = """
        for number in range(30):
            log.write(Entry({"number": number}))
        """
    sink = """
        class Hanging(SegmentSink):
            def _write(self, blocks):
                time.sleep(1000)
            examples = None
        log = Log(Hanging(sys.argv[1]), flush_rows=20, exit_seconds=0.05)
        """
    _, logged = run(story, tmp_path / "log", log=textwrap.dedent(sink))
    assert "the end came before 30 records were written" in logged


def test_an_interpreter_that_ends_with_a_full_queue_stores_it_whole_and_silently(tmp_path, run):
    story = """
        for number in range(200):
            log.write(Entry({"number": number}))
        print(log.waiting, log.dropped)
        """
    sink = """
        import threading
        ends = threading.Event()
        class Late(SegmentSink):
            def _write(self, blocks):
                ends.wait(30)
                super()._write(blocks)
            examples = None
        import atexit
        log = Log(Late(sys.argv[1]), flush_rows=20, keep_rows=100)
        atexit.register(ends.set)
        """
    printed, logged = run(story, tmp_path / "log", log=textwrap.dedent(sink))
    assert (printed.split(), logged) == (["100", "100"], "")
    assert numbers(tmp_path / "log") == list(range(100))


def test_a_store_that_fails_at_the_end_says_what_is_lost(tmp_path, run):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "thesis.tex").write_text("years of work")
    _, logged = run('log.write(Entry({"number": 1}))', tmp_path / "log")
    assert "1 records are lost" in logged
    assert "thesis.tex" in logged


@pytest.mark.parametrize(
    "method",
    ["fork", pytest.param("spawn", marks=pytest.mark.long), pytest.param("forkserver", marks=pytest.mark.long)],
)
def test_workers_of_multiprocessing_store_what_they_wrote_when_they_end(tmp_path, method, run):
    (tmp_path / "work.py").write_text(f'{HEAD}\n{LOG}\ndef work(number):\n    log.write(Entry({{"number": number}}))')
    story = f"""
        import multiprocessing
        sys.path.insert(0, {str(tmp_path)!r})
        from work import work
        context = multiprocessing.get_context({method!r})
        processes = [context.Process(target=work, args=(number,)) for number in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        """
    run(story, tmp_path / "log")
    assert sorted(numbers(tmp_path / "log")) == [0, 1]


def test_a_forked_child_and_its_parent_store_what_each_wrote_once(tmp_path, run):
    story = """
        for number in range(30):
            log.write(Entry({"number": number}))
        child = os.fork()
        for number in range(30, 60):
            log.write(Entry({"number": number if child else -number}))
        if child:
            os.waitpid(child, 0)
        """
    run(story, tmp_path / "log")
    assert sorted(numbers(tmp_path / "log")) == [*range(-59, -29), *range(60)]


@pytest.mark.long
def test_a_fork_while_threads_write_leaves_a_child_that_can_write(tmp_path, run):
    story = """
        import threading
        stop = threading.Event()
        def work():
            while not stop.is_set():
                log.write(Entry({"number": 0}))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(1, 11):
            child = os.fork()
            if not child:
                log.write(Entry({"number": number}))
                log.flush(20.0)
                os._exit(0)
            children.append(child)
        stop.set()
        print([os.waitpid(child, 0)[1] for child in children])
        """
    printed, _ = run(story, tmp_path / "log")
    assert printed.strip() == str([0] * 10)
    assert sorted(set(numbers(tmp_path / "log"))) == list(range(11))


def test_on_a_full_disk_predictions_go_on_and_afterwards_what_waited_is_stored(tmp_path, run):
    story = """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        from maturekit.errors import StorageError
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        for number in range(70):
            log.write(Entry({"number": number}))
        try:
            log.flush()
        except StorageError:
            print(log.waiting, log.dropped)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        log.flush()
        print(log.waiting, log.dropped)
        """
    printed, logged = run(story, tmp_path / "log", log=LOG.format("{'keep_rows': 50}"))
    assert printed.split() == ["50", "20", "0", "20"]
    assert logged.count("records wait, since they cannot be written") == 1
    assert numbers(tmp_path / "log") == list(range(50))


def test_predictions_of_an_exit_handler_are_stored_too(tmp_path, run):
    story = """
        import atexit
        atexit.register(lambda: log.write(Entry({"number": 2})))
        log.write(Entry({"number": 1}))
        """
    early = f"import atexit\natexit.register(lambda: log.write(Entry({{'number': 3}})))\n{LOG}"
    run(story, tmp_path / "log", log=early)
    assert sorted(numbers(tmp_path / "log")) == [1, 2, 3]


@pytest.mark.long
def test_killed_at_any_moment_merging_and_forgetting_lose_double_and_revive_nothing(tmp_path):
    place = tmp_path / "log"
    log = Log(place, flush_rows=3)
    for number in range(300):
        log.write(Entry({"number": number}, key={"person": number % 30}, time=START + timedelta(days=number)))
    log.flush()
    story = """
        import random
        from datetime import UTC, datetime, timedelta
        chance = random.Random(os.getpid())
        print("begun", flush=True)
        while True:
            Log(SegmentSink(sys.argv[1], large_rows=chance.randint(10, 100))).compact()
            log.forget(chance.randint(20, 29))
            log.expire(datetime(2013, 5, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 30)))
        """
    chance = random.Random(0)
    for _ in range(15):
        workers = [begin(story, place) for _ in range(2)]
        for worker in workers:
            assert worker.stdout.readline() == "begun\n"
        time.sleep(chance.random() * 0.5)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            assert worker.communicate(timeout=60)[1] == ""
        found = numbers(place)
        assert len(found) == len(set(found))
        assert {number for number in range(300) if number >= 30 and number % 30 < 20} <= set(found)
    for person in range(20, 30):
        log.forget(person)
    log.expire(START + timedelta(days=30))
    assert numbers(place) == [number for number in range(30, 300) if number % 30 < 20]
