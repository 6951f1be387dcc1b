"""The layers of maturekit, enforced: a module may import only from layers below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import maturekit

LAYERS = (  # bottom first; packages on one line may not import one another
    {"errors"},
    {"_core"},
    {"reports"},
    {"storage"},
    {"events"},
    {"scan"},
    {"statistics"},
    {"schema"},
    {"profile"},
    {"validation", "drift", "registry", "predictions", "features"},
    {"deployment", "monitoring", "governance"},
    {"maturity"},
    {"pages", "testing", "integrations"},
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
ROOT = Path(maturekit.__file__).parent
FACADE = ROOT / "__init__.py"  # names homes as text and imports them when asked
FILES = sorted(ROOT.rglob("*.py"))
IMPORTERS = {"import_module", "__import__", "require", "find_spec", "lazy_names"}


def home(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(source: str, folder: tuple[str, ...] = ()) -> set[str]:
    """Names below maturekit that a file in `folder` imports anywhere, inside functions too, in any form."""
    here = ["maturekit", *folder]
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [f"{alias.name}." for alias in node.names]  # a plain `import maturekit` leaves an empty name
        elif isinstance(node, ast.ImportFrom):
            parent = here[: len(here) - node.level + 1] if node.level else []
            stem = [*parent, *(node.module.split(".") if node.module else [])]
            names += [".".join([*stem, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in IMPORTERS:
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            names += [f"{text}." for text in texts if isinstance(text, str)]
    return {name.split(".")[1] for name in names if name.startswith("maturekit.")}


@pytest.mark.parametrize(
    "path", [path for path in FILES if path != FACADE], ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports_point_down(path):
    here = home(path)
    found = imported(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parent.parts) - {here, "__version__"}
    unknown = found - RANK.keys()
    assert not unknown, f"{here} imports from the top level, or from a package without a layer: {sorted(unknown)}"
    upward = {other for other in found if RANK[other] >= RANK[here]}
    assert not upward, f"{here} (layer {RANK[here]}) may not import {sorted(upward)}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import maturekit", {""}),
        ("import maturekit.drift.monitor as m", {"drift"}),
        ("from maturekit import Schema", {"Schema"}),
        ("from maturekit.registry.model import x", {"registry"}),
        ("from .. import drift", {"drift"}),
        ("from ..drift import Monitor", {"drift"}),
        ("from . import sibling", {"profile"}),
        ("def f():\n    if True:\n        from maturekit.cli import main", {"cli"}),
        ("import importlib\nimportlib.import_module('maturekit.pages')", {"pages"}),
        ("import numpy, json", set()),
    ],
)
def test_every_form_of_import_is_seen(source, found):
    assert imported(source, ("profile",)) == found


def test_every_package_has_a_layer():
    assert {home(path) for path in FILES if path != FACADE} <= RANK.keys()


def test_every_folder_of_code_is_a_package():
    assert [path for path in FILES if not (path.parent / "__init__.py").is_file()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_its_idea_first_and_stays_short(path):
    source = path.read_text(encoding="utf-8")
    summary = (ast.get_docstring(ast.parse(source)) or "").split("\n")[0]
    assert summary.endswith("."), "the first line of a file is one sentence that says its idea"
    assert source.count("\n") <= 400, "one idea per file: split it"
