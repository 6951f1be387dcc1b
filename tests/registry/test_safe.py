"""A corpus of attacks on whoever loads a model: none runs, allocates or crashes; ordinary models load unasked."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import textwrap
import tracemalloc
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from maturekit.errors import ArgumentError, FormatError, MaturekitError, MaturekitWarning, UntrustedError
from maturekit.registry import JoblibSerializer, Registry
from maturekit.registry.safe import needs, read

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


# What must load


def test_ordinary_models_load_unasked_and_answer_alike(corpus):
    loaded = 0
    for model_name, model, data in corpus["fitted"]:
        again = read(corpus["dumped"](model)).value
        assert type(again) is type(model)
        before, after = corpus["answers"](model, data), corpus["answers"](again, data)
        assert before
        assert before.keys() == after.keys()
        for method, answer in before.items():
            if isinstance(answer, pd.DataFrame):
                pd.testing.assert_frame_equal(after[method], answer)
            else:
                np.testing.assert_array_equal(after[method], answer, err_msg=f"{model_name}: {method}")
        loaded += 1
    assert loaded > 80


def test_the_allow_list_is_what_the_corpus_needs_on_this_scikit_learn(corpus, tmp_path):
    path = Path(sys.modules["maturekit.registry.safe"].__file__).with_name("allowed.json")
    copy = tmp_path / "allowed.json"
    copy.write_text(path.read_text())
    doubts = corpus["renew"](copy, corpus["fitted"])
    assert doubts == {}
    assert json.loads(copy.read_text()) == json.loads(path.read_text()), "run tests/registry/corpus.py"


def test_every_name_on_the_allow_list_is_exact_and_of_scikit_learn():
    path = Path(sys.modules["maturekit.registry.safe"].__file__).with_name("allowed.json")
    table = json.loads(path.read_text())
    for modules in table.values():
        for module, names in modules.items():
            assert module.startswith("sklearn.")
            assert all(each.isidentifier() for each in names)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(24).reshape(2, 3, 4)[:, ::2],
        np.array(["ä", "longer"]),
        np.array([b"a"]),
        np.array([True, False]),
        np.array([], dtype=float),
        np.zeros((0, 3)),
        np.array(1.5),
        np.array(["2013-05-03", "NaT"], dtype="M8[ns]"),
        np.array([1, 2], dtype="m8[s]"),
        np.array([1, 2], dtype=">i4"),
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([(1, 2.5)], dtype=np.dtype([("a", "u1"), ("b", "f8")], align=True)),
        np.array([1, "x", None, [1, 2], {"a": 1}], dtype=object),
        np.array([[1, "x"], [None, 2.5]], dtype=object),
        np.array([np.arange(3), np.array(["x", None], dtype=object)], dtype=object),
        np.array([], dtype=object),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)
def test_arrays_come_back_equal_and_writable(value):
    again = read(dumped({"array": value})).value["array"]
    assert again.dtype == value.dtype
    assert again.shape == value.shape
    assert repr(again) == repr(value)
    assert again.flags.writeable
    plain = read(pickle.dumps(value, protocol=5)).value
    assert repr(plain) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 255, 65536, -(2**40), 2**90, 1.5, float("inf"), "ä" * 300, "", b"\x00" * 300, b"",
        (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], list(range(2000)), {}, {"a": 1, (1, "x"): 2, None: 3},
        set(), {1, 2}, slice(1, None, 2),
        np.float64(1.5), np.int8(3), np.str_("ä"), np.str_(""), np.bool_(True), np.datetime64("2013-05-03"), np.float64,
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_come_back_equal(value, protocol):
    again = read(pickle.dumps([value, value], protocol=protocol)).value
    assert again == [value, value]
    assert type(again[0]) is type(value)


def test_rare_values_come_back_equal_in_the_newest_protocol():
    values = [frozenset([1, 2]), bytearray(b"x")]
    assert read(pickle.dumps(values, protocol=5)).value == values


def test_shared_and_circular_objects_stay_so():
    inner = [1]
    ring = {"a": inner, "b": inner}
    ring["self"] = ring
    again = read(dumped(ring)).value
    assert again["a"] is again["b"]
    assert again["self"] is again


def test_random_generators_go_on_where_they_were():
    for generator in (np.random.default_rng(3), np.random.RandomState(3), np.random.Generator(np.random.MT19937(3))):
        again = read(dumped(generator)).value
        assert again.normal(size=3).tolist() == generator.normal(size=3).tolist()


# Running code


def test_no_attack_runs_wherever_it_is_hidden(tmp_path):
    mark = tmp_path / "mark"
    fitted = LinearRegression().fit(X, Y)
    fitted.note_ = touch(mark)
    deep = LinearRegression().fit(X, Y)
    deep.coef_ = np.array([np.array([touch(mark)], dtype=object), None], dtype=object)
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(touch(mark)))
    models = [touch(mark), [touch(mark)], {"a": {"b": touch(mark)}}, np.array([touch(mark)]), fitted, deep, pipeline]
    for model in models:
        with pytest.raises(UntrustedError, match=r"posix\.system") as refused:
            read(dumped(model))
        assert refused.value.names == ("posix.system",)
        assert not mark.exists()
    joblib.load(io.BytesIO(dumped(models[3])))  # the same bytes, for those who do not believe it
    assert mark.exists()


def test_every_name_that_is_asked_for_is_listed():
    model = [Sneaky(os.system, ("x",)), Sneaky(subprocess.Popen, ("x",)), Sneaky(eval, ("1",)), io.StringIO]
    with pytest.raises(UntrustedError) as refused:
        read(dumped(model))
    assert refused.value.names == ("_io.StringIO", "builtins.eval", "posix.system", "subprocess.Popen")


def test_names_from_the_file_are_harmless_in_a_terminal():
    with pytest.raises(UntrustedError) as refused:
        read(stream(name("evil\x1b[2J", "x" * 1000)))
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 1000


def test_a_refused_name_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "importing_runs.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UntrustedError, match=r"importing_runs\.Thing"):
        read(stream(name("importing_runs", "Thing")))
    assert "importing_runs" not in sys.modules


@pytest.mark.parametrize(
    ("module", "attribute"),
    [
        ("sklearn.datasets._base", "os.system"),  # a dotted name
        ("sklearn.pipeline", "Pipeline.__init__"),
        ("sklearn", "pipeline.Pipeline"),
        ("sklearn.pipeline.Pipeline", "__init__"),
        ("sklearn.pipeline", "Pipeline "),
        ("sklearn.pipeline\n", "Pipeline"),
        (".sklearn.pipeline", "Pipeline"),
        ("sklearn.pipeline", "pipeline"),
        ("sklearn.pipeline", ""),
        ("", "Pipeline"),
        ("numpy.testing", "runstring"),
        ("numpy.f2py", "subprocess"),
        ("numpy", "load"),
        ("numpy", "save"),
        ("numpy", "fromfile"),
        ("numpy", "memmap"),
        ("builtins", "getattr"),
        ("builtins", "exec"),
        ("builtins", "__import__"),
        ("builtins", "type"),
        ("builtins", "globals"),
        ("operator", "attrgetter"),
        ("operator", "methodcaller"),
        ("functools", "reduce"),
        ("importlib", "import_module"),
        ("joblib.memory", "Memory"),
        ("joblib", "load"),
        ("pickle", "loads"),
        ("copyreg", "_reconstructor"),
        ("copyreg", "add_extension"),
        ("sklearn.utils._testing", "os"),
        ("sklearn.ensemble._gb", "GradientBoostingClassifier"),
        ("maturekit.registry.safe", "read"),
    ],
)
def test_only_exact_names_are_known(module, attribute):
    for data in (
        stream(name(module, attribute)),
        stream(name(module, attribute), b")R"),
        stream(name(module, attribute), b")\x81"),
        stream(name(module, attribute), text("id"), b"\x85R"),
    ):
        with pytest.raises(UntrustedError):
            read(data)


def test_what_may_be_referred_to_may_not_be_called():
    for module, attribute in (
        ("numpy", "float64"),
        ("numpy", "ndarray"),
        ("numpy", "log1p"),
        ("builtins", "str"),
        ("sklearn.utils.validation", "check_array"),
        ("sklearn.feature_selection._univariate_selection", "f_classif"),
    ):
        for call in (b")R", b")\x81", number(10**12) + b"\x85R", number(10**12) + b"\x85\x81"):
            with pytest.raises(UntrustedError, match="which it may only refer to"):
                read(stream(name(module, attribute), call))


def test_a_class_is_made_without_arguments_and_never_called():
    pipeline = name("sklearn.pipeline", "Pipeline")
    for call in (b")R", text("x") + b"\x85R", text("x") + b"\x85\x81"):
        with pytest.raises(UntrustedError, match="the file calls Pipeline"):
            read(stream(pipeline, call))


def test_state_goes_only_into_what_the_file_has_just_made():
    state = b"}" + text("predict") + text("x") + b"sb"
    for target in (
        name("sklearn.pipeline", "Pipeline"),  # the class itself, for the whole process
        name("sklearn.utils.validation", "check_array"),
        name("numpy", "log1p"),
        name("numpy", "dtype"),
        name("builtins", "str"),
        text("a text"),
        b"}",
        b"]",
        number(1),
    ):
        with pytest.raises(UntrustedError):
            read(stream(target, state))
    assert not hasattr(make_pipeline(StandardScaler()), "x")


def test_state_is_given_once():
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    good = b"}" + text("with_mean") + b"\x88sb"
    assert read(stream(made, good)).value.with_mean is True
    with pytest.raises(UntrustedError, match="which it did not just make"):
        read(stream(made, good, good))


def test_state_is_a_plain_dictionary_of_attributes():
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    for state in (
        b"}}\x86b",  # a pair: attributes would be set one by one, __class__ among them
        b"N}" + text("__class__") + name("sklearn.pipeline", "Pipeline") + b"s\x86b",
        b"]b",
        b"}" + number(1) + b"Nsb",
        text("x") + b"b",
    ):
        with pytest.raises(UntrustedError, match="a state that is no plain dictionary"):
            read(stream(made, state))


@pytest.mark.parametrize(
    "method", ["transform", "__sklearn_tags__", "_validate_params", "__setstate__", "__init__", "__class__"]
)
def test_state_replaces_no_method(method):
    """A forest whose check of its input is replaced would hand any array to compiled code."""
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    state = b"}" + text(method) + name("numpy", "abs") + b"sb"
    if method == "__class__":
        scaler = read(stream(made, state)).value
        assert type(scaler) is StandardScaler  # an entry that nobody reads
    else:
        with pytest.raises(UntrustedError, match="the file replaces methods of StandardScaler"):
            read(stream(made, state))


def test_items_go_only_into_plain_containers():
    scaler = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    for data in (
        stream(scaler, text("a"), text("b"), b"s"),
        stream(scaler, text("a"), b"a"),
        stream(scaler, b"(", text("a"), b"e"),
        stream(scaler, b"(", text("a"), b"\x90"),
        stream(name("numpy", "log1p"), text("a"), b"a"),
        stream(b"}", scaler, text("b"), b"s"),  # a key whose hash is code
        stream(b"\x8f(", scaler, b"\x90"),
        stream(b"(", scaler, b"\x91"),
        stream(b"}", b"(" * 1, scaler, b"t", text("b"), b"s"),
    ):
        with pytest.raises(UntrustedError):
            read(data)


@pytest.mark.parametrize(
    "operation",
    [
        b"(" + text("x") + b"ios\nsystem\n",  # INST
        b"(cos\nsystem\n" + text("x") + b"o",  # OBJ
        b"\x82\x01",  # EXT1
        b"\x83\x01\x00",
        b"\x84\x01\x00\x00\x00",
        b"P1\n",  # PERSID
        text("x") + b"Q",
        b"\x97",  # NEXT_BUFFER
        b"\x98",
        b"\x92",  # NEWOBJ_EX
        b"I1\n",
        b"S'x'\n",
        b"V1\n",
        b"F1\n",
        b"\x8b\x01\x00\x00\x00\x01",  # LONG4
        b"2",  # DUP
        b"\xff",
        b"\x00",
    ],
    ids=lambda operation: operation[:4].hex(),
)
def test_operations_that_joblib_never_writes_are_refused(operation):
    with pytest.raises(UntrustedError):
        read(stream(b"N", operation))


def test_the_old_form_of_names_is_no_way_around():
    with pytest.raises(UntrustedError, match=r"os\.system"):
        read(b"\x80\x02cos\nsystem\n" + text("echo ran") + b"\x85R.")
    assert read(b"\x80\x02csklearn.pipeline\nPipeline\n)\x81.").value is not None


# Sizes


def array_header(dtype, shape, order="C"):
    """Return a joblib array without its bytes."""
    wrapper = pickle.dumps(
        {"subclass": np.ndarray, "shape": shape, "order": order, "dtype": np.dtype(dtype),
         "allow_mmap": False, "numpy_array_alignment_bytes": 16},
        protocol=4,
    )[11:-1]  # fmt: skip  # without protocol, frame and stop
    return name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + wrapper + b"b"


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


# Files that are something else


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


# Forged parts of honest models: a bad index would crash the process at predict


def forge_tree(change):
    """Return a fitted tree of which one part is changed, as a file."""
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, X.sum(axis=1) > 0)
    state = model.tree_.__getstate__()
    state["nodes"] = state["nodes"].copy()
    change(state)
    return forged(model, {"tree_": Sneaky(*model.tree_.__reduce__()[:2], state)})


def forged(model, attributes):
    model.__dict__.update(attributes)
    return dumped(model)


def child_out_of_range(state):
    state["nodes"]["left_child"][0] = 10**6


def child_is_itself(state):
    state["nodes"]["right_child"][0] = 0


def child_twice(state):
    state["nodes"]["right_child"][0] = state["nodes"]["left_child"][0]


def negative_child(state):
    state["nodes"]["left_child"][0] = -5


def feature_out_of_range(state):
    state["nodes"]["feature"][0] = 3


def negative_feature(state):
    state["nodes"]["feature"][0] = -2


def too_many_nodes(state):
    state["node_count"] += 1000


def too_shallow(state):
    state["max_depth"] = 1


def values_too_short(state):
    state["values"] = state["values"][:-1]


def other_nodes(state):
    state["nodes"] = np.zeros(3, dtype=[("left_child", "f8"), ("right_child", "f8"), ("feature", "f8")])


def no_nodes(state):
    state["nodes"], state["values"], state["node_count"] = state["nodes"][:0], state["values"][:0], 0


FORGERIES = [
    child_out_of_range, child_is_itself, child_twice, negative_child, feature_out_of_range, negative_feature,
    too_many_nodes, too_shallow, values_too_short, other_nodes, no_nodes,
]  # fmt: skip


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_a_forged_tree_is_refused(change):
    with pytest.raises((UntrustedError, FormatError)):
        read(forge_tree(change))


def test_an_estimator_that_promises_other_features_than_its_trees_is_refused():
    for model in (DecisionTreeClassifier().fit(X, Y), RandomForestClassifier(n_estimators=2).fit(X, Y)):
        for features in (2, 4, None, "3", np.int64(3)):
            with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
                read(forged(model, {"n_features_in_": features}))
    wide = DecisionTreeClassifier().fit(np.hstack([X, X]), Y)
    forest = RandomForestClassifier(n_estimators=2).fit(X, Y)
    for trees in ([wide], [LinearRegression()], [None]):
        with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
            read(forged(forest, {"estimators_": trees}))


def boosted():
    counts = np.column_stack([X[:, :2], np.arange(60) % 4])
    target = np.where(counts[:, 2] == 2, 1 - Y, Y)
    model = HistGradientBoostingClassifier(max_iter=4, categorical_features=[2], min_samples_leaf=2).fit(counts, target)
    assert any(tree.nodes["is_categorical"].any() for (tree,) in model._predictors)
    return model


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("left", 10**6),
        ("right", 0),
        ("feature_idx", 3),
        ("feature_idx", -1),
        ("bitset_idx", 10**6),
        ("is_categorical", 1),
    ],
)
def test_forged_nodes_of_boosting_are_refused(field, value):
    model = boosted()
    for (tree,) in model._predictors:
        inner = tree.nodes["is_leaf"] == 0
        chosen = inner & (tree.nodes["is_categorical"] == (field == "bitset_idx"))
        tree.nodes[field][chosen] = value
    with pytest.raises(UntrustedError, match="a tree in the file is damaged or forged"):
        read(dumped(model))


def test_forged_frames_of_boosting_are_refused():
    changes = [
        lambda model: setattr(model, "n_features_in_", 2),
        lambda model: setattr(model, "n_trees_per_iteration_", 5),
        lambda model: setattr(model, "_in_fit", True),
        lambda model: setattr(model, "_predictors", [[StandardScaler()]]),
        lambda model: setattr(model, "_preprocessor", StandardScaler().fit(X)),
        lambda model: model._preprocessor.transformers_.pop(0),
        lambda model: setattr(model._preprocessor.transformers_[1][1], "func", np.abs),
        lambda model: model._preprocessor._transformer_to_input_indices.update(numerical=[0]),
        lambda model: setattr(model._bin_mapper, "is_categorical_", np.ones(9, dtype=np.uint8)),
        lambda model: model._bin_mapper.bin_thresholds_.__setitem__(0, np.array([300.0])),
        lambda model: setattr(model._predictors[0][0], "raw_left_cat_bitsets", np.zeros((9, 2), dtype=np.uint32)),
        lambda model: setattr(model._predictors[0][0], "nodes", model._predictors[0][0].nodes[:0]),
    ]
    assert read(dumped(boosted())).value is not None
    for change in changes:
        model = boosted()
        change(model)
        with pytest.raises((UntrustedError, FormatError)):
            read(dumped(model))


@pytest.mark.parametrize(
    "change",
    [
        {"_n_features_outs": [1]},
        {"_n_features_outs": [4]},
        {"n_features_in_": 2},
        {"categories_": [np.array([2.0, 1.0, 0.0])]},
        {"_drop_idx_after_grouping": np.array([5], dtype=object)},
        {
            "_infrequent_enabled": True,
            "_infrequent_indices": [np.array([0, 1])],
            "_default_to_infrequent_mappings": [np.array([0, 9, 1])],
        },
    ],
    ids=", ".join,
)
def test_a_forged_encoder_is_refused(change):
    encoder = OneHotEncoder(sparse_output=False).fit(np.array([[0.0], [1.0], [2.0]]))
    assert read(dumped(encoder)).value.transform([[2.0]]).tolist() == [[0.0, 0.0, 1.0]]
    with pytest.raises(UntrustedError, match="an encoder in the file is damaged or forged"):
        read(forged(encoder, change))


def test_a_forged_step_function_is_refused():
    steps = IsotonicRegression().fit(np.arange(5.0), np.arange(5.0))
    assert read(dumped(steps)).value.predict([2.0]).tolist() == [2.0]
    for change in ({"X_thresholds_": np.arange(9.0)}, {"X_thresholds_": "x"}, {"y_thresholds_": None}):
        again = IsotonicRegression().fit(np.arange(5.0), np.arange(5.0))
        with pytest.raises(UntrustedError):
            read(forged(again, change))


def test_a_forged_random_state_is_refused():
    generator = np.random.RandomState(0)
    reduced = generator.__reduce__()
    for change in ({"pos": 10**6}, {"pos": -1}, {"key": np.zeros(3, dtype=np.uint32)}):
        state = {**reduced[2], "state": {**reduced[2]["state"], **change}}
        with pytest.raises(UntrustedError, match="a forged state of random numbers"):
            read(dumped(Sneaky(*reduced[:2], state)))


def test_a_process_that_reads_forged_models_survives(tmp_path):
    """The same forgeries in a process of their own, which would crash where the checks of this library to fail."""
    for place, change in enumerate(FORGERIES):
        (tmp_path / f"{place}.joblib").write_bytes(forge_tree(change))
    code = """
    import sys
    from pathlib import Path
    from maturekit.errors import MaturekitError
    from maturekit.registry.safe import read
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            read(path.read_bytes()).value.predict([[0.0, 1.0, 2.0]] * 100)
        except MaturekitError:
            continue
        raise AssertionError(path)
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_flipped_bits_never_crash(corpus):
    """The registry finds them by the digest; here they reach the reader, and then the model, which may answer nonsense."""
    random = np.random.default_rng(0)
    rng = random.integers
    chosen = {"demo", "forest", "boosting with categories", "calibrated by steps"}
    models = [(corpus["dumped"](model), data) for label, model, data in corpus["fitted"] if label in chosen]
    for _ in range(150):
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


