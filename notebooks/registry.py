# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The life of a model
#
# A model is registered, approved, promoted, challenged, rolled back, copied, attacked and erased; and afterwards its
# history still says what happened, when, by whom and why. No server is involved: a registry is a folder of plain files.

# %%
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import maturekit as mk
from maturekit import errors, governance
from maturekit.registry import fingerprint
from maturekit.statistics import Accuracy

HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path.cwd().resolve()
PROJECT = next((folder for folder in (HERE, *HERE.parents) if (folder / "pyproject.toml").exists()), HERE)
BUILD = PROJECT / "build" / "registry"
shutil.rmtree(BUILD, ignore_errors=True)

# %% [markdown]
# Whatever stamps a time takes a clock. Ours begins on 1 May 2013 and moves on by a day whenever we say so.


# %%
class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2013, 5, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tomorrow(self) -> None:
        self.now += timedelta(days=1)


clock = Clock()
registry = mk.Registry(BUILD / "models", actor="ada", clock=clock)

# %% [markdown]
# ## Registered with all that belongs to it
#
# The model: which of 569 tumours are malignant. A version holds the files of the model, the contract of its input, the
# summary of the data it has seen, a few examples, its metrics with their intervals, and where it comes from.

# %%
table, malignant = load_breast_cancer(as_frame=True, return_X_y=True)
table.columns = [name.replace(" ", "_") for name in table.columns]
X, X_new, y, y_new = train_test_split(table, malignant, test_size=0.4, random_state=0, stratify=malignant)


def register(model):
    model.fit(X, y)
    return registry.register(
        "tumours",
        model,
        schema=mk.Schema.learn(X),
        profile=mk.Profile.of(X),
        examples=X.head(5),
        metrics={"accuracy": Accuracy().interval(y_new, model.predict(X_new))},
        parameters={"rows": len(X)},
        fingerprint=fingerprint(X),
        notes="Wisconsin, 1995",
    )


first = register(HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=4, random_state=0))
print(first)
bounds = first.intervals["accuracy"]
print(f"accuracy {first.metrics['accuracy']:.3f}, between {bounds.low:.3f} and {bounds.high:.3f} on {bounds.n} rows")
print("missing:", first.gaps or "nothing")

# %% [markdown]
# What is on the disk can be read by any program: an event is a line of JSON, and what it names by digest lies below it.

# %%
event = json.loads((BUILD / "models/logs/model/tumours/events/000000000001.json").read_text())
print(event["kind"], event["time"], event["actor"], event["check"][:23] + "...")
print(json.dumps(event["body"]["model"], indent=1))

# %% [markdown]
# ## Approved and promoted
#
# Nobody approves their own work. An alias points to a version; moving it is an event, with a reason, and with a policy
# where there is one.

# %%
try:
    registry.approve(first, actor="ada")
except errors.ArgumentError as error:
    print(error)

registry.approve(first, actor="grace", role="medical lead", reason="looked at the errors one by one")
clock.tomorrow()
policy = governance.Policy("release", [governance.SchemaAttached(), governance.MetricFloor("accuracy", 0.9)])
registry.promote(first, to="production", policy=policy, actor="ada", reason="first release")
print(registry["tumours@production"])

# %% [markdown]
# ## Challenged
#
# A second model stands beside the first. When it wins, both aliases change places in one event: nobody ever sees one
# moved and the other not.

# %%
clock.tomorrow()
second = register(make_pipeline(StandardScaler(), LogisticRegression()))
registry.promote(second, to="challenger", actor="ada", reason="runs aside for two days")
print(registry.compare(first, second).to_frame()[["rule", "columns", "message"]].head(6).to_string(index=False))

clock.tomorrow()
clock.tomorrow()
registry.swap("tumours", "production", "challenger", policy=policy, actor="ada", reason="fewer false alarms")
print({alias: version.reference for alias, version in registry.aliases("tumours").items()})

# %% [markdown]
# On 6 May somebody asks which version was in production on the 3rd; and takes the release back.

# %%
clock.tomorrow()
print(registry.resolve("tumours@production", at=datetime(2013, 5, 3, 12, tzinfo=UTC)).reference)
registry.rollback("tumours", alias="production", actor="ada", reason="the clinic wants to see the study first")
print(registry["tumours@production"].reference)

