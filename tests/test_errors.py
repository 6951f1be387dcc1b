"""The tree of errors: drawn as it is, worded alike, and able to cross a process border."""

from __future__ import annotations

import builtins
import inspect
import pickle
import re

import pytest

from maturekit import errors
from maturekit.errors import (
    AliasNotFoundError,
    CheckFailedError,
    MaturekitError,
    ModelNotFoundError,
    PromotionRefusedError,
    RejectedRecordError,
    UntrustedError,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
ERRORS = [kind for kind in CLASSES if issubclass(kind, MaturekitError)]


def made(kind):
    """Return an error of any class, with whatever it has to carry."""
    carried = {"report": "a report", "answer": ("an", "answer"), "names": ["os.system"], "name": "chrun"}
    wanted = inspect.signature(kind).parameters
    return kind("it broke", hint="mend it.", **{key: value for key, value in carried.items() if key in wanted})


def drawn():
    """Read the tree from the docstring as (class, built-in parent, depth)."""
    lines = re.findall(r"^( *)[*+-] (\w+)(?: +\(also (\w+)\))?", errors.__doc__, flags=re.MULTILINE)
    return [(name, parent, len(indent) // 2 - 1) for indent, name, parent in lines]


def test_the_drawn_tree_is_the_real_one():
    above = {}
    for name, builtin, depth in drawn():
        kind = getattr(errors, name)
        above[depth] = kind
        if depth:
            assert issubclass(kind, above[depth - 1]), f"{name} is drawn below {above[depth - 1].__name__}"
        if builtin:
            assert issubclass(kind, getattr(builtins, builtin)), f"{name} is drawn as a {builtin}"
    assert {name for name, _, _ in drawn()} == {kind.__name__ for kind in ERRORS}


def test_all_names_every_class():
    assert sorted(errors.__all__) == sorted(kind.__name__ for kind in CLASSES)


@pytest.mark.parametrize("kind", [kind for kind in ERRORS if kind is not MaturekitError])
def test_an_error_is_caught_by_a_built_in_parent_too(kind):
    built_in = {parent for parent in kind.__mro__ if parent.__module__ == "builtins"}
    assert built_in - {Exception, BaseException, object}


def test_there_is_one_warning_class():
    assert [kind for kind in CLASSES if issubclass(kind, Warning)] == [errors.MaturekitWarning]


@pytest.mark.parametrize("kind", ERRORS)
def test_message_and_hint_are_kept_apart_and_shown_together(kind):
    error = made(kind)
    assert (error.message, error.hint) == ("it broke", "mend it.")
    assert str(error).endswith("it broke\n\nHint: mend it.")


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_an_error_crosses_a_process_border_with_all_it_carries(kind, protocol):
    error = made(kind)
    copy = pickle.loads(pickle.dumps(error, protocol))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_without_a_hint_the_message_stands_alone():
    assert str(MaturekitError("it broke")) == "it broke"


def test_a_missing_name_names_the_nearest():
    error = AliasNotFoundError.named("alias", "prodution", known=["staging", "production", "archive"])
    assert error.name == "prodution"
    assert error.hint == "did you mean 'production'?"
    assert "known: 'archive', 'production', 'staging'" in error.message


def test_a_missing_name_without_any_known_says_so():
    error = ModelNotFoundError.named("model", "churn", known=[])
    assert error.message == "no model named 'churn'; known: none"
    assert error.hint == ""


def test_a_long_list_of_known_names_is_cut():
    error = ModelNotFoundError.named("model", "x", known=[f"model-{number:02d}" for number in range(13)])
    assert error.message.endswith("'model-09' and 3 more")


@pytest.mark.parametrize(
    ("kind", "carried"),
    [
        (CheckFailedError, "report"),
        (PromotionRefusedError, "report"),
        (RejectedRecordError, "answer"),
        (UntrustedError, "names"),
    ],
)
def test_an_error_carries_what_the_handler_needs(kind, carried):
    assert getattr(made(kind), carried)
