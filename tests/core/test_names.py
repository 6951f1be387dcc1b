"""A name that passes is a safe file name on every system; one that does not is told why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.names import check_name
from maturekit.errors import ArgumentTypeError, NameRuleError


@pytest.mark.parametrize("name", ["a", "late-flights", "v1.2_x", "0", "a" * 64, "console", "com10", "a.b-c_d"])
def test_a_portable_name_passes_unchanged(name):
    assert check_name(name, what="model name") == name


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("../x", "not allowed: '/'"),
        ("a/b", "not allowed: '/'"),
        ("a\\b", "not allowed"),
        ("CON", "capital letter 'C'"),
        ("con", "reserved on Windows"),
        ("nul.txt", "reserved on Windows"),
        ("lpt1", "reserved on Windows"),
        ("a" * 300, "300 characters; at most 64"),
        ("a..b", "two dots in a row"),
        (".hidden", "must begin and end"),
        ("ends.", "must begin and end"),
        ("-x", "must begin and end"),
        ("a b", "not allowed: ' '"),
        ("a\x00b", "not allowed: '\\x00'"),
        ("a\n", "not allowed: '\\n'"),
        ("flüge", "not allowed: 'ü'"),
        ("a:b", "not allowed: ':'"),
    ],
)
def test_a_name_that_is_not_portable_is_refused_with_the_rule(name, fault):
    with pytest.raises(NameRuleError) as caught:
        check_name(name, what="model name")
    assert fault in str(caught.value)
    assert "Hint: use 1 to 64 characters" in str(caught.value)
    assert len(str(caught.value)) < 320


@pytest.mark.parametrize("name", [None, 3, b"x", ["x"]])
def test_what_is_no_text_is_a_type_error(name):
    with pytest.raises(ArgumentTypeError, match="model name must be a str, got"):
        check_name(name, what="model name")


@given(st.text(max_size=70))
def test_whatever_passes_is_a_plain_relative_file_name(name):
    try:
        check_name(name, what="name")
    except NameRuleError:
        return
    assert name == name.strip(". ").lower()
    assert not set(name) & set('/\\:*?"<>|\x00')
    assert ".." not in name
