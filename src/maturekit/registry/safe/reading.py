"""Read a joblib file by the allow-list; nothing in the file decides what is allowed."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass
from typing import Any

from maturekit._core.digest import parse_json
from maturekit._core.hashing import Buffer
from maturekit.errors import FormatError, UntrustedError
from maturekit.registry.safe.machine import Machine
from maturekit.registry.safe.session import Maker, Session

__all__ = ["Reading", "needs", "read"]

Names = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds.

    Examples
    --------
    >>> import pickle
    >>> read(pickle.dumps([1, 2], protocol=4))
    Reading(value=[1, 2], versions=frozenset())
    """

    value: Any
    versions: frozenset[str]
    """The scikit-learn versions that wrote it; empty when none did."""


def read(data: Buffer, *, trust: frozenset[tuple[str, str]] = frozenset()) -> Reading:
    """Read a joblib file, or raise `UntrustedError` naming every class and function that is not allowed.

    Parameters
    ----------
    data : bytes, bytearray or memoryview
        An uncompressed joblib file. Large arrays of the model share the memory of a writable buffer.
    trust : set of (module, name)
        What the caller allows beside the allow-list.

    Examples
    --------
    >>> import os, pickle
    >>> read(pickle.dumps({"depth": 3}, protocol=4)).value
    {'depth': 3}
    >>> read(pickle.dumps(os.getcwd, protocol=4))
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: the model file asks for code that is not on the allow-list: posix.getcwd
    <BLANKLINE>
    Hint: if you know and trust where the file comes from, allow exactly what you know: trust=['posix.getcwd'].
    """
    from maturekit.registry.safe.makers import MAKERS, VALUES  # noqa: PLC0415  # brings numpy, which reading needs

    names = _allowed()
    values = {**names["values"], **VALUES}
    session = Session(size=len(data), makers=MAKERS, classes=names["classes"], values=values, trusted=trust)
    value = _run(data, session)
    if session.strangers:
        raise _untrusted(session)
    session.let_go()
    return Reading(value, frozenset(session.versions))


def needs(data: Buffer) -> dict[str, set[str]]:
    """Return every name a file asks for beside the built-in makers, and what for: refer, make or call.

    Nothing is imported and nothing is made; the script that renews the allow-list uses it.

    >>> import pickle, fractions
    >>> needs(pickle.dumps(fractions.Fraction, protocol=4))
    {'fractions.Fraction': {'refer'}}
    """
    from maturekit.registry.safe.makers import MAKERS, VALUES  # noqa: PLC0415  # brings numpy, which reading needs

    session = Session(size=len(data), makers=MAKERS, values=VALUES)
    _run(data, session)
    return session.strangers


def _run(data: Buffer, session: Session) -> Any:
    from maturekit.registry.safe.makers import check_made  # noqa: PLC0415  # as above

    try:
        machine = Machine(data, session)
        value = machine.run()
        if machine.at != len(data):
            raise FormatError(f"{len(data) - machine.at} bytes follow the end of the model")
        if isinstance(value, Maker):
            raise UntrustedError("the file holds no model")
        if not session.strangers:
            check_made(session)
    except (FormatError, UntrustedError):
        if session.strangers:
            raise _untrusted(session) from None
        raise
    except Exception as error:
        if session.strangers:
            raise _untrusted(session) from None
        raise FormatError(f"the model file is malformed: {error!r:.200}") from error
    return value


def _untrusted(session: Session) -> UntrustedError:
    names = sorted(session.strangers)
    shown = ", ".join(map(_shown, names[:20])) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return UntrustedError(
        f"the model file asks for code that is not on the allow-list: {shown}",
        names=names,
        hint=f"if you know and trust where the file comes from, allow exactly what you know: trust={names[:3]!r:.300}.",
    )


def _shown(name: str) -> str:
    """Return a name that comes from the file as something that is safe in a terminal and a log."""
    return name if len(name) < 200 and name.isprintable() else f"{name!a:.200}"


@functools.cache
def _allowed() -> dict[str, Names]:
    text = importlib.resources.files("maturekit.registry.safe").joinpath("allowed.json").read_bytes()
    table = parse_json(text, what="the allow-list")
    return {use: {module: set(names) for module, names in table[use].items()} for use in ("classes", "values")}
