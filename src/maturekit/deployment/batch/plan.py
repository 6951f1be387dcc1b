"""What a run does: so that a run which goes on where another was killed does the same."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import joblib
import numpy as np

from maturekit.deployment.call import Call
from maturekit.deployment.wrapper import Wrapper
from maturekit.errors import IntegrityError
from maturekit.schema import Schema

__all__ = ["described", "packages", "same_plan", "versions_in"]

_PACKAGES: Final = ("maturekit", "numpy", "pandas", "pyarrow", "scikit-learn")
"""With others of these, the same rows could be written in other bytes."""
_PLAIN = (bool, int, float, str, bytes, type(None))


def described(model: Any, call: Call) -> Any:
    """Return what tells one model from another, as JSON: of wrappers the class, the arguments and what is inside.

    A version from a registry is known by its digest, an estimator by a hash of its parameters and of what it learned,
    a schema by its digest, a dataclass by its fields; of logs, stores, registries and other objects only the class counts.

    >>> from sklearn.dummy import DummyRegressor
    >>> call = Call(frame=[])
    >>> one, other = DummyRegressor().fit([[0.0]], [1.0]), DummyRegressor().fit([[0.0]], [2.0])
    >>> described(one, call) == described(DummyRegressor().fit([[0.0]], [1.0]), call)
    True
    >>> described(one, call) == described(other, call)
    False
    """
    if isinstance(model, Wrapper):
        parts = {name: described(value, call) for name, value in model.get_params().items()}
        if "model" not in parts:  # it has its model from elsewhere
            source = model._source(call)  # noqa: SLF001  # of the same package
            parts |= {"version": source.reference, "digest": source.digest}
        return {"class": _name(type(model)), **parts}
    if isinstance(model, Schema):
        return {"class": "Schema", "digest": model.digest}
    if isinstance(model, _PLAIN):
        return repr(model)
    if isinstance(model, Mapping):
        return [[described(key, call), described(value, call)] for key, value in model.items()]
    if isinstance(model, (list, tuple)):
        return [described(part, call) for part in model]
    if dataclasses.is_dataclass(model) and not isinstance(model, type):
        fields = {field.name: described(getattr(model, field.name), call) for field in dataclasses.fields(model)}
        return {"class": _name(type(model)), **fields}
    if isinstance(model, (np.generic, np.ndarray)) or hasattr(model, "predict") or hasattr(model, "transform"):
        return {"class": _name(type(model)), "hash": joblib.hash(model, hash_name="sha1")}
    return {"class": _name(model if callable(model) and hasattr(model, "__qualname__") else type(model))}


def versions_in(description: Any) -> Iterator[tuple[str | None, str | None]]:
    """Yield reference and digest of every version that a description speaks of.

    >>> list(versions_in({"class": "Guarded", "model": {"version": "churn:3", "digest": "sha256:0"}}))
    [('churn:3', 'sha256:0')]
    """
    if isinstance(description, dict):
        if description.get("digest") and "version" in description:
            yield description["version"], description["digest"]
        description = list(description.values())
    if isinstance(description, list):
        for part in description:
            yield from versions_in(part)


@cache
def packages() -> dict[str, str]:
    """Return the versions of the packages that decide how a row is scored and written."""
    known = {}
    for name in _PACKAGES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            continue
    return known


def same_plan(stored: Mapping[str, Any], plan: Mapping[str, Any], *, place: str) -> None:
    """Refuse to go on with what another plan has begun, or to call it done.

    >>> same_plan({"method": "predict"}, {"method": "predict_proba"}, place="scores.csv.unfinished")
    Traceback (most recent call last):
    maturekit.errors.IntegrityError: scores.csv.unfinished belongs to another run: method was predict and is predict_proba
    <BLANKLINE>
    Hint: run again as it was begun, or delete it to begin anew, or choose another output.
    """
    if stored == plan:
        return
    differing = [name for name in {**stored, **plan} if stored.get(name) != plan.get(name)]
    what = ", ".join(f"{name} {_difference(stored.get(name), plan.get(name))}" for name in differing)
    raise IntegrityError(
        f"{place} belongs to another run: {what}",
        hint="run again as it was begun, or delete it to begin anew, or choose another output.",
    )


def _difference(before: Any, now: Any) -> str:
    """Say what is different, as near to the leaf as it is only one."""
    path = ""
    while isinstance(before, dict) and isinstance(now, dict):
        differing = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if len(differing) != 1:
            break
        path += f"[{differing[0]!r}]"
        before, now = before.get(differing[0]), now.get(differing[0])
    return f"{path} was {_short(before)} and is {_short(now)}".strip()


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({hashlib.sha256(text.encode()).hexdigest()[:8]})"


def _name(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
