"""Do a piece of work again and again, killed one line further each time, and look at what is left; run as a script.

``python killed.py FOLDER store``, ``... writer`` or ``... registry STEP`` prints how many times it was killed. Each
piece of work runs in a forked process, which kills itself with SIGKILL at the n-th line that it executes in the files
where bytes are written.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maturekit.errors import KeyTakenError
from maturekit.events import log
from maturekit.registry import Registry, blobs, root
from maturekit.registry.environment import installed_packages
from maturekit.storage import LocalStore, local, writer

BIG = b"x" * 200_000


def killed_at(line, work, *modules):
    """Run `work` in a child that dies at a line of some modules; return whether it lived to the end."""
    files = {module.__file__ for module in modules}
    child = os.fork()
    if child == 0:
        left = line

        def count(frame, event, argument):
            nonlocal left
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return count

        sys.settrace(lambda frame, *_: count if frame.f_code.co_filename in files else None)
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001  # told here, since the exit below passes over it
            sys.settrace(None)
            traceback.print_exc()
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in {0, -signal.SIGKILL}, "the work raised"
    return ended == 0


def kill_stores(folder):
    """Kill `put_new` at every line: the value is there whole or not at all, and the next writer is not disturbed."""
    line, lived = 0, False
    while not lived:
        line += 1
        key = f"log/{line:03d}/value"
        lived = killed_at(line, lambda key=key: LocalStore(folder).put_new(key, BIG), local)
        store = LocalStore(folder)
        written = store.exists(key)
        assert list(store.list(f"log/{line:03d}/")) == ([key] if written else [])
        assert written or not lived
        try:
            store.put_new(key, BIG)
            assert not written
        except KeyTakenError:
            assert written
        assert store.get(key) == BIG
    return line - 1


def kill_writers(folder):
    """Kill a writer of a large value at every line: the value is there whole or not at all, and the rest is swept."""
    writer.LARGE = len(BIG) // 2  # so that even this is written in parts
    store = LocalStore(folder)
    line, lived = 0, False
    while not lived:
        line += 1

        def work(key=f"log/{line:03d}/value"):
            with LocalStore(folder).writer("log/") as file:
                file.write(BIG)
                file.put_new(key)

        lived = killed_at(line, work, local, writer)
        written = store.exists(f"log/{line:03d}/value")
        assert list(store.list()) == ([f"log/{line:03d}/value"] if written else [])
        assert written or not lived
        if written:
            assert store.get(f"log/{line:03d}/value") == BIG
            store.delete(f"log/{line:03d}/value")
        assert store.sweep(datetime.now(UTC) + timedelta(days=1)) <= 1
    assert [path for path in Path(folder).rglob("*") if path.is_file()] == []
    return line - 1


def kill_registries(folder, step):
    """Kill a registration at many lines: earlier versions load, nothing is half there, the next write succeeds."""
    installed_packages()
    template = folder / "template"
    Registry(template).register("late", {"version": 1}, metrics={"auc": 0.7})
    Registry(template)["late:1"].load()  # so that everything is imported before the first fork
    line, lived = 1, False
    while not lived:
        place = folder / f"{line:05d}"
        if line % 2:
            shutil.copytree(template, place)  # the other half dies at the first write to an empty place
        before = line % 2
        lived = killed_at(
            line, lambda place=place: Registry(place).register("late", {"version": 2}), local, log, blobs, root
        )
        registry = Registry(place)
        after = registry.register("late", {"version": 3}).number
        assert before < after <= before + 2
        assert lived <= (after == before + 2)
        models = [version.load() for version in registry.versions("late")]
        assert models == [{"version": 1}] * before + [{"version": 2}] * (after - before - 1) + [{"version": 3}]
        report = registry.verify()
        assert report.ok, report.summary()
        registry.gc(grace=timedelta(0))
        assert registry.verify().ok
        shutil.rmtree(place)
        line += step
    return (line - 1) // step


if __name__ == "__main__":
    where = Path(sys.argv[1])
    what = sys.argv[2]
    if what == "store":
        kills = kill_stores(where)
    elif what == "writer":
        kills = kill_writers(where)
    else:
        kills = kill_registries(where, int(sys.argv[3]))
    sys.stdout.write(f"{kills}\n")
