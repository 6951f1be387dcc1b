"""From the words of a command line to an exit code; nothing escapes as a traceback."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

from maturekit import __version__
from maturekit.cli.output import safe
from maturekit.cli.registry_parser import EXIT_CODES, add_registry
from maturekit.errors import ArgumentError, ArgumentTypeError, IntegrityError, MaturekitError

__all__ = ["main"]

_FINE, _FAULTS, _USAGE, _COULD_NOT = 0, 1, 2, 3
_INTERRUPTED, _NOBODY_READS = 130, 141
"""What a shell shows for a program that was stopped by the keyboard, or whose reader went away."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 fine, 1 faults were found, 2 wrong usage, 3 it could not run.

    Answers go to the standard output, errors to the standard error.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Examples
    --------
    >>> main(["registry", "ls", "no-such-folder"])
    3
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old terminal must not fail on a name
    try:
        parsed = _parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said why, or has shown help or version
        return _FINE if stop.code is None else int(stop.code)
    try:
        answer = parsed.command(parsed)
        sys.stdout.write(answer.shown(as_json=parsed.json))
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_quietly()
        return _NOBODY_READS
    except KeyboardInterrupt:
        return _INTERRUPTED
    except MaturekitError as error:
        return _failed(error.message, error.hint, code=_code(error))
    except OSError as error:
        return _failed(str(error), "", code=_COULD_NOT)
    except Exception as error:  # noqa: BLE001  # a job reads one line and a code, whatever went wrong
        return _failed(f"{type(error).__name__}: {error}", "this is a bug of maturekit; please report it.", code=3)
    return _FAULTS if answer.faulty else _FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m maturekit",
        description="Blocks of maturekit at the command line.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"maturekit {__version__}")
    add_registry(parser.add_subparsers(title="blocks", metavar="BLOCK", required=True))
    return parser


def _code(error: MaturekitError) -> int:
    if isinstance(error, IntegrityError):
        return _FAULTS
    return _USAGE if isinstance(error, (ArgumentError, ArgumentTypeError)) else _COULD_NOT


def _failed(message: str, hint: str, *, code: int) -> int:
    lines = [f"maturekit: {safe(message)}", *([f"hint: {safe(hint)}"] if hint else [])]
    with contextlib.suppress(OSError):  # nobody listens
        sys.stderr.write("\n".join(lines) + "\n")
    return code


def _leave_quietly() -> None:
    """Give the standard output a place where the rest can go, or Python complains when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
