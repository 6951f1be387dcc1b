"""What every exception of maturekit is, and its one warning."""

from __future__ import annotations

from typing import Any

__all__ = [
    "MaturekitError",
    "MaturekitWarning",
]


class MaturekitError(Exception):
    r"""Base class: one sentence saying what is wrong, and one saying what to do.

    >>> str(MaturekitError("the folder is empty", hint="register a model first."))
    'the folder is empty\n\nHint: register a model first.'
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}\n\nHint: {hint}" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that an error crosses a process border with all it carries."""
        return (_rebuilt, (type(self), self.args, self.__dict__))


def _rebuilt(kind: type[MaturekitError], args: tuple[object, ...], state: dict[str, Any]) -> MaturekitError:
    error = kind.__new__(kind, *args)
    error.args = args  # an OSError leaves them to __init__, which knows only a message and a hint
    error.__dict__.update(state)
    return error


class MaturekitWarning(UserWarning):
    """The one warning class: something works, and will surprise you later.

    >>> issubclass(MaturekitWarning, UserWarning)
    True
    """
