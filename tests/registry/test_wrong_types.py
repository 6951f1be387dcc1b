"""Every argument of every public method, given what it cannot take, raises an error of ours and writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError, MaturekitError
from maturekit.registry import Catalogue, Registry
from maturekit.reports import Finding, Report
from maturekit.storage import LocalStore, MemoryStore

REPORT = Report("validation", [Finding("nullable", "passed")])
WHO = {"actor": "ben", "reason": "why", "cause": None}
ODD = [
    None,
    True,
    -1,
    float("nan"),
    b"x",
    "",
    "No/Name@x",
    "half \ud800",
    "zero \x00",
    [None],
    ["half \ud800"],
    {1: object()},
    {"a": np.sin},
    object(),
    pd.DataFrame({"a": [1], "b": [2]}),
    pd.NaT,
    datetime(2013, 5, 3),  # one that nobody knows the meaning of
    datetime.min.replace(tzinfo=UTC),
    timedelta.max,
    Registry,
]
CALLS = {
    "register": {
        "name": "late",
        "model": "a",
        "schema": None,
        "profile": None,
        "examples": None,
        "metrics": None,
        "evidence": (),
        "cause": None,
        "parent": None,
        "parameters": None,
        "fingerprint": None,
        "revision": "abc",
        "tags": (),
        "notes": "",
        "actor": None,
        "serializer": None,
    },
    "attach": {"version": "late:1", "report": REPORT, "actor": None, "cause": None},
    "approve": {"version": "late:1", "role": "", **WHO},
    "promote": {"version": "late:1", "to": "production", "policy": None, **WHO},
    "swap": {"name": "late", "first": "production", "second": "challenger", "policy": None, **WHO},
    "rollback": {"name": "late", "alias": "production", **WHO},
    "retire": {"name": "late", "alias": "production", **WHO},
    "hold": {"version": "late:1", **WHO},
    "release": {"version": "late:2", **WHO},
    "erase": {"version": "late:3", "parts": None, **WHO},
    "expire": {"name": "late", "keep": 1, "older_than": None, "dry_run": False, **WHO},
    "verify": {"anchor": None},
    "gc": {"grace": timedelta(days=1)},
    "import_from": {"path": "no.zip", "actor": None, "reason": ""},
    "export_to": {"path": "late.zip", "what": None},
    "resolve": {"reference": "late:1", "at": None},
    "versions": {"name": "late"},
    "aliases": {"name": "late", "at": None},
    "history": {"name": "late", "at": None},
    "head": {"name": "late"},
    "compare": {"first": "late:1", "second": "late:2"},
    "frame": {"names": "*"},
    "events": {"names": "*", "kinds": ()},
    "log": {"name": "late"},
    "blobs": {"name": "late"},
}


@pytest.fixture(scope="module")
def life():
    """Return a function that makes the same registry again, in which each of the calls can be made."""
    model = Registry(MemoryStore(), actor="ada")
    for number in (1, 2, 3):
        model.register("late", f"model {number}", revision="abc", notes="n")
    for number, alias in ((1, "production"), (2, "production"), (1, "challenger")):
        model.promote(f"late:{number}", to=alias, actor="ada", reason="first")
    model.hold("late:2", actor="ada", reason="an audit")
    held = {key: model.store.get(key) for key in model.store.list()}

    def again():
        store = MemoryStore()
        for key, data in held.items():
            store.put_new(key, data)
        return Registry(store, actor="ada")

    return again


def test_the_list_of_calls_is_whole():
    methods = {name for name in dir(Registry) if not name.startswith("_") and callable(getattr(Registry, name))}
    assert set(CALLS) == methods - {"names", "anchor"}  # which take nothing


@pytest.mark.filterwarnings("ignore::UserWarning")  # what a caller is warned of is not asked here
@pytest.mark.parametrize("method", CALLS)
def test_what_an_argument_cannot_be_is_an_error_of_ours_and_writes_nothing(life, method, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = 0
    for argument in CALLS[method]:
        registry = life()
        for odd in ODD:
            before = list(registry.store.list())
            try:
                getattr(registry, method)(**{**CALLS[method], argument: odd})
            except MaturekitError as error:
                assert str(error)
                assert list(registry.store.list()) == before, (argument, odd)
                refused += 1
            else:
                assert registry.verify().ok, (argument, odd)
                registry = life()
        assert registry.verify().ok
    assert refused >= len(CALLS[method])


@pytest.mark.parametrize("trust", [None, 3, b"os.system", "os.system", [None], [3]])
def test_trust_is_a_list_of_names(life, trust):
    with pytest.raises(MaturekitError):
        life()["late:1"].load(trust=trust)


@pytest.mark.parametrize("place", [None, 3, b"models", "", "zero \x00", "half \ud800", "ftp://host/models"])
@pytest.mark.parametrize("kind", [Registry, Catalogue])
def test_a_place_that_cannot_be_is_refused_when_it_is_opened(kind, place):
    with pytest.raises(MaturekitError):
        kind(place)


def test_a_dry_run_is_asked_for_in_so_many_words(life):
    registry = life()
    with pytest.raises(ArgumentTypeError, match="dry_run is True or False, got NoneType"):
        registry.expire("late", keep=0, dry_run=None, actor="ada", reason="x")


def test_messages_name_the_place_as_the_caller_wrote_it():
    assert str(LocalStore("models")) == "'models'"
    with pytest.raises(LookupError, match="there is no registry in this store in memory"):
        Registry(MemoryStore()).names()
