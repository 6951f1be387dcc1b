"""The pages that no build executes: the README's example runs, and lists kept by hand are complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import maturekit

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent.name for path in Path(maturekit.__file__).parent.glob("[a-z]*/__init__.py"))


def python_blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_example_of_the_readme_runs_as_it_stands(tmp_path):
    (example,) = python_blocks(ROOT / "README.md")
    assert example.count("\n") <= 24
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(maturekit.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_stands_in_the_reference_and_the_blocks_in_the_readme(package):
    assert f"maturekit.{package}\n" in (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    assert f"`{package}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_command_of_the_makefile_is_explained():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split()
    assert [name for name in phony if not re.search(rf"^{name}:.*## \w", makefile, flags=re.MULTILINE)] == []
