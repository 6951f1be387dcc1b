"""Format version 1: golden registries are read and written byte by byte, and two readers that share no code agree."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maturekit._core.digest import canonical_json, check_of, digest_of
from maturekit.errors import FormatError, IntegrityError
from maturekit.events import Draft, EventLog
from maturekit.profile import Profile
from maturekit.registry import Registry
from maturekit.storage import LocalStore, MemoryStore

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
GOLDEN = HERE / "golden"
SPECIFICATION = (ROOT / "docs" / "reference" / "registry_format.md").read_text(encoding="utf-8")
MAKE = runpy.run_path(str(GOLDEN / "make.py"))
PLAIN, KEY = MAKE["PLAIN"], MAKE["KEY"]
NAMES = ["full", "long", "signed"]
PERL = shutil.which("perl")
READERS = {
    "python": [sys.executable, "-I", "-S", HERE / "foreign_reader.py"],
    "perl": [PERL, HERE / "foreign_reader.pl"],
}


@pytest.fixture
def golden(tmp_path):
    """Return a function that makes a copy of a golden registry and returns its folder."""

    def golden(name):
        place = tmp_path / name
        if (GOLDEN / name).is_dir():
            shutil.copytree(GOLDEN / name, place)
            return place
        packed = {}
        for line in (GOLDEN / f"{name}.txt").read_bytes().splitlines(keepends=True):
            key, text = line.split(b"\t")
            (place / key.decode()).parent.mkdir(parents=True, exist_ok=True)
            (place / key.decode()).write_bytes(text[:-1])
            if key.endswith(b".json") and key[-17:-5].isdigit():
                packed[int(key[-17:-5])] = text
        pack = place / "logs" / "model" / "late" / "000000000100.pack.jsonl"
        pack.write_bytes(b"".join(packed[number] for number in range(1, 101)))
        return place

    return golden


@pytest.fixture
def full(golden):
    return Registry(golden("full"), serializers=[PLAIN])


def files(place):
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in Path(place).rglob("*") if path.is_file()}


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def keys_of(name):
    return [KEY] if name == "signed" else []


@pytest.mark.parametrize("name", NAMES)
def test_todays_library_writes_the_golden_bytes(name, golden, tmp_path):
    place = tmp_path / "again"
    with MAKE["surroundings"]():
        MAKE["MAKERS"][name](place)
    written, kept = files(place), files(golden(name))
    assert written.keys() == kept.keys()
    assert [key for key in kept if written[key] != kept[key]] == []


@pytest.mark.parametrize("name", NAMES)
def test_golden_registries_are_small_and_sound(name, golden):
    place = golden(name)
    registry = Registry(place, serializers=[PLAIN], keys=keys_of(name))
    report = registry.verify()
    assert report.ok, report.summary()
    assert (
        len(registry.history("late-flights" if name == "full" else "late"))
        == {"full": 23, "long": 103, "signed": 11}[name]
    )
    kept = GOLDEN / name if (GOLDEN / name).is_dir() else GOLDEN / f"{name}.txt"
    paths = [path for path in kept.rglob("*") if path.is_file()] or [kept]
    assert len(paths) < 60
    assert sum(path.stat().st_size for path in paths) < 60_000


def test_a_version_reads_back_with_all_it_was_given(full):
    first = full["late-flights:1"]
    assert first.load() == b"late if hour > 15"
    assert (first.metrics["roc_auc"], first.metrics["log_loss"]) == (0.775, 1e-7)
    bounds = first.intervals["roc_auc"]
    assert (bounds.low, bounds.high, bounds.confidence, bounds.n) == (0.75, 0.8, 0.95, 4000)
    assert first.parameters == {
        "depth": 3, "grid": [0.1, -0.0, 1.0], "name": 'na\u00efve "\u5e74" \U0001f600\n', "none": None, "rate": 1e16,
    }  # fmt: skip
    assert (first.notes, first.tags, first.parent) == ("First.\n", ("weekly", "\u00fcber"), None)
    assert (first.revision, first.dirty, first.fingerprint) == ("c" * 40, None, "sha256:" + "f" * 64)
    assert first.environment["python"] == "3.11.0"
    assert first.environment["requests"] == "2.32.0"
    assert list(first.schema.columns) == ["hour", "distance"]
    assert first.profile == Profile.from_json((GOLDEN / "profile.json").read_text(encoding="utf-8"))
    assert first.profile.pairs.sums.tolist() == [[1.25, 0.640625, 0.3564453125]]  # written as fractions, then
    examples = first.examples
    assert examples["late"].tolist()[0] is True
    assert examples["dest"].cat.codes.tolist() == [0, -1]
    assert examples["time"].tolist()[0] == datetime(2013, 5, 3, 6, tzinfo=UTC)
    assert examples.isna().sum().tolist() == [0, 1, 1, 1, 1, 1]
    assert full["late-flights:4"].parent == 2


def test_the_history_of_the_golden_registry_reads_as_it_was_written(full):
    kinds = [event.kind for event in full.history("late-flights")]
    assert set(kinds) == {
        "version", "alias", "refusal", "report", "alarm", "approval", "hold", "release", "erasure",
    }  # fmt: skip
    assert list(full["late-flights:4"].erased) == ["notes"]
    third = full["late-flights:3"]
    assert third.cause == "model/late-flights/5"
    (approval,) = third.approvals()
    assert (approval.actor, approval.role, approval.reason) == ("bob", "risk officer", "read the review")
    assert [report.kind for report in full["late-flights:1"].reports()] == ["review", "drift-reading"]
    assert full.head("late-flights") == digest_of(
        (GOLDEN / "full/logs/model/late-flights/events/000000000023.json").read_bytes()
    )


def test_aliases_stand_now_and_stood_then_where_the_events_say(full):
    def numbers(**at):
        return {alias: version.number for alias, version in full.aliases("late-flights", **at).items()}

    def hour(event):
        return full.history("late-flights")[event - 1].time

    assert numbers() == {"production": 5, "challenger": 3, "previous": 3}
    assert numbers(at=hour(3)) == {"production": 1}
    assert numbers(at=hour(10)) == {"production": 3, "challenger": 2}
    assert numbers(at=hour(11)) == {"production": 2, "challenger": 3}
    assert numbers(at=hour(12)) == {"production": 3, "challenger": 3}
    assert "staging" in numbers(at=hour(15))
    assert "staging" not in numbers(at=hour(16) + timedelta(minutes=1))
    assert full.resolve("late-flights@production", at=hour(21)).number == 3


def test_a_model_that_the_oldest_scikit_learn_wrote_still_predicts(full):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was written by an older scikit-learn
        model = full["on-time@production"].load()
    assert model.predict([[0.0], [3.0]]).tolist() == [0, 1]


def test_a_signed_registry_is_read_with_its_key_and_refused_with_another(golden):
    place = golden("signed")
    assert Registry(place, keys=[KEY])["late@place-9"].notes == "Signed.\n"
    assert Registry(place)["late:1"].number == 1
    with pytest.raises(IntegrityError, match="not signed by a key"):
        Registry(place, keys=[b"another key of many bytes"])["late:1"]


@pytest.mark.parametrize(
    ("key", "again"),
    [
        ("registry.json", lambda content: content | {"check": check_of(content)}),
        ("logs/model/on-time/events/000000000002.json", lambda content: content),
    ],
)
def test_a_newer_format_is_refused_and_says_so(full, key, again):
    path = full.store.root / key
    path.write_bytes(canonical_json(again(json.loads(path.read_bytes()) | {"format": 2, "news": {}})))
    with pytest.raises(FormatError, match=r"has format 2|says format 2") as refused:
        Registry(full.store)["on-time@production"]
    assert "up to 1" in str(refused.value)
    assert "upgrade maturekit" in refused.value.hint


def test_a_head_or_pack_that_is_newer_damaged_or_missing_changes_nothing(golden):
    place = golden("long")
    folder = place / "logs" / "model" / "late"
    for change in (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2')),
        flip,
        lambda path: path.write_bytes(b""),
        Path.unlink,
    ):
        for path in folder.glob("0*"):
            change(path)
        registry = Registry(place, serializers=[PLAIN])
        assert registry["late:1"].load() == b"no"
        assert registry.aliases("late") == {}
        assert len(registry.history("late")) == 103
    registry.promote("late:1", to="production", actor="ada", reason="again")
    assert registry["late@production"].number == 1


def test_kinds_of_events_and_hidden_files_that_nobody_knows_are_passed_over(full):
    full.log("on-time").append(Draft("weather", body={"sun": True}))
    (full.store.root / "logs" / "model" / ".DS_Store").write_bytes(b"x")
    (full.store.root / "logs" / "model" / "on-time" / "events" / ".unfinished-0").write_bytes(b"x")
    fresh = Registry(full.store, serializers=[PLAIN])
    assert fresh["on-time@production"].number == 1
    assert fresh.verify().ok
    assert foreign("python", full.store.root).splitlines()[-4] == "events 3"


def told(place, keys):
    """Return what a foreign reader should print of a registry, said by the library."""
    registry = Registry(place, keys=keys)
    lines = []
    for name in registry.names():
        lines += [f"model/{name}", f"events {len(registry.history(name))}", f"newest {registry.head(name)}"]
        lines += [f"version {version.number} {version.digest}" for version in registry.versions(name)]
        lines += [f"alias {alias} {version.number}" for alias, version in sorted(registry.aliases(name).items())]
    return "".join(f"{line}\n" for line in lines)


def foreign(reader, place, keys=(), *, code=0):
    if reader == "perl" and PERL is None:
        pytest.skip("there is no perl here")
    done = subprocess.run([*READERS[reader], place, *(key.hex() for key in keys)], capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NAMES)
def test_readers_that_share_no_code_agree_with_the_library(name, reader, golden):
    place, keys = golden(name), keys_of(name)
    assert foreign(reader, place, keys) == told(place, keys)


@pytest.mark.parametrize("reader", READERS)
def test_readers_that_share_no_code_read_what_is_written_today(reader, tmp_path):
    registry = Registry(tmp_path / "r", actor="ada", keys=[KEY], serializers=[PLAIN])
    for name in ("a", "b.c_d-9"):
        first = registry.register(
            name, b"one", serializer=PLAIN, metrics={"auc": 0.1 + 0.2}, parameters={'"check":"': '"'}
        )
        second = registry.register(name, b"two", serializer=PLAIN, notes="\u00e9")
        registry.promote(first, to="production", actor="ada", reason='"check":"sha256:' + "0" * 64 + '"')
        registry.promote(second, to="production", actor="ada", reason="better")
    assert foreign(reader, tmp_path / "r", [KEY]) == told(tmp_path / "r", [KEY])
    assert "not signed" in foreign(reader, tmp_path / "r", [b"another key of many bytes"], code=1)


def test_a_reader_that_shares_no_code_makes_the_same_table(tmp_path):
    registry = Registry(MemoryStore(), actor="ada", keys=[KEY], serializers=[PLAIN])
    registry.register("late", b"one", serializer=PLAIN)
    seals = {"check": "sha256:" + 64 * "0", "mac": ""}
    for number in range(2, 1_002):
        body = {"sun": number / 4 if number % 3 else number, "seals": seals, "deep": {"a": {"b": {"c": {"d": number}}}}}
        registry.log("late").append(Draft("weather" if number % 2 else "mood", body=body if number % 5 else {"sun": 1}))
    for key in registry.store.list():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(registry.store.get(key))
    assert foreign("python", tmp_path, [KEY]) == told(tmp_path, [KEY])
    table = tmp_path / "logs/model/late/000000001000.table.json"
    sound = table.read_bytes()
    for lie in (b'"number":1000,"previous"', b'"person"', b"hmac-sha256"):
        table.write_bytes(sound.replace(lie, lie.upper()))
        assert "FAULT model/late: table 1000" in foreign("python", tmp_path, [KEY], code=1)


@pytest.mark.parametrize("reader", READERS)
def test_readers_that_share_no_code_find_a_flipped_byte(reader, golden):
    place = golden("full")
    paths = [path for path in sorted(place.rglob("*.json")) + sorted(place.rglob("sha256/*/*")) if path.is_file()]
    for path in paths[:: len(paths) // 12]:
        if path.name.endswith("head.json") and reader == "perl":
            continue  # a cache; the other reader looks at it
        kept = path.read_bytes()
        flip(path)
        assert "FAULT" in foreign(reader, place, code=1), path
        path.write_bytes(kept)
    (place / "logs/model/late-flights/events/000000000012.json").unlink()
    assert "FAULT" in foreign(reader, place, code=1)


FLOATS = [
    (0.1, "0.1"), (1.0, "1.0"), (-0.0, "-0.0"), (1e-4, "0.0001"), (1e-5, "1e-05"), (123456789012345.6, "123456789012345.6"),
    (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1.5e300, "1.5e+300"), (5e-324, "5e-324"), (0.1 + 0.2, "0.30000000000000004"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "text"), FLOATS)
def test_numbers_are_spelled_as_the_specification_says(number, text):
    assert canonical_json(number).decode() == text
    assert f"`{text}`" in SPECIFICATION


def test_texts_and_keys_are_spelled_as_the_specification_says():
    value = {"\u00e9": 1, "\U0001f600": 2, "\uff5e": 3, "a": '"\\/\b\f\n\r\t\x01\x7f\u2028'}
    assert canonical_json(value) == (
        '{"a":"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\u2028","\u00e9":1,"\uff5e":3,"\U0001f600":2}'.encode()
    )


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", SPECIFICATION, flags=re.DOTALL)


def test_the_lines_of_the_specification_read_a_model(golden, tmp_path):
    golden("full").rename(tmp_path / "models")
    (program,) = blocks("python")
    subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "model.txt").read_bytes() == b"late if hour > 12"


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="there is no sha256sum here")
def test_the_shell_lines_of_the_specification_find_every_flipped_byte(golden, tmp_path):
    golden("full").rename(tmp_path / "models")
    (program,) = blocks("sh")

    def run():
        done = subprocess.run(["sh", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert run() == ""
    events = tmp_path / "models/logs/model/late-flights/events"
    for path in (events / "000000000007.json", next(events.glob("blobs/sha256/*/*"))):
        kept = path.read_bytes()
        flip(path)
        assert path.name in run()
        path.write_bytes(kept)


def test_every_field_of_every_body_stands_in_the_specification():
    from maturekit.registry import bodies

    named = {
        field.serialization_alias or name
        for kind in vars(bodies).values()
        if isinstance(kind, type) and issubclass(kind, bodies.Body)
        for name, field in kind.model_fields.items()
    }
    assert [name for name in sorted(named) if f"`{name}`" not in SPECIFICATION] == []


def test_the_source_distribution_and_git_keep_golden_files_as_they_are():
    from hatchling.builders.sdist import SdistBuilder

    packed = {file.relative_path for file in SdistBuilder(str(ROOT)).recurse_included_files()}
    kept = {path.relative_to(ROOT).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert {path for path in kept - packed if "__pycache__" not in path} == set()
    assert "tests/registry/golden/** -text" in (ROOT / ".gitattributes").read_text(encoding="utf-8")


def test_heads_are_found_by_doubling_whatever_is_missing_in_between(golden):
    place = golden("long")
    for number in (20, 50, 60):
        (place / f"logs/model/late/{number:012d}.head.json").unlink()
    assert EventLog(LocalStore(place), "model/late").head().number == 103


def test_an_unpacked_export_of_a_registry_is_a_registry(full, tmp_path):
    import zipfile

    zipfile.ZipFile(full.export_to(tmp_path / "all.zip")).extractall(tmp_path / "unpacked")
    assert foreign("python", tmp_path / "unpacked") == told(full.store.root, ())
    assert Registry(tmp_path / "unpacked").verify().ok
