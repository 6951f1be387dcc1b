"""Whether a version can do what it was registered for: its model loads, and predicts on its own examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from maturekit.errors import MaturekitError
from maturekit.reports import Finding, Report

if TYPE_CHECKING:
    from maturekit.registry.version import Version

__all__ = ["rehearsed"]


def rehearsed(version: Version, *, trust: Iterable[str] = ()) -> Report:
    """Return a report on loading and predicting; see `Version.rehearse`."""
    return Report("rehearsal", list(_findings(version, trust)), subjects={"version": version.digest})


def _findings(version: Version, trust: Iterable[str]) -> Iterator[Finding]:
    try:
        model = version.load(trust=trust)
    except MaturekitError as error:
        yield Finding("load", "failed", message=error.message)
        yield Finding("predict", "could_not_run", message="the model was not loaded")
        return
    yield Finding("load", "passed")
    yield _predicted(version, model)


def _predicted(version: Version, model: Any) -> Finding:
    kind = type(model).__name__
    if not callable(getattr(model, "predict", None)):
        return Finding("predict", "failed", message=f"a {kind} has no method 'predict'")
    examples = version.examples
    if examples is None or examples.empty:
        return Finding("predict", "not_enough_evidence", message="it was registered without examples")
    schema = version.schema
    if schema is not None:
        examples = examples[[name for name in schema.features if name in examples.columns]]
    try:
        answers = model.predict(examples)
    except Exception as error:  # noqa: BLE001  # whatever a model raises, it does not predict
        return Finding("predict", "failed", count=len(examples), message=f"the {kind} raised {error!r:.200}")
    if len(answers) != len(examples):
        return Finding("predict", "failed", message=f"{len(answers)} answers came for {len(examples)} examples")
    return Finding("predict", "passed", count=len(examples))
