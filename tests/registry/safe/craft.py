"""Bytes that an honest or a hostile writer could have stored; read by the tests here with `runpy`."""

from __future__ import annotations

import io
import os
import pickle
import struct

import joblib
import numpy as np

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
PROTO = b"\x80\x04"
STOP = b"."


class Sneaky:
    """Reduces to whatever it is given."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def dumped(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, protocol=4)
    return buffer.getvalue()


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else b"X" + struct.pack("<I", len(data)) + data


def name(module, attribute):
    return text(module) + text(attribute) + b"\x93"


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def stream(*parts):
    return PROTO + b"".join(parts) + STOP


def touch(path):
    """What an attacker would run: leave a file."""
    return Sneaky(os.system, (f"touch {path}",))


def forged(model, attributes):
    """Return a fitted model with other attributes, as a file."""
    model.__dict__.update(attributes)
    return dumped(model)


def array_header(dtype, shape, order="C"):
    """Return a joblib array without its bytes."""
    wrapper = pickle.dumps(
        {"subclass": np.ndarray, "shape": shape, "order": order, "dtype": np.dtype(dtype),
         "allow_mmap": False, "numpy_array_alignment_bytes": 16},
        protocol=4,
    )[11:-1]  # fmt: skip  # without protocol, frame and stop
    return name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + wrapper + b"b"


class Replacing(pickle.Pickler):
    """Write objects of one type with another state."""

    def __init__(self, file, kind, change):
        super().__init__(file, 4)
        self.kind = kind
        self.change = change

    def reducer_override(self, value):
        if type(value) is not self.kind:
            return NotImplemented
        made, arguments, state = value.__reduce_ex__(4)[:3]
        return made, arguments, self.change(state)


def with_state(thing, kind, change):
    buffer = io.BytesIO()
    Replacing(buffer, kind, change).dump(thing)
    return buffer.getvalue()
