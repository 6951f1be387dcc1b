"""Pieces of HTML that are safe to put into a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from maturekit._core.html import escape
from maturekit.errors import ArgumentTypeError

__all__ = ["Fragment", "flow", "text"]

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Fragment:
    """HTML that was made on purpose and is put into a page as it is.

    Every function of `maturekit.pages` escapes what it is given and returns a fragment. Make one yourself only from
    HTML that you wrote: what comes from data belongs into `text`, a table or a caption.

    Parameters
    ----------
    html : str
        The HTML.

    Examples
    --------
    >>> Fragment("<hr>").html
    '<hr>'
    """

    html: str


def text(content: str | Fragment) -> Fragment:
    """Return any text as an escaped run of text; words between backticks are set as code.

    >>> text("the column `a<b` is new").html
    'the column <code>a&lt;b</code> is new'
    """
    if isinstance(content, Fragment):
        return content
    if not isinstance(content, str):
        raise ArgumentTypeError(
            f"a page is made of str and Fragment, got {type(content).__name__}",
            hint="write numbers and times as text, so that you choose their format.",
        )
    return Fragment(_CODE.sub(r"<code>\1</code>", escape(content)))


def flow(contents: Iterable[str | Fragment]) -> str:
    r"""Return contents one below the other: a text is a paragraph, a fragment stands as it is.

    >>> flow(["1 < 2", Fragment("<hr>")])
    '<p>1 &lt; 2</p>\n<hr>'
    """
    return "\n".join(part.html if isinstance(part, Fragment) else f"<p>{text(part).html}</p>" for part in contents)
