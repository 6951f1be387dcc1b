"""Names that load on use behave as if they had been imported."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from maturekit._core.lazy import lazy_names


@pytest.fixture
def package(monkeypatch):
    package = ModuleType("lazy_example")
    package.__getattr__, package.__dir__ = lazy_names("lazy_example", {"JSONDecoder": "json.decoder", "loads": "json"})
    monkeypatch.setitem(sys.modules, "lazy_example", package)
    return package


def test_a_name_is_imported_once_and_then_kept(package):
    from json.decoder import JSONDecoder

    assert "JSONDecoder" not in vars(package)
    assert package.JSONDecoder is JSONDecoder
    assert vars(package)["JSONDecoder"] is JSONDecoder


def test_dir_shows_names_that_were_never_used(package):
    assert {"JSONDecoder", "loads"} <= set(dir(package))


def test_any_other_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="'lazy_example' has no attribute 'dumps'"):
        _ = package.dumps
