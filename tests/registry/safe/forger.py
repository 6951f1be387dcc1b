"""Forge stored models in one place each and use them: a process of its own, which must never die by a signal.

    python forger.py FOLDER FIRST COUNT

The folder holds trusted pickles of (name, model, rows). Forgery number n is always the same, and its number is written
to the file `at` before it is tried, so that a death can be looked into.
"""

from __future__ import annotations

import io
import pickle
import resource
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

from maturekit.errors import MaturekitError
from maturekit.registry.safe import read

METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors", "radius_neighbors",
    "mahalanobis",
)  # fmt: skip


SLOW = 20
"""Seconds after which a forgery that only takes long is left: a degree of a million is not promised to be quick."""


MEMORY = 8 * 2**30
"""Bytes after which an allocation fails: a forged broadcast may ask for much, and the machine is not ours alone."""


class Slow(BaseException):
    """Passes by those who catch every exception."""


def leave(*_):
    raise Slow


class Forger(pickle.Pickler):
    """Write an object as pickle does, except that the state of the n-th object gets one wrong part."""

    def __init__(self, file, random, chosen):
        super().__init__(file, 4)
        self.random = random
        self.chosen = chosen
        self.seen = 0

    def reducer_override(self, value):
        if isinstance(value, (type, np.ndarray, np.generic, np.dtype)) or hasattr(value, "__qualname__"):
            return NotImplemented  # classes, functions and arrays go as they are
        reduced = value.__reduce_ex__(4)
        if not isinstance(reduced, tuple) or len(reduced) < 3 or not reduced[2]:
            return NotImplemented
        self.seen += 1
        if self.seen - 1 != self.chosen:
            return NotImplemented
        made, arguments, state, *rest = reduced
        return (made, arguments, self.wrong(state), *rest)

    def wrong(self, state):
        """Return a copy of a state with one part changed."""
        random = self.random
        if isinstance(state, dict):
            keys = list(state)
            key = keys[random.integers(len(keys))]
            if random.random() < 0.1:  # what belongs to another attribute
                return {**state, key: state[keys[random.integers(len(keys))]]}
            return {**state, key: self.wrong(state[key])}
        if isinstance(state, (tuple, list)) and state:
            place = int(random.integers(len(state)))
            parts = [self.wrong(part) if i == place else part for i, part in enumerate(state)]
            return type(state)(parts) if type(state) in {tuple, list} else tuple(parts)
        if isinstance(state, np.ndarray):
            return self.wrong_array(state)
        if isinstance(state, bool):
            return not state
        if isinstance(state, int):
            return int(random.choice([0, -1, 1, state + 1, state - 1, 2**31 - 1, -(2**31), state * 1000 + 7, 5]))
        if isinstance(state, float):
            return float(random.choice([0.0, -1.0, 1e300, np.nan, np.inf, 3.0]))
        if isinstance(state, str):
            words = [
                "predict",
                "",
                "linear",
                "precomputed",
                "brute",
                "kd_tree",
                "mahalanobis",
                "zero",
                "fit",
                state * 2,
            ]
            return words[random.integers(len(words))]
        return [None, 3, "x", np.arange(3.0), [], {}, -1][random.integers(7)]

    def wrong_array(self, array):
        """Return an array of another size, shape, type or content."""
        random = self.random
        if array.dtype == object and array.size and random.random() < 0.5:
            changed = array.copy()
            changed.flat[random.integers(array.size)] = self.wrong(array.flat[random.integers(array.size)])
            return changed
        ways = [
            lambda: array[: len(array) // 2] if array.ndim else array,
            lambda: np.concatenate([array, array]) if array.ndim else array,
            array.T.copy,
            lambda: array.reshape(-1),
            lambda: array.reshape(1, *array.shape),
            lambda: array.reshape(*array.shape, 1),
            lambda: array[..., :-1] if array.ndim and array.shape[-1] else array,
            lambda: array[:0] if array.ndim else array,
            lambda: np.zeros((), dtype=array.dtype),
            lambda: np.asfortranarray(array),
            lambda: (
                array.astype(np.float32 if array.dtype.kind == "f" else np.float64)
                if array.dtype.names is None
                else array
            ),
            lambda: array.astype(np.int64) if array.dtype.kind in "fiub" else array,
        ]
        if array.size and array.dtype.names is not None:
            name = array.dtype.names[random.integers(len(array.dtype.names))]
            return self.edited(array, name)
        if array.size and random.random() < 0.5 and array.dtype.kind in "fiu":
            return self.edited(array, None)
        return np.ascontiguousarray(ways[random.integers(len(ways))]()) if random.random() < 0.9 else ways[2]()

    def edited(self, array, field):
        changed = array.copy()
        part = changed if field is None else changed[field]
        if part.dtype.kind not in "fiu":
            return changed
        value = self.random.choice([-1, 0, 1, 2, 7, 100, 10**6, 2**31 - 1, -(2**31), 255, 256])
        if self.random.random() < 0.5:
            part.flat[self.random.integers(part.size)] = part.dtype.type(np.array(value).astype(part.dtype))
        else:
            part[...] = np.array(value).astype(part.dtype)
        return changed


def forged(model, number):
    """Return the forgery of a model with this number, as a file."""
    random = np.random.default_rng(number)
    honest = pickle.dumps(model, 4)
    if random.random() < 0.15:  # any byte of the file
        changed = bytearray(honest)
        changed[random.integers(len(changed))] ^= 1 << int(random.integers(8))
        return bytes(changed)
    counter = Forger(io.BytesIO(), random, -1)
    counter.dump(model)
    buffer = io.BytesIO()
    Forger(buffer, random, int(random.integers(max(1, counter.seen)))).dump(model)
    return buffer.getvalue()


def use(model, rows):
    """Ask a model everything that it can be asked, about many rows and about one."""
    for method in METHODS:
        for part in (rows, rows[:1]):
            try:
                answer = getattr(model, method)(part)
                for each in answer if isinstance(answer, (list, tuple)) else [answer]:
                    if hasattr(each, "toarray"):
                        each.toarray()
            except Exception:  # noqa: BLE001  # whatever a forged model raises is fine: the process lives
                pass


def main(folder, first, count):
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, leave)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    np.seterr(all="ignore")
    models = [pickle.loads(path.read_bytes()) for path in sorted(folder.glob("*.pickle"))]
    loaded = 0
    for number in range(first, first + count):
        _, model, rows = models[number % len(models)]
        (folder / "at").write_text(str(number))
        try:
            data = forged(model, number)
        except Exception:  # noqa: BLE001  # some parts cannot even be written
            continue
        try:
            again = read(data).value
        except MaturekitError:
            continue
        loaded += 1
        signal.alarm(SLOW)
        try:
            use(again, rows)
        except Slow:
            continue
        finally:
            signal.alarm(0)
    sys.stdout.write(f"{count} forgeries, {loaded} loaded\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
