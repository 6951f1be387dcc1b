"""What an object store's refusal means, in words that never show a password."""

from __future__ import annotations

import re

from maturekit.errors import StorageError

__all__ = ["is_of_bucket", "refusal"]

_STATUS = re.compile(r"status(?: code)?: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "specified bucket does not exist")
# Signs in the client's text, the status of the answer, what it means, what to do; the first that fits counts.
_MEANINGS: tuple[tuple[tuple[str, ...], tuple[int, ...], str, str], ...] = (
    (_NO_BUCKET, (), "there is no bucket {!r}", "create it first, and check the address, the region and the endpoint."),
    (
        ("169.254.169.254", "169.254.170.2", "metadata.google.internal"),  # where machines ask for their role
        (),
        "no credentials were found",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or what this store has instead; the files in ~/.aws are not read.",
    ),
    (
        ("Unauthenticated",),
        (401, 403),
        "access denied",
        "these credentials may not do this; check them, and the policy of the bucket {!r}.",
    ),
    (
        ("redirect",),
        (301, 307, 308),
        "the bucket is in another region",
        "set AWS_REGION, or pass `options={{'region': ...}}`.",
    ),
    ((), (501,), "the server does not know this operation", "it must honour the condition If-None-Match on writing."),
    ((), (429, 500, 502, 503, 504), "the server has trouble", "try again later."),
    (
        ("TimedOut", "timed out", "kind: Timeout"),
        (),
        "no answer in time",
        "try again; large values on slow lines need a longer `timeout`.",
    ),
    (
        ("ConnectionRefused", "ConnectError", "dns error", "Connect,"),
        (),
        "the server cannot be reached",
        "check the network, the endpoint and its certificate; a `CachedStore` can read offline.",
    ),
    (
        ("IncompleteMessage", "IncompleteBody", "ConnectionReset", "BrokenPipe", "error sending request", "body error"),
        (),
        "the connection broke off",
        "try again; if it goes on, check the network and the endpoint.",
    ),
)


def is_of_bucket(error: BaseException) -> bool:
    """Whether an error says that the bucket itself is missing.

    >>> is_of_bucket(FileNotFoundError("404 Not Found: <Code>NoSuchBucket</Code>"))
    True
    """
    return any(sign in str(error) for sign in _NO_BUCKET)


def refusal(what: str, error: BaseException, *, bucket: str) -> StorageError:
    """Return the error to raise for one of the client; `what` says what failed.

    The client's own text is read and not shown: it repeats what the server says, which may contain keys.

    >>> error = OSError("status code: 403 Forbidden: <Code>InvalidAccessKeyId</Code><AWSAccessKeyId>AK1</AWSAccessKeyId>")
    >>> raise refusal("could not list s3://models", error, bucket="models")
    Traceback (most recent call last):
    maturekit.errors.StorageError: could not list s3://models: access denied (403 InvalidAccessKeyId)
    <BLANKLINE>
    Hint: these credentials may not do this; check them, and the policy of the bucket 'models'.
    """
    text = str(error)
    answer = [found[1] for found in (_STATUS.search(text), _CODE.search(text)) if found]
    said = f" ({' '.join(answer)})" if answer else ""
    status = int(answer[0]) if answer and answer[0].isdecimal() else 0
    for signs, statuses, reason, hint in _MEANINGS:
        if status in statuses or any(sign in text for sign in signs):
            return StorageError(f"{what}: {reason.format(bucket)}{said}", hint=hint.format(bucket))
    reason = "the server refused" if answer else text.partition("\n")[0].partition("<")[0][:200]
    return StorageError(f"{what}: {reason}{said}")
