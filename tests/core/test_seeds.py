"""`random_state` means what it means in scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from maturekit._core.seeds import generator
from maturekit.errors import ArgumentTypeError


def draw(random_state):
    return generator(random_state).integers(1 << 40, size=4).tolist()


def test_the_same_int_gives_the_same_numbers():
    assert draw(7) == draw(7) == draw(np.int64(7))
    assert draw(7) != draw(8)


def test_none_gives_fresh_numbers():
    assert draw(None) != draw(None)


def test_a_generator_is_used_itself_and_moves_on():
    shared = np.random.default_rng(0)
    assert generator(shared) is shared
    assert draw(shared) != draw(shared)


def test_a_legacy_random_state_moves_on_and_repeats():
    assert draw(np.random.RandomState(0)) == draw(np.random.RandomState(0))
    shared = np.random.RandomState(0)
    assert draw(shared) != draw(shared)


@pytest.mark.parametrize("wrong", ["0", 1.0, True, [1]])
def test_anything_else_is_a_type_error(wrong):
    with pytest.raises(ArgumentTypeError, match="random_state must be None, an int"):
        generator(wrong)
