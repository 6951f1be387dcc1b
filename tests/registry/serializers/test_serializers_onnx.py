"""ONNX graphs in a registry: they answer as before, change no value in silence, and read no other file."""

from __future__ import annotations

import copy
import importlib.util
import math
import os
import pickle
import runpy
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, MaturekitError
from maturekit.registry import Registry
from maturekit.registry.serializers.onnx_model import OnnxModel, runtime
from maturekit.registry.serializers.onnx_serializer import OnnxSerializer

if importlib.util.find_spec("onnxruntime") is None:
    pytest.skip("onnxruntime is not installed", allow_module_level=True)
onnxruntime = runtime()

GRAPHS = Path(__file__).with_name("onnx_graphs.py")
g = SimpleNamespace(**runpy.run_path(str(GRAPHS)))
ROWS = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


def loaded(content, **options):
    return OnnxSerializer(**options).load({"model.onnx": content})


# What a graph answers


def test_a_graph_answers_the_same_after_a_registry(store):
    serializer = OnnxSerializer(threads=2)
    version = Registry(store, serializers=[serializer]).register("line", g.line(), serializer=serializer)
    found = Registry(store, serializers=[OnnxSerializer()])[version.reference].load()
    assert found.predict(ROWS).tolist() == OnnxModel(g.line()).predict(ROWS).tolist()
    np.testing.assert_allclose(found.predict(ROWS), 2 * ROWS[:, 0] + 3 * ROWS[:, 1] + 1, rtol=1e-5)
    assert (found.input_names, found.output_names) == (("x",), ("y",))
    assert found.run(ROWS)["y"].shape == (50, 1)


@pytest.mark.parametrize("mapped", [False, True], ids=["table", "mappings"])
def test_a_classifier_has_labels_and_probabilities(mapped):
    found = loaded(g.classifier(mapped=mapped))
    probabilities = found.predict_proba(ROWS)
    assert probabilities.shape == (50, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    assert found.predict(ROWS).tolist() == [["no", "yes"][best] for best in probabilities.argmax(axis=1)]
    assert set(found.predict(ROWS)) == {"no", "yes"}


def test_a_graph_without_probabilities_has_no_such_method():
    assert not hasattr(loaded(g.line()), "predict_proba")
    with pytest.raises(AttributeError, match="no output of probabilities; it has y"):
        loaded(g.line()).predict_proba  # noqa: B018  # asking is enough


def test_a_copy_of_an_opened_graph_answers_alike():
    found = loaded(g.line(), threads=3)
    expected = found.predict(ROWS).tolist()
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert again.predict(ROWS).tolist() == expected
        assert again.threads == 3
    assert b"Session" not in pickle.dumps(found)


def test_threads_share_one_graph():
    found = OnnxModel(g.line())  # not opened yet: they also race for that
    expected = OnnxModel(g.line()).predict(ROWS).tolist()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: found.predict(ROWS).tolist(), range(64)))
    assert answers == [expected] * 64


