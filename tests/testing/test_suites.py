"""What is no class, no package or no example of a class is refused before anything is judged."""

from __future__ import annotations

import pytest

import maturekit.storage
from maturekit import testing
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.storage import MemoryStore, Store


class Returning(MemoryStore):
    @classmethod
    def examples(cls):
        return cls()


class Bound(MemoryStore):
    def examples(self):
        yield self


class Strange(MemoryStore):
    @classmethod
    def examples(cls):
        yield MemoryStore()


class Silent(MemoryStore):
    @classmethod
    def examples(cls):
        yield from ()


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda: testing.check(MemoryStore()), "kind must be a class, got MemoryStore"),
        (lambda: testing.check("MemoryStore"), "kind must be a class, got str"),
        (lambda: testing.checks_of(None), "kind must be a class, got NoneType"),
        (lambda: testing.check(Returning), r"Returning\.examples must be a class method that yields instances"),
        (lambda: testing.check(Bound), r"Bound\.examples must be a class method that yields instances"),
        (lambda: testing.check(Strange), r"Strange\.examples\(\) must yield instances of Strange, got MemoryStore"),
        (lambda: testing.modules("maturekit"), "a package is walked, got str"),
        (lambda: testing.bases(MemoryStore), "a package is walked, got ABCMeta"),
        (lambda: testing.implementations("maturekit", of=Store), "a package is walked, got str"),
        (lambda: testing.implementations(maturekit.storage, of="Store"), "of must be a class, got str"),
        (lambda: testing.implementations(maturekit.storage, of=MemoryStore()), "of must be a class, got MemoryStore"),
    ],
)
def test_what_is_not_of_the_right_type_is_refused(act, why):
    with pytest.raises(ArgumentTypeError, match=why):
        act()


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Store, "Store is abstract"), (int, "int has no base class"), (Silent, r"Silent.examples\(\) yields nothing")],
)
def test_a_class_that_cannot_be_judged_is_refused(kind, why):
    with pytest.raises(ArgumentError, match=why):
        testing.check(kind)


def test_a_class_that_can_be_judged_is():
    testing.check(MemoryStore)
