"""A store in a bucket of an object store, such as S3."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

from maturekit._core.extras import require
from maturekit._core.hashing import LARGE, Digester
from maturekit.errors import ArgumentError, ArgumentTypeError, KeyMissingError, KeyTakenError, StorageError
from maturekit.storage.client import Address, connect, endpoint_of, refuse_forks
from maturekit.storage.refusals import is_of_bucket, refusal
from maturekit.storage.store import Store

__all__ = ["ObjectStore"]

_PROBE = ".probe-"
_WRITER = "writer"
_TRIES = 5


class ObjectStore(Store):
    """Keep each value as an object of a bucket, created with the condition that there is none yet.

    Guarantees, on a server that honours ``If-None-Match: *``: a value appears whole or not at all, and of many writers
    of one key, on any number of machines, exactly one wins. Whether the server honours it is tried out before the first
    write of each `ObjectStore`, with an object that is removed again; a server that lets every writer win is refused.
    Every object carries a random token of its writer, so that a write that succeeded although its answer was lost is
    known as ours when it is tried again.

    Not guaranteed: when `put_new` raises `StorageError` because no answer came at all, the value may be there, or appear
    a little later. Values are sent in one piece, so the server's limit for that holds (5 GiB on S3). In a bucket that
    keeps old versions, a deleted value lives on as one, until a rule of the bucket removes it.

    A request waits five seconds for a connection and `timeout` for its end. What failed for a passing reason (no
    connection, a server in trouble) is tried again up to `retries` times, for a minute at most, with pauses that grow
    from 0.1 to 5 seconds.

    Credentials come from the environment, as the names of the service have it (``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` and others), or from the role of the machine. The
    files in ``~/.aws`` are not read.

    Safe between threads. Pickled by its parameters, `options` included; the copy tries the server out again. A process
    that was forked after its parent has used an object store cannot use one, and is told so; workers that are spawned
    can. Tested against a server that speaks S3; Google's and Azure's stores take the same way through the same client
    and are not tested. Needs ``pip install 'maturekit[objects]'``.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://container/prefix``; ``memory://`` for trying things out,
        gone with the object.
    options : mapping of str to str, optional
        What the environment does not say, in obstore's words, such as ``{"endpoint": "https://...", "region": "..."}``.
    credentials : callable, optional
        Returns credentials that expire, as obstore's providers do; those of ``obstore.auth.boto3`` read ``~/.aws``.
    timeout : float, default 300
        Seconds that one request may take, the transfer of the value included.
    retries : int, default 8
        How often a request is tried again.

    Examples
    --------
    >>> store = ObjectStore("memory://")
    >>> store.put_new("a/b", b"one")
    >>> store.put_new("a/b", b"two")
    Traceback (most recent call last):
    maturekit.errors.KeyTakenError: the key 'a/b' is taken
    >>> store.get("a/b")
    b'one'
    """

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, str] | None = None,
        credentials: Callable[[], Any] | None = None,
        timeout: float = 300.0,
        retries: int = 8,
    ) -> None:
        self.address = Address.parse(url)
        self.options = dict(options or {})
        self.credentials = credentials
        self.timeout = timeout
        self.retries = retries
        if not all(isinstance(text, str) for pair in self.options.items() for text in pair):
            raise ArgumentTypeError("options are texts under texts")
        if not 0 < timeout <= 86_400:
            raise ArgumentError(f"timeout must be more than 0 and at most 86,400 seconds, got {timeout!r}")
        if not isinstance(retries, int) or retries < 0:
            raise ArgumentError(f"retries must be a whole number, 0 or more, got {retries!r}")
        self._connection = connect(
            self.address,
            options=self.options,
            credentials=credentials,
            timeout=timedelta(seconds=timeout),
            retries=retries,
        )
        self._api = require("obstore", extra="objects", purpose="an object store")
        self._errors = require("obstore.exceptions", extra="objects", purpose="an object store")
        self._proven = False
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """The address of the server, if it was set in `options` or in the environment; else empty."""
        return endpoint_of(self.address, self.options)

    def _put_new(self, key: str, data: bytes) -> None:
        self._prove()
        token = secrets.token_hex(16)
        for _ in range(_TRIES):
            writer = self._tried(key, data, token)
            if writer == token:
                return
            if writer is not None:
                raise KeyTakenError(f"the key {key!r} is taken")
        raise StorageError(
            f"could not write {key!r} in {self.address}: the server says that it is there, and that it is not",
            hint="something may be creating and deleting it; try again.",
        )

    def _tried(self, key: str, data: bytes, token: str) -> str | None:
        """Try to create a key and return whose it is then; None if it was taken and is gone."""
        what = f"could not write {key!r} in {self.address}"
        with self._worded(what):
            try:
                return token if self._created(key, data, token) else self._writer(key)
            except self._errors.GenericError as error:  # perhaps only the answer was lost
                lost = refusal(what, error, bucket=self.address.bucket)
                writer = self._writer_after(lost, key)
                if writer is None:
                    raise lost from None
                return writer

    def _get(self, key: str) -> bytes:
        with self._reading(key):
            return bytes(self._api.get(self._client, key).bytes())

    def _read(self, key: str, digester: Digester) -> memoryview:
        with self._reading(key):
            found = self._api.get(self._client, key)
            data, end = memoryview(bytearray(found.meta["size"])), 0
            for part in found.stream(min_chunk_size=LARGE):
                data[end : end + len(part)] = part
                digester.update(data[end : end + len(part)])
                end += len(part)
        if end < len(data):
            raise StorageError(f"could not read {key!r} in {self.address}: {end} of {len(data)} bytes came")
        return data

    def _list(self, prefix: str) -> Iterator[str]:
        with self._worded(f"could not list {self.address}"):
            for page in self._api.list(self._client, prefix.rpartition("/")[0] or None):
                for item in page:
                    if item["path"].startswith(prefix) and self._is_value(item):
                        yield item["path"]

    def _children(self, prefix: str) -> Iterator[str]:
        with self._worded(f"could not list {self.address}"):
            found = self._api.list_with_delimiter(self._client, prefix.removesuffix("/") or None)
            paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"] if self._is_value(item))]
        names = {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
        yield from (name for name in names if not name.startswith("."))

    def _is_value(self, item: Any) -> bool:
        """Whether a listed object is a key, and neither hidden nor an empty one that consoles make to show a folder."""
        path = item["path"]
        return bool(path) and "/." not in f"/{path}" and (item["size"] > 0 or self._exists(path))

    def _delete(self, key: str) -> None:
        with self._worded(f"could not delete {key!r} in {self.address}"):
            try:
                self._api.delete(self._client, key)
            except FileNotFoundError as error:
                if is_of_bucket(error):
                    raise

    def _exists(self, key: str) -> bool:
        with self._worded(f"could not look for {key!r} in {self.address}"):
            try:
                self._api.head(self._client, key)
            except FileNotFoundError:
                return False
        return True

    def _modified(self, key: str) -> datetime:
        with self._reading(key):
            moment: datetime = self._api.head(self._client, key)["last_modified"]
        return moment.astimezone(UTC)

    def _renew(self, key: str) -> None:
        """Write the same value again where it still is that one; S3 refuses to copy an object onto itself."""
        with self._reading(key):
            found = self._api.get(self._client, key)
            version = {name: found.meta[name] for name in ("e_tag", "version") if found.meta[name] is not None}
            attributes = {name: value for name, value in found.attributes.items() if name == _WRITER}
            data = found.bytes()
            try:
                self._api.put(self._client, key, data, mode=version or "overwrite", attributes=attributes)
            except self._errors.PreconditionError:
                self._api.head(self._client, key)  # renewed by another writer, unless it is gone

    def _sweep(self, before: datetime) -> int:
        """Remove the objects of tests that were broken off."""
        with self._worded(f"could not sweep {self.address}"):
            found = self._api.list_with_delimiter(self._client)["objects"]
            old = [item["path"] for item in found if item["last_modified"] < before]
            probes = [path for path in old if path.startswith(_PROBE)]
            for path in probes:
                self._api.delete(self._client, path)
        return len(probes)

    def _prove(self) -> None:
        """Try out, once, whether the server lets only the first writer win, and keeps the token of the writer."""
        with self._lock:
            if self._proven:
                return
            key, tokens = f"{_PROBE}{secrets.token_hex(8)}", ("first", "second")
            with self._worded(f"could not write to {self.address}"):
                won = [self._created(key, b"a test, to be removed", token) for token in tokens]
                kept = self._writer(key)
            with contextlib.suppress(StorageError):  # who may write and not delete may still write
                self._delete(key)
            if won[-1]:
                raise StorageError(
                    f"{self.address} lets every writer of a key win: the server ignores the condition If-None-Match",
                    hint="a history kept there would lose events; use a server that honours conditional writes.",
                )
            if kept != tokens[0]:
                raise StorageError(
                    f"{self.address} does not keep the metadata of objects, by which a writer knows its own",
                    hint="use another server, or let its proxy pass the headers that begin with 'x-amz-meta-'.",
                )
            self._proven = True

    def _created(self, key: str, data: bytes, token: str) -> bool:
        try:
            self._api.put(self._client, key, data, mode="create", attributes={_WRITER: token})
        except self._errors.AlreadyExistsError:
            return False
        return True

    def _writer(self, key: str) -> str | None:
        """Return the token of who wrote a key, None if nobody did."""
        try:
            found = self._api.get(self._client, key, options={"head": True})
        except FileNotFoundError:
            return None
        return str(found.attributes.get(_WRITER, ""))

    def _writer_after(self, lost: StorageError, key: str) -> str | None:
        try:
            return self._writer(key)
        except (self._errors.BaseError, OSError):
            raise StorageError(
                lost.message, hint=f"{lost.hint} Whether the value was written is not known: look again.".strip()
            ) from None

    @property
    def _client(self) -> Any:
        refuse_forks()
        return self._connection

    def _reading(self, key: str) -> contextlib.AbstractContextManager[None]:
        return self._worded(
            f"could not read {key!r} in {self.address}", missing=f"nothing is stored under {key!r} in {self.address}"
        )

    @contextlib.contextmanager
    def _worded(self, what: str, *, missing: str = "") -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except (self._errors.BaseError, OSError, ValueError) as error:
            if missing and isinstance(error, FileNotFoundError) and not is_of_bucket(error):
                raise KeyMissingError(missing) from None
            raise refusal(what, error, bucket=self.address.bucket) from None  # its text may show keys

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a store in memory behind the client of object stores, where that is installed."""
        if importlib.util.find_spec("obstore") is not None:
            yield cls("memory://")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the parameters; a store in memory is nowhere else."""
        if self.address.scheme == "memory":
            raise ArgumentTypeError("a store at memory:// cannot be pickled: its values are in this process only")
        make = partial(
            type(self),
            options=self.options,
            credentials=self.credentials,
            timeout=self.timeout,
            retries=self.retries,
        )
        return make, (str(self.address),)

    def __str__(self) -> str:
        """Return the address alone."""
        return repr(str(self.address))

    def __repr__(self) -> str:
        """Return the address."""
        return f"ObjectStore({str(self.address)!r})"
