"""What a stream may do with what it has made: little, and once."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maturekit.errors import UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
name, number, stream, text = (CRAFT[key] for key in ("name", "number", "stream", "text"))


def test_state_goes_only_into_what_the_file_has_just_made():
    state = b"}" + text("predict") + text("x") + b"sb"
    for target in (
        name("sklearn.pipeline", "Pipeline"),  # the class itself, for the whole process
        name("sklearn.utils.validation", "check_array"),
        name("numpy", "log1p"),
        name("numpy", "dtype"),
        name("builtins", "str"),
        text("a text"),
        b"}",
        b"]",
        number(1),
    ):
        with pytest.raises(UntrustedError):
            read(stream(target, state))
    assert not hasattr(make_pipeline(StandardScaler()), "x")


def test_state_is_given_once():
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    good = b"}" + text("with_mean") + b"\x88sb"
    assert read(stream(made, good)).value.with_mean is True
    with pytest.raises(UntrustedError, match="which it did not just make"):
        read(stream(made, good, good))


def test_state_is_a_plain_dictionary_of_attributes():
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    for state in (
        b"}}\x86b",  # a pair: attributes would be set one by one, __class__ among them
        b"N}" + text("__class__") + name("sklearn.pipeline", "Pipeline") + b"s\x86b",
        b"]b",
        b"}" + number(1) + b"Nsb",
        text("x") + b"b",
    ):
        with pytest.raises(UntrustedError, match="a state that is no plain dictionary"):
            read(stream(made, state))


@pytest.mark.parametrize(
    "method",
    [
        "transform", "__sklearn_tags__", "_validate_params", "__setstate__", "__init__", "__class__", "__dict__",
        "_parameter_constraints", "_doc_link_template",
    ],
)  # fmt: skip
def test_state_replaces_no_method(method):
    """A forest whose check of its input is replaced would hand any array to compiled code."""
    made = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    state = b"}" + text(method) + name("numpy", "abs") + b"sb"
    with pytest.raises(UntrustedError, match="the file replaces what belongs to StandardScaler"):
        read(stream(made, state))


def test_state_does_not_choose_the_algorithm_of_a_class():
    """Whose kind of machine libsvm believes; a plain text on the class, not a method."""
    made = name("sklearn.svm._classes", "SVR") + b")\x81"
    with pytest.raises(UntrustedError, match="the file replaces what belongs to SVR: _impl"):
        read(stream(made, b"}" + text("_impl") + text("c_svc") + b"sb"))


def test_items_go_only_into_plain_containers():
    scaler = name("sklearn.preprocessing._data", "StandardScaler") + b")\x81"
    for data in (
        stream(scaler, text("a"), text("b"), b"s"),
        stream(scaler, text("a"), b"a"),
        stream(scaler, b"(", text("a"), b"e"),
        stream(scaler, b"(", text("a"), b"\x90"),
        stream(name("numpy", "log1p"), text("a"), b"a"),
        stream(b"}", scaler, text("b"), b"s"),  # a key whose hash is code
        stream(b"\x8f(", scaler, b"\x90"),
        stream(b"(", scaler, b"\x91"),
        stream(b"}", b"(" * 1, scaler, b"t", text("b"), b"s"),
    ):
        with pytest.raises(UntrustedError):
            read(data)


@pytest.mark.parametrize(
    "operation",
    [
        b"(" + text("x") + b"ios\nsystem\n",  # INST
        b"(cos\nsystem\n" + text("x") + b"o",  # OBJ
        b"\x82\x01",  # EXT1
        b"\x83\x01\x00",
        b"\x84\x01\x00\x00\x00",
        b"P1\n",  # PERSID
        text("x") + b"Q",
        b"\x97",  # NEXT_BUFFER
        b"\x98",
        b"\x92",  # NEWOBJ_EX
        b"I1\n",
        b"S'x'\n",
        b"V1\n",
        b"F1\n",
        b"\x8b\x01\x00\x00\x00\x01",  # LONG4
        b"2",  # DUP
        b"\xff",
        b"\x00",
    ],
    ids=lambda operation: operation[:4].hex(),
)
def test_operations_that_joblib_never_writes_are_refused(operation):
    with pytest.raises(UntrustedError):
        read(stream(b"N", operation))


def test_the_old_form_of_names_is_no_way_around():
    with pytest.raises(UntrustedError, match=r"os\.system"):
        read(b"\x80\x02cos\nsystem\n" + text("echo ran") + b"\x85R.")
    assert read(b"\x80\x02csklearn.pipeline\nPipeline\n)\x81.").value is not None