def test_a_model_of_one_thread_answers_in_a_forked_process_that_then_ends():
    code = """
    import os, signal
    import numpy as np
    from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
    model, _ = OnnxSerializer().sample()
    rows = np.ones((200_000, 2), np.float32)
    expected = model.predict(rows).tolist()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        assert model.predict(rows).tolist() == expected
        del model  # what cannot end would hang here
    else:
        assert os.waitpid(child, 0)[1] == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def alone(code, folder, **variables):
    """Run code in a process whose user has this home, and which nothing but `variables` tells about telemetry."""
    usual = {
        name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(("ORT_", "XDG_"))
    }
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=usual | {"HOME": str(folder), "OPENBLAS_NUM_THREADS": "1"} | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_onnxruntime_keeps_no_thread_and_no_file_to_send_from(tmp_path):
    code = """
    import os
    import numpy as np
    from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
    model, rows = OnnxSerializer().sample()
    model.predict(rows)
    print(os.environ["ORT_DISABLE_TELEMETRY"], len(os.listdir("/proc/self/task")))
    """
    assert alone(code, tmp_path).split() == ["1", "1"]
    assert list(tmp_path.iterdir()) == []


def test_the_choice_of_the_caller_about_telemetry_stays():
    code = """
    import os, sys
    sys.modules["onnxruntime"] = os  # it is not imported: it would act on the choice
    from maturekit.registry.serializers.onnx_model import runtime
    assert runtime() is os
    print(os.environ["ORT_DISABLE_TELEMETRY"])
    """
    assert alone(code, "", ORT_DISABLE_TELEMETRY="0").split() == ["0"]


def test_an_object_of_the_package_onnx_is_taken_by_its_bytes():
    proto = SimpleNamespace(SerializeToString=g.line)
    assert OnnxSerializer().dump(proto) == {"model.onnx": g.line()}


@pytest.mark.parametrize("model", ["model.onnx", Path("model.onnx"), {"a": 1}, None])
def test_other_objects_are_no_graphs(model):
    with pytest.raises(ArgumentTypeError, match="is bytes or an object with SerializeToString"):
        OnnxSerializer().dump(model)


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, ArgumentError), (257, ArgumentError), (1.0, ArgumentTypeError), (True, ArgumentTypeError)],
)
def test_threads_are_a_small_number(threads, error):
    with pytest.raises(error, match="threads"):
        OnnxSerializer(threads=threads)


# What a graph takes


def test_a_graph_of_columns_takes_them_by_name():
    found = loaded(g.by_column({"a": g.FLOAT, "b": g.STRING, "c": g.INT64}))
    frame = pd.DataFrame({"c": [1, 2], "further": [0, 0], "b": ["x", "y"], "a": [0.5, 1.5]})
    assert found.predict(frame).tolist() == [0.5, 1.5]
    assert found.predict({"a": [[0.5]], "b": [["x"]], "c": [[1]]}).tolist() == [0.5]
    for data, error, words in (
        (frame.drop(columns="b"), ArgumentError, "no column 'b'"),
        (frame.to_numpy(), ArgumentTypeError, "takes 3 inputs"),
        ({"a": [[0.5]]}, ArgumentError, "takes 'a', 'b', 'c', got 'a'"),
        (frame.assign(b=[1, 2]), ArgumentError, "not made into text"),
        (frame.assign(b=["x", None]), ArgumentError, "not made into text"),
        (pd.concat([frame, frame[["a"]]], axis=1), ArgumentError, "repeat"),
    ):
        with pytest.raises(error, match=words):
            found.predict(data)


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [
        ("FLOAT", [0.1, math.nan, math.inf], [np.float32(0.1), math.nan, math.inf]),
        ("FLOAT", [True, False], [1.0, 0.0]),
        ("FLOAT", np.array([2**24, -(2**24)]), [2.0**24, -(2.0**24)]),
        ("FLOAT", np.array([1, 255], np.uint8), [1.0, 255.0]),
        ("FLOAT", pd.array([1, None], dtype="Int64"), [1.0, math.nan]),
        ("FLOAT", pd.array([0.5, None], dtype="Float64"), [0.5, math.nan]),
        ("FLOAT", pd.array([True, None], dtype="boolean"), [1.0, math.nan]),
        ("FLOAT", pd.Series([1, 2.5, None], dtype=object), [1.0, 2.5, math.nan]),
        ("FLOAT", [], []),
        ("INT64", [1.0, -2.0], [1, -2]),
        ("INT64", pd.Series([1, True, -(2**62)], dtype=object), [1, 1, -(2**62)]),
        ("INT64", np.array([2**62], np.uint64), [2**62]),
        ("STRING", ["a", "é"], ["a", "é"]),
        ("STRING", pd.Categorical(["a", "b"]), ["a", "b"]),
    ],
)
def test_values_that_arrive_as_they_are(kind, column, expected):
    found = loaded(g.by_column({"a": getattr(g, kind)}))
    np.testing.assert_array_equal(found.predict(pd.DataFrame({"a": column})), np.array(expected))


@pytest.mark.parametrize(
    ("kind", "column", "words"),
    [
        ("FLOAT", [2**24 + 1], "float32, which cannot hold the integer 16777217 exactly"),
        ("FLOAT", np.array([2**63], np.uint64), "cannot hold the integer 9223372036854775808"),
        ("FLOAT", [1e39], "would become infinite"),
        ("FLOAT", ["1.5"], "nothing is parsed"),
        ("FLOAT", pd.Series(["1.5", 2.0], dtype=object), "got '1.5'"),
        ("FLOAT", pd.to_datetime(["2020-01-01"]), "got values of the type datetime64"),
        ("FLOAT", [1j], "complex128"),
        ("FLOAT", pd.Series([2**60, None], dtype=object), "give a column of one integer type"),
        ("INT64", [1.5], "nothing is rounded"),
        ("INT64", [math.nan], "got nan"),
        ("INT64", [1e300], "got 1e.300"),
        ("INT64", pd.array([1, None], dtype="Int64"), "got nan"),
        ("INT64", np.array([2**63], np.uint64), "holds -9223372036854775808 to 9223372036854775807"),
        ("STRING", [1.5], "not made into text"),
        ("STRING", pd.Series([None, "a"], dtype=object), "got None"),
    ],
)
def test_values_that_would_change_are_refused(kind, column, words):
    found = loaded(g.by_column({"a": getattr(g, kind)}))
    with pytest.raises(ArgumentError, match=words):
        found.predict(pd.DataFrame({"a": column}))


@pytest.mark.parametrize("data", [[1.0, 2.0], [[1.0]], [[1.0, 2.0, 3.0]], [[[1.0, 2.0]]], 1.0, []])
def test_a_shape_that_does_not_fit_is_refused(data):
    with pytest.raises(ArgumentError, match="input 'x' has the shape any x 2, got"):
        loaded(g.line()).predict(data)


def test_the_columns_of_a_frame_stand_in_their_order():
    frame = pd.DataFrame({"second": [1, 0], "first": [0.0, 1.0]})
    assert loaded(g.line()).predict(frame).tolist() == [3.0, 4.0]
    with pytest.raises(ArgumentError, match="column 'second'"):
        loaded(g.line()).predict(frame.assign(second=["a", "b"]))


def test_a_graph_that_fails_on_its_input_says_so():
    gather = g.model(
        g.graph([g.node("Gather", ["w", "i"], ["y"])], [g.value("i", g.INT64, "rows")], [g.Y], [g.WEIGHTS])
    )
    with pytest.raises(ArgumentError, match="the graph could not answer"):
        loaded(gather).predict([7])


# What a hostile file gets


def outside(path):
    """Yield graphs that keep a tensor in another file, wherever a graph may hold one."""
    away = g.external("w", [2, 1], path)
    constant = g.node("Constant", [], ["w"], g.attribute("value", 5, away, kind=4))
    yield "initializer", g.line(away)
    yield "attribute", g.line(None, nodes=[constant])
    yield (
        "list in an attribute",
        g.line(None, nodes=[g.node("Constant", [], ["w"], g.attribute("v", 10, [away], kind=9))]),
    )
    branch = g.graph([g.node("Identity", ["v"], ["o"])], [], [g.value("o", g.FLOAT)], [away])
    yield "branch", g.line(nodes=[g.node("If", ["c"], ["o"], g.attribute("then_branch", 6, branch, kind=5))])
    yield "branches", g.line(nodes=[g.node("If", ["c"], ["o"], g.attribute("branches", 11, [branch], kind=10))])
    yield "function", g.line(outside=g.field(25, g.field(1, "f") + g.many(7, [constant])))
    yield "function's default", g.line(outside=g.field(25, g.field(11, g.attribute("v", 5, away, kind=4))))
    yield "training", g.line(outside=g.field(20, g.field(2, branch)))
    yield "a second part of the graph", g.line(outside=g.field(7, g.field(5, away)))
    yield (
        "behind a run of numbers",
        g.line(
            None,
            nodes=[g.node("Constant", [], ["w"], g.many(8, [1, 300, 2**40]) + g.many(7, [1.0]) + g.field(5, away))],
        ),
    )
    yield "location without a flag", g.line(g.tensor("w", [2, 1]) + g.field(13, g.field(1, "location")))
    yield "flag without a location", g.line(g.tensor("w", [2, 1]) + g.field(14, 2**32 + 1))


@pytest.mark.parametrize("place", range(len(list(outside("x")))), ids=[name for name, _ in outside("x")])
def test_a_tensor_in_another_file_is_refused_before_onnxruntime_sees_it(place, tmp_path, monkeypatch):
    (tmp_path / "secret.bin").write_bytes(np.array([41, 42], np.float32).tobytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(onnxruntime, "InferenceSession", None)
    for path in ("secret.bin", "./secret.bin", tmp_path / "secret.bin", "*/_ORT_MEM_ADDR_/*"):
        content = list(outside(path))[place][1]
        for attempt in (loaded, OnnxSerializer().dump, lambda content: OnnxModel(content).predict(ROWS)):
            with pytest.raises(FormatError, match="other files are never read"):
                attempt(content)


SPARSE = (
    g.field(1, g.tensor("w", [1], [1.0]))
    + g.field(2, g.tensor("i", [1], [0], kind=g.INT64))
    + g.many(3, [10**5, 10**5])
)


@pytest.mark.parametrize(
    "content",
    [
        g.line(None, more=g.field(15, SPARSE)),
        g.line(None, nodes=[g.node("Constant", [], ["w"], g.attribute("sparse_value", 22, SPARSE, kind=11))]),
        g.line(None, nodes=[g.node("Constant", [], ["w"], g.attribute("values", 23, [SPARSE], kind=12))]),
    ],
)
def test_a_sparse_tensor_that_would_fill_the_memory_is_refused(content):
    assert len(content) < 400
    with pytest.raises(FormatError, match="sparse tensor"):
        loaded(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 64,
        b"not a graph",
        b"\x20\x00\x00\x00ORTM" + b"\x00" * 200,  # onnxruntime's own format
        g.line()[:-1],
        g.line() + b"\x0b\x0c",  # groups, which protobuf has given up
        g.line() + b"\x80\x80\x80\x80\x80\x01\x00",  # a field number beyond 32 bits
        g.line() + b"\xff" * 11,
        g.line() + g.varint(5 << 3 | 2) + g.varint(2**62),
        g.model(g.graph([g.node("NoSuch", ["x"], ["y"])], [g.X], [g.Y])),
        g.model(g.graph([g.node("NoSuch", ["x"], ["y"], domain="my.library")], [g.X], [g.Y])),
        g.model(g.graph([], [g.X], [])),
        g.line(g.tensor("w", [10**5, 10**5])),
        g.line(g.tensor("w", [2**62, 2**62])),
        g.line(g.tensor("w", [-5, 2], [1.0])),
    ],
)
def test_what_is_no_graph_is_refused_in_words(content):
    with pytest.raises(FormatError, match="ONNX"):
        loaded(content)


def test_deep_nesting_is_refused():
    content = g.field(2, "g")
    for _ in range(500):
        content = g.graph([g.node("If", ["c"], ["o"], g.attribute("then_branch", 6, content, kind=5))], [], [])
    with pytest.raises(FormatError):
        loaded(g.model(content))


def test_neither_bombs_nor_flipped_bits_harm_the_process():
    # In a process of its own: onnxruntime is native code, and its memory is seen from outside only.
    code = f"""
    import resource, runpy, sys
    from types import SimpleNamespace
    import numpy as np
    from maturekit.errors import MaturekitError
    from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
    g = SimpleNamespace(**runpy.run_path({str(GRAPHS)!r}))
    size = g.tensor("s", [2], [10**5, 5000], kind=g.INT64)
    one, wide = g.tensor("one", [1, 1], [1.0]), g.value("x", g.FLOAT, "rows", 1)
    add = g.node("Add", ["x", "w"], ["y"])
    for maker in (
        g.node("ConstantOfShape", ["s"], ["w"]),
        g.node("Expand", ["one", "s"], ["w"]),
        g.node("Tile", ["one", "s"], ["w"]),
        g.node("RandomNormal", [], ["w"], g.attribute("shape", 8, [10**5, 5000], kind=7)),
    ):
        bomb = g.model(g.graph([maker, add], [wide], [g.value("y", g.FLOAT, "a", "b")], [size, one]))
        assert OnnxSerializer().load({{"model.onnx": bomb}}).output_names == ("y",)
    outcomes = set()
    honest = g.line()
    for bit in range(8 * len(honest)):
        damaged = bytearray(honest)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            OnnxSerializer().load({{"model.onnx": damaged}}).predict([[1.0, 2.0]])
            outcomes.add("answered")
        except MaturekitError:
            outcomes.add("refused")
    assert outcomes == {{"answered", "refused"}}
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "linux" else 1024) // 1024)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < 1_000  # MiB; each bomb would take 2,000 beside the 400 to 550 of the packages


def test_a_flipped_bit_in_a_registry_is_found_before_the_graph_is_opened(store, replace, monkeypatch):
    registry = Registry(store, serializers=[OnnxSerializer()])
    version = registry.register("line", g.line(), serializer=OnnxSerializer())
    (key,) = [key for key in store.list() if "blobs" in key and store.get(key) == g.line()]
    damaged = bytearray(g.line())
    damaged[70] ^= 1
    replace(store, key, bytes(damaged))
    monkeypatch.setattr(onnxruntime, "InferenceSession", None)
    with pytest.raises(MaturekitError, match="sha256"):
        version.load()
