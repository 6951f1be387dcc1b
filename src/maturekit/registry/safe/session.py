"""What the streams of one file share: which names they may use, what for, and how much they may build."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from maturekit.errors import FormatError, UntrustedError

if TYPE_CHECKING:
    from maturekit.registry.safe.machine import Machine

__all__ = ["Draft", "Maker", "Session", "Stranger", "plain_key"]

Filler = Callable[[Any, Any], None]
_AMPLE = 64 * 2**20
_GENEROUS = 4


class Draft:
    """Something that a stream has begun, and that becomes a value when its state is given.

    Until then nothing can be done with it. `keys` are where the machine remembers it; `what` tells makers what it is.
    """

    def __init__(self, finish: Callable[[Any, Machine], Any], *, what: str = "") -> None:
        self._finish: Callable[[Any, Machine], Any] | None = finish
        self.keys: list[int] = []
        self.what = what

    def finished(self, state: Any, machine: Machine) -> Any:
        """Return the value; once only."""
        if self._finish is None:
            raise UntrustedError("the file gives state twice to one object")
        finish, self._finish = self._finish, None
        return finish(state, machine)


class Maker:
    """What stands for a name that a stream may call: our own function, which checks the arguments."""

    def __init__(self, make: Callable[[tuple[Any, ...], Session], Any]) -> None:
        self.make = make


class Stranger:
    """What stands for a name nobody allowed, and for whatever a stream makes of it; it does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name


_KEYS = (str, int, float, bool, bytes, type(None), Stranger)


