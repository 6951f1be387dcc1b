"""The words of ``python -m maturekit registry``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from maturekit._core.clock import as_utc
from maturekit.cli import registry_commands as commands
from maturekit.cli.output import Answer
from maturekit.errors import ArgumentError

__all__ = ["EXIT_CODES", "add_registry"]

EXIT_CODES = """exit codes:
  0  fine
  1  faults were found: something was damaged, edited or removed
  2  wrong usage: an option, a reference or a name that cannot be
  3  it could not run: no such registry, model or file, a place that cannot be read or written, a newer format
  A command stopped by the keyboard ends with 130, one whose reader went away with 141."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhdw])")


def add_registry(blocks: Any) -> None:
    """Add the block ``registry`` to the subparsers of the command.

    >>> parser = argparse.ArgumentParser()
    >>> add_registry(parser.add_subparsers())
    >>> parser.parse_args(["registry", "gc", "models", "--grace", "12h"]).grace
    datetime.timedelta(seconds=43200)
    """
    about = "look into a registry of models, check it, and move models between registries"
    block = blocks.add_parser(
        "registry",
        help=about,
        description=about,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = block.add_subparsers(title="actions", metavar="ACTION", required=True)

    ls = _action(actions, "ls", commands.ls, "list models with their aliases, or the versions of one")
    ls.add_argument("name", metavar="NAME", nargs="?", help="list the versions of this model")

    show = _action(actions, "show", commands.show, "show all facts of a version")
    show.add_argument("reference", metavar="REFERENCE", help="name@alias or name:3")
    show.add_argument("--at", type=_moment, metavar="TIME", help="as it was then, such as 2013-05-03T12:00+02:00")

    history = _action(actions, "history", commands.history, "list every event of a model, oldest first")
    history.add_argument("name", metavar="NAME", help="name of the model")

    verify = _action(actions, "verify", commands.verify, "read everything afresh and name every fault")
    verify.add_argument("--anchor", metavar="FILE", help="compare with what `anchor` printed earlier")

    _action(actions, "anchor", commands.anchor, "print the digest of every history, to be kept elsewhere")

    gc = _action(actions, "gc", commands.gc, "delete content that no event names")
    gc.add_argument(
        "--grace", type=_duration, default=timedelta(days=1), metavar="TIME", help="how old it must be; 1d by default"
    )

    export = _action(actions, "export", commands.export, "write a registry, a model or a version to one file")
    export.add_argument("what", metavar="WHAT", nargs="?", help="a name, name@alias or name:3; the whole if left out")
    export.add_argument("--to", required=True, metavar="FILE", help="the file to write; an older one is replaced")

    bring = _action(actions, "import", commands.bring, "take in a file that export wrote")
    bring.add_argument("file", metavar="FILE", help="the file")
    bring.add_argument("--actor", help="who imports a version: a pseudonym, kept for ever")
    bring.add_argument("--actor-kind", choices=("person", "job"), default="person", help="what the actor is")
    bring.add_argument("--reason", default="", help="why a version is imported")


def _action(actions: Any, name: str, command: Callable[[argparse.Namespace], Answer], about: str) -> Any:
    parser = actions.add_parser(name, help=about, description=about, allow_abbrev=False)
    parser.add_argument("path", metavar="PATH", help="the registry: a folder, or a place such as s3://bucket/models")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--key-file",
        action="append",
        default=[],
        metavar="FILE",
        help="a file that holds a secret key, byte for byte: every event must be signed by one of them",
    )
    parser.set_defaults(command=command)
    return parser


def _moment(text: str) -> datetime:
    try:
        return as_utc(datetime.fromisoformat(text))
    except ArgumentError as error:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone; write 2013-05-03T00:00Z") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2013-05-03T00:00Z") from error


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write a number and s, m, h, d or w, such as 12h")
    return timedelta(**{_UNITS[found["unit"]]: int(found["count"])})
