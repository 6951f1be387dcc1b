"""Nothing that comes from data can leave its place in a page."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.html import escape, table

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='x",
            "</table></div>",
            "<!--",
            "]]>",
            "&lt;b&gt;",
            "\u202eevil",
            "a\x00b",
        ]
    ),
)


class Reader(HTMLParser):
    """Collect the tags, the attributes and the text of every cell."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.cells, self.attributes = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag in {"td", "th", "caption"}:
            self.cells.append("")

    def handle_data(self, data):
        self.cells[-1] += data


@given(HOSTILE, HOSTILE, HOSTILE)
def test_every_cell_of_a_table_reads_back_as_it_was(name, cell, caption):
    page = Reader(table([name, "n"], [[cell, 1], [None, 2.5]], caption=caption))
    want = [text.replace("\r\n", "\n").replace("\r", "\n") for text in (caption, name, "n", cell, "1", "None", "2.5")]
    assert [text.replace("\r\n", "\n").replace("\r", "\n") for text in page.cells] == want
    assert set(page.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert set(page.attributes) == {("scope", "col")}


@given(HOSTILE)
def test_escaped_text_cannot_end_a_tag_or_an_attribute(text):
    assert not set(escape(text)) & set("<>\"'")
