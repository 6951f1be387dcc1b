"""One chunk through a model: the rows that were answered, and those that were not."""

from __future__ import annotations

import pickle
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from joblib import wrap_non_picklable_objects

from maturekit.deployment.batch.marks import mark_of
from maturekit.deployment.call import Call
from maturekit.deployment.wrapper import Wrapper, step_of
from maturekit.errors import ArgumentError, NotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.answer import Answer

__all__ = ["Scored", "Scorer", "columns_of"]

_STEMS = {
    "predict": "prediction",
    "predict_proba": "probability",
    "predict_log_proba": "log_probability",
    "decision_function": "decision",
    "score_samples": "score",
    "transform": "feature",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """What a chunk gave; both tables have the number of each row in the chunk as their index."""

    rows: int
    mark: str
    answered: pd.DataFrame
    rejected: pd.DataFrame
    reasons: dict[str, int]
    versions: tuple[tuple[str | None, str | None], ...]


class Scorer:
    """A function from a chunk to what it gave, for the workers.

    A worker process unpickles the model once, however many chunks it gets.

    Parameters
    ----------
    model : estimator or Wrapper
        What answers.
    method : str
        What it is asked.
    keep : sequence of str
        Columns of the source that go to the output.
    versioned : bool
        Whether the output says which version answered.
    marked : bool
        Whether the values of a chunk must be marked, since nothing else tells whether it is still the same.
    pins : sequence of (step, what it chose)
        Those of the call that this run was planned with, so that all chunks in this process see the same versions.
    """

    _known: ClassVar[dict[str, Scorer]] = {}

    def __init__(
        self,
        model: Any,
        method: str,
        keep: Sequence[str],
        *,
        versioned: bool,
        marked: bool,
        pins: Sequence[tuple[Any, Any]],
    ) -> None:
        self.model = model
        self.method = method
        self.keep = list(keep)
        self.versioned = versioned
        self.marked = marked
        self.pins = pins
        self._step = step_of(model)
        features = None if isinstance(model, Wrapper) else getattr(model, "feature_names_in_", None)
        self._features = None if features is None else [str(name) for name in features]
        self._sent: tuple[str, bytes] | None = None

    def __call__(self, frame: pd.DataFrame) -> Scored:
        """Score one chunk."""
        strangers = [name for name in self.keep if name not in frame.columns]
        if strangers:
            raise NotFoundError.named("column to keep", strangers[0], known=frame.columns)
        mark = mark_of(frame) if self.marked else ""
        if not len(frame):
            nothing = pd.DataFrame(index=pd.RangeIndex(0))
            return Scored(0, mark, nothing, nothing, {}, ())
        table = frame if self._features is None else _chosen(frame, self._features)
        call = Call(self.method, frame=table)
        for step, chosen in self.pins:
            call.pin(step, chosen)
        answer = self._step._answer(call)  # noqa: SLF001  # of the same package
        everywhere = np.arange(len(frame))
        places = everywhere if answer.places is None else np.asarray(answer.places)
        missing = np.setdiff1d(everywhere, places, assume_unique=True) if len(places) < len(frame) else places[:0]
        reasons: Counter[str] = Counter()
        for _, why in answer.marks.values():
            reasons.update(why)
        return Scored(
            len(frame),
            mark,
            self._answered(frame, answer, places),
            _rejected(frame, answer, missing),
            dict(sorted(reasons.items())),
            tuple(sorted(set(_versions(answer)), key=str)),
        )

    def empty_columns(self) -> list[str]:
        """Return the columns of an output without rows."""
        classes = getattr(self.model, "classes_", None) if self.method != "predict" else None
        stem = _STEMS[self.method]
        many = classes is not None and (self.method != "decision_function" or len(classes) > 2)
        values = [f"{stem}.{name}" for name in classes] if many and classes is not None else [stem]
        return ["row", *self.keep, *values, "status", *["version"] * self.versioned]

    def _answered(self, frame: pd.DataFrame, answer: Answer, places: NDArray[np.int64]) -> pd.DataFrame:
        if not len(places):
            return pd.DataFrame(index=places)
        kept = frame[self.keep] if answer.places is None else frame[self.keep].iloc[places]
        values = columns_of(answer.values, self.method, getattr(self.model, "classes_", None))
        twins = [name for name in ("row", *values.columns, "status", "version") if name in kept.columns]
        if twins:
            raise ArgumentError(
                f"the column {twins[0]!r} to keep is called like a column of the output", hint="rename it."
            )
        said = {"status": _spread("ok", len(frame), [([row], name) for row, (name, _) in answer.marks.items()])}
        if self.versioned:
            shares = [(share.places, share.version) for share in answer.shares]
            said["version"] = _spread(answer.version, len(frame), shares)
        if len(places) < len(frame):  # no word of a row that is not here
            said = {name: words[places].remove_unused_categories() for name, words in said.items()}
        last = pd.DataFrame(said, index=places)
        return pd.concat([kept.set_axis(places), values.set_axis(places), last], axis=1)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._sent is None:
            made = (self.model, self.method, self.keep, self.versioned, self.marked)
            whole = wrap_non_picklable_objects(made, keep_wrapper=False)  # with what is defined in a notebook
            self._sent = (uuid.uuid4().hex, pickle.dumps(whole))
        return (self._received, self._sent)

    @classmethod
    def _received(cls, token: str, sent: bytes) -> Self:
        known = cls._known.get(token)
        if known is None:
            model, method, keep, versioned, marked = pickle.loads(sent)  # noqa: S301  # of the calling process, as all of joblib's
            known = cls(model, method, keep, versioned=versioned, marked=marked, pins=())
            known._sent = (token, sent)
            cls._known.clear()  # one run at a time keeps its model in a worker
            cls._known[token] = known
        return known  # type: ignore[return-value]  # what this class keeps


def columns_of(values: Any, method: str, classes: Any = None) -> pd.DataFrame:
    """Return the outputs of a method as named columns.

    >>> import numpy as np
    >>> columns_of(np.array([[0.25, 0.75]]), "predict_proba", classes=["no", "yes"])
       probability.no  probability.yes
    0            0.25             0.75
    >>> columns_of(np.array([1.5]), "predict")
       prediction
    0         1.5
    """
    if isinstance(values, pd.DataFrame):
        return values
    if isinstance(values, list) or not hasattr(values, "__array__"):
        raise ArgumentError(
            f"the model's {method} gives a {type(values).__name__}, which is no table",
            hint="use a method that gives one array, dense; a wrapper of your own may turn it into one.",
        )
    array = np.asarray(values)
    stem = _STEMS[method]
    if array.ndim == 1:
        return pd.DataFrame({stem: array})
    named = method in {"predict_proba", "predict_log_proba", "decision_function"} and classes is not None
    names = list(classes) if named and len(classes) == array.shape[1] else list(range(array.shape[1]))
    return pd.DataFrame(array, columns=[f"{stem}.{name}" for name in names])


def _spread(word: str | None, rows: int, others: Sequence[tuple[Any, str | None]]) -> pd.Categorical:
    """Return one word for each row, which is stored once however many have it."""
    words: dict[str | None, int] = {None: -1}
    codes = np.full(rows, words.setdefault(word, 0), dtype=np.int32)
    for places, other in others:
        codes[places] = words.setdefault(other, len(words) - 1)
    known = pd.Index([name for name in words if name is not None], dtype=object)
    return pd.Categorical.from_codes(codes, known)


def _rejected(frame: pd.DataFrame, answer: Answer, places: NDArray[np.int64]) -> pd.DataFrame:
    if not len(places):
        return pd.DataFrame(index=places)
    rows = places.tolist()
    said = {
        "status": pd.Categorical([answer.marks[row][0] if row in answer.marks else "failed" for row in rows]),
        "reasons": [", ".join(answer.marks[row][1]) if row in answer.marks else "" for row in rows],
    }
    names = {name: f"input.{name}" for name in ("row", "status", "reasons") if name in frame.columns}
    given = frame.iloc[places].set_axis(places).rename(columns=names)
    return pd.concat([pd.DataFrame(said, index=places), given], axis=1)


def _versions(answer: Answer) -> list[tuple[str | None, str | None]]:
    known = [(share.version, share.digest) for share in answer.shares] or [(answer.version, answer.digest)]
    return [pair for pair in known if pair[1] is not None]


def _chosen(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        if name not in frame.columns:
            raise NotFoundError.named("feature in the source", name, known=frame.columns)
    return frame[names]
