"""Files that are no uncompressed joblib file are said to be none."""

from __future__ import annotations

import io
import runpy
import zlib
from pathlib import Path

import joblib
import pytest

from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
PROTO, dumped, name, stream = (CRAFT[key] for key in ("PROTO", "dumped", "name", "stream"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        PROTO,
        b"hello",
        b"\x80\x01N.",
        b"\x80\x09N.",
        b"PK\x03\x04" + b"\x00" * 100,
        zlib.compress(dumped([1])),
        dumped([1])[:-1],
        dumped([1]) + b"N.",
        stream(),
        stream(b"t"),
        stream(b"0"),
        stream(b"h\x05"),
        stream(b"NN\x86R"),
        stream(b"cos\nsystem"),
        stream(b"\x8c\x02\xff\xfe"),
    ],
)
def test_what_is_no_model_file_is_said_to_be_none(data):
    with pytest.raises((FormatError, UntrustedError)):
        read(data)


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "lzma", "xz"])
def test_compressed_files_are_refused(method):
    buffer = io.BytesIO()
    joblib.dump([1, 2], buffer, compress=(method, 3))
    with pytest.raises(FormatError, match="no uncompressed joblib file"):
        read(buffer.getvalue())


def test_the_makers_themselves_do_not_come_out():
    for maker in (name("numpy", "dtype"), name("sklearn.tree._tree", "Tree")):
        with pytest.raises(UntrustedError):
            read(stream(maker))
