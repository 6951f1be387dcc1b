"""Two arms of a random split, compared as often as anyone likes: bets on which arm has the greater mean loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["TwoArms", "arm_bets"]

_BETS = 0.9 / 2.0 ** np.arange(11)  # of what may be staked; each fits differences down to about its own size
_NONE = (0.0,) * len(_BETS)


@dataclass(frozen=True, slots=True)
class TwoArms:
    """What the outcomes of a random split say so far of the difference of mean loss, challenger - champion.

    Each row was given to the challenger with a probability, its share, that was known before; shares may change from
    row to row. Two bets run: that the difference is above `harm`, and that it is below `margin`. `worse` and `fit` are
    what they have made of a stake of 1, and may be looked at after every row:

    - While the average difference so far has been `harm` or less, `worse` ever reaches ``1 / a`` with probability at
      most ``a``.
    - While it has been `margin` or more, `fit` ever reaches ``1 / a`` with probability at most ``a``.

    Nothing is asked of the losses but that they lie between 0 and 1, that the split did not look at them, and that which
    row is counted when does not depend on its loss: they may drift, follow the day of the week, and depend on each
    other. The average gives a row the weight ``s * (1 - s) / c`` for the share s and the greatest loss of a bet c, both
    known before; with a steady share and level the weights are equal.

    Parameters
    ----------
    harm, margin : float
        Differences of mean loss, between -1 and 1.
    rows : pair of int
        Rows of champion and challenger.
    losses : pair of float
        Sum of their losses.
    score, lean, weight : float
        Sums of ``(A - s) * loss``, ``A - s`` and ``s * (1 - s)`` over the rows, A being 1 for the challenger.
    harm_bets, margin_bets : tuple of float
        Logarithm of what each of 11 bets has made of its stake.

    Examples
    --------
    Both get half of the rows; of ten each the champion fails in none and the challenger in all:

    >>> challenger = np.tile([False, True], 10)
    >>> arms = TwoArms().counted(challenger, challenger, 0.5)
    >>> arms.rows, arms.difference, arms.worse > 40, arms.fit < 1
    ((10, 10), 1.0, True, True)

    References
    ----------
    Waudby-Smith, Ramdas (2024), "Estimating means of bounded random variables by betting", JRSS B 86.
    Ham, Bojinov, Lindon, Tingley (2022), "Design-based confidence sequences", arXiv:2210.08639.
    """

    harm: float = 0.0
    margin: float = 0.0
    rows: tuple[int, int] = (0, 0)
    losses: tuple[float, float] = (0.0, 0.0)
    score: float = 0.0
    lean: float = 0.0
    weight: float = 0.0
    harm_bets: tuple[float, ...] = _NONE
    margin_bets: tuple[float, ...] = _NONE

    def __post_init__(self) -> None:
        """Check the two bounds."""
        for name in ("harm", "margin"):
            if not -1 < getattr(self, name) < 1:
                raise ArgumentError(f"{name} is a difference of losses between 0 and 1, got {getattr(self, name)!r}")

    @property
    def difference(self) -> float:
        """Estimate of the average difference so far, each row weighted by ``s * (1 - s)``; nan without rows.

        Where shares change, it is not the difference of the two means: that also holds whatever changed for both.
        """
        if not self.weight:
            return math.nan
        return (self.score - self.lean * math.fsum(self.losses) / sum(self.rows)) / self.weight

    @property
    def worse(self) -> float:
        """Evidence that the difference is above `harm`."""
        return _mean_exp(self.harm_bets)

    @property
    def fit(self) -> float:
        """Evidence that the difference is below `margin`."""
        return _mean_exp(self.margin_bets)

    def counted(self, challenger: ArrayLike, losses: ArrayLike, shares: ArrayLike) -> Self:
        """Return the totals with more rows, in the order in which they came.

        Parameters
        ----------
        challenger : array of bool, shape (n,)
            Whether the challenger got the row.
        losses : array of float, shape (n,)
            Between 0 and 1.
        shares : float or array of float, shape (n,)
            With which probability the challenger got it. Rows of a share of 0 or 1 are left out: nothing can be
            compared there.
        """
        arm, loss = np.asarray(challenger, dtype=bool), np.asarray(losses, dtype=np.float64)
        share = np.broadcast_to(np.asarray(shares, dtype=np.float64), arm.shape)
        if loss.shape != arm.shape or arm.ndim != 1:
            raise ArgumentError(f"one loss for each of the {len(arm)} rows, got an array of shape {loss.shape}")
        if not ((loss >= 0) & (loss <= 1)).all() or not ((share >= 0) & (share <= 1)).all():
            raise ArgumentError("losses and shares lie between 0 and 1")
        split = (share > 0) & (share < 1)
        arm, loss, share = arm[split], loss[split], share[split]
        before = (sum(self.rows), math.fsum(self.losses))
        up, down = arm_bets(arm, loss, share, harm=self.harm, margin=self.margin, before=before)
        return replace(
            self,
            rows=(self.rows[0] + int((~arm).sum()), self.rows[1] + int(arm.sum())),
            losses=(self.losses[0] + float(loss[~arm].sum()), self.losses[1] + float(loss[arm].sum())),
            score=self.score + float(((arm - share) * loss).sum()),
            lean=self.lean + float((arm - share).sum()),
            weight=self.weight + float((share * (1 - share)).sum()),
            harm_bets=tuple((np.array(self.harm_bets) + up.sum(axis=0)).tolist()),
            margin_bets=tuple((np.array(self.margin_bets) + down.sum(axis=0)).tolist()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the totals as JSON has them."""
        return {
            "harm": self.harm,
            "margin": self.margin,
            "rows": list(self.rows),
            "losses": list(self.losses),
            "score": self.score,
            "lean": self.lean,
            "weight": self.weight,
            "harm_bets": list(self.harm_bets),
            "margin_bets": list(self.margin_bets),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote; raise `FormatError` for anything else."""
        try:
            first, second = map(int, data["rows"])
            loss, other = map(float, data["losses"])
            harm, margin = float(data["harm"]), float(data["margin"])
            score, lean, weight = (float(data[name]) for name in ("score", "lean", "weight"))
            up, down = (tuple(map(float, data[name])) for name in ("harm_bets", "margin_bets"))
            if not len(up) == len(down) == len(_BETS):
                raise FormatError(f"stored totals have another number of bets than {len(_BETS)}")
            return cls(harm, margin, (first, second), (loss, other), score, lean, weight, up, down)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"stored totals of two arms are malformed: {error!r}") from error


def arm_bets(
    challenger: NDArray[np.bool_],
    losses: NDArray[np.float64],
    shares: NDArray[np.float64],
    *,
    harm: float,
    margin: float,
    before: tuple[int, float] = (0, 0.0),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much each row changes the logarithm of each bet, for `harm` and for `margin`.

    With s the share, m the mean loss of all rows before and A whether the challenger got the row, the number
    ``(A - s) * (loss - m)`` has the mean ``s * (1 - s) * difference``, whatever m is; m only takes out noise.

    Parameters
    ----------
    challenger, losses, shares : arrays, shape (..., n)
        Rows in their order; shares between 0 and 1, both excluded.
    harm, margin : float
        The differences that are bet against.
    before : (int, float)
        Number of earlier rows and sum of their losses.

    Returns
    -------
    two arrays of float, shape (..., n, 11)

    Examples
    --------
    The first row, of a share of one half: m is 1/2, so its number is 1/4, which is as much as a bet can lose. The
    boldest stakes 0.9 of that:

    >>> up, down = arm_bets(np.array([True]), np.array([1.0]), np.array([0.5]), harm=0.0, margin=0.0)
    >>> np.exp([up[0, 0], down[0, 0]]).round(3).tolist()
    [1.9, 0.1]
    """
    number = before[0] + np.arange(losses.shape[-1])
    past = before[1] + np.cumsum(losses, axis=-1) - losses
    level = np.clip((past + 0.5) / (number + 1), 0.0, 1.0)
    found, weight = (challenger - shares) * (losses - level), shares * (1 - shares)
    lowest = np.maximum(shares * (1 - level), (1 - shares) * level)  # how far `found` can go down
    highest = np.maximum(shares * level, (1 - shares) * (1 - level))  # and up; neither is less than `weight`
    up = (found - weight * harm) / (lowest + weight * harm)
    down = (weight * margin - found) / (highest - weight * margin)
    return np.log1p(up[..., None] * _BETS), np.log1p(down[..., None] * _BETS)


def _mean_exp(logs: tuple[float, ...]) -> float:
    most = max(logs)
    return math.exp(min(most, 700.0)) * math.fsum(math.exp(log - most) for log in logs) / len(logs)
