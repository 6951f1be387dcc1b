"""One face for every tool that keeps versions of models, so that all of them do the same work."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from pathlib import Path

__all__ = ["ALIAS", "TOOLS", "Format", "Tool", "open_tool"]

ALIAS = "production"
TOOLS = {
    "maturekit": "maturekit_work:Maturekit",
    "MLflow, files": "mlflow_work:MlflowFiles",
    "MLflow, sqlite": "mlflow_work:MlflowSqlite",
    "MLflow, sqlite, cloudpickle": "mlflow_work:MlflowCloudpickle",
    "pins": "pins_work:Pins",
    "BentoML": "bentoml_work:BentoML",
    "skops": "skops_work:Skops",
}


class Format(ABC):
    """Models as files in a folder, written and read as the tool's documentation shows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def register(self, name: str, model: object) -> str:
        """Store a model as the newest version of a name and return what `load` takes."""

    @abstractmethod
    def load(self, name: str, version: str) -> object:
        """Return the model of a version."""


class Tool(Format):
    """A store of versions in a folder; making one creates what the tool needs."""

    @abstractmethod
    def listing(self, name: str) -> list[str]:
        """Return every version of a name, by the tool's own listing."""

    @abstractmethod
    def point(self, name: str, version: str) -> None:
        """Let the alias point to a version; where there are no aliases, the newest version is taken for it."""

    @abstractmethod
    def resolve(self, name: str) -> str:
        """Return the version of the alias."""

    @abstractmethod
    def fill(self, name: str, first: str, count: int) -> None:
        """Make so many versions of a name that has one; this is not measured, the quickest way to the same files will do."""


def open_tool(what: str, folder: Path) -> Tool:
    """Return a tool, or for skops a format; only its own package is imported."""
    module, _, name = TOOLS[what].partition(":")
    made: Tool = getattr(importlib.import_module(f"peers.{module}"), name)(folder)
    return made
