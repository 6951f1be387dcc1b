"""Where a chain of wrappers ends: the estimator that answers, and what is known of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract
from maturekit.deployment.row_path import RowPath
from maturekit.deployment.unknown import Policies
from maturekit.errors import ArgumentError
from maturekit.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "Source"]

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform")
"""What a wrapper can be asked, where the model inside has it."""


class Source:
    """An estimator, and the version it was loaded from, if it was: the innermost step.

    Parameters
    ----------
    model : estimator
        A fitted one.
    schema : Schema, optional
        The contract of its version.
    reference, digest : str, optional
        Which version it is.
    examples : DataFrame, optional
        Stored examples of its version.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit([[0.0]], [1.0])
    >>> Source(model).row_path("predict", None).ask(Call("predict", record={"x": 0.0}))[0].tolist()
    [2.5]
    """

    def __init__(
        self,
        model: Any,
        schema: Schema | None = None,
        reference: str | None = None,
        digest: str | None = None,
        examples: pd.DataFrame | None = None,
    ) -> None:
        self.model = model
        self.schema = schema
        self.reference = reference
        self.digest = digest
        self.examples = examples
        self._contracts: dict[Any, Contract] = {}
        self._under: dict[int, Source] = {}
        self._row_paths: dict[tuple[str, Contract | None], RowPath] = {}

    @property
    def contract(self) -> Contract | None:
        """What of the schema holds when this model is asked; None without a schema."""
        return None if self.schema is None else self.contract_under(self.schema)

    def contract_under(self, schema: Schema, unknown: Policies = None) -> Contract:
        """Return what of a schema holds when this model is asked; always the same object for the same arguments."""
        policy = frozenset(unknown.items()) if isinstance(unknown, Mapping) else unknown
        made = self._contracts.get((id(schema), policy))
        if made is None:
            made = Contract(schema, self, unknown=unknown)
            made = self._contracts.setdefault((id(schema), policy), made)  # it holds the schema, so the id stays taken
        return made

    def under(self, schema: Schema) -> Source:
        """Return the same model under another schema; always the same object for the same schema."""
        if schema is self.schema:
            return self
        made = self._under.get(id(schema))
        if made is None:
            made = Source(self.model, schema, self.reference, self.digest, self.examples)
            made._contracts, made._row_paths = self._contracts, self._row_paths
            made = self._under.setdefault(id(schema), made)  # it holds the schema, so the id stays taken
        return made

    def _answer(self, call: Call) -> Answer:
        """Let the estimator answer, and say who it was and how long it took."""
        started = time.perf_counter()
        if call.record is None:
            self._check_method(call.method)
            values = getattr(self.model, call.method)(call.frame)
        else:
            path = self._row_paths.get((call.method, call.contract)) or self.row_path(call.method, call.contract)
            values, dtype = path.ask(call)
            if dtype is not None:
                answer = Answer.of_one(values, dtype, call)
                answer.version = self.reference
                answer.digest = self.digest
                answer.seconds = time.perf_counter() - started
                return answer
        return Answer(
            values,
            rows=call.rows,
            request=call.request,
            method=call.method,
            version=self.reference,
            digest=self.digest,
            seconds=time.perf_counter() - started,
        )

    def row_path(self, method: str, contract: Contract | None) -> RowPath:
        """Return how one record is answered: by compiled code where that is proven equal, else as one row of a frame."""
        path = self._row_paths.get((method, contract))
        if path is None:
            self._check_method(method)
            self._check_names(contract)
            names = getattr(self.model, "feature_names_in_", None)
            made = RowPath(self.model, method, contract, self.examples, None if names is None else list(names))
            path = self._row_paths.setdefault((method, contract), made)
        return path

    def prepared_like(self, other: Source) -> None:
        """Make ready the row paths that another version was asked for, under the contracts that hold now."""
        for method, contract in list(other._row_paths):
            if not hasattr(self.model, method):
                continue
            mine = None
            if contract is not None:
                schema = self.schema if contract.whole is other.schema else contract.whole
                mine = None if schema is None else self.contract_under(schema, contract.unknown)
            self.row_path(method, mine).prove()

    def _check_method(self, method: str) -> None:
        if method not in METHODS or not hasattr(self.model, method):
            raise ArgumentError(
                f"{type(self.model).__name__} cannot be asked to {method!r}",
                hint=f"it offers {', '.join(self._offered()) or 'nothing'}.",
            )

    def _takes_records(self, contract: Contract | None) -> bool:
        """Whether it is known which value of a record is which feature: a record has no order."""
        return contract is not None or hasattr(self.model, "feature_names_in_") or self._width < 2

    @property
    def _width(self) -> int:
        return int(getattr(self.model, "n_features_in_", 0))

    def _check_names(self, contract: Contract | None) -> None:
        if not self._takes_records(contract):
            raise ArgumentError(
                f"{type(self.model).__name__} was fitted on an array, so it does not know which value of a record is "
                f"which of its {self._width} features",
                hint="put a `Guarded` with a schema around it, which names them in order; or fit it on a DataFrame.",
            )

    def _offered(self) -> list[str]:
        return [name for name in METHODS if hasattr(self.model, name)]

    def _source(self, call: Call) -> Source:  # noqa: ARG002  # this and the next are asked of every step
        return self

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        if call.record is None:
            return True
        path = self._row_paths.get((call.method, contract or call.contract))
        if path is None or not path.is_compiled:
            return True
        return call.in_loop and not path.answers(call.record)

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:
        if not self._takes_records(contract):
            return
        for method in self._offered():
            if method != "transform":
                yield self.row_path(method, contract)
