"""Every concrete subclass of every base class shows examples of itself and keeps the public contract of its base."""

from __future__ import annotations

import inspect

import pytest

import maturekit
from maturekit import testing

BASES = testing.bases(maturekit)
PAIRS = [(base, kind) for base in BASES for kind in testing.implementations(maturekit, of=base)]
KINDS = sorted({kind for _, kind in PAIRS}, key=lambda kind: (kind.__qualname__, kind.__module__))
CASES = [(kind, check) for kind in KINDS for check in testing.checks_of(kind)]


def name_of(thing):
    return thing.__qualname__


@pytest.mark.parametrize("base", BASES, ids=name_of)
def test_a_base_has_a_public_suite_and_something_to_run_it_on(base):
    assert testing.SUITES.get(base), f"{base.__qualname__} has no contract suite in maturekit.testing"
    assert [kind for found, kind in PAIRS if found is base], f"no class of maturekit fills {base.__qualname__}"


def test_every_suite_belongs_to_a_base_that_is_found_by_walking():
    assert set(testing.SUITES) == set(BASES)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_concrete_class_yields_examples_of_itself(kind):
    assert list(inspect.signature(kind.examples).parameters) == []
    kinds = [type(instance) for instance in kind.examples()]
    assert kinds, f"{kind.__qualname__}.examples() yields nothing"
    assert set(kinds) == {kind}


@pytest.mark.parametrize(("kind", "check"), CASES, ids=name_of)
def test_a_concrete_class_keeps_the_contract_of_its_base(kind, check):
    for instance in kind.examples():  # a fresh one for every check: a check may change what it judges
        check(instance)
