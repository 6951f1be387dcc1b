"""What tests of several wrappers share: threads that callers leave behind, work that is held, a damaged version."""

from __future__ import annotations

import threading

import pytest

from maturekit.deployment import crew


@pytest.fixture(scope="session")
def crew_threads():
    """Return a function that tells which threads of crews there are."""
    return lambda: {thread for thread in threading.enumerate() if thread.name == "maturekit-limited"}


@pytest.fixture
def no_thread_is_left(monkeypatch, crew_threads, until):
    """Let idle threads end at once, and after the test wait for all of them."""
    before = crew_threads()
    monkeypatch.setattr(crew, "_IDLE_SECONDS", 0.05)
    yield
    until(lambda: crew_threads() <= before)


class Held:
    """Doubles a number when its gate is open, and remembers which came, and in which threads."""

    def __init__(self):
        self.gate = threading.Event()
        self.came = []
        self.threads = []

    def __call__(self, number):
        self.came.append(number)
        self.threads.append(threading.get_ident())
        assert self.gate.wait(10.0)
        return 2 * number


@pytest.fixture
def held():
    work = Held()
    yield work
    work.gate.set()


@pytest.fixture
def damage():
    """Return a function that flips one bit of every file of a version's model."""

    def damage(registry, number):
        store = registry.store
        for file in registry[f"steady:{number}"].body.model.files.values():
            key = next(key for key in store.list() if file.digest.removeprefix("sha256:") in key.replace("/", ""))
            data = bytearray(store.get(key))
            data[len(data) // 2] ^= 1
            store.delete(key)
            store.put_new(key, bytes(data))

    return damage
