"""The page about a period of drift tells what happened, in order, and runs and fetches nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from maturekit.drift import History, Monitor
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.pages import Page, drift_page
from maturekit.pages.drift import _years
from maturekit.profile import Profile

pytest.importorskip("matplotlib")

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
VOID = {"br", "meta"}


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
        if self.open and self.open[-1] != "style":
            self.text += data


def rows(share, name="late"):
    return pd.DataFrame({name: [1] * round(100 * share) + [0] * round(100 - 100 * share)})


def past(*, name="late", changed=(), acknowledge=False):
    profile = Profile.of(pd.concat([rows(0.5, name)] * 10))
    watched = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    days = [(f"{name} {day}", rows(1.0 if day in changed else 0.5, name)) for day in range(30)]
    return History.replay(watched, days, on_alarm=(lambda _: watched.acknowledge()) if acknowledge else None)


@pytest.fixture(scope="module")
def loud():
    return drift_page(past(changed=range(25, 30)))


@pytest.fixture(scope="module")
def read(loud):
    return Reader(loud.html())


def test_a_calm_period_says_so_and_has_no_table_of_alarms():
    page = drift_page(past(), title="Late flights")
    assert isinstance(page, Page)
    assert page.lead == "No alarm in 30 batches. By chance alone, at most 0.082 were to be expected."  # 30 / 365
    read = Reader(page.html())
    assert "Late flights" in read.text
    assert read.tags.count("h2") == 3
    assert "Enough for an alarm: none." in read.text


def test_an_open_alarm_stands_first_with_what_to_look_at(loud, read):
    assert loud.lead.startswith("An alarm is open, raised by late 25; look first at late: value 1 from 5")
    assert "1 alarm in 30 batches." in loud.lead
    assert [tag for tag in read.tags if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h2", "h2", "h2"]
    assert "still open" in read.text
    assert "over a million years" in read.text
    assert re.search(r"\(\d+\.?\d* to \d+\.?\d* percentage points\)", read.text)
    assert "Enough for an alarm: late." in read.text


def test_a_closed_alarm_is_told_with_its_end():
    page = drift_page(past(changed=[10], acknowledge=True))
    assert page.lead.startswith("1 alarm in 30 batches. None is open.")
    assert "late 10" in Reader(page.html()).text


@pytest.mark.parametrize(
    ("years", "words"),
    [(0.25, "0.25 years"), (9.9, "9.9 years"), (46_123, "46,000 years"), (2e6, "over a million years")],
)
def test_years_are_rounded_to_what_can_be_known(years, words):
    assert _years(years) == words


def test_the_page_runs_nothing_fetches_nothing_and_names_every_picture(read):
    assert not {"script", "link", "iframe", "img", "object"} & set(read.tags)
    assert not [value for _, name, value in read.attributes if name.startswith("on")]
    links = [value for _, name, value in read.attributes if name in {"href", "src"}]
    assert all(value.startswith("#") for value in links)
    assert ("meta", "name", "viewport") in read.attributes
    pictures = read.attributes.count(("svg", "role", "img"))
    assert pictures == 3
    ids = [value for _, name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_colours_follow_the_theme_of_the_page(loud):
    html = loud.html()
    assert "var(--series-1)" in html
    assert "var(--series-2)" in html
    assert "#1f77b4" not in html  # matplotlib's own first colour


def test_hostile_names_stay_text():
    html = drift_page(past(name=HOSTILE, changed=range(25, 30)), title=HOSTILE).html()
    read = Reader(html)
    assert not {"script", "img"} & set(read.tags)
    assert HOSTILE in read.text


def test_equal_histories_give_equal_bytes():
    history = past(changed=[10, 11])
    assert drift_page(history).html() == drift_page(History.from_json(history.to_json())).html()


def test_one_batch_makes_a_page_and_none_is_refused():
    assert drift_page(past()[:1]).lead.startswith("No alarm in 1 batch.")
    with pytest.raises(ArgumentError, match="the history has no batches"):
        drift_page(History())
    with pytest.raises(ArgumentTypeError, match="made of a History, got list"):
        drift_page([])
