"""One service asked by a peer's object and by ours in turn, in the peer's environment: ``python -m peers.deployment_work``.

The service object of each peer is called in this process, without HTTP: what is compared is the work around the model.
The contract is stated to each as its documentation shows: MLflow's signature, vetiver's prototype, BentoML's typed input.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import serving
from peers.turns import say, take_turns

from maturekit import deployment

Ask = Callable[[Any], Any]


def mlflow_service(model: Any, frame: pd.DataFrame) -> tuple[Ask, Ask]:
    """Return how a pyfunc with a signature is asked about a record and about a frame."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow
    import mlflow.sklearn

    place = str(Path(tempfile.mkdtemp()) / "model")
    signature = mlflow.models.infer_signature(frame, model.predict(frame))
    mlflow.sklearn.save_model(model, place, signature=signature, serialization_format="cloudpickle")
    loaded = mlflow.pyfunc.load_model(place)
    return lambda record: loaded.predict(pd.DataFrame([record]).astype({"n3": float})), loaded.predict


def vetiver_service(model: Any, frame: pd.DataFrame) -> tuple[Ask, Ask]:
    """Return how a VetiverModel with a prototype is asked, by what its endpoint calls."""
    import vetiver
    from vetiver.helpers import api_data_to_frame

    service = vetiver.VetiverModel(model, "late", prototype_data=frame.drop(columns="n3").assign(n3=0.0)[list(frame)])
    prototype = vetiver.VetiverAPI(service, check_prototype=True).model.prototype

    def one(record: dict[str, Any]) -> Any:
        filled = {**record, "n3": 0.0} if record["n3"] is None else record  # a prototype knows no null
        return service.handler_predict(api_data_to_frame([prototype(**filled)]), check_prototype=True)

    def many(table: pd.DataFrame) -> Any:
        rows = [prototype(**row) for row in table.fillna(0.0).to_dict("records")]  # as its endpoint does
        return service.handler_predict(api_data_to_frame(rows), check_prototype=True)

    return one, many


def bentoml_service(model: Any, frame: pd.DataFrame) -> tuple[Ask, Ask]:  # noqa: ARG001  # the types are the contract
    """Return how a service object with typed input is asked, without its server."""
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    import bentoml
    from pydantic import Field, create_model

    fields: dict[str, Any] = {
        name: (float | None if name == "n3" else float, Field(default=None, ge=-10, le=10) if name == "n3" else Field(ge=-10, le=10))
        for name in serving.NUMBERS
    }  # fmt: skip
    row = create_model("Row", **fields, **dict.fromkeys(serving.CATEGORIES, (str, ...)))

    class Late:
        @bentoml.api
        def one(self, record: row) -> str:  # type: ignore[valid-type]  # made above
            table = pd.DataFrame([record.model_dump()]).astype({"n3": float})
            return str(model.predict(table)[0])

        @bentoml.api
        def many(self, table: pd.DataFrame) -> list[str]:
            return model.predict(table).tolist()

    service = bentoml.service(Late)
    asked = service.inner()
    return lambda record: asked.one(row(**record)), asked.many


SERVICES = {"mlflow": mlflow_service, "vetiver": vetiver_service, "bentoml": bentoml_service}


def main() -> None:
    """Ask both in turn, about single records and about a frame."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("--model", default="logistic regression")
    parser.add_argument("--turns", type=int, default=15)
    for name in ("ours", "theirs", "pipeline"):
        parser.add_argument(f"--{name}", type=int, default=5, help="calls about a record in a turn")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    model = serving.pipelines()[asked.model]
    frame = serving.table(1000, seed=1)[0]
    records = serving.records()
    ours = deployment.Guarded(model, schema=serving.SCHEMA).warm()
    one, many = SERVICES[asked.peer](model, frame)
    rows = [pd.DataFrame([record]).astype({"n3": float}) for record in records[:5]]

    def times(ask: Ask, items: list[Any], count: int) -> Callable[[int], None]:
        def work(_: int) -> None:
            for place in range(count):
                ask(items[place % len(items)])

        return work

    works = {
        "ours": times(ours.predict_one, records, asked.ours),
        "theirs": times(one, records, asked.theirs),
        "pipeline": times(model.predict, rows, asked.pipeline),
        "ours, 1000": times(ours.predict, [frame], 3),
        "theirs, 1000": times(many, [frame], 3),
        "pipeline, 1000": times(model.predict, [frame], 3),
    }
    whole = [record for record in records if record["n3"] is not None][:20]
    said = [str(_plain(one(record))) for record in whole]
    say(same=said == [ours.predict_one(record) for record in whole])
    take_turns(works, turns=asked.turns, seconds=60)


def _plain(value: Any) -> Any:
    while isinstance(value, (list, dict)) or hasattr(value, "tolist"):
        value = (
            value.tolist()
            if hasattr(value, "tolist")
            else next(iter(value.values() if isinstance(value, dict) else value))
        )
    return value


if __name__ == "__main__":
    main()
