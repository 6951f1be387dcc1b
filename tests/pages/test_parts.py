"""Every part of a page escapes what it is given and can be read by whoever cannot see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit import pages
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.reports import Certainty, Finding, Report

HOSTILE = "</table><script>alert('x')</script>\"><img src=x onerror=alert(1)>&lt;b&gt;"


class Reader(HTMLParser):
    """Collect tags, attributes and text, and insist that tags nest."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def hostile_parts():
    finding = Finding(HOSTILE, "failed", columns=(HOSTILE,), value=HOSTILE, unit=HOSTILE, message=HOSTILE)
    return {
        "text": pages.text(HOSTILE),
        "table": pages.table([HOSTILE], [[HOSTILE]], caption=HOSTILE),
        "frame": pages.frame(pd.DataFrame({HOSTILE: [HOSTILE]}), caption=HOSTILE),
        "key_figures": pages.key_figures([(HOSTILE, HOSTILE, HOSTILE)]),
        "report": pages.report(Report(HOSTILE, [finding])),
        "stages": pages.stages([HOSTILE], reached=0, caption=HOSTILE),
        "details": pages.details(HOSTILE, HOSTILE),
    }


@pytest.mark.parametrize("part", hostile_parts().values(), ids=hostile_parts().keys())
def test_hostile_text_stays_text(part):
    page = Reader(part.html)
    assert not {"script", "img", "b"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE in page.text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`\r\0"), max_size=40))
def test_any_text_reads_back(words):
    assert Reader(pages.text(words).html).text == words


def test_backticks_set_code_and_nothing_else():
    assert pages.text("a `b<c` d ` e").html == "a <code>b&lt;c</code> d ` e"


def test_what_is_neither_text_nor_fragment_is_refused():
    with pytest.raises(ArgumentTypeError, match="made of str and Fragment, got float"):
        pages.text(0.77)


def test_a_table_has_caption_column_heads_and_row_heads():
    page = Reader(pages.table(["month", "AUC"], [["May", 0.5], ["June", 0.25]], caption="By month").html)
    assert page.tags.count("caption") == 1
    assert page.attributes.count(("scope", "col")) == 2
    assert page.attributes.count(("scope", "row")) == 2
    assert ("aria-label", "By month") in page.attributes


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (np.int64(1234), "1,234"),
        (0.77512, "0.7751"),
        (np.float64(1234.5), "1,234"),  # four digits, halves to even
        (float("inf"), "inf"),
        ("May", "May"),
        (datetime(2013, 5, 2, 20, tzinfo=timezone(timedelta(hours=-4))), "2013-05-03 00:00 UTC"),
        (pages.Fragment("<b>own</b>"), "own"),
    ],
)
def test_cells_are_shown_as_a_person_would_write_them(cell, shown):
    page = Reader(pages.table(["a", "b"], [["x", cell]], caption="t").html)
    assert page.text.strip() == f"tab\n{'x'}{shown}"


def test_columns_of_numbers_are_set_flush_right_and_dates_are_not():
    rows = [["May", 1, "0.77 to 0.78", datetime(2013, 5, 1, tzinfo=UTC), "x"], ["June", None, "≥ 3", "2013-06-01", 2]]
    assert pages.table(["month", "n", "AUC", "when", "what"], rows, caption="t").html.count('<td class="number"') == 4


def test_short_columns_stay_on_one_line_and_long_ones_get_room():
    html = pages.table(["id", "why"], [["20130101-MQ4478-LGA", "engine: categories; seats: ge"]], caption="t").html
    assert '<th scope="row" class="short">' in html
    assert '<td class="long">' in html


def test_an_empty_table_keeps_its_head():
    assert Reader(pages.table(["a"], [], caption="none").html).tags.count("th") == 1


def test_a_row_of_another_length_is_named():
    with pytest.raises(ArgumentError, match="row 1 of the table 't' has 1 cells, its head has 2"):
        pages.table(["a", "b"], [[1, 2], [3]], caption="t")


def test_a_frame_shows_missing_values_of_every_kind_as_a_dash():
    data = pd.DataFrame({"a": ["x"], "b": [pd.NA], "c": [pd.NaT], "d": [None], "e": [np.nan]})
    assert pages.frame(data, caption="t").html.count("–") == 4


def test_a_report_shows_number_interval_certainty_and_the_word_of_every_status():
    statuses = ["passed", "failed", "could_not_run", "not_enough_evidence", "skipped"]
    rich = Finding(
        "auc",
        "passed",
        count=5,
        share=0.5,
        value=0.25,
        unit="AUC",
        interval=(0, 1),
        certainty=Certainty(0.95, "confidence"),
    )
    page = Reader(pages.report(Report("x", [rich, *(Finding("rule", s) for s in statuses)])).html)
    assert "5 rows (50.00%) 0.25 AUC [0, 1]0.95 confidence" in page.text
    for status in statuses:
        assert status.replace("_", " ") in page.text


def test_a_report_can_be_narrowed_to_some_statuses():
    made = Report("x", [Finding("good", "passed"), Finding("bad", "failed")])
    assert "good" not in Reader(pages.report(made, only=["failed"], caption="Failures").html).text


def test_a_report_leaves_out_columns_that_say_nothing():
    assert (
        Reader(pages.report(Report("x", [Finding("good", "passed")])).html).tags.count("th") == 3
    )  # two heads, one row
    assert Reader(pages.report(Report("x", [])).html).tags.count("th") == 1


def test_an_unknown_status_is_refused():
    with pytest.raises(ArgumentError, match="status 'fine' is none of passed"):
        pages.mark("fine")


def test_stages_say_in_words_what_is_reached_and_mark_the_present_one():
    page = Reader(pages.stages(["one", "two", "three"], reached=2, caption="Maturity").html)
    assert page.text.count("reached") == 2
    assert page.text.count("ahead") == 1
    assert page.attributes.count(("aria-current", "step")) == 1


@pytest.mark.parametrize("reached", [-1, 4])
def test_a_stage_that_is_not_there_cannot_be_reached(reached):
    with pytest.raises(ArgumentError, match="not a number of stages between 0 and 3"):
        pages.stages(["one", "two", "three"], reached=reached, caption="Maturity")
