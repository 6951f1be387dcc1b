"""What is written as a place, and the store that it opens."""

from __future__ import annotations

import pytest

from maturekit.errors import ArgumentError
from maturekit.storage import LocalStore, MemoryStore, ObjectStore, open_store


def test_an_address_of_a_bucket_opens_it():
    pytest.importorskip("obstore")
    store = open_store("s3://bucket/team/models/")
    assert isinstance(store, ObjectStore)
    assert str(store.address) == "s3://bucket/team/models"


def test_a_store_is_passed_through():
    store = MemoryStore()
    assert open_store(store) is store


def test_a_folder_may_look_a_little_like_an_address(tmp_path):
    for name in ("s3", "s3:", "models.s3"):
        assert open_store(tmp_path / name).root == LocalStore(tmp_path / name).root


@pytest.mark.parametrize("place", ["ftp://host/models", "file:///models", "memory://", "https://host/bucket"])
def test_other_addresses_are_refused(place):
    with pytest.raises(ArgumentError, match="no store is built in for places of the form"):
        open_store(place)


def test_a_tilde_is_the_home_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("~/models").put_new("a", b"one")
    assert (tmp_path / "models/a").read_bytes() == b"one"
