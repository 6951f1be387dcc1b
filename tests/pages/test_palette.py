"""Every colour can be read, and no two series depend on colour alone."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from maturekit.pages.palette import DARK, DASHES, LIGHT, MARKERS, SERIES, contrast

TEXTS = ("ink", "quiet", "accent", "good", "bad", "unsure")
GROUNDS = ("paper", "panel")

# How a colour looks to an eye without one kind of cone, in linear RGB: Machado, Oliveira and Fernandes (2009),
# "A physiologically-based model for simulation of color vision deficiency", severity 1.0.
EYES = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE 1976 L*a*b* of linear RGB, white point D65."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    ratio = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_is_21_at_most_and_1_at_least():
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == 21.0
    assert contrast("#123456", "#123456") == 1.0
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)  # the known lightest grey for text on white


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("name", TEXTS)
def test_text_can_be_read(theme, ground, name):
    assert contrast(theme[name], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("place", range(1, 7))
def test_lines_can_be_seen_as_well_as_text_is_read(theme, place):
    assert contrast(theme[f"series-{place}"], theme["paper"]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_the_first_three_colours_stay_apart_for_every_eye(theme, eye):
    seen = [lab(np.array(EYES[eye]) @ linear(theme[f"series-{place}"])) for place in (1, 2, 3)]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
    assert nearest > 15, "about six times what an eye can just tell apart"


def test_series_differ_in_marker_and_dashes_too():
    assert len(SERIES) == len(set(SERIES)) == 6
    assert len(set(MARKERS)) == len(set(DASHES)) == 6


def test_both_themes_name_the_same_colours():
    assert list(LIGHT) == list(DARK)
    assert len(set(LIGHT.values())) == len(LIGHT), "a colour of a picture must lead back to one name"
