"""A corpus of attacks that would run code: none runs, and every name is told."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy import stats
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from maturekit.errors import MaturekitError, UntrustedError
from maturekit.registry.safe import needs, read
from maturekit.schema import Column, Compare, Schema

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
Sneaky, X, Y, dumped, name, number, stream, text, touch = (
    CRAFT[key] for key in ("Sneaky", "X", "Y", "dumped", "name", "number", "stream", "text", "touch")
)


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
        ("sklearn.ensemble._gb", "BaseGradientBoosting"),
        ("sklearn.ensemble", "GradientBoostingClassifier"),  # where people import it from, not where it is
        ("sklearn.datasets._base", "load_files"),
        ("sklearn.datasets._openml", "fetch_openml"),
        ("sklearn.metrics._scorer", "make_scorer"),
        ("sklearn.metrics._scorer", "_MultimetricScorer"),
        ("sklearn.linear_model._sgd_fast", "Regression"),
        ("sklearn.neighbors._quad_tree", "_QuadTree"),
        ("sklearn.metrics._dist_metrics", "PyFuncDistance64"),
        ("scipy.stats._distn_infrastructure", "rv_histogram"),
        ("scipy.stats._continuous_distns", "rv_histogram"),
        ("scipy.sparse._csc", "csc_matrix"),
        ("scipy.io", "loadmat"),
        ("pandas", "read_pickle"),
        ("numpy.lib.npyio", "DataSource"),
        ("numpy.f2py", "compile"),
        ("numpy.f2py.crackfortran", "myeval"),
        ("numpy.ma.core", "_frommethod"),
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


def test_a_partial_function_holds_only_the_check_of_an_array(tmp_path):
    mark = tmp_path / "mark"
    check = name("sklearn.utils.validation", "check_array")
    partial = name("functools", "partial")
    foreign = text(f"touch {mark}")
    for data in (
        stream(partial, name("os", "system"), b"\x85R"),
        stream(partial, name("os", "system"), foreign, b"\x86R"),
        stream(partial, check, foreign, b"\x86R"),
        stream(partial, name("numpy", "log1p"), b"\x85R"),
        stream(partial, check, b"\x85R(", name("os", "system"), b")}Ntb"),
        stream(partial, check, b"\x85R(", name("numpy", "log1p"), b")}Ntb"),
        stream(partial, check, b"\x85R(", check, foreign, b"\x85}Ntb"),
        stream(partial, check, b"\x85R(", check, b")}", text("estimator"), foreign, b"sNtb"),
        stream(partial, check, b"\x85R(", check, b")}}", text("x"), foreign, b"stb"),
        stream(partial, partial, check, b"\x86R"),
    ):
        with pytest.raises(UntrustedError):
            read(data)
    assert not mark.exists()


def test_a_scorer_or_a_transformer_of_a_foreign_function_is_refused_by_its_name(tmp_path):
    mark = tmp_path / "mark"
    for function, full in ((os.system, "posix.system"), (eval, "builtins.eval"), (np.load, "numpy.load")):
        for model in (
            make_scorer(function),
            FunctionTransformer(function),
            GridSearchCV(LinearRegression(), {}, scoring=make_scorer(function)),
            SelectKBest(function),
            KNeighborsRegressor(metric=function),
            SVR(kernel=function),
            CountVectorizer(analyzer=function),
            [function],
            {"a": (function,)},
        ):
            with pytest.raises(UntrustedError) as refused:
                read(dumped(model))
            assert refused.value.names == (full,)
    assert not mark.exists()


def test_the_text_that_distributions_execute_is_not_looked_at(tmp_path):
    mark = tmp_path / "mark"
    frozen = stats.uniform(0, 1)
    frozen.dist._parse_arg_template = f"import os; os.system('touch {mark}')"
    assert read(dumped(frozen)).value.rvs(random_state=0) == stats.uniform(0, 1).rvs(random_state=0)
    assert not mark.exists()
    frozen.dist.name = "rv_histogram"
    with pytest.raises(UntrustedError, match="an unusual distribution"):
        read(dumped(frozen))
    frozen = stats.uniform(0, 1)
    frozen.args = (touch(mark),)
    with pytest.raises(UntrustedError, match=r"posix\.system"):
        read(dumped(frozen))


def test_a_looked_up_attribute_is_given_to_nobody():
    getattr_, log = name("builtins", "getattr"), name("numpy", "log1p")
    made = name("sklearn.pipeline", "Pipeline") + b")\x81"
    for target in (log, made, name("sklearn.pipeline", "Pipeline"), text("x")):
        with pytest.raises(UntrustedError, match="the file looks up an attribute"):
            read(stream(getattr_, target, text("__class__"), b"\x86R"))
    begun = name("scipy.stats._continuous_distns", "uniform_gen") + b")\x81"
    assert read(stream(getattr_, begun, text("__class__"), b"\x86R")).value is None


def test_a_schema_imports_nothing_that_its_text_names(tmp_path, monkeypatch):
    """Beside the model lies its schema: names of rules and kinds in it are compared, never imported."""
    (tmp_path / "importing_runs.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    told = json.loads(
        Schema({"hour": Column("int"), "gate": Column("int")}, rules=[Compare("hour", "<", "gate")]).to_json()
    )

    def replaced(thing):
        if isinstance(thing, dict):
            for key in thing:
                yield from ({**thing, key: part} for part in replaced(thing[key]))
        elif isinstance(thing, list):
            for place, each in enumerate(thing):
                yield from ([*thing[:place], part, *thing[place + 1 :]] for part in replaced(each))
        elif isinstance(thing, str):
            yield from ("importing_runs.Thing", "importing_runs:Thing", "os.system")

    texts = [json.dumps(forged) for forged in replaced(told)]
    assert len(texts) > 8
    for each in texts:
        with contextlib.suppress(MaturekitError):
            Schema.from_json(each)
        assert "importing_runs" not in sys.modules


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


def test_what_a_model_needs_can_be_listed_without_loading_it(tmp_path):
    mark = tmp_path / "mark"
    assert needs(dumped(touch(mark))) == {"posix.system": {"refer", "call"}}
    assert needs(dumped(StandardScaler())) == {"sklearn.preprocessing._data.StandardScaler": {"refer", "make"}}
    assert not mark.exists()
