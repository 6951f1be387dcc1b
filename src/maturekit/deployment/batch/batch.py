"""A model over a table of any size, chunk by chunk: every row scored exactly once, whoever pulls the plug."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maturekit._core.arguments import check_number, checked_names
from maturekit.deployment.batch.csv_file import CsvFile, CsvReader
from maturekit.deployment.batch.marks import mark_of
from maturekit.deployment.batch.parts import FileOutput, Parts
from maturekit.deployment.batch.pieces import Piece, facts, has_marks, pieces
from maturekit.deployment.batch.plan import described, packages, versions_in
from maturekit.deployment.batch.record import BatchProgress, Record
from maturekit.deployment.batch.scoring import Scored, Scorer
from maturekit.deployment.batch.sql_table import SqlTable
from maturekit.deployment.call import Call
from maturekit.deployment.source import METHODS
from maturekit.deployment.wrapper import step_of
from maturekit.errors import ArgumentError, ArgumentTypeError, IntegrityError, RejectedRowsError
from maturekit.scan import mapped
from maturekit.scan.chunks import ROWS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Batch"]


class Batch:
    """Score files, queries, frames or iterators of them, into a file, a folder or a table of a database.

    The source is read chunk by chunk; two chunks are in memory at a time (with workers: two for each). Scored rows go to
    the output in the order of the source, with the columns ``row`` (number in the source, from 0), those in `keep`, the
    outputs of the model (``prediction``; ``probability.<class>``; ...), ``status`` (``ok``, or ``filled`` by a
    `Fallback`), and ``version`` if the model is from a registry. Rows without an answer go to a file of their own, with
    status, reasons and all their columns.

    Every chunk is durable when it is done. A run that is killed, or fails, goes on where it was when it is called again
    in the same way, and the output is the same to the last byte; it appears in one step at the end. A run that came to
    its end scores nothing when it is called again. If the source, the model, or what is asked has changed in between,
    `IntegrityError` says so. One run at a time works on an output.

    Chunks run on joblib: `n_jobs`, or whatever ``joblib.parallel_config(...)`` says around the call, decides where. The
    output does not depend on it.

    Parameters
    ----------
    model : estimator or Wrapper
        What answers. An estimator that knows the names of its features gets those; a `Guarded` one its contract's.
    method : str, default "predict"
        What it is asked: ``"predict_proba"``, ...
    keep : sequence of str
        Columns of the source that go to the output, such as keys.
    rows : int, default 262144
        Rows of a chunk, for sources other than parquet files, of which a chunk is a row group.
    n_jobs : int, optional
        As in joblib; None means one, unless a surrounding ``parallel_config`` says otherwise.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from sklearn.dummy import DummyRegressor
    >>> frame = pd.DataFrame({"id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit(frame[["x"]], [1.0, 2.0, 3.0])
    >>> folder = tempfile.TemporaryDirectory()
    >>> output = Path(folder.name, "scores.csv")
    >>> print(Batch(model, keep=["id"], rows=2).run(frame, output))
    3 rows in 2 chunks: 3 answered, 0 rejected, finished
    >>> print(output.read_text())
    row,id,prediction,status
    0,a,2.5,ok
    1,b,2.5,ok
    2,c,2.5,ok
    <BLANKLINE>
    >>> folder.cleanup()
    """

    def __init__(
        self,
        model: Any,
        *,
        method: str = "predict",
        keep: Sequence[str] = (),
        rows: int = ROWS,
        n_jobs: int | None = None,
    ) -> None:
        step_of(model)  # raises for what is no model
        if not isinstance(method, str) or method not in METHODS:
            raise ArgumentError(f"method {method!r:.100} is none of {', '.join(METHODS)}")
        if type(rows) is not int or rows < 1:
            raise ArgumentError(f"rows must be at least 1, got {rows!r}")
        if n_jobs is not None:
            check_number(n_jobs, what="n_jobs", whole=True)
        self.model = model
        self.method = method
        self.keep = checked_names(keep, what="keep")
        self.rows = rows
        self.n_jobs = n_jobs

    def run(
        self,
        source: Any,
        output: str | os.PathLike[str] | SqlTable,
        *,
        rejected: str | os.PathLike[str] | None = None,
        progress: Callable[[BatchProgress], object] | None = None,
    ) -> BatchProgress:
        """Score a source, or go on with what an earlier run of the same has left undone.

        Parameters
        ----------
        source : table, path, SqlQuery, CsvFile, function or iterable
            What to read: a table; a path of a parquet or CSV file, or of a folder of one of them; a query; a function
            without arguments that returns a table; or an iterable of these. Chunks of files are not read again when a
            run goes on; those of other sources are, and compared. An iterable must give the same again.
        output : str, os.PathLike or SqlTable
            Where scored rows go: ``*.csv``, ``*.parquet``, a folder of parquet files (a path without suffix), or a
            table of a database. In parquet, words such as the status are categories. Beside a file,
            ``<output>.batch.json`` says what was done, and ``<output>.unfinished`` is the folder of a run that has not
            come to its end.
        rejected : str or os.PathLike, optional
            Where rows without an answer go: a file or folder as above; written also when there are none. Without, the
            first such row stops the run.
        progress : function of a BatchProgress, optional
            Called after each chunk that is done. What it raises stops the run, which can go on later.

        Returns
        -------
        BatchProgress
            What was done, in all runs together.

        Raises
        ------
        ArgumentTypeError
            What `progress` is cannot be called; nothing was read or written.
        RejectedRowsError
            A row got no answer, and there is no `rejected`.
        IntegrityError
            The source, the model or the question is not that of the run which is to go on, or changed during the run.
        KeyTakenError
            The output is there, and is not of this run.
        StorageError
            The disk is full, another run works on this output, ... What is done stays.
        """
        if progress is not None and not callable(progress):
            raise ArgumentTypeError(
                f"progress must be a function of a BatchProgress, got {type(progress).__name__}",
                hint="for instance `progress=print`.",
            )
        target = output if isinstance(output, SqlTable) else FileOutput(output)
        aside = None if rejected is None else Parts(rejected, what="place of rejected rows")
        _check_places(source, [place.path for place in (target, aside) if isinstance(place, Parts)])
        with ExitStack() as stack:
            for place in (target, aside):
                if place is not None:
                    stack.callback(place.release)
                    place.claim()
            return _Run(self, target, aside, progress).go(source)


class _Run:
    def __init__(
        self,
        batch: Batch,
        target: FileOutput | SqlTable,
        aside: Parts | None,
        progress: Callable[[BatchProgress], object] | None,
    ) -> None:
        self.batch = batch
        self.target = target
        self.aside = aside
        self.progress = progress
        self.records: list[Record] = []
        self.resumed = 0

    def go(self, source: Any) -> BatchProgress:
        call = Call(self.batch.method, frame=[])
        plan = self._plan(source, call)
        done = self.target.finished(plan)
        if done is None:
            self.target.begin(plan)
            if self.aside is not None:
                self.aside.begin(plan)
            self._score(source, call, plan)
        else:
            self.records, self.resumed = done, len(done)
            if not has_marks(source):  # names and sizes of another day may be the same
                with closing(pieces(source, self._reader(call), rows=self.batch.rows)) as waiting:
                    self._check_done(waiting)
                    if next(waiting, None) is not None:
                        raise _changed(len(done), "new")
        for place in (self.aside, self.target):
            if place is not None:
                place.clean()
        return self._progress(finished=True)

    def _plan(self, source: Any, call: Call) -> dict[str, Any]:
        batch = self.batch
        return {
            "source": facts(source),
            "model": described(batch.model, call),
            "method": batch.method,
            "keep": list(batch.keep),
            "rows": batch.rows,
            "rejected": None if self.aside is None else self.aside.path.name,
            "packages": packages(),
        }

    def _score(self, source: Any, call: Call, plan: dict[str, Any]) -> None:
        batch = self.batch
        self.versions = set(versions_in(plan["model"]))
        scorer = Scorer(
            batch.model,
            batch.method,
            batch.keep,
            versioned=bool(self.versions),
            marked=not has_marks(source),
            pins=call.pins,
        )
        self.records = self.target.records()
        self.resumed = len(self.records)
        marks: deque[str] = deque()
        try:
            with closing(pieces(source, self._reader(call), rows=batch.rows)) as waiting:
                self._check_done(waiting)
                reads = _marked(waiting, marks)
                with closing(mapped(reads, scorer, rows=batch.rows, n_jobs=batch.n_jobs)) as results:
                    for scored in results:
                        self._take(scored, marks.popleft())
                        del scored  # while the next one is read
        except Exception as error:
            if self.records:
                error.add_note(f"maturekit: {self._progress()}; the same call goes on from there.")
            raise
        if not self.records:
            raise ArgumentError("the source holds nothing to read")
        if self.aside is not None:
            parts = {
                number: (record.rejected_digest, record.rejected_columns)
                for number, record in enumerate(self.records)
                if record.rejected_digest
            }
            self.aside.publish(parts, ["row", "status", "reasons"], {})
        self.target.finish(plan, self.records, scorer.empty_columns())

    def _reader(self, call: Call) -> CsvReader:
        source = step_of(self.batch.model)._source(call)  # noqa: SLF001  # of the same package
        if source.schema is not None:
            return CsvReader(source.schema.serving().columns)
        features = getattr(source.model, "feature_names_in_", None)
        return CsvReader(features=None if features is None else [str(name) for name in features])

    def _check_done(self, waiting: Iterator[Piece]) -> None:
        """Pass over the chunks that are done, if they are still the same."""
        for number, record in enumerate(self.records):
            piece = next(waiting, None)
            mark = None if piece is None else piece.mark or mark_of(piece.read())
            if mark != record.mark:
                raise _changed(number, "gone" if mark is None else "another one")

    def _take(self, scored: Scored, mark: str) -> None:
        """Make one chunk durable."""
        self._check_versions(scored)
        number, start = len(self.records), sum(record.rows for record in self.records)
        record = Record(
            mark=mark or scored.mark,
            rows=scored.rows,
            answered=len(scored.answered),
            reasons=scored.reasons,
            versions=scored.versions,
        )
        if len(scored.rejected):
            if self.aside is None:
                first, said = int(scored.rejected.index[0]), scored.rejected.iloc[0]
                raise RejectedRowsError(
                    f"{len(scored.rejected)} rows of the chunk behind row {start} got no answer; "
                    f"row {start + first}: {said['status']}, {said['reasons']}",
                    answer=None,
                    hint="pass `rejected=`, a file for such rows.",
                )
            digest = self.aside.put(number, _numbered(scored.rejected, start))
            columns = ("row", *scored.rejected.columns)
            record = record.model_copy(update={"rejected_columns": columns, "rejected_digest": digest})
        self.records.append(self.target.write(number, record, _numbered(scored.answered, start)))
        if self.progress is not None:
            self.progress(self._progress())

    def _check_versions(self, scored: Scored) -> None:
        strangers = set(scored.versions) - self.versions
        if strangers:
            (name, _), *_ = strangers
            raise IntegrityError(
                f"a chunk was answered by {name}, which is not what this run began with",
                hint="an alias moved during the run: run again with a fixed reference such as 'name:3'.",
            )

    def _progress(self, *, finished: bool = False) -> BatchProgress:
        return BatchProgress.of(self.records, resumed=self.resumed, finished=finished)


def _changed(number: int, how: str) -> IntegrityError:
    return IntegrityError(
        f"the source changed: its chunk {number} is {how} since it was scored",
        hint="choose another output to begin anew; a query needs an order that never changes.",
    )


def _check_places(source: Any, places: list[Path]) -> None:
    """Refuse outputs that are one another, or would be read as a part of the source."""
    real = [place.resolve() for place in places]
    if len(set(real)) < len(real):
        raise ArgumentError(f"{places[0]} cannot hold both the scored and the rejected rows")
    if isinstance(source, (str, os.PathLike, CsvFile)):
        folder = Path(source.path if isinstance(source, CsvFile) else source).resolve()
        for place, resolved in zip(places, real, strict=True):
            if folder == resolved or folder in resolved.parents:
                raise ArgumentError(f"{place} is a part of the source", hint="write to another folder.")


def _marked(waiting: Iterator[Piece], marks: deque[str]) -> Iterator[Callable[[], pd.DataFrame]]:
    for piece in waiting:
        marks.append(piece.mark)
        yield piece.read


def _numbered(table: pd.DataFrame, start: int) -> pd.DataFrame:
    """Return the rows with their number in the source in front."""
    numbered = table.reset_index(drop=True)
    numbered.insert(0, "row", table.index.to_numpy() + start)
    return numbered
