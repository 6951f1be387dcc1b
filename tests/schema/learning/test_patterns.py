"""Patterns are learned from texts of few shapes, and say no more than the texts do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.schema import Schema

rng = np.random.default_rng(0)
SIX = [f"{number:06d}" for number in rng.permutation(10**6)[:400]]
HEX = "".join(rng.choice(list("0123456789abcdef"), 8 * 400))


def pattern(texts):
    return Schema.learn(pd.DataFrame({"x": list(texts)})).columns["x"].pattern


@pytest.mark.parametrize(
    ("texts", "learned"),
    [
        ([f"AB{six}" for six in SIX], r"[A-Z]{2}\d{6}"),
        ([f"N{number}" for number in range(400)], r"[A-Z]\d+"),
        ([f"{six[:3]}.{six[3:]}" for six in SIX], r"\d{3}\.\d{3}"),
        ([f"{six}@example.org" for six in SIX], r"\d{6}@[a-z]{7}\.[a-z]{3}"),
        ([HEX[8 * i : 8 * i + 8] for i in range(400)], "[a-z0-9]{8}"),
        ([f"A-{six}" if i % 3 else f"{six}/7" for i, six in enumerate(SIX)], r"[A-Z]-\d{6}|\d{6}/\d"),
    ],
)
def test_a_common_shape_becomes_a_pattern(texts, learned):
    assert pattern(texts) == learned


@pytest.mark.parametrize(
    "texts",
    [
        SIX[:99],
        [*SIX, "unknown"],  # a shape that was seen once
        [*SIX, ""],
        [f"Müller {six}" for six in SIX],
        [" ".join(SIX[i % 7 : i % 7 + 1 + i % 6]) + str(i) for i in range(400)],
        ["-".join(six) + "-1-2-3" for six in SIX],
    ],
    ids=["few", "once", "empty", "letters beyond ASCII", "many shapes", "long"],
)
def test_texts_without_a_common_shape_get_no_pattern(texts):
    assert pattern(texts) is None


def test_a_stray_text_that_the_sample_misses_is_met_when_all_are_checked():
    texts = [f"AB{number:06d}" for number in range(20_000)]
    texts[2] = "AB00000x"
    assert pattern(texts) is None
