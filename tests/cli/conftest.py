"""What the tests of the command share."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from maturekit.cli import main
from maturekit.registry import Registry
from maturekit.reports import Finding, Report
from maturekit.statistics import Interval


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Return a function that runs a command in this process."""

    def run(*words):
        code = main([str(word) for word in words])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A registry on disk that no test writes to: two models, aliases, a swap, a report, an approval."""
    registry = Registry(tmp_path_factory.mktemp("registry") / "models", actor="ada")
    metrics = {"roc_auc": Interval(0.77, 0.75, 0.79, confidence=0.95, n=4000), "rmse": 3}
    first = registry.register("late", "a", metrics=metrics, parameters={"depth": 3}, tags=["weekly"], notes="the first")
    registry.register("late", "b", revision="abc", cause=first.event)
    registry.register("cheap-seats", "c", actor="eve")
    registry.promote("late:1", to="production", actor="ada", reason="first release")
    registry.promote("late:2", to="challenger", actor="ada", reason="new")
    registry.swap("late", "production", "challenger", actor="bob", reason="it won")
    registry.attach(first, Report("validation", [Finding("nullable", "failed", count=2)]))
    registry.approve(first, actor="bob", role="reviewer")
    return registry


@pytest.fixture
def place(template):
    """The folder of the registry that no test writes to."""
    return template.store.root


@pytest.fixture
def copy(template, tmp_path):
    """A registry of its own for a test that writes."""
    template.export_to(tmp_path / "copy.zip")
    registry = Registry(tmp_path / "copy", actor="ada")
    registry.import_from(tmp_path / "copy.zip")
    (tmp_path / "copy.zip").unlink()
    return registry
