"""Versions of models in MLflow, with files or sqlite behind it."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # without it, the file store raises
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import mlflow.sklearn
from peers.tool import ALIAS, Tool

TRUSTED = ["sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class MlflowFiles(Tool):
    """Requirements are given, since inferring them takes seconds; the format is skops, MLflow's default."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self.address())
        if mlflow.get_experiment_by_name("benchmark") is None:
            mlflow.create_experiment("benchmark", artifact_location=(folder / "artifacts").as_uri())
        mlflow.set_experiment("benchmark")
        self.client = mlflow.MlflowClient()

    def address(self) -> str:
        """Return where the store is."""
        return (self.folder / "store").as_uri()

    def register(self, name: str, model: object) -> str:
        """Log a model and register it, in one call."""
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            pip_requirements=["scikit-learn"],
            skops_trusted_types=TRUSTED,
        )
        return str(logged.registered_model_version)

    def load(self, name: str, version: str) -> object:
        """Load by number."""
        return mlflow.sklearn.load_model(f"models:/{name}/{version}")

    def listing(self, name: str) -> list[str]:
        """Search the versions of a name, in one page."""
        found = self.client.search_model_versions(f"name='{name}'", max_results=100_000)
        return [str(version.version) for version in found]

    def point(self, name: str, version: str) -> None:
        """Set the alias."""
        self.client.set_registered_model_alias(name, ALIAS, version)

    def resolve(self, name: str) -> str:
        """Look the alias up."""
        return str(self.client.get_model_version_by_alias(name, ALIAS).version)

    def fill(self, name: str, first: str, count: int) -> None:
        """Copy what the store wrote of the first version."""
        one = self.folder / "store" / "models" / name / f"version-{first}"
        text = (one / "meta.yaml").read_text(encoding="utf-8")
        for number in range(2, count + 1):
            copy = one.with_name(f"version-{number}")
            copy.mkdir()
            changed = text.replace("\nversion: 1\n", f"\nversion: {number}\n")
            (copy / "meta.yaml").write_text(changed, encoding="utf-8")


class MlflowSqlite(MlflowFiles):
    """The same calls with a database."""

    def address(self) -> str:
        """Return where the database is."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def fill(self, name: str, first: str, count: int) -> None:
        """Copy the row of the first version."""
        database = sqlite3.connect(self.folder / "mlflow.db")
        columns = [row[1] for row in database.execute("PRAGMA table_info(model_versions)")]
        values = ", ".join("number" if column == "version" else column for column in columns)
        copies = (
            "WITH RECURSIVE numbers(number) AS (SELECT 2 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)"
        )
        rows = f"SELECT {values} FROM model_versions, numbers WHERE name = ? AND version = ?"  # noqa: S608  # names of the table
        database.execute(
            f"{copies} INSERT INTO model_versions ({', '.join(columns)}) {rows}", (count, name, int(first))
        )
        database.commit()
        database.close()


class MlflowCloudpickle(MlflowSqlite):
    """The same calls with the format that was the default before skops, which checks nothing."""

    def register(self, name: str, model: object) -> str:
        """Log a model as cloudpickle and register it, in one call."""
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
        return str(logged.registered_model_version)
