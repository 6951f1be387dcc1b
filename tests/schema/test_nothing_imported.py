"""Reading a stored schema, and judging records by it, loads no module that the text names, and none of other packages."""

from __future__ import annotations

import json
import subprocess
import sys

from maturekit.schema import Column, Compare, RowRule, Schema


class Spelled(RowRule):
    """A rule whose class the reader does not have."""

    column: str

    def _holds(self, frame):
        return frame[self.column] != ""


TEXT = (
    Schema(
        {
            "who": Column("string", pattern="[a-z]+"),
            "at": Column("datetime", zone="Europe/Berlin", nullable=True),
            "id": Column("object", of="colorsys.rgb_to_hls"),
            "low": Column("float"),
            "high": Column("float"),
        },
        rules=[Spelled("who"), Compare("low", "<=", "high")],
    )
    .to_json()
    .replace('"Spelled"', '"antigravity.fly"')
)


def test_reading_a_stored_schema_imports_nothing():
    code = """if True:
        import json, sys
        from maturekit.schema import Schema
        text, before = sys.stdin.read(), set(sys.modules)
        schema = Schema.from_json(text)
        rules = [type(rule).__name__ for rule in schema.rules]
        read = sorted(set(sys.modules) - before)
        found = schema.check_record({"who": "a", "at": None, "id": 1, "low": 1.0, "high": 2.0})
        used = {name.partition(".")[0] for name in set(sys.modules) - before}
        found = [(one.rule, one.status) for one in found]
        print(json.dumps([read, sorted(used - {"maturekit"} - sys.stdlib_module_names), rules, found]))
        print(json.dumps(sorted(used & {"antigravity", "colorsys"})))"""
    ran = subprocess.run([sys.executable, "-c", code], input=TEXT, capture_output=True, text=True, check=True)
    (read, used, rules, found), named = map(json.loads, ran.stdout.splitlines())
    assert read == []
    assert (used, named) == ([], [])
    assert rules == ["UnknownRule", "Compare"]
    assert found == [["kind", "failed"], ["antigravity.fly", "could_not_run"]]
