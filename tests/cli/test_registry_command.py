"""``python -m maturekit registry``: answers for people and jobs, exit codes, and no traceback whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import maturekit
from maturekit.cli import main
from maturekit.cli.output import safe
from maturekit.events import Draft
from maturekit.registry import Registry

SOURCE = str(Path(maturekit.__file__).parent.parent)
HEAVY = {"joblib", "numpy", "pandas", "scipy", "sklearn"}
ACTIONS = ("ls", "show", "history", "verify", "anchor", "gc", "export", "import")


def start(*words, **options):
    """Start a real process, as a job does."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", *map(str, words)],
        env=os.environ | {"PYTHONPATH": SOURCE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_the_command_runs_as_a_process_and_says_its_version():
    process = start("-m", "maturekit", "--version")
    assert process.communicate() == (f"maturekit {maturekit.__version__}\n", "")
    assert process.returncode == 0


def test_a_process_that_cannot_answer_says_why_in_two_lines_and_ends_with_3(tmp_path):
    process = start("-m", "maturekit", "registry", "ls", tmp_path / "nothing")
    out, err = process.communicate()
    assert (process.returncode, out) == (3, "")
    assert err.splitlines()[0].startswith("maturekit: there is no registry in '")
    assert err.splitlines()[1].startswith("hint: ")
    assert len(err.splitlines()) == 2


def test_a_reader_that_goes_away_is_no_trouble(place):
    with start("-m", "maturekit", "registry", "history", place, "late", "--json") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_looking_loads_nothing_heavy(place):
    code = f"""
import sys
from maturekit.cli import main
for words in (["ls"], ["ls", "late"], ["show", "late:1"], ["history", "late"], ["verify"], ["anchor"], ["gc"]):
    assert main(["registry", words[0], {str(place)!r}, *words[1:]]) == 0
sys.stderr.write(repr(sorted({HEAVY!r} & sys.modules.keys())))
"""
    process = start("-c", code)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "[]")
    assert "production 2" in out


def test_ls_lists_models_with_their_aliases(run, place):
    ran = run("registry", "ls", place)
    assert (ran.code, ran.err) == (0, "")
    head, cheap, late = (line.split("  ") for line in ran.out.splitlines())
    assert head[0] == "NAME"
    assert [cell.strip() for cell in cheap if cell][:2] == ["cheap-seats", "1"]
    assert [cell.strip() for cell in late if cell][:3] == ["late", "2", "challenger 1, production 2"]


def test_ls_answers_jobs_in_json(run, place, template):
    ran = run("registry", "ls", place, "--json")
    assert ran.code == 0
    assert ran.data["faults"] == []
    late = ran.data["models"][1]
    assert (late["name"], late["versions"], late["events"]) == ("late", 2, 7)
    assert late["aliases"] == {"challenger": 1, "production": 2}


def test_ls_of_a_name_lists_its_versions(run, place, template):
    ran = run("registry", "ls", place, "late")
    assert ran.code == 0
    assert "roc_auc 0.77" in ran.out
    versions = run("registry", "ls", place, "late", "--json").data["versions"]
    assert [version["number"] for version in versions] == [1, 2]
    assert versions[0]["metrics"] == {"roc_auc": 0.77, "rmse": 3}
    assert versions[0]["digest"] == template["late:1"].digest
    assert versions[1]["aliases"] == ["production"]


def test_ls_names_a_damaged_model_and_lists_the_others(run, copy):
    path = copy.store.root / "logs/model/cheap-seats/events/000000000001.json"
    path.write_bytes(path.read_bytes().replace(b"eve", b"bob"))
    ran = run("registry", "ls", copy.store.root)
    assert ran.code == 1
    assert "late" in ran.out
    assert "cheap-seats cannot be read: model/cheap-seats: event 1 is damaged" in ran.out
    ran = run("registry", "ls", copy.store.root, "--json")
    assert ran.code == 1
    assert [fault["name"] for fault in ran.data["faults"]] == ["cheap-seats"]


