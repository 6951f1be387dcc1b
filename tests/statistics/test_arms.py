"""Two arms of a random split: the promise row by row, exactly, and over whole histories, by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from maturekit.errors import ArgumentError, FormatError
from maturekit.statistics import TwoArms, arm_bets

SHARES, LEVELS = (0.001, 0.05, 0.5, 0.9), (0.01, 0.3, 0.99)
BOUNDS = ((0.0, 0.0), (0.2, 0.1), (-0.1, -0.3))


def bets_of_one_row(challenger, loss, share, level, *, harm, margin):
    before = (999, 1000 * level - 0.5)  # so that the mean loss of the rows before is `level`
    row = np.array([challenger]), np.array([float(loss)]), np.array([share])
    up, down = arm_bets(*row, harm=harm, margin=margin, before=before)
    return np.exp(up[0]), np.exp(down[0])


def expected_factors(share, level, rates, *, harm, margin):
    """The mean of what one row makes of each bet, over both arms and both outcomes, each with its probability."""
    total = np.zeros((2, 11))
    for challenger, loss in itertools.product((False, True), (0, 1)):
        rate = rates[challenger]
        chance = (share if challenger else 1 - share) * (rate if loss else 1 - rate)
        total += chance * np.array(bets_of_one_row(challenger, loss, share, level, harm=harm, margin=margin))
    return total


@pytest.mark.parametrize(("harm", "margin"), BOUNDS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("share", SHARES)
def test_a_row_leaves_the_mean_stake_as_it_is_exactly_at_the_bound(share, level, harm, margin):
    for champion in (0.35, 0.6):
        at_harm, _ = expected_factors(share, level, (champion, champion + harm), harm=harm, margin=margin)
        _, at_margin = expected_factors(share, level, (champion, champion + margin), harm=harm, margin=margin)
        np.testing.assert_allclose(at_harm, 1.0, rtol=1e-9)
        np.testing.assert_allclose(at_margin, 1.0, rtol=1e-9)


@pytest.mark.parametrize(("harm", "margin"), BOUNDS)
@pytest.mark.parametrize("share", SHARES)
def test_a_row_makes_a_bet_worth_less_where_it_is_wrong_and_more_where_it_is_right(share, harm, margin):
    for off in (0.05, 0.2):
        kind, _ = expected_factors(share, 0.3, (0.5, 0.5 + harm - off), harm=harm, margin=margin)
        cruel, _ = expected_factors(share, 0.3, (0.5, 0.5 + harm + off), harm=harm, margin=margin)
        _, unfit = expected_factors(share, 0.3, (0.5, 0.5 + margin + off), harm=harm, margin=margin)
        _, fit = expected_factors(share, 0.3, (0.5, 0.5 + margin - off), harm=harm, margin=margin)
        assert (kind < 1).all() and (cruel > 1).all()
        assert (unfit < 1).all() and (fit > 1).all()


@pytest.mark.parametrize(("harm", "margin"), BOUNDS)
def test_no_row_takes_the_whole_stake(harm, margin):
    for share, level, challenger, loss in itertools.product(SHARES, LEVELS, (False, True), (0, 0.5, 1)):
        for factors in bets_of_one_row(challenger, loss, share, level, harm=harm, margin=margin):
            assert (factors >= 0.1 - 1e-12).all()


def test_rows_in_pieces_are_the_same_as_at_once():
    rng = np.random.default_rng(3)
    challenger, losses, shares = rng.random(90) < 0.3, rng.random(90), np.repeat([0.1, 0.3, 0.6], 30)
    whole = TwoArms(harm=0.01, margin=0.1).counted(challenger, losses, shares)
    pieces = TwoArms(harm=0.01, margin=0.1)
    for start in range(0, 90, 7):
        rows = slice(start, start + 7)
        pieces = pieces.counted(challenger[rows], losses[rows], shares[rows])
    assert pieces.rows == whole.rows
    assert (pieces.worse, pieces.fit) == pytest.approx((whole.worse, whole.fit), rel=1e-9)


def test_its_difference_is_that_of_the_means_where_half_of_the_rows_went_either_way():
    arms = TwoArms().counted([True, False, False, True], [0.5, 0.25, 0.0, 1.0], 0.5)
    assert arms.difference == pytest.approx(0.75 - 0.125)
    assert TwoArms().counted([True, False, False], [0.0, 0.0, 0.0], 0.1).difference == 0.0


def test_rows_that_nobody_drew_lots_for_teach_nothing():
    arms = TwoArms().counted([True, False], [1.0, 0.0], [1.0, 0.0])
    assert arms == TwoArms()
    assert math.isnan(arms.difference)


def test_it_reads_back_as_it_was_stored():
    arms = TwoArms(harm=0.1, margin=0.2).counted([True, False, True], [1.0, 0.0, 0.25], 0.5)
    assert TwoArms.from_dict(arms.to_dict()) == arms
    with pytest.raises(FormatError, match="another number of bets"):
        TwoArms.from_dict(arms.to_dict() | {"harm_bets": [0.0]})
    with pytest.raises(FormatError, match="malformed"):
        TwoArms.from_dict({"rows": [1]})


def test_what_is_no_loss_and_no_share_is_refused():
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        TwoArms().counted([True], [1.5], 0.5)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        TwoArms().counted([True], [math.nan], 0.5)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        TwoArms().counted([True], [0.5], 1.5)
    with pytest.raises(ArgumentError, match="one loss for each of the 2 rows"):
        TwoArms().counted([True, False], [0.5], 0.5)
    with pytest.raises(ArgumentError, match="harm is a difference"):
        TwoArms(harm=1.0)


def ever(bets, needed):
    """Whether the evidence ever reached what is needed, history by history."""
    logs = np.cumsum(bets, axis=1)
    most = logs.max(axis=-1)
    evidence = most + np.log(np.exp(logs - most[..., None]).mean(axis=-1))
    return (evidence >= math.log(needed)).any(axis=1)


def histories(number, rates, difference, shares, seed):
    """Outcomes of `number` histories, of a champion with these rates of loss and a challenger that is worse by so much."""
    rng = np.random.default_rng(seed)
    shape = (number, len(rates))
    challenger = rng.random(shape) < shares
    losses = (rng.random(shape) < rates + difference * challenger).astype(float)
    return challenger, losses, np.broadcast_to(shares, shape)


def test_shares_that_grow_while_everything_gets_worse_raise_no_false_alarm():
    """Simpson's trap: nearly all of the challenger's rows fall into the bad days, and it is no worse on any day."""
    rates, shares = np.repeat([0.05, 0.2, 0.5], 500), np.repeat([0.02, 0.1, 0.5], 500)
    challenger, losses, shares = histories(400, rates, 0.0, shares, seed=5)
    naive = (losses * challenger).sum(axis=1) / challenger.sum(axis=1) > (losses * ~challenger).sum(axis=1) / (
        ~challenger
    ).sum(axis=1) + 0.1
    assert naive.mean() > 0.9  # the difference of means says: worse by far
    up, down = arm_bets(challenger, losses, shares, harm=0.0, margin=0.0)
    allowed = 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert ever(up, 20).mean() <= allowed
    assert ever(down, 20).mean() <= allowed


def test_it_finds_what_is_there():
    rates, shares = np.full(1500, 0.2), np.repeat([0.1, 0.5], [300, 1200])
    worse, _ = arm_bets(*histories(100, rates, 0.15, shares, seed=6), harm=0.0, margin=0.0)
    _, fit = arm_bets(*histories(100, rates, 0.0, shares, seed=7), harm=0.0, margin=0.1)
    assert ever(worse, 40).mean() > 0.9
    assert ever(fit, 40).mean() > 0.9


def test_its_difference_does_not_fall_into_the_trap_of_shares_that_grow():
    level, share = np.repeat([0.1, 0.7], 4000), np.repeat([0.05, 0.5], 4000)
    challenger, losses, shares = (rows[0] for rows in histories(1, level, 0.1, share, seed=8))
    arms = TwoArms().counted(challenger, losses, shares)
    means = [loss / rows for loss, rows in zip(arms.losses, arms.rows, strict=True)]
    assert means[1] - means[0] > 0.4
    assert arms.difference == pytest.approx(0.1, abs=4 * (0.25 / arms.weight) ** 0.5)


def test_a_challenger_that_always_fails_is_found_within_a_few_of_its_rows():
    challenger = np.arange(400) % 20 == 19  # every twentieth, a share of 0.05
    arms = TwoArms(harm=0.01).counted(challenger[:100], challenger[:100].astype(float), 0.05)
    assert arms.rows == (95, 5)
    assert arms.worse > 160
