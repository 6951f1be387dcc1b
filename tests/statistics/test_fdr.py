"""The false discovery rate of Benjamini and Hochberg."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import false_discovery_control

from maturekit.statistics import benjamini_hochberg


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)))
@settings(max_examples=50, deadline=None)
def test_it_agrees_with_scipy(p_values):
    np.testing.assert_allclose(benjamini_hochberg(p_values), false_discovery_control(p_values))


def test_nothing_in_gives_nothing_out():
    assert benjamini_hochberg([]).tolist() == []
