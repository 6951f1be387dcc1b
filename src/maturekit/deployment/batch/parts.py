"""A file that is written chunk by chunk, and appears whole: what is there of it, whoever was killed when."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit._core.files import checked_path, flush_folder, whole_file
from maturekit.deployment.batch.claim import Claim
from maturekit.deployment.batch.formats import Part, digest_of, format_of
from maturekit.deployment.batch.plan import same_plan
from maturekit.deployment.batch.record import Record
from maturekit.errors import FormatError, KeyTakenError, StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FileOutput", "Parts"]

_FORMAT = 1


class Parts:
    """The parts of a file that will be, in the folder ``<path>.unfinished`` beside it.

    Every part is durable when `put` returns. `publish` puts the whole file in its place in one step, so that nobody
    sees half of it. One run at a time has the folder.

    Parameters
    ----------
    path : str or os.PathLike
        The file, or folder, that will be.
    """

    def __init__(self, path: str | os.PathLike[str], *, what: str) -> None:
        self.path = checked_path(path, what=what)
        self.format = format_of(self.path)
        self.folder = self.path.with_name(f"{self.path.name}.unfinished")
        self._claim: Claim | None = None

    def claim(self) -> None:
        """Keep all other runs out, until `release`."""
        self._claim = Claim(self.folder)

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Remember what is being done, or make sure that the run before did the same."""
        stored = _read(self.folder / "plan.json")
        if stored is not None and (self._begun() or stored["plan"] == plan):
            same_plan(stored["plan"], plan, place=str(self.folder))
        elif self.path.exists():
            raise KeyTakenError(
                f"{self.path} is there already, and was not written by this run",
                hint="move it away, or choose another output.",
            )
        else:
            _write(self.folder / "plan.json", {"format": _FORMAT, "plan": plan})

    def put(self, number: int, frame: pd.DataFrame) -> str:
        """Write one part, over one of the same number, and return its digest."""
        data = self.format.encode(frame)
        with whole_file(self._part(number), durable=True) as file:
            file.write(data)
        return digest_of(data)

    def publish(self, parts: Mapping[int, tuple[str, tuple[str, ...]]], columns: Sequence[str], notes: Any) -> None:
        """Make one file of the parts (digest and columns by number), and put it in its place."""
        whole = self.folder / f"whole{self.path.suffix}"
        if self.path.is_dir():  # a folder is moved in one step: a run before this one came as far as that
            return
        known = [Part(self._part(number), digest, names) for number, (digest, names) in sorted(parts.items())]
        self.format.join(known, columns, whole, notes)
        _move(whole, self.path)

    def clean(self) -> None:
        """Remove the folder: the file is in its place."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Let other runs in."""
        if self._claim is not None:
            published = (self.folder / "plan.json").exists() and self.path.exists()
            if not self._begun() and not published:
                self.clean()
            self._claim.release()

    def _begun(self) -> bool:
        """Whether there is anything to go on with."""
        return any(path.name.startswith(("part-", "done-")) for path in self.folder.glob("*"))

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}{self.format.suffix}"


class FileOutput(Parts):
    """The scored rows in a file, with a record of each chunk, and of the whole run in ``<path>.batch.json``."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, what="output")
        self.manifest = self.path.with_name(f"{self.path.name}.batch.json")

    def finished(self, plan: Mapping[str, Any]) -> list[Record] | None:
        """Return what a run gave that came to its end; None if none did."""
        stored = _read(self.manifest)
        if stored is None:
            return None
        same_plan(stored["plan"], plan, place=str(self.manifest))
        return [Record.model_validate(record) for record in stored["chunks"]]

    def records(self) -> list[Record]:
        """Return what is known of the chunks that are done, up to the first that is not."""
        known: list[Record] = []
        while (stored := _read(self._record(len(known)))) is not None:
            known.append(Record.model_validate(stored))
        return known

    def write(self, number: int, record: Record, frame: pd.DataFrame) -> Record:
        """Keep the scored rows of a chunk; it is done when this returns."""
        if len(frame):
            record = record.model_copy(update={"columns": tuple(frame.columns), "digest": self.put(number, frame)})
        _write(self._record(number), record.model_dump(mode="json"))
        return record

    def finish(self, plan: Mapping[str, Any], records: Sequence[Record], columns: Sequence[str]) -> None:
        """Put the file in its place, and say beside it what was done."""
        parts = {number: (record.digest, record.columns) for number, record in enumerate(records) if record.digest}
        versions = sorted({pair for record in records for pair in record.versions if pair[1]}, key=str)
        notes = {
            "versions": ", ".join(str(name) for name, _ in versions),
            "digests": ", ".join(str(digest) for _, digest in versions),
        }
        self.publish(parts, columns, notes)
        chunks = [record.model_dump(mode="json") for record in records]
        said = self.folder / "manifest.json"  # beside the output, nothing half-written may stay
        _write(said, {"format": _FORMAT, "plan": plan, "chunks": chunks})
        _move(said, self.manifest)

    def _record(self, number: int) -> Path:
        return self.folder / f"done-{number:06d}.json"


def _move(whole: Path, target: Path) -> None:
    try:
        whole.replace(target)
        flush_folder(target.parent)
    except OSError as error:
        raise StorageError(f"could not write {target}: {error.strerror or error}") from error


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with whole_file(path, durable=True) as file:
        file.write(canonical_json(content))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    what = f"the record {path}"
    content = check_format(parse_json(data, what=what), what=what, newest=_FORMAT)
    if path.name.startswith("done-"):
        return content
    if not isinstance(content.get("plan"), dict):
        raise FormatError(f"{what} is malformed: it has no plan")
    return content
