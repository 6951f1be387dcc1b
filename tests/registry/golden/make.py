"""The golden registries: the same calls as ever, under a fixed clock, in a fixed environment.

Run as ``python tests/registry/golden/make.py`` it writes those that are missing beside itself. What is committed is
never made anew: if today's library writes other bytes, it writes another format.
"""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from maturekit._core.digest import canonical_json, check_of
from maturekit.errors import PromotionRefusedError
from maturekit.profile import Profile
from maturekit.registry import Registry, Serializer
from maturekit.registry.bodies import Environment
from maturekit.reports import Certainty, Finding, Report
from maturekit.schema import Schema
from maturekit.storage import LocalStore

HERE = Path(__file__).parent
START = datetime(2013, 5, 3, 6, tzinfo=UTC)
KEY = b"a golden key that is no secret"


class Kept(Serializer):
    """Gives models as they were kept: bytes that are there already."""

    executes = "nothing"

    def __init__(self, name, file):
        self.name, self.file = name, file

    def _dump(self, model):
        return {self.file: model}

    def _load(self, files, trust):
        return bytes(files[self.file])

    def sample(self):
        return b"a model", None

    @classmethod
    def examples(cls):
        yield cls("plain", "model.txt")


PLAIN = Kept("plain", "model.txt")


class KeptSchema(Schema):
    """A schema whose text does not follow the library's."""

    def to_json(self):
        return (HERE / "schema.json").read_text(encoding="utf-8")


class KeptProfile(Profile):
    """A profile whose text does not follow the library's."""

    def to_json(self):
        return (HERE / "profile.json").read_text(encoding="utf-8")


class Floor:
    """A policy that asks for an AUC."""

    name = "floor"

    def judge(self, case):
        auc = case.candidate.metrics["roc_auc"]
        finding = Finding("metric-floor", "passed" if auc >= 0.7 else "failed", value=auc, unit="roc_auc")
        return Report("policy", [finding], subjects={"candidate": case.candidate.digest}, time=START)


class Measure:
    """A measure with its interval."""

    value, low, high, confidence, n = 0.775, 0.75, 0.8, 0.95, 4000


@contextlib.contextmanager
def surroundings():
    """Let every version be registered in one environment."""
    told = {"joblib": "1.4.2", "maturekit": "0.2.0", "numpy": "2.0.0", "scikit-learn": "1.6.0"}
    stand_ins = {
        "current_environment": lambda installed: Environment(
            python="3.11.0", system="Linux", machine="x86_64", packages=told, installed=installed
        ),
        "installed_packages": lambda: told | {"requests": "2.32.0"},
    }
    with contextlib.ExitStack() as stack:
        for module in [module for name, module in sys.modules.items() if name.startswith("maturekit.registry.")]:
            for name in stand_ins.keys() & vars(module).keys():
                stack.enter_context(mock.patch.object(module, name, stand_ins[name]))
        yield


def opened(place, number, *, keys=()):
    """Open a registry that has its identity already, with a clock that moves an hour a look."""
    store = LocalStore(place)
    content = {"format": 1, "id": f"{number:032x}", "what": "maturekit registry"}
    store.put_new("registry.json", canonical_json(content | {"check": check_of(content)}))
    hours = iter(range(10_000))
    return Registry(
        store, actor="ada", clock=lambda: START + timedelta(hours=next(hours)), serializers=[PLAIN], keys=keys
    )


def examples():
    """Return rows of every kind of column that reads back alike with every pandas."""
    import pandas as pd

    return pd.DataFrame(
        {
            "hour": [7, 8],
            "distance": [0.1, float("nan")],
            "late": pd.array([True, None], dtype="boolean"),
            "dest": pd.Categorical.from_codes([0, -1], categories=pd.Index([10, 20]), ordered=True),
            "carrier": pd.array(["UA", None], dtype=pd.StringDtype("python")),
            "time": pd.Series([START, None]).astype("datetime64[us, UTC]"),
        }
    )


