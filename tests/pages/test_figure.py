"""A picture becomes text of the page: themed, named for those who cannot see it, the same every time."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from maturekit import pages
from maturekit.errors import ArgumentError, ArgumentTypeError, MissingExtraError
from maturekit.pages.palette import LIGHT

matplotlib = pytest.importorskip("matplotlib")
HOSTILE = "<script>alert(1)</script>\"'&"


def drawing(label="speed"):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 2))
    axes = figure.subplots()
    axes.plot([1, 2, 3], [1, 3, 2], marker="o", color=LIGHT["series-1"], label=label)
    axes.plot([1, 2, 3], [2, 1, 3], color="#123456")
    axes.fill_between([1, 2, 3], [0, 1, 0], [2, 3, 2], color=LIGHT["series-2"], alpha=0.2)
    axes.set_title("Title", fontweight="bold")
    axes.set_ylabel("km", fontstyle="italic")
    axes.legend()
    return figure


def svg(fragment):
    """Return the picture as a tree; it is well-formed XML as well as HTML."""
    return ET.fromstring(re.search(r"<svg.*</svg>", fragment.html, flags=re.DOTALL)[0])


def test_a_picture_has_role_title_description_and_caption():
    fragment = pages.figure(drawing(), alt="A rise.", caption="By day", description="It rises and falls.")
    root = svg(fragment)
    assert root.attrib["role"] == "img"
    named = [root.find(f".//*[@id='{name}']") for name in root.attrib["aria-labelledby"].split()]
    assert [(node.tag, node.text) for node in named] == [("title", "A rise."), ("desc", "It rises and falls.")]
    assert "<figcaption>By day</figcaption>" in fragment.html


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_picture_without_alternative_text_is_refused(alt):
    with pytest.raises(ArgumentError, match="no alternative text"):
        pages.figure(drawing(), alt=alt)


def test_what_is_no_figure_is_refused():
    with pytest.raises(ArgumentTypeError, match="must be a matplotlib Figure, got str"):
        pages.figure("plot.png", alt="A rise.")


def test_hostile_labels_stay_text():
    fragment = pages.figure(drawing(HOSTILE), alt=HOSTILE, caption=HOSTILE, description=HOSTILE)
    assert "<script" not in fragment.html
    assert sum(node.text == HOSTILE for node in svg(fragment).iter()) == 3


def test_control_characters_in_the_texts_do_not_break_the_picture():
    assert svg(pages.figure(drawing(), alt="a\x00b\x1bc", description="d\x08")).find("title").text == "a b c"


def test_black_follows_the_text_and_our_colours_follow_the_theme():
    html = pages.figure(drawing(), alt="A rise.").html
    assert "stroke: var(--series-1)" in html
    assert "fill: var(--series-2); fill-opacity: 0.2" in html
    assert "#123456" in html, "a colour of the user's own stays"
    assert "#000000" not in html
    assert svg(pages.figure(drawing(), alt="A rise.")).attrib["fill"] == "currentColor"


def test_text_stays_text_in_the_font_of_the_page():
    root = svg(pages.figure(drawing(), alt="A rise."))
    texts = {node.text: node.attrib["style"] for node in root.iter("text")}
    assert "font-size: 12px" in texts["Title"]
    assert re.search(r"font-weight: (700|bold)", texts["Title"])
    assert "font-style: italic" in texts["km"]
    assert "DejaVu" not in ET.tostring(root, encoding="unicode")


def test_nothing_is_loaded_and_nothing_styles_the_page_around():
    html = pages.figure(drawing(), alt="A rise.").html
    assert "http" not in html
    assert "<style" not in html


def test_references_inside_a_picture_lead_to_ids_of_that_picture():
    one, other = (svg(pages.figure(drawing(label), alt="A rise.")) for label in ("speed", "weight"))
    ids = [{node.attrib["id"] for node in root.iter() if "id" in node.attrib} for root in (one, other)]
    assert not ids[0] & ids[1]
    for root, own in zip((one, other), ids, strict=True):
        text = ET.tostring(root, encoding="unicode")
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
        assert used
        assert used <= own


def test_the_same_figure_gives_the_same_text():
    assert pages.figure(drawing(), alt="A rise.") == pages.figure(drawing(), alt="A rise.")


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    pages.line_chart([pages.Line("a", [1, 2], [1, 2])], alt="A rise.")
    pages.timeline([pages.Span("a", 1, 2)], alt="A bar.")
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not matplotlib.pyplot.get_fignums()


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'maturekit\[plots\]'"):
        pages.line_chart([pages.Line("a", [1], [1])], alt="A dot.")


DAYS = [datetime(2013, month, 1, tzinfo=UTC) for month in range(5, 9)]


@pytest.mark.parametrize(
    "x", [["May", "June", "July", "August"], DAYS, [1, 2, 3, 4]], ids=["names", "times", "numbers"]
)
def test_lines_over_periods_times_and_numbers(x):
    chart = pages.line_chart(
        [
            pages.Line("AUC", x, [4, 3, 2, 1], low=[3, 2, 1, 0.5], high=[5, 4, 3, 2]),
            pages.Line("floor", x, [2, 2, 2, 2]),
        ],
        levels=[pages.Level(3.5, "enough")],
        marks=[pages.Mark(x[1], "alarm"), pages.Mark(x[2], "retrained")],
        y_label="AUC",
        alt="AUC falls.",
    )
    texts = {node.text for node in svg(chart).iter("text")}
    assert {"AUC", "floor", "enough", "alarm", "retrained"} <= texts


def test_two_lines_differ_by_more_than_colour():
    html = pages.line_chart([pages.Line(n, [1, 2], [1, 2]) for n in "ab"], alt="Two.").html
    assert len(set(re.findall(r'd="(M [^"]*)" style="stroke: var\(--series', html))) == 2, "markers of two shapes"
    assert html.count("stroke-dasharray") > 0


def test_evidence_is_drawn_in_powers_of_ten():
    chart = pages.line_chart([pages.Line("e", [1, 2, 3], [0.01, 1, 1000])], log=True, alt="It grows.")
    assert "10" in "".join(node.text for node in svg(chart).iter("tspan"))


def test_a_timeline_has_a_lane_for_every_version_in_order_of_appearance():
    chart = pages.timeline(
        [pages.Span("version 3", DAYS[2], None, "production"), pages.Span("version 1", DAYS[0], DAYS[2], "production")],
        [pages.Moment("version 2", DAYS[1], "refused"), pages.Moment("version 1", DAYS[0], "promoted")],
        alt="Version 1 held until July.",
    )
    texts = [node.text for node in svg(chart).iter("text")]
    assert [t for t in texts if t.startswith("version")] == ["version 1", "version 2", "version 3"]
    assert {"refused", "promoted", "production"} <= set(texts)


def test_a_timeline_of_one_moment_can_be_drawn():
    assert "alarm" in pages.timeline([], [pages.Moment("version 1", 3.0, "alarm")], alt="One alarm.").html


@pytest.mark.parametrize(
    "make",
    [
        lambda: pages.line_chart([], alt="Nothing."),
        lambda: pages.line_chart([pages.Line(str(n), [1], [1]) for n in range(7)], alt="Many."),
        lambda: pages.Line("a", [1, 2], [1]),
        lambda: pages.Line("a", [], []),
        lambda: pages.Line("a", [1], [1], low=[0]),
        lambda: pages.timeline([], alt="Nothing."),
    ],
)
def test_what_cannot_be_drawn_is_refused(make):
    with pytest.raises(ArgumentError):
        make()
