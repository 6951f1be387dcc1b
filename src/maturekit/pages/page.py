"""One self-contained HTML page: readable without network, without JavaScript, in light and in dark, and on paper."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from maturekit._core.files import write_whole
from maturekit._core.html import escape
from maturekit.errors import ArgumentError
from maturekit.pages.fragment import Fragment, flow, text
from maturekit.pages.palette import DARK, LIGHT

__all__ = ["Page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page allows itself: nothing runs and nothing is fetched, whatever a value tried."""


class Page:
    """A page of sections, built from top to bottom and written at once.

    A `str` is a paragraph, in which words between backticks are set as code; everything else is a `Fragment` made by
    `table`, `figure`, `line_chart` and their like. Every value is escaped. Not for several threads at once.

    Parameters
    ----------
    title : str
        The heading, also shown by the browser.
    lead : str
        What a reader in a hurry must know, in a sentence or two.
    footer : str
        Where the page comes from.
    language : str
        Language of the text, as a tag such as ``"en"``.

    Examples
    --------
    >>> page = Page("Late flights", lead="The model is healthy.")
    >>> page.section("Contract", "One column was <new>.")
    >>> "<p>One column was &lt;new&gt;.</p>" in page.html()
    True
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page.write(f"{folder}/flights/index.html").name
    'index.html'
    """

    def __init__(self, title: str, *, lead: str = "", footer: str = "", language: str = "en") -> None:
        if not (isinstance(title, str) and title.strip()):
            raise ArgumentError("the page has no title", hint="say in a few words what the page is about.")
        self.title = title
        self.lead = lead
        self.footer = footer
        self.language = language
        self._opening: list[str | Fragment] = []
        self._sections: list[tuple[str, tuple[str | Fragment, ...]]] = []

    def add(self, *contents: str | Fragment) -> None:
        """Add contents above the first section, such as key figures."""
        self._opening += [content if isinstance(content, str) else text(content) for content in contents]

    def section(self, title: str, *contents: str | Fragment) -> None:
        """Add a section below the others."""
        self._sections.append((title, tuple(c if isinstance(c, str) else text(c) for c in contents)))

    def html(self) -> str:
        """Return the whole page as text."""
        links = "".join(
            f'<li><a href="#section-{place}">{text(title).html}</a></li>'
            for place, (title, _) in enumerate(self._sections, start=1)
        )
        sections = "\n".join(
            f'<section id="section-{place}" aria-labelledby="heading-{place}">\n'
            f'<h2 id="heading-{place}">{text(title).html}</h2>\n{flow(contents)}\n</section>'
            for place, (title, contents) in enumerate(self._sections, start=1)
        )
        lead = f'<p class="lead">{text(self.lead).html}</p>' if self.lead else ""
        nav = f'<nav aria-label="Sections"><ol>{links}</ol></nav>' if len(self._sections) > 1 else ""
        footer = f"<footer><p>{text(self.footer).html}</p></footer>" if self.footer else ""
        return f"""<!doctype html>
<html lang="{escape(self.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(self.title)}</title>
<style>
{_style()}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{text(self.title).html}</h1>
{lead}
{nav}
</header>
<main id="content">
{flow(self._opening)}
{sections}
</main>
{footer}
</body>
</html>
"""

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all, and return its path; missing folders are made."""
        return write_whole(path, self.html().encode(errors="replace"))

    def __repr__(self) -> str:
        """Return the title and the number of sections."""
        return f"<Page {self.title!r}: {len(self._sections)} sections>"


def _style() -> str:
    rules = resources.files("maturekit.pages").joinpath("page.css").read_text(encoding="utf-8")
    return rules.replace("/* light */", _variables(LIGHT)).replace("/* dark */", _variables(DARK))


def _variables(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