# %% [markdown]
# ## Searched
#
# Versions and events are frames.

# %%
versions = registry.frame("tum*")
print(versions[["reference", "aliases", "metric.accuracy", "approvals"]].to_string(index=False))
events = registry.events("tumours")
print(events[["number", "time", "kind", "actor", "reason"]].to_string(index=False))

# %% [markdown]
# ## Killed
#
# A process dies in the middle of a registration. What was there is untouched, nothing is half there, and the next
# registration simply goes on.

# %%
DYING = """
import os, signal, sys
import maturekit as mk
from maturekit.storage import LocalStore

class Dying(LocalStore):
    def _put_new(self, key, data):
        super()._put_new(key, data)
        os.kill(os.getpid(), signal.SIGKILL)  # the content is there, the event is not

mk.Registry(Dying(sys.argv[1])).register("tumours", {"weights": [1.0] * 1000})
"""
died = subprocess.run([sys.executable, "-c", DYING, BUILD / "models"], check=False)
assert died.returncode == -signal.SIGKILL
print([version.number for version in registry.versions("tumours")])
print(registry.verify().summary())
registry.gc(grace=timedelta(0))

# %% [markdown]
# ## Attacked
#
# A pickle may run any code when it is loaded. Ours is read by a machine that builds data and nothing else, unless the
# caller trusts a name: the file has no say.


# %%
class Attack:
    def __reduce__(self):
        return os.system, ("echo you have been had",)


evil = registry.register("gift", Attack())
try:
    evil.load()
except errors.UntrustedError as error:
    print(error)

# %% [markdown]
# Somebody edits the history, so that the rollback seems to have come from another. Whoever looks sees it. To see also
# that the end was cut off, or everything rewritten, keep an anchor elsewhere: a commit, a signed mail, a printed page.

# %%
anchor = registry.anchor()
print(anchor[:120] + "...")
copy = BUILD / "edited"
shutil.copytree(BUILD / "models", copy)
victim = max((copy / "logs/model/tumours/events").glob("*.json"))
victim.write_text(victim.read_text().replace('"actor":"ada"', '"actor":"eve"'))
for finding in mk.Registry(copy).verify().failed:
    print("edited:", finding.message)
victim.unlink()
print("cut off, seen without an anchor:", not mk.Registry(copy).verify().ok)
for finding in mk.Registry(copy).verify(anchor=anchor).failed:
    print("cut off:", finding.message)

# %% [markdown]
# ## Carried elsewhere, and kept no longer than needed
#
# One file carries a registry, a model or a version to another place; every digest stays what it was.

# %%
registry.export_to(BUILD / "tumours.zip", "tumours")
elsewhere = mk.Registry(BUILD / "elsewhere", actor="clinic")
elsewhere.import_from(BUILD / "tumours.zip")
assert elsewhere.head("tumours") == registry.head("tumours")
again = elsewhere["tumours@production"].load()
assert (again.predict(X_new) == registry["tumours@production"].load().predict(X_new)).all()

# %% [markdown]
# The second version has to go: a patient took their consent back. A version that is under legal hold cannot be erased,
# nor one that an alias needs; where nothing hinders, the content goes, a tombstone says so, and the chain stays whole.

# %%
registry.hold(second, actor="legal", reason="claim 17")
try:
    registry.erase(second, actor="ada", reason="consent withdrawn")
except errors.MaturekitError as error:
    print(error)
registry.release(second, actor="legal", reason="claim 17 is settled")
registry.retire("tumours", alias="challenger", actor="ada", reason="it is to be erased")
registry.erase(second, actor="ada", reason="consent withdrawn")
print(registry.verify().summary())
try:
    second.load()
except errors.MaturekitError as error:
    print(error)

# %% [markdown]
# ## For people and jobs
#
# The same from a shell; the exit code of `verify` is 1 when something is wrong, so that a job can watch it.

# %%
for arguments in (["ls"], ["history", "tumours"], ["verify"]):
    command, *rest = arguments
    run = [sys.executable, "-m", "maturekit", "registry", command, str(BUILD / "models"), *rest]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    print(f"$ maturekit registry {' '.join(arguments)}   -> {done.returncode}")
    print(textwrap.indent(done.stdout, "  "))
