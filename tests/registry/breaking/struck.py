"""Strike a registry at its system calls, and look at what is left: ``python struck.py FOLDER kill|fail STEP [SCENARIO]``.

Each scenario runs in a forked child under ``strace``, which kills it when it enters its n-th call of a kind, or lets that
call fail. Every STEP-th place is tried. Prints how many blows there were, or why there can be none here.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from scenarios import SCENARIOS, check_sound, in_child, template, warm

from maturekit.errors import StorageError

CALLS = ["openat", "write", "fsync", "close", "link", "unlink", "mkdir", "utimensat", "read"]
FAULTS = {"write": "ENOSPC", "fsync": "EIO", "link": "EIO", "mkdir": "EDQUOT", "openat": "EMFILE", "unlink": "EIO"}


def allow_tracing():
    """Let the child be traced by a process that is not its parent, where a security module would mind."""
    set_ptracer, anyone = 0x59616D61, -1
    ctypes.CDLL(None).prctl(set_ptracer, anyone, 0, 0, 0)


def struck(work, call, injection):
    """Do some work under strace; return how the child ended: 0, 1, or minus the signal."""

    def wait_and_work():
        allow_tracing()
        os.kill(os.getpid(), signal.SIGSTOP)
        work()

    child = in_child(wait_and_work)
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(
        [
            "strace",
            "-p",
            str(child),
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:{injection}",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(500):
        if f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{child}/status").read_text():
            break
        if tracer.poll() is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise SystemExit(f"impossible: {tracer.stderr.read().strip()}")
        time.sleep(0.002)
    os.kill(child, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    tracer.communicate()
    return code


def strike(folder, mode, step, scenario):
    """Return how many blows a scenario took."""
    start, blows = template(folder, scenario), 0
    for call in FAULTS if mode == "fail" else CALLS:
        number, code = 1, None
        while code != 0:
            place = folder / "struck"
            shutil.copytree(start, place)
            injection = f"error={FAULTS[call]}" if mode == "fail" else "signal=KILL"

            def work(place=place):
                try:
                    scenario(place)
                except StorageError:
                    os._exit(2)  # told to the caller, as it should be

            code = struck(work, call, f"{injection}:when={number}")
            assert code in ({0, -signal.SIGKILL} if mode == "kill" else {0, 2}), (call, number, code)
            check_sound(place, scenario, done=code == 0)
            shutil.rmtree(place)
            blows += code != 0
            if mode == "fail" and code == 0 and number < 24:
                code = None  # a call that may fail quietly, such as the removal of a temporary file: go on
            number += step
    return blows


if __name__ == "__main__":
    where, mode, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if shutil.which("strace") is None:
        raise SystemExit("impossible: strace is not installed")
    wanted = sys.argv[4:] or list(SCENARIOS)
    warm(where, wanted)
    for name in wanted:
        (where / name).mkdir()
        blows = strike(where / name, mode, step, SCENARIOS[name])
        sys.stdout.write(f"{name} {blows}\n")
        sys.stdout.flush()
