"""A missing extra is told apart from a broken one."""

from __future__ import annotations

import pytest

from maturekit._core.extras import require
from maturekit.errors import MissingExtraError


def test_what_is_installed_is_returned():
    assert require("json.decoder", extra="x", purpose="reading").JSONDecoder


def test_what_is_missing_names_purpose_package_and_extra():
    with pytest.raises(MissingExtraError) as caught:
        require("no_such.part", extra="plots", purpose="drawing")
    assert str(caught.value) == (
        "drawing needs the package 'no_such', which is not installed\n\nHint: pip install 'maturekit[plots]'"
    )


def test_a_package_that_misses_its_own_needs_says_so_itself(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import something_it_needs\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_it_needs") as caught:
        require("half_installed", extra="plots", purpose="drawing")
    assert not isinstance(caught.value, MissingExtraError)
