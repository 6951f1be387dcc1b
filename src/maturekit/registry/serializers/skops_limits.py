"""What a skops file may hold, checked before skops reads a byte of it: nothing in it grows beyond a stated bound."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from typing import IO, Any

import numpy as np

from maturekit.errors import FormatError

__all__ = ["check_archive"]

_SCHEMA = "schema.json"
_ENTRY = re.compile(r"schema\.json|[0-9]+\.np[yz]|[0-9a-f-]{36}\.bin")
_SUFFIX = {"NdArrayNode": ".npy", "SparseMatrixNode": ".npz", "BytesNode": ".bin", "BytearrayNode": ".bin"}
_SMALLEST_BUDGET = 64 * 2**20
_TIMES = 32
_NODE = 4096
"""Bytes that skops keeps for one node of the schema, about."""
_POOL = 64
"""Words in the pool of a seed; numpy's own is 4, and filling one takes its square in time."""


def check_archive(data: bytes | bytearray) -> None:
    """Raise `FormatError` unless a skops file is what skops writes, and unpacks to a bounded size.

    All that it unpacks to, counted again for every reference, is at most 32 times its own size, or 64 MiB if that is
    more. skops reads each entry of the archive into memory and never writes one to disk; the names are checked anyway.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_entries(archive, size=len(data))
        budget = _Budget(max(_SMALLEST_BUDGET, _TIMES * len(data)))
        sizes, kinds = {}, {}
        for entry in archive.infolist():
            sizes[entry.filename] = entry.file_size
            if entry.filename.endswith(".npz"):
                sizes[entry.filename] += _unpacked(archive.read(entry), budget.left)
            elif entry.filename.endswith(".npy"):
                with archive.open(entry) as file:
                    kinds[entry.filename] = _check_array(file, entry.filename, size=entry.file_size)
        json.loads(archive.read(_SCHEMA), object_hook=_Schema(budget, sizes, kinds).seen)


class _Budget:
    """Bytes that may still be used."""

    def __init__(self, left: int) -> None:
        self.left = left

    def charge(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise FormatError(
                "the skops file would unpack to more than 32 times its own size, and more than 64 MiB",
                hint="it was made to fill the memory, or it is damaged; take it from a copy that you trust.",
            )


class _Part:
    """An object of the schema, and how many nodes it holds, itself among them."""

    __slots__ = ("count", "fields")

    def __init__(self, fields: dict[str, Any], count: int) -> None:
        self.fields = fields
        self.count = count


class _Schema:
    """Looks at every object of a schema, the inner ones first."""

    def __init__(self, budget: _Budget, sizes: dict[str, int], kinds: dict[str, str]) -> None:
        self.budget = budget
        self.sizes = sizes
        self.kinds = kinds
        self.counts: dict[Any, int] = {}
        self.read: set[tuple[Any, str]] = set()

    def seen(self, fields: dict[str, Any]) -> _Part:
        """Return an object with its number of nodes; raise `FormatError` if skops could not have written it.

        skops writes an object in full wherever it occurs, and reads one of the occurrences for all. If all of them hold
        as many nodes, what is read has as many nodes as the text, and no object holds itself.
        """
        loader = fields.get("__loader__")
        inner = sum(map(_nodes, fields.values()))
        if not isinstance(loader, str):
            return _Part(fields, inner)  # the attributes of some object
        self.budget.charge(_NODE)
        identity = fields.get("__id__")
        if identity and self.counts.setdefault(identity, inner) != inner:
            raise FormatError(f"the skops file is damaged or forged: it holds two objects with the id {identity!r:.40}")
        if "file" in fields:
            self._check_file(loader, fields, identity)
        if loader == "RandomGeneratorNode":
            _check_seed(fields)
        return _Part(fields, inner + 1)

    def _check_file(self, loader: str, fields: dict[str, Any], identity: Any) -> None:
        name = fields["file"]
        if name not in self.sizes or not name.endswith(_SUFFIX.get(loader, "none")):
            raise FormatError(f"the skops file is damaged or forged: a {loader:.40} reads {name!r:.60}")
        if not identity or (identity, name) not in self.read:
            self.budget.charge(self.sizes[name])
            self.read.add((identity, name))
        needed = {"bytes_": "S", "void": "V"}.get(fields["__class__"])  # both take a number for a length
        if loader == "NdArrayNode" and needed is not None and self.kinds[name] != needed:
            raise FormatError(f"the skops file is damaged or forged: {name!r} holds no {fields['__class__']}")


def _nodes(value: Any) -> int:
    """Return how many nodes a field holds."""
    if isinstance(value, _Part):
        return value.count
    return sum(map(_nodes, value)) if isinstance(value, list) else 0


def _check_seed(fields: dict[str, Any]) -> None:
    seed = fields["content"].fields["seed_seq"].fields["content"].fields
    pool = json.loads(seed["pool_size"].fields["content"]) if "pool_size" in seed else 0
    if not isinstance(pool, int) or pool > _POOL:
        raise FormatError(f"the skops file asks for a random generator with a pool of {pool!r:.40} words")


def _check_entries(archive: zipfile.ZipFile, *, size: int) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or _SCHEMA not in names:
        raise FormatError("the skops file is damaged or forged: it holds no schema, or an entry twice")
    for entry in entries:
        if not _ENTRY.fullmatch(entry.filename):
            raise FormatError(f"the skops file holds an entry that skops does not write: {entry.filename!r:.60}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size or entry.flag_bits & 1:
            raise FormatError(
                f"the skops file holds a compressed entry: {entry.filename!r:.60}",
                hint="write it with skops.io.dumps(model), which does not compress.",
            )
    if sum(entry.file_size for entry in entries) > size:
        raise FormatError("the skops file is damaged or forged: its entries overlap")


def _unpacked(data: bytes, left: int) -> int:
    """Return the size of the arrays of a sparse matrix, which scipy compresses; refuse more than is left."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if len({entry.filename for entry in entries}) < len(entries):
            raise FormatError("a sparse matrix in the skops file is damaged or forged: it holds an array twice")
        if not {entry.compress_type for entry in entries} <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise FormatError("a sparse matrix in the skops file is compressed as scipy never does")
        _Budget(left).charge(total)
        for entry in entries:
            with archive.open(entry) as file:
                _check_array(file, entry.filename, size=entry.file_size)
    return total


def _check_array(file: IO[bytes], name: str, *, size: int) -> str:
    """Return the kind of an array in numpy's format, whose header must promise exactly what follows it."""
    version = np.lib.format.read_magic(file)
    if version not in {(1, 0), (2, 0)}:
        raise FormatError(f"{name!r:.60} in the skops file is of a format of numpy that skops does not write")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != size - file.tell() or min(shape, default=0) < 0:
        raise FormatError(f"{name!r:.60} in the skops file does not hold the array that it promises")
    return dtype.kind
