"""What is built is what is in the repository: every module, the types' marker, the style sheet, the licence."""

from __future__ import annotations

import os
import re
import tomllib
import zipfile
from pathlib import Path

import pytest

import maturekit

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    from hatchling.build import build_wheel

    folder = tmp_path_factory.mktemp("wheel")
    before = Path.cwd()
    os.chdir(ROOT)  # a build backend works in the folder of the project
    try:
        name = build_wheel(str(folder))
    finally:
        os.chdir(before)
    return zipfile.ZipFile(folder / name)


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "maturekit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there
    assert {"maturekit/py.typed", "maturekit/pages/page.css"} <= packed


def test_the_metadata_say_version_licence_and_python(wheel):
    facts = next(wheel.read(name).decode() for name in wheel.namelist() if name.endswith("dist-info/METADATA"))
    assert f"Version: {maturekit.__version__}\n" in facts
    assert "License-Expression: BSD-3-Clause\n" in facts
    assert "Requires-Python: >=3.11\n" in facts
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_core_has_six_packages_each_with_a_lower_bound_and_no_upper():
    assert [re.match(r"[a-z-]+", need)[0] for need in PROJECT["dependencies"]] == [
        "joblib", "numpy", "pandas", "pydantic", "scikit-learn", "scipy",
    ]  # fmt: skip
    assert all(re.fullmatch(r"[a-z-]+>=[0-9.]+", need) for need in PROJECT["dependencies"])


def test_every_extra_that_an_error_names_exists():
    named = set()
    for path in (SOURCE / "maturekit").rglob("*.py"):
        named |= set(re.findall(r'require\([^)]*extra="(\w+)"', path.read_text(encoding="utf-8")))
    assert named - {"x"} <= set(PROJECT["optional-dependencies"])
