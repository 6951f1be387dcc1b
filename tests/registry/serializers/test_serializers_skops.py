"""skops files in a registry: ordinary models load unasked, everything else is named, and nothing unpacks without bound."""

from __future__ import annotations

import copy
import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from maturekit.errors import ArgumentError, FormatError, MaturekitError, UntrustedError
from maturekit.registry import Registry
from maturekit.registry.serializers.skops_serializer import SkopsSerializer

skops = pytest.importorskip("skops.io")

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.where(X[:, 0] > 0, "late", "punctual")
FRAME = pd.DataFrame(X, columns=["hour", "distance", "delay"])
TREE = "sklearn.tree._tree.Tree"


def ordinary():
    yield LogisticRegression().fit(FRAME, Y), FRAME
    yield Ridge().fit(X, X[:, 1]), X
    yield SGDClassifier(random_state=0).fit(X, Y), X
    yield SVC().fit(X, Y), X
    yield KNeighborsClassifier(algorithm="brute").fit(X, Y), X
    yield make_pipeline(StandardScaler(), PCA(2), LogisticRegression()).fit(X, Y), X
    yield make_pipeline(FunctionTransformer(np.exp), LogisticRegression()).fit(X, Y), X


def dump(model):
    return SkopsSerializer().dump(model)["model.skops"]


def load(data, **options):
    return SkopsSerializer().load({"model.skops": data}, **options)


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("schema.json")), {
            name: archive.read(name) for name in archive.namelist() if name != "schema.json"
        }


def packed(schema, members=(), *, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=compression) as archive:
        archive.writestr("schema.json", schema if isinstance(schema, str | bytes) else json.dumps(schema))
        for name, content in dict(members).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def state(kind, loader, identity=None, **content):
    module, _, name = kind.rpartition(".")
    found = {"__class__": name, "__module__": module, "__loader__": loader, **content}
    return found if identity is None else found | {"__id__": identity}


def text(value):
    return state("builtins.str", "JsonNode", content=json.dumps(value), is_json=True)


def listed(*items, kind="list", **more):
    return state(f"builtins.{kind}", f"{kind.title()}Node", content=list(items), **more)


def mapped(**items):
    names = listed(*[state("builtins.str", "TypeNode")] * len(items))
    return state("builtins.dict", "DictNode", key_types=names, content=items)


def file_of(root):
    """A whole file that holds this state."""
    return root | {"protocol": 2, "_skops_version": "0.16.0"}


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def with_func(func):
    """A fitted pipeline whose function is whatever the attacker writes."""
    schema, members = parts(dump(FunctionTransformer(np.exp)))
    schema["content"]["content"]["func"] = func
    return packed(schema, members)


# What loads


