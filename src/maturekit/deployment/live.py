"""The model that an alias points to, whichever that is: loaded, checked, warmed, and swapped under running calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from maturekit._core.arguments import check_number
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.following import Following
from maturekit.deployment.serving import Serving
from maturekit.deployment.source import Source
from maturekit.deployment.threads import Threads
from maturekit.deployment.wrapper import Inward, Step, Wrapper, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.registry import Registry, Version

if TYPE_CHECKING:
    from maturekit.deployment.contract import Contract
    from maturekit.deployment.row_path import RowPath

__all__ = ["Live"]


class Live(Wrapper):
    """The version that a reference names, usable wherever a model is.

    The first call loads it. ``"name:3"`` never changes; ``"name@production"`` is followed: every `refresh_seconds` a
    thread looks whether the alias has moved, and if so loads the new version, verifies its digests, tries and warms it
    on its stored examples, and swaps. No call waits for that: calls in flight finish on the old version, and one call
    sees one version from beginning to end. A version that cannot be loaded, or fails on its own examples, is logged,
    kept in `refused`, and never served: the old one stays. So it does when the registry cannot be read, or the alias
    is gone: see `trouble`.

    Safe for several threads if the model is. The thread begins with the first call, does not keep the interpreter from
    ending, begins anew in a forked child, and ends when the object goes or is closed. A loaded model is not pickled;
    the copy loads it again.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    reference : str
        ``"name@alias"`` or ``"name:number"``.
    refresh_seconds : float, default 1.0
        Between two looks. 0: no thread, every call looks, and the one that sees a move loads the new version;
        infinity: nobody looks, call `refresh` yourself.
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
        if isinstance(trust, str) or not isinstance(trust, Iterable):
            raise ArgumentTypeError(
                f"trust must be several names, got {trust!r:.100}", hint="for instance `trust=['acme.Scaler']`."
            )
        check_number(refresh_seconds, what="refresh_seconds")
        if not refresh_seconds >= 0:
            raise ArgumentError(f"refresh_seconds must not be negative, got {refresh_seconds!r}")
        self.registry = registry
        self.reference = reference
        self.refresh_seconds = refresh_seconds
        self.trust = tuple(trust)
        self._threads = Threads()
        self._following = Following(registry, reference, seconds=refresh_seconds, trust=self.trust)

    @property
    def version(self) -> Version:
        """The version that answers now; the first call loads it."""
        return self._now().version

    @property
    def refused(self) -> tuple[str, BaseException] | None:
        """Reference and error of the version that was refused, as long as the alias points to it."""
        return self._following.refused

    @property
    def trouble(self) -> BaseException | None:
        """What hindered the last look at the registry; None if nothing did."""
        return self._following.trouble

    def refresh(self) -> bool:
        """Look now, in this thread, and return whether another version answers from here on.

        A version that was refused is tried again. Raises what hinders, where a call would log it and go on.
        """
        return self._following.refresh()

    def _handle(self, call: Call, inward: Inward) -> Answer:  # noqa: ARG002  # there is nothing but the source inside
        return self._source(call)._answer(call)  # noqa: SLF001  # asked of every step

    def _answer(self, call: Call) -> Answer:
        if type(self) is not Live:  # a subclass may do more
            return super()._answer(call)
        pins = (call._asked or call)._pins  # noqa: SLF001  # as `call.pinned` does; this is on the path of each call
        source: Source = pins[1] if pins and pins[0] is self else self._source(call)
        return source._answer(call)  # noqa: SLF001  # asked of every step

    def _source(self, call: Call) -> Source:
        asked = call._asked or call  # noqa: SLF001  # as `call.pinned` and `call.pin` do
        pins = asked._pins  # noqa: SLF001  # as above
        if pins:
            source: Source | None = pins[1] if pins[0] is self else call.pinned(self)
            if source is not None:
                return source
        following = self._following
        serving = (following.serving if following.ready else None) or following.now()
        asked._pins = (*pins, self, serving.source) if pins else (self, serving.source)  # noqa: SLF001  # as above
        return serving.source

    def _now(self) -> Serving:
        following = self._following
        return (following.serving if following.ready else None) or following.now()

    def _inner(self) -> Any:
        return self._now().source.model

    def _steps(self) -> tuple[Step, ...]:
        serving = self._following.serving
        return () if serving is None else (serving.source,)

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:
        return self._now().source._paths(contract)  # noqa: SLF001  # asked of every step

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        following = self._following
        serving = following.serving if following.ready else None  # else it may have to be loaded, or looked up
        return serving is None or serving.source._waits(call, contract)  # noqa: SLF001  # asked of every step

    def _close(self) -> None:
        self._following.close()

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
