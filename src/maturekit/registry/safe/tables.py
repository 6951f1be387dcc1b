"""Sparse tables, masked arrays, splines and distributions, made again by their public constructors."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import UntrustedError
from maturekit.registry.safe.arrays import ARRAY_MAKERS
from maturekit.registry.safe.claims import demand, indices, numbers
from maturekit.registry.safe.session import Draft, Maker, Session

if TYPE_CHECKING:
    from maturekit.registry.safe.machine import Machine

__all__ = ["TABLE_MAKERS", "TABLE_VALUES"]

_demand = functools.partial(demand, "a sparse table")


def _nothing(arguments: tuple[Any, ...], what: str) -> None:
    if arguments:
        raise UntrustedError(f"the file makes {what} of unusual arguments")


def _rows(name: str) -> Maker:
    """Return what begins a sparse table by rows: every index inside, every row where the last one ends."""

    def begin(arguments: tuple[Any, ...], session: Session) -> Draft:
        _nothing(arguments, "a sparse table")

        def finish(state: Any, _: Machine) -> Any:
            import scipy.sparse  # noqa: PLC0415  # only a file that holds such a table pays for scipy

            data, columns, ends = state["data"], state["indices"], state["indptr"]
            shape = state["_shape"]
            _demand(type(shape) is tuple and len(shape) == 2 and all(type(side) is int for side in shape))
            _demand(0 <= shape[0] < 2**62 and 0 <= shape[1] < 2**62)
            _demand(type(data) is np.ndarray and data.ndim == 1 and data.dtype.kind in "biufc")
            _demand(indices(columns, below=shape[1], length=len(data)))
            _demand(indices(ends, below=len(data) + 1, length=shape[0] + 1))
            _demand(ends[0] == 0 and ends[-1] == len(data) and bool((ends[:-1] <= ends[1:]).all()))
            _demand(columns.dtype == ends.dtype and columns.dtype in {np.dtype(np.int32), np.dtype(np.int64)})
            session.charge(columns.nbytes + ends.nbytes)
            return getattr(scipy.sparse, name)((data, columns.copy(), ends.copy()), shape=shape)

        return Draft(finish)

    return Maker(begin)


def _masked(arguments: tuple[Any, ...], session: Session) -> Draft:
    """Begin an array of which some entries are missing: the columns of parameters that a search has tried."""
    kind, base, shape, code = arguments
    if kind is not np.ma.MaskedArray or base is not np.ndarray or shape != (0,) or code not in {b"b", "b"}:
        raise UntrustedError("the file makes an unusual masked array")

    def finish(state: Any, machine: Machine) -> Any:
        version, shape, dtype, fortran, raw, mask, fill = state
        filling: Any = fill  # an array of one entry, whatever the annotations of numpy say
        if fill is not None and (not isinstance(fill, (np.ndarray, np.generic)) or fill.shape != ()):
            raise UntrustedError("the file makes a masked array with an unusual filling")
        data, gaps = (
            ARRAY_MAKERS["numpy._core.multiarray", "_reconstruct"]
            .make((np.ndarray, (0,), b"b"), session)
            .finished((version, shape, part_type, fortran, part), machine)
            for part_type, part in ((dtype, raw), (np.dtype(bool), mask))
        )
        return np.ma.MaskedArray(data, mask=gaps, fill_value=filling)

    return Draft(finish)


def _spline(arguments: tuple[Any, ...], session: Session) -> Draft:
    _nothing(arguments, "a spline")

    def finish(state: Any, _: Machine) -> Any:
        from scipy.interpolate import BSpline  # noqa: PLC0415  # only a file that holds a spline pays for scipy

        if type(state) is tuple and type(state[0]) is BSpline:  # since scipy 1.18 one stands in another
            return state[0]
        knots, weights = (state.get(f"_{name}", state.get(name)) for name in ("t", "c"))  # the newer name first
        degree, beyond, axis = state["k"], state["extrapolate"], state["axis"]
        plain = type(degree) is int and 0 <= degree < 2**15 and type(axis) is int
        if not (plain and numbers(knots, None) and type(weights) is np.ndarray and weights.dtype.kind == "f"):
            raise UntrustedError("the file holds a forged spline")
        if beyond not in {True, False, "periodic"}:
            raise UntrustedError("the file holds a forged spline")
        session.charge(knots.nbytes + weights.nbytes)
        return BSpline(knots.copy(), weights.copy(), degree, extrapolate=beyond, axis=axis)

    return Draft(finish)


_KNOWN = {
    "_continuous_distns": {
        "beta_gen": {"beta"},
        "expon_gen": {"expon"},
        "gamma_gen": {"gamma"},
        "lognorm_gen": {"lognorm"},
        "norm_gen": {"norm"},
        "reciprocal_gen": {"loguniform", "reciprocal"},
        "uniform_gen": {"uniform"},
    },
    "_discrete_distns": {"geom_gen": {"geom"}, "poisson_gen": {"poisson"}, "randint_gen": {"randint"}},
}
_DISTRIBUTION = "distribution"


def _distribution(names: set[str]) -> Maker:
    """Return what begins a distribution; scipy's own would execute text from the file."""

    def begin(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
        _nothing(arguments, "a distribution")

        def finish(state: Any, _: Machine) -> Any:
            import scipy.stats  # noqa: PLC0415  # only a file that holds a distribution pays for scipy

            if state.get("name") not in names:
                raise UntrustedError("the file holds an unusual distribution")
            return getattr(scipy.stats, state["name"])

        return Draft(finish, what=_DISTRIBUTION)

    return Maker(begin)


def _frozen(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    _nothing(arguments, "a distribution")

    def finish(state: Any, _: Machine) -> Any:
        kind, given, named = state["dist"], state["args"], state["kwds"]
        known = {name for names in _KNOWN.values() for name in names}
        if type(kind).__name__ not in known or not type(kind).__module__.startswith("scipy.stats."):
            raise UntrustedError("the file holds an unusual distribution")
        if (
            type(given) is not tuple
            or type(named) is not dict
            or not set(named) <= {"a", "b", "s", "loc", "scale", "low", "high", "mu", "p"}
        ):
            raise UntrustedError("the file holds an unusual distribution")
        if not all(type(value) in {int, float} for value in (*given, *named.values())):
            raise UntrustedError("the file holds a distribution of something other than numbers")
        return kind(*given, **named)

    return Draft(finish)


def _method(arguments: tuple[Any, ...], session: Session) -> None:  # noqa: ARG001  # every maker is asked alike
    """Give nothing for the one thing that distributions look up while they are stored: a method of their own."""
    if len(arguments) != 2 or type(arguments[0]) is not Draft or arguments[0].what != _DISTRIBUTION:
        raise UntrustedError("the file looks up an attribute")


def _vectorized(arguments: tuple[Any, ...], session: Session) -> Draft:  # noqa: ARG001  # every maker is asked alike
    _nothing(arguments, "a function")
    return Draft(lambda *_: None)


TABLE_MAKERS = {
    ("builtins", "getattr"): Maker(_method),
    ("numpy", "vectorize"): Maker(_vectorized),
    ("numpy.ma.core", "_mareconstruct"): Maker(_masked),
    ("scipy.interpolate._bsplines", "BSpline"): Maker(_spline),
    ("scipy.interpolate._bsplines", "_BSpline"): Maker(_spline),
    ("scipy.sparse._csr", "csr_array"): _rows("csr_array"),
    ("scipy.sparse._csr", "csr_matrix"): _rows("csr_matrix"),
    ("scipy.stats._distn_infrastructure", "rv_continuous_frozen"): Maker(_frozen),
    ("scipy.stats._distn_infrastructure", "rv_discrete_frozen"): Maker(_frozen),
    **{
        (f"scipy.stats.{module}", name): _distribution(names)
        for module, known in _KNOWN.items()
        for name, names in known.items()
    },
}
"""What restores them, by module and name."""

TABLE_VALUES = {
    "numpy.ma": {"MaskedArray"},
    "numpy.ma.core": {"MaskedArray"},
    "scipy._lib.array_api_compat.numpy._aliases": {"asarray"},  # what a spline of a newer scipy remembers
}
"""What those are given."""