def test_ordinary_models_answer_alike_after_a_registry_unasked(store):
    writer, reader = (Registry(store, serializers=[SkopsSerializer()]) for _ in range(2))
    for number, (model, data) in enumerate(ordinary(), start=1):
        writer.register("late", model, serializer=SkopsSerializer())
        found = reader[f"late:{number}"].load()
        assert type(found) is type(model)
        assert found.predict(data).tolist() == model.predict(data).tolist()


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (DecisionTreeClassifier(), [TREE]),
        (make_pipeline(SimpleImputer(), LogisticRegression()), ["numpy.dtype"]),
        (RandomForestClassifier(5), [TREE]),
        (
            HistGradientBoostingClassifier(max_iter=5),
            ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
        ),
        (
            KNeighborsClassifier(algorithm="kd_tree"),
            ["sklearn.metrics._dist_metrics.EuclideanDistance64", "sklearn.neighbors._kd_tree.KDTree"],
        ),
        (make_pipeline(FunctionTransformer(sparse.csr_array), KNeighborsClassifier()), ["scipy.sparse._csr.csr_array"]),
        (
            CalibratedClassifierCV(LogisticRegression()),
            ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_skops_refuses_is_named_in_the_form_that_trust_takes(model, names):
    data = dump(model.fit(X, Y))
    with pytest.raises(UntrustedError) as caught:
        load(data)
    assert list(caught.value.names) == names
    assert f"trust={names}" in str(caught.value)
    assert load(data, trust=names).predict(X).tolist() == model.predict(X).tolist()
    if len(names) > 1:
        with pytest.raises(UntrustedError) as rest:
            load(data, trust=names[:1])
        assert list(rest.value.names) == names[1:]


def test_what_nothing_could_load_is_not_written():
    for function in (lambda rows: rows, np.vectorize(abs).__call__):
        with pytest.raises(ArgumentError, match="the serializer 'skops' cannot write this FunctionTransformer"):
            dump(FunctionTransformer(function).fit(X))


# What a hostile file gets


def hostile(path):
    """Yield files that would leave a file at this path if they ran, and what each of them is to be accused of."""
    command = f"touch {path}"
    call = listed(text(command), kind="tuple")
    yield with_func(state("posix.system", "FunctionNode")), "posix.system"
    yield with_func(state("builtins.exec", "TypeNode")), "builtins.exec"
    yield packed(file_of(state("posix.system", "ConstructorFromReduceNode", content=call))), "posix.system"
    yield packed(file_of(state("builtins.eval", "ConstructorFromReduceNode", content=call))), "builtins.eval"
    method = listed(text("system"), text(command), kind="tuple")
    yield packed(file_of(state("operator.methodcaller", "OperatorFuncNode", attrs=method))), "operator.methodcaller"
    yield packed(file_of(state("operator.call", "OperatorFuncNode", attrs=call))), "operator.call"
    partial = {"func": state("posix.system", "FunctionNode"), "args": call, "kwds": mapped(), "namespace": text(None)}
    yield packed(file_of(state("functools.partial", "PartialNode", content=partial))), "functools.partial"
    keys = listed(state("posix.system", "FunctionNode"))
    yield (
        packed(file_of(state("builtins.dict", "DictNode", key_types=keys, content={command: text(1)}))),
        "posix.system",
    )
    estimator = state("sklearn.linear_model._logistic.LogisticRegression", "ObjectNode", content=mapped())
    bound = {"obj": estimator, "func": "set_params"}
    yield (
        packed(file_of(state("sklearn.linear_model._logistic.LogisticRegression", "MethodNode", content=bound))),
        "sklearn.linear_model._logistic.LogisticRegression.set_params",
    )
    yield (
        packed(file_of(state("subprocess.Popen", "ObjectNode", content=mapped(args=text(command))))),
        "subprocess.Popen",
    )
    old = state("posix.system", "FunctionNode", content={"module_path": "posix", "function": "system"})
    yield packed(old | {"protocol": 0}), "posix.system"


@pytest.mark.parametrize("place", range(11))
def test_a_file_that_would_run_code_is_refused_by_name_and_nothing_runs(place, tmp_path):
    cases = list(hostile(tmp_path / "ran"))
    assert len(cases) == 11
    data, name = cases[place]
    with pytest.raises(UntrustedError) as caught:
        load(data)
    assert name in caught.value.names
    assert not (tmp_path / "ran").exists()


def test_a_file_cannot_trust_itself(tmp_path):
    schema, members = parts(with_func(state("posix.system", "FunctionNode")))
    asking = {"trusted": True, "trust": ["posix.system"], "__trusted__": ["posix.system"]}
    for extra in (asking, {"content": schema["content"] | asking}):
        with pytest.raises(UntrustedError):
            load(packed(schema | extra, members))


def matrix(**arrays):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def promised(*, count):
    """The header of an array of so many numbers, and none of them."""
    return npy(np.zeros(0)).replace(b"(0,), }" + b" " * 20, f"({count},), }}".encode().ljust(27))


def generator(pool):
    seed = mapped(entropy=text(1), spawn_key=listed(kind="tuple"), pool_size=text(pool), n_children_spawned=text(0))
    bits = mapped(bit_generator=text("PCG64"))
    return state(
        "numpy.random._generator.Generator", "RandomGeneratorNode", content={"bit_generator": bits, "seed_seq": seed}
    )


def laughs():
    """Two dozen lines that stand for 2**24 lists: each list holds the next twice."""
    inner = listed(__id__=24)
    for level in range(23, 0, -1):
        inner = listed(inner, listed(__id__=level + 1), __id__=level)
    return inner


ARRAY = state("numpy.ndarray", "NdArrayNode", type="numpy", file="1.npy")
MATRIX = state("scipy.sparse._csr.csr_matrix", "SparseMatrixNode", type="scipy", file="1.npz")
ZEROS = npy(np.zeros(2**16))
BOMBS = {
    ("compressed", "compressed entry"): lambda: packed(
        file_of(ARRAY), {"1.npy": npy(np.zeros(2**20))}, compression=zipfile.ZIP_DEFLATED
    ),
    ("lzma", "compressed entry"): lambda: packed(
        file_of(ARRAY), {"1.npy": npy(np.zeros(2**20))}, compression=zipfile.ZIP_LZMA
    ),
    ("one array a thousand times", "unpack to more"): lambda: packed(
        file_of(listed(*[ARRAY] * 1000)), {"1.npy": ZEROS}
    ),
    ("an array of 8 TiB", "array that it promises"): lambda: packed(file_of(ARRAY), {"1.npy": promised(count=2**40)}),
    ("an array of fewer than none", "array that it promises"): lambda: packed(
        file_of(ARRAY), {"1.npy": promised(count=-(2**40))}
    ),
    ("an array of objects", "array that it promises"): lambda: packed(file_of(ARRAY), {"1.npy": npy(np.array([None]))}),
    ("a matrix of 128 MiB", "unpack to more"): lambda: packed(file_of(MATRIX), {"1.npz": matrix(data=b"\x00" * 2**27)}),
    ("a matrix promised", "array that it promises"): lambda: packed(
        file_of(MATRIX), {"1.npz": matrix(data=promised(count=2**40))}
    ),
    ("a text of 8 GiB", "holds no bytes_"): lambda: packed(
        file_of(state("numpy.bytes_", "NdArrayNode", type="numpy", file="1.npy")), {"1.npy": npy(np.array(2**33))}
    ),
    ("a void of 8 GiB", "holds no void"): lambda: packed(
        file_of(state("numpy.void", "NdArrayNode", type="numpy", file="1.npy")), {"1.npy": npy(np.array(2**33))}
    ),
    ("a pool of 16 GiB", "a pool of 4294967296 words"): lambda: packed(file_of(generator(2**32))),
    ("a matrix where an array stands", "a NdArrayNode reads"): lambda: packed(
        file_of(ARRAY | {"file": "1.npz"}), {"1.npz": matrix(data=ZEROS)}
    ),
    ("a million laughs", "two objects with the id"): lambda: packed(file_of(laughs())),
    ("a list in itself", "two objects with the id"): lambda: packed(file_of(listed(listed(__id__=1), __id__=1))),
    ("a million nodes", "unpack to more"): lambda: packed(
        file_of(listed(*[{"__class__": "", "__module__": "", "__loader__": ""}] * 40_000))
    ),
    ("nested deeply", "recursion depth"): lambda: packed(f"{'[' * 100_000}{']' * 100_000}"),
}


@pytest.mark.parametrize(("bomb", "words"), BOMBS)
def test_a_bomb_is_refused_before_it_grows(bomb, words):
    data = BOMBS[bomb, words]()
    assert len(data) < 5 * 2**20
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=words):
            load(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 2**20


def overlapping():
    """Two entries of the archive that share their bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(file_of(listed())))
        archive.writestr("1.npy", ZEROS)
        twin = copy.copy(archive.filelist[-1])
        twin.filename = twin.orig_filename = "2.npy"
        archive.filelist.append(twin)
    return buffer.getvalue()


def test_an_archive_holds_only_what_skops_writes():
    members = {"1.npy": ZEROS}
    whole = packed(file_of(ARRAY), members)
    np.testing.assert_array_equal(load(whole), np.zeros(2**16))
    tricks = [
        packed(file_of(ARRAY), members | {name: b""})
        for name in ("../1.npy", "/1.npy", "a/1.npy", "C:1.npy", "1.npy\n", "schema.json.npy", "x.pkl", "1.NPY")
    ]
    buffer = io.BytesIO(whole)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("schema.json", json.dumps(file_of(listed())))
    tricks.append(buffer.getvalue())
    wrong = [ARRAY | {"file": name} for name in ("2.npy", "schema.json", "../../etc/passwd")]
    tricks.extend(packed(file_of(node), members) for node in wrong)
    tricks.append(packed(file_of(state("builtins.bytes", "BytesNode", file="1.npy")), members))
    for data in tricks:
        with pytest.raises(FormatError, match="skops"):
            load(data)


def test_entries_that_share_their_bytes_are_refused():
    with pytest.raises(FormatError, match="overlap"):
        load(overlapping())


def test_objects_that_share_an_id_are_of_one_size():
    one, other = listed(text(1), __id__=7), listed(text(1), text(2), __id__=7)
    assert load(packed(file_of(listed(one, one)))) == [[1], [1]]
    with pytest.raises(FormatError, match="two objects with the id 7"):
        load(packed(file_of(listed(one, other))))


def test_bytes_that_stand_twice_in_a_model_are_no_forgery():
    shared = b"shared between two attributes"
    assert load(dump([shared, [shared]])) == [shared, [shared]]


def test_a_random_generator_loads():
    model = {"seed": np.random.default_rng(3)}
    assert load(dump(model))["seed"].integers(10**9) == np.random.default_rng(3).integers(10**9)


def test_damage_is_refused_or_harmless():
    model = LogisticRegression().fit(X, Y)
    data = dump(model)
    for length in range(0, len(data), 211):
        with pytest.raises(FormatError):
            load(data[:length])
    refused = 0
    for place in range(0, len(data), 97):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        try:
            assert load(damaged).predict(X).tolist() == model.predict(X).tolist()
        except MaturekitError:
            refused += 1
    assert refused > 0.8 * len(range(0, len(data), 97))


def test_a_file_of_another_name_is_not_read():
    data = dump([1])
    for files in ({}, {"model.joblib": data}, {"model.skops": data, "more.txt": b""}):
        with pytest.raises(FormatError, match=r"a skops model is one file, 'model\.skops'"):
            SkopsSerializer().load(files)


def test_a_flipped_bit_in_a_registry_is_found_before_skops_reads(store, replace, monkeypatch):
    registry = Registry(store, serializers=[SkopsSerializer()])
    version = registry.register("late", [1, 2], serializer=SkopsSerializer())
    (key,) = [key for key in store.list() if "blobs" in key and store.get(key).startswith(b"PK")]
    replace(store, key, store.get(key)[:-1] + b"\x01")
    monkeypatch.setattr(skops, "loads", os.abort)
    with pytest.raises(MaturekitError, match="sha256"):
        version.load()