def full(place):
    """Every kind of event: 23 of them, hence two heads; and a model of joblib beside it."""
    registry = opened(place, 1)
    common = {"serializer": PLAIN, "revision": "c" * 40}
    review = Report("review", [Finding("audit", "passed"), Finding("bias", "skipped")], time=START)
    first = registry.register(
        "late-flights",
        b"late if hour > 15",
        schema=KeptSchema({}),
        profile=KeptProfile(0, {}),
        examples=examples(),
        metrics={"roc_auc": Measure(), "log_loss": 1e-7},
        evidence=[review],
        parameters={
            "depth": 3,
            "rate": 1e16,
            "grid": [0.1, -0.0, 1.0],
            "name": 'na\u00efve "\u5e74" \U0001f600\n',
            "none": None,
        },
        fingerprint="sha256:" + "f" * 64,
        tags=["weekly", "\u00fcber"],
        notes="First.\n",
        **common,
    )
    registry.promote(first, to="production", actor="ada", reason="first release")
    second = registry.register("late-flights", b"late if hour > 16", metrics={"roc_auc": 0.65}, **common)
    alarm = registry.attach(first, reading(), actor="watch")
    third = registry.register("late-flights", b"late if hour > 14", metrics={"roc_auc": 0.8}, cause=alarm, **common)
    registry.approve(third, actor="bob", role="risk officer", reason="read the review", cause=alarm)
    with contextlib.suppress(PromotionRefusedError):
        registry.promote(second, to="production", policy=Floor(), actor="ada", reason="try")
    registry.promote(third, to="production", policy=Floor(), actor="ada", reason="better", cause=alarm)
    registry.promote(second, to="challenger", actor="ada", reason="for comparison")
    registry.swap("late-flights", "production", "challenger", policy=None, actor="ada", reason="by mistake")
    registry.rollback("late-flights", alias="production", actor="ada", reason="mend it")
    registry.hold(first, actor="law", reason="a case at court")
    fourth = registry.register("late-flights", b"late if hour > 13", notes="Of Ann.\n", parent=second, **common)
    registry.promote(fourth, to="staging", actor="ada", reason="try")
    registry.retire("late-flights", alias="staging", actor="ada", reason="not needed")
    registry.erase(fourth, actor="law", reason="personal data", parts=["notes"])
    registry.release(first, actor="law", reason="the case is closed")
    fifth = registry.register("late-flights", b"late if hour > 12", metrics={"roc_auc": 0.81}, **common)
    registry.attach(fifth, review, actor="bob")
    registry.hold(fifth, actor="law", reason="an audit")
    registry.promote(fifth, to="production", policy=Floor(), actor="ada", reason="better")
    registry.promote(third, to="previous", actor="ada", reason="kept warm")
    joblib = Kept("joblib", "model.joblib")
    fitted = registry.register("on-time", (HERE / "logistic.joblib").read_bytes(), **common | {"serializer": joblib})
    registry.promote(fitted, to="production", actor="ada", reason="first release")


def long(place):
    """A hundred and three small events: ten heads and a pack."""
    registry = opened(place, 2)
    version = registry.register("late", b"no", serializer=PLAIN, revision="c" * 40)
    registry.promote(version, to="production", actor="ada", reason="first")
    for number in range(3, 103):
        registry.approve(version, actor=f"b{number}")
    registry.retire("late", alias="production", actor="ada", reason="last")


def signed(place):
    """Eleven signed events, hence a signed head."""
    registry = opened(place, 3, keys=[KEY])
    version = registry.register("late", b"no", serializer=PLAIN, revision="c" * 40, notes="Signed.\n")
    registry.attach(version, Report("review", [Finding("audit", "passed")], time=START))
    for number in range(1, 10):
        registry.promote(version, to=f"place-{number}", actor="ada", reason="one of nine")


def reading():
    """Return a drift reading that raised an alarm."""
    findings = [
        Finding("alarm", "failed", value=812.5, unit="evidence", certainty=Certainty(0.999, "not a false alarm")),
        Finding("since", "passed", severity="info", value="2013-05-01"),
        Finding("drift:share", "failed", columns=("dest",), value=0.25, unit="share of rows"),
    ]
    return Report("drift-reading", findings, time=START)


MAKERS = {"full": full, "long": long, "signed": signed}


def pack(place):
    """Return a registry as one text: a key and its text a line, without the packs, which the events make up."""
    store = LocalStore(place)
    keys = [key for key in store.list() if not key.endswith(".pack.jsonl")]
    return b"".join(key.encode() + b"\t" + store.get(key) + b"\n" for key in keys)


if __name__ == "__main__":
    import tempfile

    with surroundings():
        for name in ("full", "signed"):
            if not (HERE / name).exists():
                MAKERS[name](HERE / name)
        if not (HERE / "long.txt").exists():
            with tempfile.TemporaryDirectory() as folder:
                long(Path(folder) / "long")
                (HERE / "long.txt").write_bytes(pack(Path(folder) / "long"))
