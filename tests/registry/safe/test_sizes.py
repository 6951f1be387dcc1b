"""A small file allocates little, however much it promises."""

from __future__ import annotations

import contextlib
import runpy
import struct
import tracemalloc
from pathlib import Path

import pytest

from maturekit.errors import MaturekitError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
PROTO, array_header, name, number, stream, text = (
    CRAFT[key] for key in ("PROTO", "array_header", "name", "number", "stream", "text")
)


def bombs():
    yield "an array of 8 GiB", stream(array_header("f8", (2**30,)))
    yield "an array of objects", stream(array_header("O", (2**40,)))
    yield "sides that overflow", stream(array_header("f8", (2**32, 2**32)))
    yield "one side is zero", stream(array_header("f8", (0, 2**62)), b"\x00")
    yield "texts of no length", stream(array_header("U0", (2**30,)), b"\x00")
    yield "bytes of no length", stream(array_header("S0", (2**30,)), b"\x00")
    yield "one enormous item", stream(array_header("V2000000000", (1,)))
    yield "negative side", stream(array_header("f8", (-1,)))
    yield "truth as a side", stream(array_header("f8", (True, 10)))
    yield "a long text", stream(b"\x8d" + struct.pack("<Q", 2**60))
    yield "long bytes", stream(b"\x8e" + struct.pack("<Q", 2**60))
    yield "a long bytearray", stream(b"\x96" + struct.pack("<Q", 2**60))
    yield "a far memo", stream(b"Nr\xff\xff\xff\xff")
    yield "codec", stream(name("_codecs", "encode"), text("x" * 200), text("zlib"), b"\x86R")
    yield "a tree of many outputs", stream(
        name("sklearn.tree._tree", "Tree"), number(3), array_header("i8", (1,)), b"\x00" + struct.pack("<q", 2),
        number(2**60), b"\x87R",
    )  # fmt: skip
    yield "nested object arrays", stream(array_header("O", (1,)) + PROTO) * 200


@pytest.mark.parametrize(("what", "data"), list(bombs()), ids=lambda part: part if isinstance(part, str) else "")
def test_a_small_file_allocates_little(what, data):
    read(stream(b"N"))  # whatever is imported on the way is no part of the measure
    tracemalloc.start()
    with contextlib.suppress(MaturekitError):
        read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 2**20, what


def test_a_text_that_is_multiplied_by_reference_runs_out_of_allowance():
    encode = name("_codecs", "encode") + b"\x94" + text("x" * 2**20) + b"\x94" + text("latin1") + b"\x94000"
    again = b"h\x00h\x01h\x02\x86R0"
    data = stream(encode.replace(b"000", b"0" * 3), again * 1000, b"N")
    with pytest.raises(UntrustedError, match="far more memory than a file of its size can need"):
        read(data)


def test_deep_nesting_neither_crashes_nor_hangs():
    depth = 300_000
    for data in (
        stream(b")", b"\x85" * depth),
        stream(b"(" * depth, b"t" * depth),
        stream(b"]", b"]" * depth, b"a" * depth),
        stream(b"}", b")", b"\x85" * depth, b"Ns"),  # as a key, whose hash would recurse
    ):
        with contextlib.suppress(MaturekitError):
            read(data)
