"""Models are read out of any buffer alike, large arrays without a copy, and written to any file."""

from __future__ import annotations

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, MaturekitError
from maturekit.registry import JoblibSerializer, Serializer
from maturekit.registry.safe import read
from maturekit.storage import LocalStore, MemoryStore

X = np.random.default_rng(0).normal(size=(300, 4))
Y = (X[:, 0] > 0).astype(int)
LARGE = np.arange(2**17, dtype=float)  # one mebibyte
MIXED = {
    "bytes": b"\x00\xff" * 200,
    "text": "é" * 300,
    "numbers": [1, 300, 70_000, -5, 2**70, 1.5, None, True],
    "array": np.arange(12.0).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "flags": np.array([True, False]),
    "objects": np.array(["a", b"b", np.arange(3)], dtype=object),
    "scalar": np.float64(2.5),
    "empty": np.empty((0, 3)),
}


class Text(Serializer):
    """As in the docs: bytes in, bytes out."""

    name = "text"
    executes = "nothing"

    def __init__(self):
        self.kinds = []

    def _dump(self, model):
        return {"model.txt": model.encode()}

    def _load(self, files, trust):
        self.kinds.append(type(files["model.txt"]))
        return files["model.txt"].decode()

    def sample(self):
        return "y = 2x", None

    @classmethod
    def examples(cls):
        yield cls()


class Parts(Text):
    """Writes by a function."""

    name = "parts"

    def _dump(self, model):
        return {"a.txt": lambda file: [file.write(part.encode()) for part in model], "b.txt": b"whole"}


def dumped(model, protocol=4):
    file = io.BytesIO()
    joblib.dump(model, file, protocol=protocol)
    return file.getvalue()


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, (list, tuple)) or (isinstance(one, np.ndarray) and one.dtype == object):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        assert one.flags.f_contiguous == other.flags.f_contiguous
        assert one.flags.writeable
    else:
        assert one == other


def is_free(memory):
    """Return whether nothing lies over a bytearray any more: only then can it grow."""
    try:
        memory.append(0)
    except BufferError:
        return False
    return True


BUFFERS = (bytes, bytearray, lambda data: memoryview(bytearray(data)), memoryview)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("buffer", BUFFERS)
def test_every_value_comes_out_of_any_buffer_alike(buffer, protocol):
    same(read(buffer(dumped(MIXED, protocol))).value, MIXED)
    if protocol == 5:
        same(read(buffer(dumped({"bytearray": bytearray(b"a")}, protocol))).value, {"bytearray": bytearray(b"a")})


@pytest.mark.parametrize("buffer", BUFFERS)
def test_a_file_that_is_cut_off_anywhere_is_refused_in_words(buffer):
    data = dumped({"a": [1, 300, 1.5, "text", b"bytes"], "b": np.arange(3)})
    for end in range(len(data)):
        with pytest.raises(MaturekitError):
            read(buffer(data[:end]))


def test_a_large_array_lies_in_the_memory_of_its_file_and_can_be_changed():
    memory = bytearray(dumped({"weights": LARGE}))
    array = read(memoryview(memory)).value["weights"]
    array += 1
    assert memory.endswith((LARGE + 1).tobytes() + b"s.")
    assert not is_free(memory)
    del array
    assert is_free(memory)


def test_arrays_that_lie_in_their_file_do_not_overlap():
    first, second = read(memoryview(bytearray(dumped([LARGE, LARGE + 1])))).value
    first[:] = -1
    np.testing.assert_array_equal(second, LARGE + 1)


def test_a_large_array_of_a_file_that_cannot_be_written_to_is_a_copy():
    data = dumped(LARGE)
    for buffer in (data, memoryview(data)):
        array = read(buffer).value
        array += 1
    assert data == dumped(LARGE)


@pytest.mark.parametrize(
    "model",
    [
        {"small": LARGE[:1000]},
        [LARGE] * 1 + [LARGE + number for number in range(16)],
        RandomForestClassifier(5, random_state=0).fit(X, Y),
        HistGradientBoostingClassifier(max_iter=5).fit(X, Y),
    ],
    ids=["small", "a seventeenth", "forest", "boosting"],
)
def test_a_small_array_does_not_keep_its_file_in_memory(model):
    memory = bytearray(dumped(model))
    loaded = read(memoryview(memory)).value
    assert is_free(memory)
    del loaded


def test_an_array_that_is_not_aligned_is_copied():
    class Blind(io.BytesIO):
        def tell(self):
            raise io.UnsupportedOperation

    for blanks in range(8):
        file = Blind()
        joblib.dump({"x" * blanks: LARGE}, file, protocol=4)
        array = read(memoryview(bytearray(file.getvalue()))).value["x" * blanks]
        assert array.flags.aligned
        np.testing.assert_array_equal(array, LARGE)


def test_a_model_over_its_file_can_be_copied_and_written_again():
    model = read(memoryview(bytearray(dumped({"weights": LARGE})))).value
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), read(dumped(model)).value):
        same(again, {"weights": LARGE})


@pytest.mark.parametrize("place", [MemoryStore, None])
def test_a_model_goes_through_a_store_part_by_part(tmp_path, place):
    store = place() if place else LocalStore(tmp_path)
    weights = np.arange(2.0**20)  # 8 MiB, more than a writer keeps in memory
    (writer,) = JoblibSerializer().write({"weights": weights}, store.writer).values()
    digest = writer.finish()
    writer.put_new("model")
    writer.close()
    data, found = store.read("model")
    assert found == digest
    loaded = JoblibSerializer().load({"model.joblib": data})
    loaded["weights"] += 1
    np.testing.assert_array_equal(loaded["weights"], weights + 1)
    assert store.read("model")[1] == digest
    assert joblib.load(io.BytesIO(store.get("model")))["weights"][5] == 5


def test_a_serializer_that_reads_bytes_is_given_bytes():
    serializer = Text()
    for buffer in BUFFERS:
        assert serializer.load({"model.txt": buffer(b"y = 2x")}) == "y = 2x"
    assert serializer.kinds == [bytes] * 4


def test_functions_and_bytes_are_written_alike():
    assert Parts().dump(["one", "two"]) == {"a.txt": b"onetwo", "b.txt": b"whole"}
    store = MemoryStore()
    files = Parts().write(["one", "two"], store.writer)
    for name, writer in files.items():
        writer.put_new(name)
    assert (store.get("a.txt"), store.get("b.txt")) == (b"onetwo", b"whole")


def test_a_model_that_cannot_be_written_to_the_end_leaves_nothing(tmp_path):
    store = LocalStore(tmp_path)
    made = []

    def create():
        made.append(store.writer())
        return made[-1]

    with pytest.raises(ArgumentError, match="cannot write this list"):
        JoblibSerializer().write([np.arange(2.0**20), lambda: 1], create)
    assert [writer.closed for writer in made] == [True]
    assert list(tmp_path.rglob("*")) == []
    with pytest.raises(ArgumentError, match="cannot write this list"):
        Parts().write([1], create)


@pytest.mark.parametrize("content", [None, "text", 3, bytearray(b"a")])
def test_content_is_bytes_or_a_function(content):
    class Wrong(Text):
        def _dump(self, model):
            return {"a": content}

    with pytest.raises(ArgumentTypeError, match="must return bytes, or functions that write them, by file name"):
        Wrong().dump("a")


def test_a_line_without_end_is_refused_before_it_is_read_to_the_end():
    for data in (b"\x80\x02c" + b"a" * 10_000, b"\x80\x02cos\n" + b"a" * 10_000):
        with pytest.raises(FormatError, match="does not end"):
            read(memoryview(data))
