"""Random generators that fitted models keep, restored from checked states."""

from __future__ import annotations

from typing import Any

import numpy as np

from maturekit.errors import UntrustedError
from maturekit.registry.safe.session import Draft, Maker, Session

__all__ = ["RANDOM_MAKERS", "RANDOM_VALUES"]

_KEYS = 624
"""Words in the state of a Mersenne twister; its position is used unchecked as an index into them."""


def _bit_generator(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    (kind,) = arguments
    if kind is not np.random.PCG64 and kind is not np.random.MT19937:
        raise UntrustedError("the file makes an unusual source of random numbers")

    def finish(state: Any, _: Any) -> Any:
        numbers, _ = state  # the second is the seed: it matters only to children, which a fitted model never spawns
        source: Any = kind(0)
        source.state = _checked(numbers, kind.__name__)
        return source

    return Draft(finish)


def _checked(numbers: Any, kind: str) -> dict[str, Any]:
    inner = numbers["state"]
    if kind == "PCG64":
        bounds = [
            (inner["state"], 2**128),
            (inner["inc"], 2**128),
            (numbers["has_uint32"], 2),
            (numbers["uinteger"], 2**32),
        ]
    else:
        bounds = [(inner["pos"], _KEYS + 1)]
        if type(inner["key"]) is not np.ndarray or inner["key"].dtype != np.uint32 or inner["key"].shape != (_KEYS,):
            raise UntrustedError("the file holds a forged state of random numbers")
    if numbers["bit_generator"] != kind or not all(type(n) is int and 0 <= n < bound for n, bound in bounds):
        raise UntrustedError("the file holds a forged state of random numbers")
    return dict(numbers)


def _generator(arguments: tuple[Any, ...], session: Session) -> Any:  # noqa: ARG001  # every maker is asked alike
    (source,) = arguments
    if type(source) not in {np.random.PCG64, np.random.MT19937}:
        raise UntrustedError("the file makes an unusual generator of random numbers")
    return np.random.Generator(source)


def _random_state(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    (source,) = arguments
    if type(source) is not np.random.MT19937:
        raise UntrustedError("the file makes an unusual generator of random numbers")

    def finish(state: Any, _: Any) -> Any:
        checked = _checked(state, "MT19937")
        if checked["has_gauss"] not in {0, 1} or type(checked["gauss"]) is not float:
            raise UntrustedError("the file holds a forged state of random numbers")
        generator = np.random.RandomState(source)  # the legacy class is what scikit-learn keeps
        generator.set_state(checked)
        return generator

    return Draft(finish)


def _seed(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    return Draft(lambda *_: None)


RANDOM_MAKERS = {
    ("numpy.random._pickle", "__bit_generator_ctor"): Maker(_bit_generator),
    ("numpy.random._pickle", "__generator_ctor"): Maker(_generator),
    ("numpy.random._pickle", "__randomstate_ctor"): Maker(_random_state),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"): Maker(_seed),
}
"""What numpy calls to restore random generators, each replaced by a function that checks its arguments."""

RANDOM_VALUES = {
    "numpy.random._mt19937": {"MT19937"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random.bit_generator": {"SeedSequence"},
}
"""What those calls are given."""
