"""A matplotlib figure as inline SVG that changes with the theme of its page."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from maturekit._core.extras import require
from maturekit._core.html import escape
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.pages.fragment import Fragment, text
from maturekit.pages.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure"]

_XLINK = "{http://www.w3.org/1999/xlink}href"
_FONT = re.compile(r"(?P<style>italic|oblique)? ?(?P<weight>\d{3}|bold)? ?(?P<size>[\d.]+)px")
_COLOURS = {colour: f"var(--{name})" for name, colour in LIGHT.items()} | {"#000000": "currentColor"}


def figure(drawing: Figure, *, alt: str, caption: str = "", description: str = "") -> Fragment:
    """Return a matplotlib figure as inline SVG.

    Text stays text, black follows the colour of the page's text, and the colours of `maturekit.pages` follow its
    theme; other colours stay as they are. Drawing in threads at once is as unsafe as matplotlib's settings are.

    Parameters
    ----------
    drawing : matplotlib Figure
        The figure.
    alt : str
        What the picture shows, in one sentence, for whoever cannot see it.
    caption : str
        A text below the picture.
    description : str
        More than one sentence for whoever cannot see the picture.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> drawing = Figure()
    >>> _ = drawing.subplots().plot([1, 2, 3])
    >>> html = figure(drawing, alt="A line that rises.").html
    >>> 'role="img"' in html and "<title" in html
    True
    """
    matplotlib = require("matplotlib", extra="plots", purpose="a picture in a page")
    if not hasattr(drawing, "savefig"):
        raise ArgumentTypeError(f"a picture must be a matplotlib Figure, got {type(drawing).__name__}")
    if not alt.strip():
        raise ArgumentError("a picture has no alternative text", hint="say in `alt` what it shows, in one sentence.")
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "maturekit"}):
        written = io.StringIO()
        facts = dict.fromkeys(("Date", "Creator", "Format", "Type"))  # the same figure gives the same bytes
        drawing.savefig(written, format="svg", transparent=True, bbox_inches="tight", metadata=facts)
    svg = _themed(written.getvalue(), alt=alt, description=description)
    below = f"<figcaption>{text(caption).html}</figcaption>" if caption else ""
    return Fragment(
        f'<figure><div class="scroll" role="region" tabindex="0" aria-label="{escape(alt)}">{svg}</div>{below}</figure>'
    )


def _themed(source: str, *, alt: str, description: str) -> str:
    digest = hashlib.sha256(f"{source}\0{alt}\0{description}".encode(errors="backslashreplace")).hexdigest()
    prefix = f"f{digest[:10]}-"
    root = ET.fromstring(source)  # noqa: S314  # matplotlib wrote it a moment ago
    for node in list(root.iter()):
        node.tag = node.tag.rpartition("}")[2]
        for name in list(node.attrib):
            _rewrite(node, name, prefix)
    for defs in root.findall("defs"):
        for sheet in defs.findall("style"):
            defs.remove(sheet)  # a style sheet inside a picture would style the whole page
    width = float(root.attrib["viewBox"].split()[2])
    box = root.attrib["viewBox"]
    labels = [
        ET.Element("title", {"id": f"{prefix}title"}),
        ET.Element("desc", {"id": f"{prefix}desc"}),
    ]
    for label, words in zip(labels, (alt, description), strict=True):
        label.text = "".join(max(char, " ") for char in words)
    root[:0] = labels if description else labels[:1]
    root.attrib = {
        "viewBox": box,
        "role": "img",
        "aria-labelledby": " ".join(label.attrib["id"] for label in root[: 2 if description else 1]),
        "fill": "currentColor",
        "stroke-linejoin": "round",
        "style": f"max-width: {width * 4 / 3:.0f}px; min-width: {width * 0.85:.0f}px",
    }
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


def _rewrite(node: ET.Element, name: str, prefix: str) -> None:
    value = node.attrib.pop(name)
    if name == "id":
        node.attrib["id"] = prefix + value
    elif name == _XLINK:
        node.attrib["href"] = value.replace("#", f"#{prefix}", 1) if value.startswith("#") else value
    elif name == "style":
        node.attrib["style"] = "; ".join(_declaration(part) for part in value.split("; ") if not _is_family(part))
    elif not name.startswith("{"):
        node.attrib[name] = value.replace("url(#", f"url(#{prefix}")


def _is_family(declaration: str) -> bool:
    return declaration.startswith("font-family:")


def _declaration(declaration: str) -> str:
    key, _, value = declaration.partition(": ")
    if key == "font":  # the short form of older matplotlib; the family comes from the page
        found: Any = _FONT.match(value)
        parts = {"font-style": found["style"], "font-weight": found["weight"], "font-size": f"{found['size']}px"}
        return "; ".join(f"{name}: {part}" for name, part in parts.items() if part)
    return f"{key}: {_COLOURS.get(value, value)}"