def test_ls_of_a_registry_without_events_lists_nothing(run, copy, tmp_path):
    for path in (copy.store.root / "logs").rglob("0*"):
        path.unlink() if path.is_file() and "blobs" not in path.parts else None
    ran = run("registry", "ls", copy.store.root)
    assert (ran.code, ran.out) == (0, "no models\n")


def test_show_tells_all_facts_of_a_version(run, place, template):
    ran = run("registry", "show", place, "late:1")
    assert ran.code == 0
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines() if not line.startswith(" "))
    assert lines["reference"] == "late:1"
    assert lines["aliases"] == "challenger"
    assert "roc_auc 0.77 (0.75 to 0.79)" in ran.out
    assert lines["notes"] == "the first"
    assert lines["reports"].startswith("validation failed at ")
    assert lines["approvals"].startswith("bob reviewer at ")
    assert "erased" not in lines
    data = run("registry", "show", place, "late@challenger", "--json").data
    assert data["digest"] == template["late:1"].digest
    assert data["reports"][0]["verdict"] == "failed"
    assert data["gaps"] == list(template["late:1"].gaps)


def test_show_answers_for_a_moment(run, place, template):
    before = template.history("late")[4].time - timedelta(microseconds=1)
    now = run("registry", "show", place, "late@production", "--json").data
    then = run("registry", "show", place, "late@production", "--at", before.isoformat(), "--json").data
    assert (now["reference"], then["reference"]) == ("late:2", "late:1")
    assert (then["aliases"], then["reports"]) == (["production"], [])
    assert now["cause"] == "model/late/1"
    assert run("registry", "show", place, "late@production", "--at", "2013-05-03T00:00Z").code == 3


def test_show_tells_what_is_held_and_what_was_erased(run, copy):
    copy.hold("late:2", actor="ada", reason="an audit")
    copy.retire("late", alias="challenger", actor="ada", reason="done")
    copy.erase("late:1", actor="ada", reason="names a person", parts={"notes"})
    assert run("registry", "show", copy.store.root, "late:2", "--json").data["held"] is True
    ran = run("registry", "show", copy.store.root, "late:1")
    assert ran.code == 0
    assert "the first" not in ran.out
    assert "erased" in ran.out and "notes at " in ran.out


def test_history_tells_every_event(run, place, template):
    ran = run("registry", "history", place, "late")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert len(lines) == 8
    assert "production: none -> 1" in lines[3] and lines[3].endswith("first release")
    assert "production: 1 -> 2, challenger: 2 -> 1" in lines[5] and "  bob  " in lines[5]
    assert "validation failed, version 1" in lines[6]
    events = run("registry", "history", place, "late", "--json").data["events"]
    assert events == [event.model_dump(mode="json") for event in template.history("late")]


def test_verify_finds_faults_and_ends_with_1(run, copy):
    ran = run("registry", "verify", copy.store.root)
    assert (ran.code, ran.out.splitlines()[0].split(" (")[0]) == (0, "registry: passed")
    assert "event: 8 events in sound histories" in ran.out
    blob = next((copy.store.root / "logs/model/late/events/blobs").rglob("*/*/*"))
    blob.write_bytes(b"other")
    ran = run("registry", "verify", copy.store.root)
    assert ran.code == 1
    assert "is damaged" in ran.out
    ran = run("registry", "verify", copy.store.root, "--json")
    assert (ran.code, ran.data["ok"], ran.data["verdict"]) == (1, False, "failed")
    assert [found["rule"] for found in ran.data["findings"] if found["status"] == "failed"] == ["blob"]


