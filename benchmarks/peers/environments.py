"""A virtual environment a peer, made once below ``build/``: delete the folder to get the newest release."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["Environment"]

ROOT = Path(__file__).parents[2]
_VERSIONS = "import importlib.metadata as m, sys; print(' '.join(m.version(name) for name in sys.argv[1:]))"


class Environment:
    """The newest release of a peer, and this project as it stands in its folder, on the Python that runs this."""

    def __init__(self, peer: str, *also: str) -> None:
        self.peer = peer
        self.also = also
        self.folder = ROOT / "build" / "peers" / peer
        self.python = self.folder / "bin" / "python"

    def prepare(self) -> None:
        """Install what is missing; raise `RuntimeError` with pip's last words if it cannot be."""
        if self.versions(self.peer, "maturekit", *self.also):
            return
        print(f"installing {self.peer} ...", file=sys.stderr, flush=True)
        venv.create(self.folder, with_pip=True, clear=True)
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--editable", str(ROOT), self.peer, *self.also]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"pip could not install {self.peer}: {done.stderr.strip().splitlines()[-1]}")

    def versions(self, *names: str) -> list[str]:
        """Return the installed versions of some distributions; empty if one is missing."""
        if not self.python.exists():
            return []
        command = [str(self.python), "-c", _VERSIONS, *names]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
