"""Pages: one self-contained HTML page about a model, with tables and pictures, for people who read rather than run."""

from maturekit.pages.charts import Level, Line, Mark, Moment, Span, drawing_style, line_chart, timeline
from maturekit.pages.drift import drift_page
from maturekit.pages.figure import figure
from maturekit.pages.fragment import Fragment, text
from maturekit.pages.page import Page
from maturekit.pages.parts import details, key_figures, mark, report, stages
from maturekit.pages.table import frame, table

__all__ = [
    "Fragment",
    "Level",
    "Line",
    "Mark",
    "Moment",
    "Page",
    "Span",
    "details",
    "drawing_style",
    "drift_page",
    "figure",
    "frame",
    "key_figures",
    "line_chart",
    "mark",
    "report",
    "stages",
    "table",
    "text",
    "timeline",
]
