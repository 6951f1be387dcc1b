"""The facade: `__all__` of every package equals its public names, and modules hide nothing by accident."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

import maturekit
from maturekit import testing

MODULES = [module for module in testing.modules(maturekit) if module is not maturekit]
PACKAGES = [module for module in MODULES if hasattr(module, "__path__")]


def name_of(module):
    return module.__name__.removeprefix("maturekit.")


@pytest.mark.parametrize("package", [p for p in PACKAGES if name_of(p) != "_core"], ids=name_of)
def test_all_of_a_package_equals_its_public_names(package):
    public = {
        name
        for name in dir(package)
        if not name.startswith("_") and name != "annotations" and not isinstance(getattr(package, name), ModuleType)
    }
    assert set(package.__all__) == public


@pytest.mark.parametrize("module", [m for m in MODULES if name_of(m) != "_core"], ids=name_of)
def test_all_of_a_module_lists_what_it_defines_and_nothing_else(module):
    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    defined = {
        name
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
        and not name.startswith(("_", "check_"))  # the checks of a suite are offered as one tuple
    }
    assert defined <= set(module.__all__)


def test_the_top_level_offers_its_nouns_and_hides_the_rest():
    public = {name for name in dir(maturekit) if not name.startswith("_")}
    assert public - set(maturekit.__all__) <= {name_of(module).split(".")[0] for module in MODULES}
    for name in maturekit.__all__:
        assert getattr(maturekit, name).__name__ == name


def test_an_unknown_top_level_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'maturekit' has no attribute 'Registri'"):
        _ = maturekit.Registri
