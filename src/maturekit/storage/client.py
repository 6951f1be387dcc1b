"""The client of an object store: where it connects to, how long it waits, and in which process it works."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from maturekit._core.extras import require
from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError

__all__ = ["Address", "connect", "endpoint_of", "refuse_forks"]

_ADDRESS = re.compile(r"(s3|gs|az)://([A-Za-z0-9][A-Za-z0-9._-]*)((?:/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*)/?")
_KINDS = {"s3": "S3Store", "gs": "GCSStore", "az": "AzureStore"}
_MEMORY = "memory"
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CONNECTING = timedelta(seconds=5)
_REPEATING = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object store keeps its values.

    >>> Address.parse("s3://models/team-a/")
    Address(scheme='s3', bucket='models', prefix='team-a')
    >>> str(Address.parse("s3://models/team-a/"))
    's3://models/team-a'
    """

    scheme: str
    bucket: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read ``s3://bucket/prefix``, ``gs://``, ``az://`` or ``memory://``; raise `ArgumentError` on anything else."""
        if not isinstance(url, str):
            raise ArgumentTypeError(f"the address of an object store is a str, got {type(url).__name__}")
        if url == f"{_MEMORY}://":
            return cls(_MEMORY, "", "")
        match = _ADDRESS.fullmatch(url)
        if match is None:
            shown = f" {url!r:.100}" if not {"@", "?", "#"} & set(url) else ""  # these may come with a password
            raise ArgumentError(
                f"the address{shown} is not of the form 's3://bucket/prefix', 'gs://bucket/prefix' or "
                "'az://container/prefix'",
                hint="parts are of letters, digits and '. _ = -', none beginning with a dot; keys and passwords go "
                "into the environment or into `options`.",
            )
        return cls(match[1], match[2], match[3].removeprefix("/"))

    def __str__(self) -> str:
        """Return the address as it is written."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def connect(
    address: Address,
    *,
    options: Mapping[str, str],
    credentials: Callable[[], Any] | None,
    timeout: timedelta,
    retries: int,
) -> Any:
    """Return the client of an address, without sending anything.

    Raises `MissingExtraError` when the package is not installed, and `ArgumentError` when it does not know an option.
    """
    stores = require("obstore.store", extra="objects", purpose=f"a store at {address}")
    if address.scheme == _MEMORY:
        return stores.MemoryStore()
    client: dict[str, object] = {"connect_timeout": _CONNECTING, "timeout": timeout}
    endpoint = _endpoint(address, options)
    if endpoint and not any("endpoint" in name.lower() for name in options):
        options = {**options, "endpoint": endpoint}
    if endpoint.startswith("http://"):
        client["allow_http"] = True  # whoever writes the address of a server without TLS means it
    try:
        return getattr(stores, _KINDS[address.scheme])(
            address.bucket,
            prefix=address.prefix or None,
            config=dict(options) or None,
            client_options=client,
            retry_config={
                "max_retries": retries,
                "retry_timeout": _REPEATING,
                "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": _LONGEST_PAUSE, "base": 2},
            },
            credential_provider=credentials,
        )
    except Exception as error:  # noqa: BLE001  # whatever the package says, it may show a password
        known = require("obstore.exceptions", extra="objects", purpose=f"a store at {address}")
        if isinstance(error, known.UnknownConfigurationKeyError):
            unknown = next((name for name in options if f"'{name}'" in str(error)), "one of them")
            raise ArgumentError(
                f"{address}: obstore knows no option {unknown!r}", hint="'endpoint' and 'region' are the usual ones."
            ) from None
        raise ArgumentError(
            f"{address}: these options cannot be used: {', '.join(sorted(options)) or 'none'}",
            hint="also look at the environment variables that describe this store.",
        ) from None


def endpoint_of(address: Address, options: Mapping[str, str]) -> str:
    """Return the address of the server as far as somebody has set it, without a password; else an empty text.

    >>> endpoint_of(Address.parse("s3://models"), {"endpoint": "http://me:secret@minio:9000/"})
    'http://minio:9000'
    """
    parts = urlsplit(_endpoint(address, options))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""


def _endpoint(address: Address, options: Mapping[str, str]) -> str:
    given = [text for name, text in options.items() if "endpoint" in name.lower()]
    if address.scheme == "s3":
        given += [os.environ.get(name, "") for name in _ENDPOINTS]
    return next(filter(None, given), "")


class _Process:
    """The process whose threads do the work behind obstore; a fork takes none of them along."""

    first: ClassVar[int | None] = None


def refuse_forks() -> None:
    """Raise `StorageError` in a process that was forked after an object store was used: it would wait for ever."""
    here = os.getpid()
    if _Process.first is None:
        _Process.first = here
    if _Process.first != here:
        raise StorageError(
            "this process was forked from one that had used an object store already, and cannot use one itself",
            hint="start workers with 'spawn' or 'forkserver' (those of joblib are fine), or use the store after the "
            "fork only.",
        )
