"""Versions of models in `maturekit.registry`."""

from __future__ import annotations

from pathlib import Path

from peers.models import tiny
from peers.tool import ALIAS, Tool

from maturekit.registry import Registry


class Maturekit(Tool):
    """Every call opens the registry anew, as a job that starts does: nothing that was read before helps."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.place = folder / "registry"

    @property
    def registry(self) -> Registry:
        """Return a registry that has read nothing yet."""
        return Registry(self.place, actor="benchmark")

    def register(self, name: str, model: object) -> str:
        """Register."""
        return str(self.registry.register(name, model).number)

    def load(self, name: str, version: str) -> object:
        """Load by number."""
        return self.registry[f"{name}:{version}"].load()

    def listing(self, name: str) -> list[str]:
        """List the versions."""
        return [str(version.number) for version in self.registry.versions(name)]

    def frame(self) -> int:
        """Return the rows of the frame over all models."""
        return len(self.registry.frame())

    def point(self, name: str, version: str) -> None:
        """Promote without a policy."""
        self.registry.promote(f"{name}:{version}", to=ALIAS, actor="benchmark", reason="benchmark")

    def resolve(self, name: str) -> str:
        """Look the alias up."""
        return str(self.registry[f"{name}@{ALIAS}"].number)

    def fill(self, name: str, first: str, count: int) -> None:
        """Register tiny models with one registry."""
        registry = self.registry
        for number in range(int(first), count):
            registry.register(name, tiny(number))
