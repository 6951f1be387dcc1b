"""What the tests of the registry share."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path

import pytest

from maturekit.registry import Registry, Serializer
from maturekit.storage import MemoryStore

collect_ignore = ["breaking"]  # programs that strike registries, and what they share


class PlainSerializer(Serializer):
    """Texts as models: no test of the registry itself needs more, nor pays for scikit-learn."""

    name = "plain"
    executes = "nothing"

    def _dump(self, model):
        return {"model.txt": model.encode()}

    def _load(self, files, trust):
        return files["model.txt"].decode()

    def sample(self):
        return "a model", None

    @classmethod
    def examples(cls):
        yield cls()


@pytest.fixture(scope="session")
def plain():
    return PlainSerializer()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def registry(store):
    return Registry(store, actor="ada")


@pytest.fixture(scope="session")
def corpus():
    """The names of the script that fits models, and the fitted models."""
    module = runpy.run_path(str(Path(__file__).with_name("corpus.py")))
    return module | {"fitted": list(module["corpus"]())}


@pytest.fixture
def replace():
    """Return a function that changes what a store holds under a key, as no program of ours ever does."""

    def replace(store, key, data):
        store.delete(key)
        store.put_new(key, data)

    return replace


@pytest.fixture
def pickled():
    """Return a function that sends an object through pickle."""
    return lambda thing: pickle.loads(pickle.dumps(thing))
