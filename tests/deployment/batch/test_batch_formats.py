"""Chunks that were written apart become one file, whatever each of them holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Batch, Guarded
from maturekit.deployment.batch.formats import Part, digest_of, format_of
from maturekit.errors import IntegrityError
from maturekit.schema import Column, Schema

pytest.importorskip("pyarrow")

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0]})


def words(*cells):
    known = pd.Index([cell for cell in dict.fromkeys(cells) if cell is not None], dtype=object)
    return pd.Categorical.from_codes([-1 if cell is None else known.get_loc(cell) for cell in cells], known)


def joined(folder, *frames):
    format_ = format_of(folder / "whole.parquet")
    parts = []
    for number, frame in enumerate(frames):
        data = format_.encode(frame)
        path = folder / f"part-{number}"
        path.write_bytes(data)
        parts.append(Part(path, digest_of(data), tuple(frame.columns)))
    format_.join(parts, ["row", "status"], folder / "whole.parquet", {})
    return pd.read_parquet(folder / "whole.parquet")


@pytest.mark.parametrize("versions", [(None, "m:1"), ("m:1", None), ("m:1", "m:2"), (None, None)])
def test_words_come_back_as_categories_whichever_chunk_has_which(tmp_path, versions):
    frames = [
        pd.DataFrame({"row": [row], "version": words(version), "status": words(status)})
        for row, version, status in zip((0, 1), versions, ("ok", "filled"), strict=True)
    ]
    table = joined(tmp_path, *frames)
    assert table["status"].tolist() == ["ok", "filled"]
    assert table["version"].astype(object).where(table["version"].notna(), None).tolist() == list(versions)
    assert all(isinstance(table[name].dtype, pd.CategoricalDtype) for name in ("status", "version"))


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_a_category_in_one_chunk_and_a_text_a_number_or_nothing_in_another_holds_all_of_them(tmp_path, turned):
    kept = [words("a", "b"), ["c", "d"], pd.Categorical([1, 2]), [None, None]]
    frames = [pd.DataFrame({"row": [0, 1], "kept": cells, "status": words("ok", "ok")}) for cells in kept]
    frames.append(frames[0].drop(columns="kept"))
    table = joined(tmp_path, *(reversed(frames) if turned else frames))
    cells = table["kept"].astype(object).where(table["kept"].notna(), None).tolist()
    pairs = [["a", "b"], ["c", "d"], ["1", "2"], [None, None], [None, None]]
    assert [cells[at : at + 2] for at in range(0, 10, 2)] == (pairs[::-1] if turned else pairs)


def test_the_words_of_rejected_rows_are_not_among_those_of_the_scored_ones(tmp_path):
    guarded = Guarded(LinearRegression().fit(FRAME, FRAME["x"]), schema=Schema({"x": Column("float", le=2)}))
    Batch(guarded).run(FRAME, tmp_path / "scores.parquet", rejected=tmp_path / "bad.csv")
    scored = pd.read_parquet(tmp_path / "scores.parquet")
    assert scored["row"].tolist() == [0, 1]
    assert scored["status"].cat.categories.tolist() == ["ok"]


def test_a_part_of_which_one_bit_is_wrong_is_refused(tmp_path):
    data = bytearray(format_of(tmp_path / "x.parquet").encode(pd.DataFrame({"row": np.arange(100)})))
    path = tmp_path / "part"
    part = Part(path, digest_of(bytes(data)), ("row",))
    path.write_bytes(data)
    assert part.read() == bytes(data)
    for place in range(0, len(data), 97):
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(IntegrityError, match="not what this run wrote"):
            part.read()
        data[place] ^= 1
