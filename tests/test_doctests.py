"""Every public object has an example; `--doctest-modules` runs them, this finds the ones that are missing."""

from __future__ import annotations

import doctest
import inspect

import pytest

import maturekit
from maturekit import testing

PACKAGES = [m for m in testing.modules(maturekit) if hasattr(m, "__path__") and m.__name__ != "maturekit._core"]
PUBLIC = {
    value
    for module in [*PACKAGES, maturekit.errors]
    for value in (getattr(module, name) for name in module.__all__)
    if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith("maturekit")
}


def where(thing):
    return f"{thing.__module__}.{thing.__qualname__}".removeprefix("maturekit.")


def examples(thing):
    return [
        example
        for found in doctest.DocTestFinder(exclude_empty=True).find(thing, where(thing))
        for example in found.examples
    ]


@pytest.mark.parametrize("thing", sorted(PUBLIC, key=where), ids=where)
def test_a_public_object_has_an_example(thing):
    assert examples(thing), f"{where(thing)} has no example: add one to its docstring"
