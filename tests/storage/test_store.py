"""The contract of stores finds what a careless store does."""

from __future__ import annotations

import pytest

from maturekit.storage import MemoryStore
from maturekit.testing.stores import STORE_CHECKS


class Overwriting(MemoryStore):
    """Every writer wins."""

    def _put_new(self, key, data):
        self._delete(key)
        super()._put_new(key, data)


class Forgetful(MemoryStore):
    """Says it has written."""

    def _put_new(self, key, data):
        super()._put_new(key, data[:1000])


class Leaky(MemoryStore):
    """Lists more than it was asked for."""

    def _list(self, prefix):
        return super()._list("")


@pytest.mark.parametrize("careless", [Overwriting, Forgetful, Leaky])
def test_a_careless_store_fails_its_contract(careless):
    failed = []
    for check in STORE_CHECKS:
        try:
            check(careless())
        except AssertionError:
            failed.append(check.__name__)
    assert failed
