"""What all tests share: examples that repeat in CI, processes that end with their test, patience, a broken store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
import warnings
from dataclasses import dataclass

import pytest
from hypothesis import settings

from maturekit.errors import StorageError
from maturekit.storage import MemoryStore

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

LONGEST = 120  # seconds that a process may take before its test fails


@pytest.fixture
def interpreter():
    """Return a function that runs code in an interpreter of its own, and fails where that does not end."""

    def run(code, *arguments, **variables):
        command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        try:
            return subprocess.run(
                command, env=os.environ | variables, capture_output=True, text=True, timeout=LONGEST, check=False
            )
        except subprocess.TimeoutExpired as late:
            said = [said for said in (late.stdout, late.stderr) if said]
        pytest.fail(f"the interpreter did not end within {LONGEST} s; it said {said}")

    return run


@dataclass(frozen=True)
class Child:
    """A forked process."""

    pid: int

    def ended(self):
        """Wait for its end, and return how it ended: 0, 1 if its work raised, or minus the signal that killed it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def forked():
    """Return a function that lets a forked child do some work and end there, whatever the work does.

    What the work raises is printed. A child that takes too long is killed by SIGALRM.
    """
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork on this system")

    def forked(work, *, fork=os.fork):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads, which are the test
            child = fork()
        if child:
            return Child(child)
        code = 1
        try:
            signal.alarm(LONGEST)
            work()
            code = 0
        except BaseException:  # noqa: BLE001  # also an exit or an interrupt must not reach the tests that are left
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    return forked


@pytest.fixture(scope="session")
def until():
    """Return a function that waits for something to come true, and fails where it never does."""

    def until(happens):
        stop = time.monotonic() + 30.0
        while not happens():
            assert time.monotonic() < stop, "it never happens"
            time.sleep(0.001)

    return until


class Shaky(MemoryStore):
    """A store that can be switched off."""

    down = False

    def _put_new(self, key, data):
        self._try()
        super()._put_new(key, data)

    def _get(self, key):
        self._try()
        return super()._get(key)

    def _exists(self, key):
        self._try()
        return super()._exists(key)

    def _try(self):
        if self.down:
            raise StorageError("the disk is away")


@pytest.fixture
def shaky():
    return Shaky()
