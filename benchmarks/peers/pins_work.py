"""Versions of models in pins, on a folder."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pins
from peers.tool import Tool


class Pins(Tool):
    """Models are joblib files; reading them has to be allowed. There are no aliases: the newest version counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.board = pins.board_folder(folder / "board", allow_pickle_read=True)

    def register(self, name: str, model: object) -> str:
        """Write a pin."""
        return str(self.board.pin_write(model, name, type="joblib", title="benchmark").version.version)

    def load(self, name: str, version: str) -> object:
        """Read a pin."""
        return self.board.pin_read(name, version)

    def listing(self, name: str) -> list[str]:
        """List the versions as a frame."""
        return [str(version) for version in self.board.pin_versions(name)["version"]]

    def point(self, name: str, version: str) -> None:
        """Do nothing."""

    def resolve(self, name: str) -> str:
        """Return the newest version."""
        return str(self.board.pin_meta(name).version.version)

    def fill(self, name: str, first: str, count: int) -> None:
        """Copy the first version under earlier dates."""
        newest = Path(self.board.board) / name / first
        start = datetime(2020, 1, 1, tzinfo=UTC)
        for number in range(count - 1):
            when = start + timedelta(minutes=number)
            shutil.copytree(newest, newest.with_name(f"{when:%Y%m%dT%H%M%SZ}-{number:05x}"))