def test_an_anchor_that_was_printed_finds_removed_events(run, copy, tmp_path):
    anchor = tmp_path / "anchor.json"
    anchor.write_text(run("registry", "anchor", copy.store.root).out)
    assert run("registry", "verify", copy.store.root, "--anchor", anchor).code == 0
    (copy.store.root / "logs/model/late/events/000000000007.json").unlink()
    assert run("registry", "verify", copy.store.root).code == 0
    ran = run("registry", "verify", copy.store.root, "--anchor", anchor)
    assert ran.code == 1
    assert "model/late ends with event 6; the anchor names its event 7" in ran.out
    assert run("registry", "verify", copy.store.root, "--anchor", tmp_path / "none").code == 3


def test_gc_deletes_what_is_older_than_the_grace_time(run, copy):
    orphan = "logs/model/late/events/blobs/sha256/ab/" + "ab" * 32
    copy.store.put_new(orphan, b"orphan")
    ran = run("registry", "gc", copy.store.root)
    assert ran.code == 0
    assert "waiting: 1 blobs within the grace time" in ran.out
    ran = run("registry", "gc", copy.store.root, "--grace", "0s", "--json")
    assert {found["rule"]: found["value"] for found in ran.data["findings"]}["deleted"] == 1
    assert not copy.store.exists(orphan)


def test_export_and_import_move_a_version(run, place, tmp_path):
    file, there = tmp_path / "late.zip", tmp_path / "there"
    ran = run("registry", "export", place, "late@production", "--to", file)
    assert (ran.code, ran.out) == (0, f"{file}: {file.stat().st_size:,} bytes\n")
    ran = run("registry", "import", there, file, "--actor", "eve", "--reason", "for the trial", "--actor-kind", "job")
    assert (ran.code, ran.out) == (0, "late:1\n")
    version = Registry(there)["late:1"]
    assert (version.actor, version.event.actor_kind, version.event.reason) == ("eve", "job", "for the trial")
    assert version.load() == "b"
    assert run("registry", "show", there, "late:1").out.count("model/late/2 of registry ") == 1
    assert run("registry", "import", there, file, "--json").data["versions"] == ["late:1"]


def test_export_takes_a_model_or_all(run, place, tmp_path):
    for what, found in ((["late"], ["late:1", "late:2"]), ([], ["cheap-seats:1", "late:1", "late:2"])):
        file = tmp_path / f"{len(what)}.zip"
        assert run("registry", "export", place, *what, "--to", file, "--json").data["size"] == file.stat().st_size
        assert run("registry", "import", tmp_path / f"to{len(what)}", file, "--json").data["versions"] == found


def test_keys_come_from_files(run, tmp_path):
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_bytes(b"a secret of sixteen bytes\n")
    other.write_bytes(b"another secret of mine")
    Registry(tmp_path / "models", keys=[key.read_bytes()]).register("late", "a")
    assert run("registry", "verify", tmp_path / "models", "--key-file", other, "--key-file", key).code == 0
    assert run("registry", "verify", tmp_path / "models", "--key-file", other).code == 1
    ran = run("registry", "show", tmp_path / "models", "late:1", "--key-file", other)
    assert (ran.code, ran.out) == (1, "")
    assert "is not signed by a key of this registry" in ran.err
    assert run("registry", "ls", tmp_path / "models", "--key-file", tmp_path / "none").code == 3


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["ls", "{place}", "lates"], 3, "maturekit: no model named 'lates'"),
        (["ls", "{place}", "No Name"], 2, "has the capital letter 'N'"),
        (["show", "{place}", "late"], 2, "maturekit: 'late' is no reference to a version"),
        (["show", "{place}", "late:9"], 3, "hint: its versions are 1 to 2."),
        (["show", "{place}", "late@staging"], 3, "known: 'challenger', 'production'"),
        (["show", "{place}", "late:1", "--at", "yesterday"], 2, "'yesterday' is no time"),
        (["show", "{place}", "late:1", "--at", "2013-05-03"], 2, "'2013-05-03' has no time zone"),
        (["gc", "{place}", "--grace", "1y"], 2, "'1y' is no duration"),
        (["gc", "{place}", "--grace", "-1d"], 2, "expected one argument"),
        (["export", "{place}", "late"], 2, "required: --to"),
        (["export", "{place}", "lates", "--to", "x.zip"], 3, "did you mean 'late'"),
        (["import", "{place}", "no-such-file"], 3, "maturekit: there is no file no-such-file"),
        (["ls", "ftp://host/models"], 2, "ftp"),
        (["ls", ""], 2, "the place is empty"),
        (["ls"], 2, "required: PATH"),
        (["rm", "{place}"], 2, "invalid choice: 'rm'"),
        (["ls", "{place}", "--jso"], 2, "unrecognized arguments: --jso"),
        ([], 2, "required: ACTION"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_code(run, place, words, code, message):
    ran = run("registry", *(word.format(place=place) for word in words))
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_a_foreign_folder_and_a_newer_format_end_with_3(run, tmp_path, copy):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "registry.json").write_text("{}")
    assert run("registry", "ls", tmp_path / "papers").code == 3
    root = copy.store.root / "registry.json"
    root.write_text(root.read_text().replace('"format":1', '"format":2'))
    ran = run("registry", "verify", copy.store.root)
    assert ran.code == 3
    assert "hint: upgrade maturekit." in ran.err


