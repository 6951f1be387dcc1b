"""What a registry is doing when it is struck, and what must hold afterwards; shared by the scripts beside it."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

from maturekit.registry import Registry, Serializer
from maturekit.registry.environment import installed_packages
from maturekit.reports import Finding, Report


class Plain(Serializer):
    """Texts as models: the bytes on the disk are what matters here."""

    name = "plain"
    executes = "nothing"

    def _dump(self, model):
        return {"model.txt": model.encode()}

    def _load(self, files, trust):
        return bytes(files["model.txt"]).decode()

    def sample(self):
        return "a model", None

    @classmethod
    def examples(cls):
        yield cls()


class Agrees:
    """A policy that lets everything pass."""

    name = "agrees"

    def judge(self, case):
        return Report("policy", [Finding("gate", "passed", value=case.candidate.number)])


PLAIN = Plain()
NOW = {"actor": "ada", "reason": "x"}


def opened(place):
    return Registry(place, actor="ada", serializers=[PLAIN])


def register(registry, text, **more):
    return registry.register("late", text, serializer=PLAIN, revision="abc", **more)


def first(place):
    """Register the first version of all."""
    register(opened(place), "new" * 3_000, notes="a note", evidence=[Report("review", [])])


def another(place):
    """Register a version with a report, as events 10 and 11: a head is stored between them."""
    register(opened(place), "new" * 3_000, evidence=[Report("review", [])])


def hundredth(place):
    """Register a version as event 100: a pack and a head are stored."""
    register(opened(place), "new")


def thousandth(place):
    """Register a version as event 1,000: a pack, a table and a head are stored."""
    register(opened(place), "new")


def promote(place):
    """Move an alias, as a policy lets it."""
    opened(place).promote("late:2", to="production", policy=Agrees(), **NOW)


def swap(place):
    """Let two aliases change places."""
    opened(place).swap("late", "production", "challenger", **NOW)


def collect(place):
    """Remove content that no event names."""
    opened(place).gc(grace=timedelta(0))


def erase(place):
    """Remove the content of a version, leaving a tombstone."""
    opened(place).erase("late:3", **NOW)


ADDING = (first, another, hundredth, thousandth)
SCENARIOS = {scenario.__name__: scenario for scenario in (*ADDING, promote, swap, collect, erase)}


def template(folder, scenario):
    """Return a place as the scenario finds it; the first finds nothing."""
    place = folder / f"template-{scenario.__name__}"
    if scenario is first:
        place.mkdir()
        return place
    registry = opened(place)
    for number in (1, 2, 3):
        register(registry, f"model {number}", notes=f"note {number}")
    for alias, number in (("production", 1), ("challenger", 2)):
        registry.promote(f"late:{number}", to=alias, **NOW)
    events = {hundredth: 99, thousandth: 999}.get(scenario, 9)
    while registry.log("late").head().number < events:
        registry.attach("late:1", Report("review", []))
    if scenario is collect:
        for text in ("one", "two"):
            registry.blobs("late").delivery().put(text.encode())
    return place


def warm(folder, names):
    """Import and look up what the first use does, so that every child begins alike."""
    installed_packages()
    for scenario in (SCENARIOS[name] for name in names):
        place = folder / "warm"
        shutil.copytree(template(folder, scenario), place)
        scenario(place)
        opened(place).verify()
        shutil.rmtree(place)


def check_sound(place, scenario, *, done):
    """Check what is promised after any blow: nothing earlier lost, nothing half there, the next write succeeds.

    `done` tells that the call had returned, so its effect must be there.
    """
    registry = opened(place)
    earlier = 0 if scenario is first else 3
    names = registry.names() if (place / "registry.json").exists() else []
    versions = registry.versions("late") if names else []
    assert len(versions) - earlier in ({0, 1} if scenario in ADDING else {0})
    if names:
        standing = {alias: version.number for alias, version in registry.aliases("late").items()}
        before = {} if scenario is first else {"production": 1, "challenger": 2}
        after = {promote: {"production": 2, "challenger": 2}, swap: {"production": 2, "challenger": 1}}
        allowed = [after.get(scenario, before)] if done else [before, after.get(scenario, before)]
        assert standing in allowed, standing
    if done and scenario in ADDING:
        assert len(versions) == earlier + 1
    gone = {3} if scenario is erase else set()
    for version in versions:
        if version.number not in gone:
            text = version.load()
            assert text == (f"model {version.number}" if version.number <= earlier else "new" * (len(text) // 3))
    written = register(registry, "the next")
    assert written.number == len(versions) + 1
    report = registry.verify()
    assert report.ok, report.summary()
    registry.gc(grace=timedelta(0))
    fresh = opened(place)
    report = fresh.verify()
    assert report.ok, report.summary()
    assert fresh[f"late:{written.number}"].load() == "the next"
    if done and scenario is erase:
        assert not any("model 3" in path.read_text() for path in place.rglob("blobs/*/*/*"))


def in_child(work):
    """Return the process id of a forked child that does some work and ends with 0, or with 1 if it raised."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child
