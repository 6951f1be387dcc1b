"""What fitted models call to restore themselves, each call replaced by one that checks its arguments."""

from __future__ import annotations

import functools
import importlib
from collections import OrderedDict
from typing import Any

from maturekit.errors import UntrustedError
from maturekit.registry.safe.arrays import ARRAY_MAKERS
from maturekit.registry.safe.attributes import check_attributes
from maturekit.registry.safe.encoders import ENCODER_CHECKS
from maturekit.registry.safe.ensembles import ENSEMBLE_CHECKS, ENSEMBLE_TRIALS
from maturekit.registry.safe.neighbors import NEIGHBOR_CHECKS, NEIGHBOR_MAKERS, NEIGHBOR_VALUES
from maturekit.registry.safe.randomness import RANDOM_MAKERS, RANDOM_VALUES
from maturekit.registry.safe.session import Draft, Maker, Session, plain_key
from maturekit.registry.safe.sizes import SIZE_CHECKS
from maturekit.registry.safe.tables import TABLE_MAKERS, TABLE_VALUES
from maturekit.registry.safe.texts import TEXT_CHECKS
from maturekit.registry.safe.trees import TREE_CHECKS, check_all_trees, make_tree
from maturekit.registry.safe.vectors import VECTOR_CHECKS

__all__ = ["MAKERS", "VALUES", "check_made"]

_LOSSES = {
    "CyAbsoluteError": 0,
    "CyExponentialLoss": 0,
    "CyHalfBinomialLoss": 0,
    "CyHalfGammaLoss": 0,
    "CyHalfMultinomialLoss": 0,
    "CyHalfPoissonLoss": 0,
    "CyHalfSquaredError": 0,
    "CyHalfTweedieLoss": 1,
    "CyHalfTweedieLossIdentity": 1,
    "CyHuberLoss": 1,
    "CyPinballLoss": 1,
}
"""The compiled losses of scikit-learn, and how many numbers each takes."""


_STEPS = {
    "EpsilonInsensitive": 1,
    "Hinge": 1,
    "ModifiedHuber": 0,
    "SquaredEpsilonInsensitive": 1,
    "SquaredHinge": 1,
}
"""The same for losses of stochastic gradient descent alone."""


def _loss(name: str, parameters: int, home: str = "sklearn._loss._loss") -> Maker:
    def make(arguments: tuple[Any, ...], session: Session) -> Any:  # noqa: ARG001  # every maker is asked alike
        if len(arguments) != parameters or not all(type(argument) is float for argument in arguments):
            raise UntrustedError(f"the file makes the loss {name} of unusual arguments")
        return getattr(importlib.import_module(home), name)(*arguments)

    return Maker(make)


def _multinomial(arguments: tuple[Any, ...], session: Session) -> Any:  # noqa: ARG001  # every maker is asked alike
    """Make the one loss whose pickle comes from its compiler: class, checksum, and no state."""
    from sklearn._loss._loss import CyHalfMultinomialLoss  # noqa: PLC0415  # only a file that holds a loss pays for it

    if len(arguments) != 3 or arguments[2] != ():
        raise UntrustedError("the file makes a loss of unusual arguments")
    return CyHalfMultinomialLoss()


def _slice(arguments: tuple[Any, ...], session: Session) -> slice:  # noqa: ARG001  # every maker is asked alike
    if len(arguments) != 3 or not all(type(bound) in {int, str, type(None)} for bound in arguments):
        raise UntrustedError("the file makes an unusual slice")
    return slice(*arguments)


def _bytes(arguments: tuple[Any, ...], session: Session) -> bytes:  # noqa: ARG001  # every maker is asked alike
    if arguments:
        raise UntrustedError("the file makes bytes in an unusual way")
    return b""


def _set(arguments: tuple[Any, ...], session: Session) -> set[Any]:  # noqa: ARG001  # every maker is asked alike
    if len(arguments) != 1 or type(arguments[0]) is not list:
        raise UntrustedError("the file makes an unusual set")
    return set(map(plain_key, arguments[0]))


def _ordered(arguments: tuple[Any, ...], session: Session) -> OrderedDict[Any, Any]:  # noqa: ARG001  # as above
    if arguments:
        raise UntrustedError("the file makes an unusual dictionary")
    return OrderedDict()


def _bunch(arguments: tuple[Any, ...], session: Session) -> Any:
    """Make the dictionary with attributes that scikit-learn likes."""
    from sklearn.utils import Bunch  # noqa: PLC0415  # only a file that holds one pays for scikit-learn

    if arguments:
        raise UntrustedError("the file makes an unusual dictionary")
    session.mappings.append(Bunch)
    bunch = Bunch()
    session.expect_state(bunch, lambda *_: None)  # it restores itself from its items and ignores its state
    return bunch


