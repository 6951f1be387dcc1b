"""Cut the power at every step of a registration, and look at what may be left: ``python powercut.py FOLDER STEP [SCENARIO]``.

A disk that loses its power keeps what was flushed, and of the rest what it likes. So the steps of a scenario are recorded
(files and folders created, linked, removed, flushed); for every prefix of them the folder is built again as the worst
disks would leave it: nothing that was not flushed; every name but no unflushed content; and a random part of both.
Nothing that a call had acknowledged before the cut may be missing. Prints the number of states that were looked at.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

from scenarios import SCENARIOS, check_sound, template, warm


class Recorder:
    """Writes down what a scenario does to the files below a folder."""

    def __init__(self, place):
        self.place = place
        self.steps = []
        self.on = False
        self._fsync = os.fsync
        os.fsync = self.fsync
        sys.addaudithook(self.heard)

    def relative(self, path):
        full = Path(os.fsdecode(path)).absolute()
        return full.relative_to(self.place).as_posix() if full.is_relative_to(self.place) else None

    def heard(self, event, arguments):
        if not self.on or event not in {"open", "os.mkdir", "os.link", "os.remove", "os.rename"}:
            return
        if event == "open" and not (isinstance(arguments[0], (str, bytes)) and arguments[2] & os.O_CREAT):
            return
        paths = [self.relative(part) for part in arguments[:2] if isinstance(part, (str, bytes, os.PathLike))]
        if event == "open":
            paths = paths[:1]
        if all(path is not None for path in paths):
            self.steps.append((event, *paths))

    def fsync(self, descriptor):
        self._fsync(descriptor)
        if self.on:
            self.on = False
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            name = self.relative(path)
            if name is not None:
                self.steps.append(("flushed", name, None if path.is_dir() else path.read_bytes()))
            self.on = True


def record(recorder, scenario):
    """Run a scenario on the recorder's folder and return its steps."""
    recorder.steps = []
    recorder.on = True
    scenario(recorder.place)
    recorder.on = False
    return recorder.steps


class Disk:
    """What a folder holds, and how much of it has come to rest."""

    def __init__(self, place):
        self.names = {path.relative_to(place).as_posix() for path in place.rglob("*")} | {"."}
        self.folders = {name for name in self.names if (place / name).is_dir()}
        self.content = {name: (place / name).read_bytes() for name in self.names - self.folders}
        self.resting = set(self.names)
        """Names that a power cut does not take away."""
        self.going = set()
        """Names that were removed, and may come back."""

    def take(self, step):
        kind, name, *rest = step
        if kind == "flushed" and rest[0] is None:
            inside = {path for path in self.names | self.going if str(Path(path).parent) == name}
            self.resting = (self.resting | inside) - (self.going & inside)
            self.going -= inside
        elif kind == "flushed":
            self.content[name] = rest[0]
        elif kind == "os.remove":
            self.going |= self.names & {name}
            self.names.discard(name)
        elif kind == "os.link":
            self.names.add(rest[0])
            self.content[rest[0]] = self.content[name]
        else:
            self.names.add(name)
            if kind == "os.mkdir":
                self.folders.add(name)
            else:
                self.content[name] = None  # not one byte is sure before it is flushed

    def states(self, chance):
        """Yield the names that the worst disks would show."""
        loose = (self.names - self.resting) | self.going
        yield set(self.resting)
        yield self.names | {name for name in loose if chance.random() < 0.5}
        yield self.resting - self.going | {name for name in loose if chance.random() < 0.5}

    def build(self, names, place, chance):
        for name in sorted(names):
            if name in self.folders:
                (place / name).mkdir(parents=True, exist_ok=True)
        for name in sorted(names - self.folders):
            if (place / name).parent.is_dir():
                content = self.content[name]
                (place / name).write_bytes(chance.choice([b"", b"\0" * 64]) if content is None else content)


def cut(folder, step, scenario, recorder):
    """Return how many states were looked at."""
    start = template(folder, scenario)
    shutil.copytree(start, recorder.place)
    disk = Disk(recorder.place)
    steps = record(recorder, scenario)
    shutil.rmtree(recorder.place)
    chance, states = random.Random(0), 0
    for number, taken in enumerate(steps, 1):
        disk.take(taken)
        if number % step and number != len(steps):
            continue
        for names in disk.states(chance):
            place = folder / "cut"
            place.mkdir()
            disk.build(names, place, chance)
            check_sound(place, scenario, done=number == len(steps))
            shutil.rmtree(place)
            states += 1
    return states


if __name__ == "__main__":
    where = Path(sys.argv[1]).absolute()
    names = sys.argv[3:] or list(SCENARIOS)
    warm(where, names)
    recorder = Recorder(where / "recorded")
    for name in names:
        (where / name).mkdir()
        states = cut(where / name, int(sys.argv[2]), SCENARIOS[name], recorder)
        sys.stdout.write(f"{name} {states}\n")
        sys.stdout.flush()
