"""A page is one file that needs nothing else, runs nothing, and can be read by everybody."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser

import pytest

from maturekit import pages
from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError
from maturekit.pages.palette import DARK, LIGHT

HOSTILE = "</title></style><script>alert('x')</script>\"><img src=x onerror=alert(1)>"
VOID = {"meta", "hr"}


class Reader(HTMLParser):
    """Collect tags, attributes and visible text, and insist that tags nest."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def whole_page():
    page = pages.Page("Late flights", lead="Healthy.", footer="Written by maturekit.")
    page.add(pages.key_figures([("AUC", "0.775", "in April")]))
    page.section("Contract", "Columns were learned.", pages.table(["a"], [[1]], caption="Columns"))
    page.section("Maturity", pages.stages(["one", "two"], reached=1, caption="Stage 1"), pages.details("More", "Here."))
    return page


def test_the_page_has_language_title_skip_link_landmarks_and_headings_in_order():
    page = Reader(whole_page().html())
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert [tag for tag in page.tags if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h2"]
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for tag, name, value in page.attributes if tag == "a" and name == "href"}
    assert targets == {"content", "section-1", "section-2"}
    assert targets <= set(ids)
    labelled = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert labelled <= set(ids)


def test_the_page_loads_nothing_and_runs_nothing():
    html = whole_page().html()
    page = Reader(html)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
    assert not re.search(r"https?://|url\(|@import", html)
    assert "default-src &#x27;none&#x27;" in html


def test_both_themes_and_paper_are_styled():
    html = whole_page().html()
    assert f"--ink: {LIGHT['ink']};" in html
    assert f"--ink: {DARK['ink']};" in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media print" in html
    assert "/* light */" not in html
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", html))
    assert used <= set(LIGHT)


def test_every_value_is_escaped():
    page = pages.Page(HOSTILE, lead=HOSTILE, footer=HOSTILE, language=HOSTILE)
    page.add(HOSTILE)
    page.section(HOSTILE, HOSTILE)
    page.section(HOSTILE)
    seen = Reader(page.html())
    assert not {"script", "img"} & set(seen.tags)
    assert seen.text.count(HOSTILE) == 10
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]


def test_writing_makes_folders_and_replaces_the_page_in_one_step(tmp_path):
    page = whole_page()
    path = page.write(tmp_path / "build" / "flights" / "index.html")
    assert path.read_text(encoding="utf-8") == page.html()
    page.section("More", "ü ✓ \ud800")
    assert page.write(str(path)) == path
    assert "ü ✓ ?" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["index.html"]


def test_a_place_that_cannot_be_written_is_our_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not write"):
        whole_page().write(tmp_path / "file" / "index.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="could not write"):
        whole_page().write(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]  # noqa: PTH208  # hidden files count too


def test_a_page_without_title_is_refused():
    with pytest.raises(ArgumentError, match="no title"):
        pages.Page(" ")


def test_what_is_neither_text_nor_fragment_is_refused_when_it_is_added():
    page = pages.Page("t")
    with pytest.raises(ArgumentTypeError, match="got int"):
        page.section("s", 3)
    with pytest.raises(ArgumentTypeError, match="got NoneType"):
        page.add(None)


def test_a_page_of_one_section_needs_no_list_of_sections():
    page = pages.Page("t")
    page.section("only", "text")
    assert "<nav" not in page.html()
