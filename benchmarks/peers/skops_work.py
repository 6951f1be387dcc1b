"""Models as skops files, a format without a store."""

from __future__ import annotations

from pathlib import Path

import skops.io
from peers.tool import Format


class Skops(Format):
    """Each version is one file; what skops asks about a model, the reader has looked at before and trusts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: dict[str, list[str]] = {}
        self.count = 0

    def register(self, name: str, model: object) -> str:
        """Dump to the next file."""
        self.count += 1
        path = self.folder / f"{name}-{self.count}.skops"
        skops.io.dump(model, path)
        return path.name

    def load(self, name: str, version: str) -> object:
        """Load, trusting what the file asked for the first time."""
        path = self.folder / version
        if name not in self.asked:
            self.asked[name] = skops.io.get_untrusted_types(file=path)
        return skops.io.load(path, trusted=self.asked[name])
