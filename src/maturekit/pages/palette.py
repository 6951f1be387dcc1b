"""Colours of a page: one set for light and one for dark, each readable, none needed to tell things apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DARK", "DASHES", "LIGHT", "MARKERS", "SERIES", "contrast"]

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#ffffff",
        "panel": "#f5f6f8",
        "ink": "#1b1f26",
        "quiet": "#59626e",
        "line": "#d5dae1",
        "accent": "#0a58a8",
        "good": "#1a6b3c",
        "bad": "#ad2314",
        "unsure": "#855300",
        "series-1": "#0767b0",
        "series-2": "#b84500",
        "series-3": "#56616e",
        "series-4": "#8b2c86",
        "series-5": "#00735a",
        "series-6": "#7d5c00",
    }
)
"""Colours on light paper. Text colours have a contrast of at least 4.5 on paper and panel."""

DARK: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#14171c",
        "panel": "#1d2229",
        "ink": "#e7eaee",
        "quiet": "#a3adb9",
        "line": "#39414c",
        "accent": "#83bdfb",
        "good": "#72d29b",
        "bad": "#ff9485",
        "unsure": "#eab95c",
        "series-1": "#6db6f7",
        "series-2": "#ff9b62",
        "series-3": "#aab4c1",
        "series-4": "#ec94e4",
        "series-5": "#43cfa6",
        "series-6": "#dfb443",
    }
)
"""The same names on dark paper, with the same promise."""

SERIES: tuple[str, ...] = tuple(colour for name, colour in LIGHT.items() if name.startswith("series-"))
"""Colours of lines and areas, in the order of use; in dark they change with the page."""

MARKERS: tuple[str, ...] = ("o", "s", "^", "D", "v", "P")
"""Matplotlib's markers, one a series."""

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (6, 2, 1, 2), (1, 1.5), (8, 2, 1, 2, 1, 2), (3, 1))
"""Lengths of dash and gap in line widths, one a series; the first is drawn through."""


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21; 4.5 is the least for text.

    >>> contrast("#000000", "#ffffff")
    21.0
    >>> contrast("#777777", "#ffffff") < 4.5
    True

    References
    ----------
    Web Content Accessibility Guidelines 2.2, definitions of "contrast ratio" and "relative luminance".
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