# Trust


def test_trust_is_exact_and_the_callers(registry, tmp_path, monkeypatch):
    (tmp_path / "shop.py").write_text(
        "class Basket:\n"
        "    def __init__(self, size):\n"
        "        self.size = size\n"
        "    def __eq__(self, other):\n"
        "        return self.size == other.size\n"
        "    __hash__ = None\n"
        "class Other:\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import shop

    version = registry.register("basket", [shop.Basket(3), shop.Basket(4)])
    for trust in ((), ["shop.Other"], ["shop.Baske"], ["other.Basket"], ["shop.basket"]):
        with pytest.raises(UntrustedError, match=r"allow-list: shop\.Basket") as refused:
            version.load(trust=trust)
        assert refused.value.names == ("shop.Basket",)
    assert version.load(trust=["shop.Basket"]) == [shop.Basket(3), shop.Basket(4)]


@pytest.mark.parametrize("trust", ["shop.Basket", ["*"], ["shop.*"], ["shop"], [""], [None], ["shop..Basket"]])
def test_patterns_are_no_names(registry, trust):
    version = registry.register("late", "a")
    with pytest.raises((ArgumentError, TypeError)):
        version.load(trust=trust)


def test_trusting_a_name_trusts_no_other(tmp_path):
    mark = tmp_path / "mark"
    data = {"model.joblib": dumped([Sneaky(print, ("fine",)), touch(mark)])}
    with pytest.raises(UntrustedError) as refused:
        JoblibSerializer().load(data, trust=["builtins.print"])
    assert refused.value.names == ("posix.system",)
    assert not mark.exists()


def test_even_a_trusted_class_is_not_rewritten():
    state = b"}" + text("predict") + text("x") + b"sb"
    data = {"model.joblib": stream(name("collections", "Counter"), state)}
    with pytest.raises(UntrustedError):
        JoblibSerializer().load(data, trust=["collections.Counter"])


def test_trusted_classes_restore_themselves_as_pickle_would():
    model = [
        datetime(2013, 5, 3, tzinfo=UTC),
        Decimal("1.5"),
        Fraction(1, 3),
        LogisticRegression().fit(X, Y).coef_,
    ]
    trust = ["datetime.datetime", "datetime.timezone", "datetime.timedelta", "decimal.Decimal", "fractions.Fraction"]
    again = JoblibSerializer().load(JoblibSerializer().dump(model), trust=trust)
    assert again[:3] == model[:3]


def test_a_name_that_is_trusted_and_not_installed_is_a_clear_error():
    data = {"model.joblib": stream(name("no_such_package", "Thing"), b")\x81")}
    with pytest.raises(FormatError, match=r"the model needs no_such_package\.Thing, which is not installed here"):
        JoblibSerializer().load(data, trust=["no_such_package.Thing"])


def test_what_a_model_needs_can_be_listed_without_loading_it(tmp_path):
    mark = tmp_path / "mark"
    assert needs(dumped(touch(mark))) == {"posix.system": {"refer", "call"}}
    assert needs(dumped(StandardScaler())) == {"sklearn.preprocessing._data.StandardScaler": {"refer", "make"}}
    assert not mark.exists()


# In the registry


def test_nothing_is_parsed_before_its_digest_is_verified(registry, store, replace, monkeypatch):
    from maturekit.errors import IntegrityError
    from maturekit.registry.blobs import Blobs

    version = registry.register("late", "a")
    replace(store, Blobs.key(version.body.model.files["model.joblib"].digest), dumped(Sneaky(print, ("ran",))))
    monkeypatch.setattr("maturekit.registry.joblib_serializer.read", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(IntegrityError):
        version.load(trust=["builtins.print"])


def test_a_registry_reads_only_by_serializers_the_caller_gave(registry, store, plain):
    with pytest.raises(ArgumentError, match="could not read what the serializer 'plain' writes"):
        registry.register("late", "a", serializer=plain)
    Registry(store, serializers=[plain]).register("late", "a", serializer=plain)
    assert Registry(store, serializers=[plain])["late:1"].load() == "a"
    with pytest.raises(LookupError, match="no serializer named 'plain'; known: 'joblib'"):
        registry["late:1"].load()


def test_another_scikit_learn_is_a_warning_of_ours(registry):
    model = StandardScaler().fit(X)
    data = dumped(model)
    older = {"model.joblib": data.replace(*versions())}
    with pytest.warns(MaturekitWarning, match=r"was fitted with scikit-learn 0\.9\.\d and is read by"):
        again = JoblibSerializer().load(older)
    assert again.mean_.tolist() == model.mean_.tolist()


def versions():
    import sklearn

    here = sklearn.__version__
    return here.encode(), ("0.9." + "0" * 10)[: len(here)].encode()