class Session:
    """One reading of one file.

    Parameters
    ----------
    size : int
        Bytes of the file. What it may make the process build is a small multiple of it.
    makers : mapping of (module, name) to Maker
        What may be called.
    classes : mapping of module to names
        Classes of which instances may be made, without arguments.
    values : mapping of module to names
        What may only be referred to.
    trusted : collection of (module, name)
        What the caller allows for any use.

    Examples
    --------
    >>> session = Session(values={"math": {"pi"}})
    >>> session.find("math", "pi")
    3.141592653589793
    >>> stranger = session.find("os", "system")
    >>> list(session.strangers)
    ['os.system']
    """

    def __init__(
        self,
        *,
        size: int = 0,
        makers: dict[tuple[str, str], Maker] | None = None,
        classes: dict[str, set[str]] | None = None,
        values: dict[str, set[str]] | None = None,
        trusted: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.allowance = _AMPLE + _GENEROUS * size
        self.strangers: dict[str, set[str]] = {}
        """Every name that nobody allowed, and what the file does with it: refer, make, call."""
        self.made: list[Any] = []
        """Every instance of an allowed class, for the checks after loading."""
        self.trees: list[tuple[Any, int, int]] = []
        """Nodes, features and depth of every compiled tree, for the checks after loading."""
        self.mappings: list[type] = [dict, OrderedDict]
        """The exact types that keys and values may be put into."""
        self.versions: set[str] = set()
        """The scikit-learn versions that wrote the instances."""
        self._makers = makers or {}
        self._classes = classes or {}
        self._values = values or {}
        self._trusted = trusted
        self._found: dict[tuple[str, str], Any] = {}
        self._makeable: dict[int, Any] = {}
        self._callable: dict[int, Any] = {}
        self._fresh: dict[int, tuple[Any, Filler]] = {}

    def let_go(self) -> None:
        """Forget what was made: it would live until the session, which refers to itself, is collected."""
        self.made.clear()
        self.trees.clear()
        self._fresh.clear()

    def charge(self, size: int) -> None:
        """Count bytes that are built from fewer bytes; refuse when they outgrow the file."""
        self.allowance -= size
        if self.allowance < 0:
            raise UntrustedError("the file asks for far more memory than a file of its size can need")

    def find(self, module: str, name: str) -> Any:
        """Return what a stream may know under a name: the thing itself, a `Maker`, or a `Stranger`."""
        key = (module, name)
        if key not in self._found:
            self._found[key] = self._looked_up(module, name)
        found = self._found[key]
        if isinstance(found, Stranger):
            self.strangers.setdefault(found.name, set()).add("refer")
        return found

    def trusts(self, value: Any) -> bool:
        """Return whether a value is what the caller trusts by name, or an instance of it.

        >>> Session().trusts(print)
        False
        """
        return id(value) in self._callable or id(type(value)) in self._callable

    def make(self, maker: Any, arguments: tuple[Any, ...], *, new: bool) -> Any:
        """Call, or make an instance of, what a stream has found."""
        if isinstance(maker, Stranger):
            self.strangers[maker.name].add("make" if new else "call")
            return Stranger(maker.name)
        if isinstance(maker, Maker):
            return maker.make(arguments, self)
        if id(maker) in self._callable and (isinstance(maker, type) or not new):
            made = maker.__new__(maker, *arguments) if new else maker(*arguments)
            self.expect_state(made, _fill_freely)
            return made
        if not (new and id(maker) in self._makeable and not arguments):
            raise UntrustedError(f"the file calls {_name(maker)}, which it may only refer to")
        made = maker.__new__(maker)
        self.expect_state(made, self._fill)
        self.made.append(made)
        return made

    def expect_state(self, made: Any, fill: Filler) -> None:
        """Let the stream give state to what it has just made, once, by this function."""
        self._fresh[id(made)] = (made, fill)

    def fill(self, target: Any, state: Any) -> None:
        """Give an instance that this file has made its state, once."""
        made, fill = self._fresh.pop(id(target), (None, None))
        if fill is None or made is not target:
            raise UntrustedError(f"the file gives state to {_name(target)}, which it did not just make")
        fill(target, state)

    def _fill(self, target: Any, state: Any) -> None:
        kind = type(target)
        if type(state) is not dict or not all(type(key) is str for key in state):
            raise UntrustedError(f"the file gives {_name(kind)} a state that is no plain dictionary")
        hidden = [key for key in state if type(getattr(kind, key, False)) is not bool]  # a default may be overridden
        if hidden:
            raise UntrustedError(f"the file replaces what belongs to {_name(kind)}: {', '.join(sorted(hidden)[:5])}")
        version = state.get("_sklearn_version")
        if type(version) is str:
            self.versions.add(f"{version:.20}")
        target.__dict__.update({key: value for key, value in state.items() if key != "_sklearn_version"})

    def _looked_up(self, module: str, name: str) -> Any:
        if (module, name) in self._makers:
            return self._makers[module, name]
        if name in self._classes.get(module, ()):
            value = _imported(module, name)
            self._makeable[id(value)] = value
        elif (module, name) in self._trusted:
            value = _imported(module, name)
            self._callable[id(value)] = value
        elif name in self._values.get(module, ()):
            value = _imported(module, name)
        else:
            value = Stranger(f"{module}.{name}")
        return value


def plain_key(key: Any) -> Any:
    """Return what may be a key or an element of a set: hashing it runs no foreign code and never recurses deeply.

    >>> plain_key(("hour", 7))
    ('hour', 7)
    """
    if type(key) is str:  # nearly all of them
        return key
    for part in key if type(key) is tuple else (key,):
        kind = type(part)
        if kind not in _KEYS and not issubclass(kind, type) and kind.__module__ != "numpy":
            raise UntrustedError(f"the file uses something as a key that is no plain value: {kind.__name__}")
    return key


def _imported(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise FormatError(
            f"the model needs {module}.{name}, which is not installed here",
            hint="install the package, or the version of it, that the model was fitted with.",
        ) from error


def _name(thing: Any) -> str:
    kind = thing if isinstance(thing, type) else type(thing)
    return str(getattr(thing, "__qualname__", kind.__qualname__))


def _fill_freely(target: Any, state: Any) -> None:
    """Give state as pickle does, to an instance of what the caller trusts; never to a class or a module."""
    if isinstance(target, (type, ModuleType)) or (callable(target) and hasattr(target, "__name__")):
        raise UntrustedError("the file gives state to a class, a function or a module")
    restore = getattr(target, "__setstate__", None)
    if restore is not None:
        restore(state)
        return
    slots: Any = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    target.__dict__.update(state or {})
    for key, value in (slots or {}).items():
        setattr(target, key, value)
