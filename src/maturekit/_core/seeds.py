"""Random numbers from a `random_state`, with the meaning it has in scikit-learn."""

from __future__ import annotations

import numpy as np

from maturekit.errors import ArgumentTypeError

__all__ = ["RandomState", "generator"]

RandomState = int | np.random.RandomState | np.random.Generator | None
"""None for fresh numbers, an int for repeatable ones, or a generator whose state moves on."""


def generator(random_state: RandomState) -> np.random.Generator:
    """Return a generator for a `random_state`; the same int always gives the same numbers.

    >>> int(generator(0).integers(100)) == int(generator(0).integers(100))
    True
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**31 - 1))
    if random_state is None or (isinstance(random_state, int) and not isinstance(random_state, bool)):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.integer):
        return np.random.default_rng(int(random_state))
    raise ArgumentTypeError(
        f"random_state must be None, an int, a RandomState or a Generator, got {type(random_state).__name__}"
    )