def test_damage_ends_with_1_whatever_was_asked(run, copy, tmp_path):
    path = copy.store.root / "logs/model/late/events/000000000001.json"
    path.write_bytes(path.read_bytes().replace(b"weekly", b"weakly"))
    for words in (["history", "late"], ["show", "late:1"], ["export", "late", "--to", str(tmp_path / "x.zip")]):
        ran = run("registry", words[0], copy.store.root, *words[1:])
        assert (ran.code, ran.out) == (1, "")
        assert "event 1 is damaged" in ran.err


@pytest.mark.parametrize("error", [RuntimeError("surprise\x1b[2J"), OSError("surprise\x1b[2J")])
def test_a_bug_is_one_line_too(run, place, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(Registry, "names", fail)
    ran = run("registry", "ls", place)
    assert (ran.code, ran.out) == (3, "")
    assert "surprise\\x1b[2J" in ran.err
    assert "Traceback" not in ran.err


def test_a_command_that_is_interrupted_ends_with_130(run, place, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Registry, "names", interrupt)
    assert run("registry", "ls", place) == (130, "", "")


def test_what_was_registered_cannot_steer_a_terminal(run, tmp_path):
    registry = Registry(tmp_path / "models", actor="ada")
    version = registry.register("late", "a", notes="two\nlines\x1b[2J\u202e", parameters={"a": "\x9b2J"})
    draft = Draft("approval", body={"version": 1}, subject=version.digest, actor="e\x1b[2Jve", reason="\u202egood")
    registry.log("late").append(draft)
    for words in (["show", "late:1"], ["history", "late"], ["show", "late:1", "--json"]):
        ran = run("registry", words[0], tmp_path / "models", *words[1:])
        assert ran.code == 0
        assert all(line.isprintable() for line in ran.out.split("\n"))
    assert safe("é ✓") == "é ✓"


def test_help_tells_the_exit_codes(capsys):
    for words in (["--help"], ["registry", "--help"]):
        assert main(words) == 0
        assert "exit codes:\n  0  fine\n  1  faults were found" in capsys.readouterr().out
    assert main(["registry", "--help"]) == 0
    told = capsys.readouterr().out
    assert [action for action in ACTIONS if f"\n    {action} " not in told] == []
    for action in ACTIONS:
        assert main(["registry", action, "--help"]) == 0
        assert "--json" in capsys.readouterr().out


def test_json_is_ascii_so_that_every_job_can_read_it(run, tmp_path):
    Registry(tmp_path / "models").register("late", "a", notes="größer ✓")
    ran = run("registry", "show", tmp_path / "models", "late:1", "--json")
    assert ran.out.isascii()
    assert json.loads(ran.out)["notes"] == "größer ✓"
