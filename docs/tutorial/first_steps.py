# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First steps
#
# Ten minutes with made-up flights: a contract, a version, a promotion, a service, labels, an assessment. The
# [next lesson](flights.py) does the same with a year of real ones.

# %%
import tempfile

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

import maturekit as mk
from maturekit import deployment, governance, monitoring, predictions, validation

rng = np.random.default_rng(2013)


def flights(rows):
    """Make up some flights."""
    return pd.DataFrame(
        {
            "flight": [f"f{number}" for number in rng.choice(10**6, size=rows, replace=False)],
            "distance": rng.uniform(90, 2500, rows).round(),
            "hour": rng.integers(5, 23, rows).astype(float),
            "seats": rng.choice([50.0, 150.0, 300.0], rows),
        }
    )


def truth(frame):
    """Say which are late: in the evening, and in small planes."""
    risk = (frame["hour"] - 5) / 30 + 0.3 * (frame["seats"] == 50)
    return (rng.uniform(size=len(frame)) < risk).astype(int)


# %% [markdown]
# ## A contract
#
# Learned from data that we trust, then edited by somebody who knows what the columns mean.

# %%
train = flights(5000)
late = truth(train)
schema = mk.Schema.learn(train).updated(
    {"flight": mk.Column("string", role="key"), "distance": mk.Column("float", gt=0)}
)
checked = validation.validate(train, schema)
print(checked.summary())

# %% [markdown]
# ## A version
#
# The model goes to the registry together with its contract, the profile of its data and the report of the check. Only
# features reach the model; the key is for joining labels.

# %%
folder = tempfile.TemporaryDirectory()
features = list(schema.features)
model = HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(train[features], late)

fresh = flights(3000)
fresh_late = truth(fresh)
score = model.score(fresh[features], fresh_late)

registry = mk.Registry(f"{folder.name}/models", actor="ada")
version = registry.register(
    "late-flights",
    model,
    schema=schema,
    profile=mk.Profile.of(train, schema=schema),
    metrics={"accuracy": score},
    evidence=[checked],
)
version

# %% [markdown]
# ## A promotion
#
# A policy is a list of gates. Its verdict is an event, whether it is yes or no.

# %%
policy = governance.Policy("weekly", [governance.SchemaAttached(), governance.MetricFloor("accuracy", 0.6)])
registry.promote(version, to="production", policy=policy, actor="ada", reason="first release")
for event in registry.history("late-flights"):
    print(event.number, event.kind, event.actor, event.reason)

# %% [markdown]
# ## A service
#
# From the inside out: follow the alias, check what comes in, write down what was asked and answered.

# %%
log = predictions.Log(f"{folder.name}/predictions")
service = deployment.Recorded(
    deployment.Guarded(deployment.Live(registry, "late-flights@production")), log=log, key="flight"
)
today = flights(2000)
service.predict_proba(today)[:3].round(2)

# %% [markdown]
# A record that breaks the contract gets its own clear refusal:

# %%
from maturekit.errors import RejectedRecordError

try:
    service.predict_one({"flight": "f1", "distance": -5.0, "hour": 9.0, "seats": 150.0})
except RejectedRecordError as error:
    print(error)

# %% [markdown]
# ## Labels, later

# %%
log.label(today[["flight"]].assign(late=truth(today)), column="late")
performance = monitoring.performance(log, metric="roc_auc", by="month")
registry.attach(version, performance)
performance.by_period()

# %% [markdown]
# ## How mature is this?
#
# Each line is proven by an event, or says what is missing.

# %%
print(mk.assess(registry))

# %%
folder.cleanup()
