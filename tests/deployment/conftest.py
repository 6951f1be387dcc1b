"""What tests of several wrappers share: threads that callers leave behind, and a version that is damaged."""

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
