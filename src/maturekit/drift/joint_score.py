"""A score of rows that falls when columns stop belonging together, also three or more at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from maturekit._core.frames import Table, as_frame
from maturekit._core.seeds import RandomState, generator
from maturekit.drift.encoding import Encoding
from maturekit.errors import NotEnoughEvidenceError
from maturekit.profile import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JointScore"]

_MOST = 20_000
_FEWEST = 100


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class JointScore(View):
    """How much a row looks like a real one, and not like a mix of unrelated columns: 0 to 1.

    Trees learn to tell rows of a reference from rows whose columns were shuffled one by one. Watched as a column, the
    score finds changes of dependence that leave every column and every pair as it is. The profile must be made of other
    rows than the score was fitted on, since on its own rows it is too sure.

    Parameters
    ----------
    encoding : Encoding
        How columns become numbers.
    trees : classifier of scikit-learn
        Fitted by `fit`.
    name : str
        Name of the column.

    Examples
    --------
    The third column has the sign of the product of the other two; no pair of them is related:

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(4_000, 3))
    >>> x[:, 2] = abs(x[:, 2]) * np.sign(x[:, 0] * x[:, 1])
    >>> rows = pd.DataFrame(x, columns=["a", "b", "c"])
    >>> score = JointScore.fit(rows[:2_000])
    >>> broken = rows[2_000:].assign(c=rng.permutation(rows["c"][2_000:]))
    >>> float(score.of(rows[2_000:]).mean().round(1)), float(score.of(broken).mean().round(1))
    (0.6, 0.4)

    References
    ----------
    Shi and Horvath (2006), "Unsupervised learning with random forest predictors", Journal of Computational and
    Graphical Statistics 15, for trees that tell rows from shuffled ones.
    """

    encoding: Encoding
    trees: Any
    name: str = "joint score"

    @classmethod
    def fit(
        cls,
        frame: Table,
        *,
        name: str = "joint score",
        trees: int = 200,
        random_state: RandomState = 0,
    ) -> Self:
        """Learn from rows that the profile is not made of; of more than 20,000, so many at random.

        Raises `NotEnoughEvidenceError` for fewer than 100 rows.
        """
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415  # importing the package must not load it

        frame, rng = as_frame(frame), generator(random_state)
        if len(frame) < _FEWEST:
            raise NotEnoughEvidenceError(f"a joint score needs at least {_FEWEST} rows, got {len(frame)}")
        frame = frame.take(rng.permutation(len(frame))[:_MOST])
        encoding = Encoding.learn(frame)
        real = encoding.encoded(frame)
        mixed = np.column_stack([rng.permutation(column) for column in real.T])
        model = ExtraTreesClassifier(
            trees, min_samples_leaf=20, max_features=None, random_state=int(rng.integers(2**31))
        )
        model.fit(np.concatenate([real, mixed]), np.repeat([1, 0], len(real)))
        return cls(encoding, model, name)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances for the contract suite."""
        values = np.random.default_rng(0).normal(size=200)
        yield cls.fit(pd.DataFrame({"x": values, "y": values**2}), trees=10)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it was fitted on."""
        return tuple(self.encoding.kinds)

    def _values(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        if not len(frame):
            return np.zeros(0)
        return np.asarray(self.trees.predict_proba(self.encoding.encoded(frame))[:, 1], dtype=np.float64)

    def __repr__(self) -> str:
        """Return the name and the number of columns."""
        return f"JointScore({self.name!r} of {len(self.columns)} columns)"
