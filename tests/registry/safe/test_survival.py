"""A process that reads and uses forged models lives: forgeries by the thousand, each in one place, in a child."""

from __future__ import annotations

import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maturekit.errors import MaturekitError
from maturekit.registry.safe import read

FORGER = Path(__file__).with_name("forger.py")


def survives(folder, *, first, count):
    """Run forgeries in a child; say which one was the last if it dies."""
    script = [sys.executable, str(FORGER), str(folder), str(first), str(count)]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, f"forgery {(folder / 'at').read_text()}: {done.returncode} {done.stderr[-500:]}"
    return int(done.stdout.split("forgeries, ")[1].split()[0])


def stored(corpus, folder, step):
    for place, entry in enumerate(corpus["fitted"][::step]):
        (folder / f"{place:04d}.pickle").write_bytes(pickle.dumps(entry))


def test_a_process_survives_forgeries_of_every_kind_of_model(corpus, tmp_path):
    stored(corpus, tmp_path, 1)
    loaded = survives(tmp_path, first=0, count=len(corpus["fitted"]) // 2)
    assert loaded > 50  # most change a number that nothing depends on; those are used


@pytest.mark.long
def test_a_process_survives_thousands_of_forgeries(corpus, tmp_path):
    stored(corpus, tmp_path, 1)
    for first in range(1000, 21_000, 2000):
        survives(tmp_path, first=first, count=2000)


def test_forgeries_are_what_they_say(corpus):
    """The same number makes the same file, and most differ from the honest one."""
    forged = runpy.run_path(str(FORGER))["forged"]
    model = corpus["fitted"][0][1]
    honest = pickle.dumps(model, 4)
    files = [forged(model, number) for number in range(20)]
    assert files == [forged(model, number) for number in range(20)]
    assert sum(file != honest for file in files) > 12


def test_flipped_bits_never_crash(corpus):
    """The registry finds them by the digest; here they reach the reader, and then the model, which may answer nonsense."""
    random = np.random.default_rng(0)
    rng = random.integers
    chosen = {"demo", "forest", "boosting with categories", "calibrated by steps", "nearest, kd_tree", "vectors, rbf"}
    models = [(corpus["dumped"](model), data) for label, model, data in corpus["fitted"] if label in chosen]
    assert len(models) == len(chosen)
    for _ in range(200):
        data, rows = models[rng(len(models))]
        flipped = bytearray(data)
        flipped[rng(len(data))] ^= 1 << int(rng(8))
        try:
            model = read(bytes(flipped)).value
        except MaturekitError:
            continue
        try:
            model.predict(rows)
        except Exception:  # noqa: BLE001  # whatever a changed model raises is fine: the process lives
            continue