def _imputed(arguments: tuple[Any, ...], session: Session) -> Any:  # noqa: ARG001  # every maker is asked alike
    """Make one turn of the imputer that takes turns: a column, the columns it is guessed from, and a model."""
    from sklearn.impute._iterative import _ImputerTriplet  # noqa: PLC0415  # only a file that holds one pays for it

    if len(arguments) != 3:
        raise UntrustedError("the file makes an unusual turn of an imputer")
    return _ImputerTriplet(*arguments)


def _partial(arguments: tuple[Any, ...], session: Session) -> Draft:
    """Begin the one partial function that models hold: the check of the input of histogram gradient boosting."""
    check = session.find("sklearn.utils.validation", "check_array")

    def finish(state: Any, _: Any) -> Any:
        function, positional, named, extra = state
        if function is not check or positional or extra or type(named) is not dict or set(named) - _CHECK_OPTIONS:
            raise UntrustedError("the file makes a partial function other than the usual check of an array")
        return functools.partial(function, **named)

    if arguments != (check,):
        raise UntrustedError("the file makes a partial function other than the usual check of an array")
    return Draft(finish)


_CHECK_OPTIONS = {"dtype", "ensure_all_finite", "force_all_finite"}

MAKERS: dict[tuple[str, str], Maker] = {
    **ARRAY_MAKERS,
    **NEIGHBOR_MAKERS,
    **RANDOM_MAKERS,
    **TABLE_MAKERS,
    ("builtins", "bytes"): Maker(_bytes),  # this and the next: how the oldest protocol spells them
    ("builtins", "set"): Maker(_set),
    ("builtins", "slice"): Maker(_slice),
    ("collections", "OrderedDict"): Maker(_ordered),
    ("functools", "partial"): Maker(_partial),
    ("sklearn.impute._iterative", "_ImputerTriplet"): Maker(_imputed),
    ("sklearn.utils._bunch", "Bunch"): Maker(_bunch),
    ("sklearn.tree._tree", "Tree"): Maker(make_tree),
    **{
        (module, name): _loss(name, parameters)
        for module in ("_loss", "sklearn._loss._loss")  # what the module calls itself up to scikit-learn 1.6, and since
        for name, parameters in _LOSSES.items()
    },
    **{
        (module, "__pyx_unpickle_CyHalfMultinomialLoss"): Maker(_multinomial)
        for module in ("_loss", "sklearn._loss._loss")
    },
    **{
        (home, name): _loss(name, parameters, home)
        for home in ("sklearn.linear_model._sgd_fast",)
        for name, parameters in _STEPS.items()
    },
}
"""By module and name."""

_ELEMENTARY = set(
    "abs absolute cbrt ceil cos deg2rad degrees exp exp2 expm1 fabs floor isfinite isinf isnan log log10 log1p log2 "
    "negative positive rad2deg radians reciprocal rint sign sin sqrt square tan tanh trunc".split()
)

VALUES: dict[str, set[str]] = {
    "builtins": set("bool complex float int object str".split()),
    "numpy": _ELEMENTARY
    | set("max mean median min".split())
    | set(
        "ndarray bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 str_ bytes_ object_ "
        "datetime64 timedelta64 generic number integer signedinteger unsignedinteger inexact floating character flexible".split()
    ),
    "numpy._core._multiarray_umath": _ELEMENTARY,  # numpy's functions are pickled under the first module that has them
    "numpy._core.umath": _ELEMENTARY,
    "numpy.core._multiarray_umath": _ELEMENTARY,
    "numpy.core.umath": _ELEMENTARY,
    "sklearn.utils.validation": {"check_array"},
    **NEIGHBOR_VALUES,
    **RANDOM_VALUES,
    **TABLE_VALUES,
}
"""What may be referred to beside the allow-list: plain types, and elementary functions of one array."""

_CHECKS = {
    **ENCODER_CHECKS,
    **ENSEMBLE_CHECKS,
    **NEIGHBOR_CHECKS,
    **SIZE_CHECKS,
    **TEXT_CHECKS,
    **TREE_CHECKS,
    **VECTOR_CHECKS,
}


def check_made(session: Session) -> None:
    """Check everything that a file has made and that compiled code will follow without looking.

    >>> check_made(Session())
    """
    check_all_trees(session.trees)
    made = [((type(each).__module__, type(each).__qualname__), each) for each in session.made]
    for _, each in made:
        check_attributes(each, trusts=session.trusts)
    for kind, each in made:
        if kind in _CHECKS:
            _CHECKS[kind](each)
    for trials in ENSEMBLE_TRIALS:
        for kind, each in made:
            if kind in trials:
                trials[kind](each, session)
