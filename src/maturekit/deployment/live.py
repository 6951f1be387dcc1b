"""The model that an alias points to, whichever that is: loaded, checked, warmed, and swapped under running calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract, reasons
from maturekit.deployment.outputs import faults_of
from maturekit.deployment.source import METHODS, Source
from maturekit.deployment.threads import Threads
from maturekit.deployment.wrapper import Inward, Step, Wrapper, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError, IntegrityError, StorageError
from maturekit.registry import Registry, Version
from maturekit.validation import validate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Live"]


class Live(Wrapper):
    """The version that a reference names, usable wherever a model is.

    The first call loads it. ``"name:3"`` never changes; ``"name@production"`` is followed: at most every
    `refresh_seconds` one call looks whether the alias has moved, and if so loads the new version, verifies its digests,
    warms it with its stored examples and swaps. Calls in flight finish on the old version, and so do calls of other
    threads while the new one is loaded; one call sees one version from beginning to end. A version that cannot be
    loaded, or fails on its own examples, is logged, kept in `refused`, and never served: the old one stays. So it does
    when the registry cannot be read, or the alias is gone.

    Safe for several threads if the model is. A loaded model is not pickled; the copy loads it again.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    reference : str
        ``"name@alias"`` or ``"name:number"``.
    refresh_seconds : float, default 1.0
        How long a look lasts. 0 looks at every call; infinity never, then call `refresh` yourself.
    trust : iterable of str
        What a model file may use beyond the built-in list, as `Version.load` takes it.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.dummy import DummyRegressor
    >>> folder = tempfile.TemporaryDirectory()
    >>> registry = Registry(folder.name, actor="ada")
    >>> for value in (1.0, 2.0):
    ...     model = DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [value])
    ...     version = registry.register("steady", model)
    >>> _ = registry.promote(registry["steady:1"], to="production", actor="ada", reason="first")
    >>> live = Live(registry, "steady@production", refresh_seconds=0)
    >>> live.predict([[0.0]]).tolist(), live.version.reference
    ([1.0], 'steady:1')
    >>> _ = registry.promote(registry["steady:2"], to="production", actor="ada", reason="better")
    >>> live.predict([[0.0]]).tolist(), live.version.reference
    ([2.0], 'steady:2')
    >>> folder.cleanup()
    """

    def __init__(
        self, registry: Registry, reference: str, *, refresh_seconds: float = 1.0, trust: Iterable[str] = ()
    ) -> None:
        if not isinstance(registry, Registry):
            raise ArgumentTypeError(
                f"registry must be a Registry, got {type(registry).__name__}",
                hint="write Live(Registry('models'), 'name@production').",
            )
        if not isinstance(reference, str) or ("@" in reference) == (":" in reference):
            raise ArgumentError(
                f"{reference!r} is no reference to a version", hint="write 'name@production' or 'name:3'."
            )
        if not refresh_seconds >= 0:
            raise ArgumentError(f"refresh_seconds must not be negative, got {refresh_seconds!r}")
        self.registry = registry
        self.reference = reference
        self.refresh_seconds = refresh_seconds
        self.trust = tuple(trust)
        self.refused: tuple[str, Exception] | None = None
        """Reference and error of the version that was refused, as long as the alias points to it."""
        self._threads = Threads()
        self._serving: _Serving | None = None
        self._loading = threading.Lock()
        self._looked = 0.0
        self._events = ""
        self._complained = False

    @property
    def version(self) -> Version:
        """The version that answers now."""
        return self._now().version

    def refresh(self) -> bool:
        """Look now, whatever `refresh_seconds` says, and return whether another version answers from here on.

        A version that was refused is tried again. Raises what hinders, where a call would log it and go on.
        """
        with self._loading:
            self.refused = None
            self._events = ""
            return self._look()

    def _handle(self, call: Call, inward: Inward) -> Answer:
        return inward(call)

    def _source(self, call: Call) -> Source:
        if id(self) not in call.pins:
            call.pins[id(self)] = self._now().source
        source: Source = call.pins[id(self)]
        return source

    def _inward(self, call: Call) -> Answer:
        return self._source(call).handle(call)

    def _inner(self) -> Any:
        return self._now().source.model

    def _steps(self) -> tuple[Step, ...]:
        return (self._now().source,)

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._serving is None or self._serving.source._waits(call, contract)  # noqa: SLF001  # asked of every step

    def _now(self) -> _Serving:
        serving = self._serving
        if serving is None:
            with self._loading:
                if self._serving is None:
                    self._look()
            return self._now()
        if self._due() and self._loading.acquire(blocking=False):  # else another call is looking already
            try:
                self._look_on(serving)
            finally:
                self._loading.release()
        return self._serving or serving

    def _due(self) -> bool:
        return "@" in self.reference and time.monotonic() - self._looked >= self.refresh_seconds

    def _look_on(self, serving: _Serving) -> None:
        try:
            self._look()
            self._complained = False
        except Exception as error:  # noqa: BLE001  # whatever hinders the new version, the old one answers
            if not self._complained:  # once, until a look succeeds again
                logger.warning("%s stays at %s: %s", self.reference, serving.version.reference, error)
            self._complained = True

    def _look(self) -> bool:
        self._looked = time.monotonic()
        events = self.registry.head(self.reference.partition("@")[0].partition(":")[0])
        if events == self._events:  # one look at whether the next event is there, and it is not
            return False
        moved = self._follow(self.registry[self.reference])
        self._events = events
        return moved

    def _follow(self, version: Version) -> bool:
        if self._serving is not None and version.reference == self._serving.version.reference:
            self.refused = None
            return False
        if self.refused is not None and version.reference == self.refused[0]:
            return False
        try:
            self._serving = _Serving.of(version, self.trust)
        except StorageError:  # the place may be back in a moment
            raise
        except Exception as error:
            if self._serving is not None:  # else nothing can answer, and every call must say why
                self.refused = (version.reference, error)
            raise
        self.refused = None
        logger.info("%s is %s", self.reference, version.reference)
        return True

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a follower of an alias and one of a fixed version, in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests wrappers needs it

        with tempfile.TemporaryDirectory() as folder:
            registry = Registry(folder, actor="ada")
            version = registry.register("example", example_model())
            registry.promote(version, to="production", actor="ada", reason="example")
            yield cls(registry, "example@production")
            yield cls(registry, version.reference)


@dataclass(frozen=True, slots=True, eq=False)
class _Serving:
    """A version, loaded and tried."""

    version: Version
    source: Source

    @classmethod
    def of(cls, version: Version, trust: Iterable[str]) -> Self:
        source = Source(version.load(trust=trust), version.schema, version.reference, version.digest, version.examples)
        if source.examples is not None:
            _try(source, source.examples)
        return cls(version, source)


def _try(source: Source, examples: pd.DataFrame) -> None:
    """Run every method on the stored examples: it fills caches, and a model that fails here never answers."""
    table: Any = examples
    if source.schema is not None:
        contract = Contract(source.schema, source)
        refused = reasons(validate(examples, contract.schema).findings, rows=len(examples))
        keep = np.array([row for row in range(len(examples)) if row not in refused], dtype=np.int64)
        table = contract.rows(examples, keep)  # without the made-up values of personal columns
    if not len(table):
        return
    model = source.model
    for method in METHODS:
        if hasattr(model, method):
            values = getattr(model, method)(table)
            faults = faults_of(values, rows=len(table), method=method, classes=getattr(model, "classes_", None))
            if faults:
                row, why = next(iter(faults.items()))
                raise IntegrityError(
                    f"{source.reference} gives no usable {method} for its own examples: {', '.join(why)} in row {row}"
                )
