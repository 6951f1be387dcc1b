"""Reports: what every check, comparison and gate returns, as data."""

from maturekit.reports.finding import Certainty, Finding, Severity, Status
from maturekit.reports.gates import Case, GateLike, PolicyLike, VersionFacts
from maturekit.reports.report import Report

__all__ = [
    "Case",
    "Certainty",
    "Finding",
    "GateLike",
    "PolicyLike",
    "Report",
    "Severity",
    "Status",
    "VersionFacts",
]
