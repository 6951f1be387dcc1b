"""One value has one JSON text; what is not exactly that is refused when read."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.digest import canonical_json, digest_of, parse_json
from maturekit.errors import FormatError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_equal_and_writes_the_same_text(value):
    text = canonical_json(value)
    assert parse_json(text, what="it") == value
    assert canonical_json(parse_json(text, what="it")) == text


@given(st.dictionaries(st.text(st.characters()), st.integers(), min_size=2))
def test_the_order_in_which_a_mapping_was_filled_does_not_show(mapping):
    assert canonical_json(mapping) == canonical_json(dict(reversed(mapping.items())))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_know_is_not_written(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([number])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' stands twice"),
        ("[1] [2]", "Extra data"),
        ("[" * 200_000, "nested too deeply"),
        (b"\xff\xfe\xfa", "not valid JSON"),
    ],
    ids=["empty", "cut", "nan", "infinity", "twins", "two", "deep", "bytes"],
)
def test_text_that_is_not_strict_json_is_refused(text, fault):
    with pytest.raises(FormatError, match="settings is not valid JSON") as caught:
        parse_json(text, what="settings")
    assert fault in str(caught.value)


def test_the_digest_is_the_known_sha256():
    assert digest_of(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_half_a_surrogate_pair_is_escaped_and_reads_back():
    assert canonical_json({"\ud800": "a\udfff"}) == b'{"\\ud800":"a\\udfff"}'
    assert parse_json(canonical_json("\ud800"), what="it") == "\ud800"


def test_letters_stay_letters():
    assert json.loads(canonical_json("Zürich ✈")) == "Zürich ✈"
    assert canonical_json("ü") == '"ü"'.encode()
