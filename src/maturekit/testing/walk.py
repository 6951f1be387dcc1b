"""Find what a package holds by walking it, so that no list has to be kept by hand."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from maturekit.errors import ArgumentTypeError

__all__ = ["bases", "check_class", "implementations", "modules"]


def check_class(kind: object, *, what: str) -> None:
    """Refuse what is no class.

    >>> check_class(3, what="kind")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: kind must be a class, got int
    """
    if not isinstance(kind, type):
        raise ArgumentTypeError(f"{what} must be a class, got {type(kind).__name__}")


def modules(package: ModuleType) -> list[ModuleType]:
    """Import and return a package and every module below it, sorted by name.

    Raises `ArgumentTypeError` for what is no package or module, as `bases` and `implementations` do.

    >>> import maturekit.reports
    >>> [module.__name__ for module in modules(maturekit.reports)][:2]
    ['maturekit.reports', 'maturekit.reports.finding']
    """
    if not isinstance(package, ModuleType):
        raise ArgumentTypeError(
            f"a package is walked, got {type(package).__name__}", hint="import it, and pass the module itself."
        )
    path = getattr(package, "__path__", [])
    names = [found.name for found in pkgutil.walk_packages(path, f"{package.__name__}.")]
    return [package, *(importlib.import_module(name) for name in sorted(names))]


def bases(package: ModuleType) -> list[type]:
    """Return the abstract classes of a package that no other abstract class of it stands above.

    >>> import maturekit.storage
    >>> bases(maturekit.storage)
    [<class 'maturekit.storage.store.Store'>]
    """
    abstract = [kind for kind in _classes(package) if inspect.isabstract(kind)]
    return [kind for kind in abstract if not any(other in abstract for other in kind.__mro__[1:])]


def implementations(package: ModuleType, *, of: type) -> list[type]:
    """Return every concrete class a package defines below a base, public or not.

    >>> import maturekit.storage
    >>> [kind.__name__ for kind in implementations(maturekit.storage, of=maturekit.storage.Store)]
    ['CachedStore', 'LocalStore', 'MemoryStore', 'ObjectStore']
    """
    check_class(of, what="of")
    return [kind for kind in _classes(package) if issubclass(kind, of) and not inspect.isabstract(kind)]


def _classes(package: ModuleType) -> Iterator[type]:
    for module in modules(package):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                yield kind
