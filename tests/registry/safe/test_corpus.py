"""Ordinary models load unasked and answer alike."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from maturekit.registry.safe import read


def test_ordinary_models_load_unasked_and_answer_alike(corpus):
    kinds = set()
    for model_name, model, data in corpus["fitted"]:
        again = read(corpus["dumped"](model)).value
        assert type(again) is type(model)
        kinds.add(type(model))
        before, after = corpus["answers"](model, data), corpus["answers"](again, data)
        assert before, model_name
        assert before.keys() == after.keys()
        for method, answer in before.items():
            if isinstance(answer, pd.DataFrame):
                pd.testing.assert_frame_equal(after[method], answer)
            else:
                np.testing.assert_array_equal(after[method], answer, err_msg=f"{model_name}: {method}")
    assert len(corpus["fitted"]) > 300
    assert len(kinds) > 170


def test_what_models_refer_to_loads_unasked(corpus):
    for name, thing in corpus["companions"]():
        again = read(corpus["dumped"](thing)).value
        assert type(again) is type(thing), name
        if name.startswith("distribution"):
            assert again.dist.name == thing.dist.name
            assert again.rvs(5, random_state=0).tolist() == thing.rvs(5, random_state=0).tolist()
        else:
            assert repr(again) == repr(thing)


def test_the_allow_list_is_what_the_corpus_needs_on_this_scikit_learn(corpus, tmp_path):
    path = Path(sys.modules["maturekit.registry.safe"].__file__).with_name("allowed.json")
    copy = tmp_path / "allowed.json"
    copy.write_text(path.read_text())
    doubts = corpus["renew"](copy, corpus["fitted"])
    assert doubts == {}
    assert json.loads(copy.read_text()) == json.loads(path.read_text()), "run tests/registry/corpus.py"


def test_every_name_on_the_allow_list_is_exact_and_of_scikit_learn():
    path = Path(sys.modules["maturekit.registry.safe"].__file__).with_name("allowed.json")
    table = json.loads(path.read_text())
    for modules in table.values():
        for module, names in modules.items():
            assert module.startswith("sklearn.")
            assert all(each.isidentifier() for each in names)
