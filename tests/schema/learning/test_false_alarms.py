"""Fresh tables of the same source pass at the stated rate; simulated over many sources."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from maturekit.validation import learn, validate


def refused(table, sources, fresh):
    """Return the share of fresh tables refused, the standard error over sources, the mean of what was stated, and why."""
    shares, stated, why = [], [], Counter()
    for seed in sources:
        schema, report = learn(table(seed, 0))
        stated.append(report.findings[0].value)
        bad = [
            [f for f in validate(table(seed, turn), schema).failed if f.severity == "error" and f.rule != "nullable"]
            for turn in range(1, fresh + 1)
        ]
        shares.append(sum(map(bool, bad)) / fresh)
        why.update(f"{f.rule} of {f.columns[0].split()[0]}" for some in bad for f in some)
    mean = sum(shares) / len(shares)
    error = math.sqrt(sum((share - mean) ** 2 for share in shares)) / len(shares)
    return mean, error, sum(stated) / len(stated), why


def test_a_fresh_table_is_refused_as_rarely_as_was_asked_for(table):
    mean, error, stated, why = refused(table, range(100), fresh=2)
    assert stated <= 0.05
    assert mean - 3 * error <= 0.05, (mean, error, why)


@pytest.mark.long
def test_over_many_sources_the_rate_is_no_higher_than_stated(table):
    mean, error, stated, why = refused(table, range(10_000, 11_000), fresh=4)
    assert mean - 3 * error <= stated, (mean, error, stated, why)
    assert mean + 3 * error <= 0.05, (mean, error, why)


def test_what_is_learned_accepts_the_table_it_was_learned_from(table):
    for seed in range(25):
        assert validate(table(seed, 0), learn(table(seed, 0)).schema).ok


def test_asking_for_fewer_false_alarms_states_fewer(table):
    for seed in range(10):
        few, many = (learn(table(seed, 0), false_alarms=rate) for rate in (0.002, 0.2))
        assert few.report.findings[0].value <= 0.002
        assert many.report.findings[0].value <= 0.2
        assert len(few.schema.rules) <= len(many.schema.rules)
