"""Versions of models in BentoML's model store."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

os.environ["BENTOML_DO_NOT_TRACK"] = "true"

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore
from peers.tool import Tool


class BentoML(Tool):
    """The tag `latest` stands for the alias, since there are no others."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        logging.getLogger("bentoml").setLevel(logging.ERROR)
        (folder / "models").mkdir(exist_ok=True)
        BentoMLContainer.model_store.set(ModelStore(folder / "models"))

    def register(self, name: str, model: object) -> str:
        """Save a model."""
        return str(bentoml.sklearn.save_model(name, model).tag.version)

    def load(self, name: str, version: str) -> object:
        """Load by tag."""
        return bentoml.sklearn.load_model(f"{name}:{version}")

    def listing(self, name: str) -> list[str]:
        """List the versions."""
        return [str(model.tag.version) for model in bentoml.models.list(name)]

    def point(self, name: str, version: str) -> None:
        """Do nothing."""

    def resolve(self, name: str) -> str:
        """Return the version of the latest tag."""
        return str(bentoml.models.get(f"{name}:latest").tag.version)

    def fill(self, name: str, first: str, count: int) -> None:
        """Copy the first version under other names."""
        here = self.folder / "models" / name
        text = (here / first / "model.yaml").read_text(encoding="utf-8")
        for number in range(count - 1):
            copy = here / f"copy{number:06d}"
            shutil.copytree(here / first, copy)
            changed = text.replace(first, copy.name)
            (copy / "model.yaml").write_text(changed, encoding="utf-8")
