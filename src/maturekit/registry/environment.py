"""Which Python and which packages surround a model when it is registered."""

from __future__ import annotations

import functools
import platform
import re
import sys
from pathlib import Path

from maturekit.registry.bodies import Environment

__all__ = ["current_environment", "installed_packages"]

_TOLD = ("joblib", "maturekit", "numpy", "pandas", "pydantic", "scikit-learn", "scipy")
"""The packages that stand in the event itself; the whole list is a blob, which versions share."""
_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-.+)?\.(dist|egg)-info")


def current_environment(installed: str) -> Environment:
    """Return the environment; `installed` is the digest of the whole list of packages."""
    packages = installed_packages()
    return Environment(
        python=platform.python_version(),
        system=platform.system(),
        machine=platform.machine(),
        packages={name: packages[name] for name in _TOLD if name in packages},
        installed=installed,
    )


@functools.cache
def installed_packages() -> dict[str, str]:
    """Return the version of every installed package by its normalised name; looked up once a process.

    Name and version are read off the folders that installers leave on the path, which costs no file a package.

    >>> "numpy" in installed_packages()
    True
    """
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = [path.name for path in Path(place or ".").iterdir()]
        except OSError:
            continue  # not every entry of the path is a folder
        for folder in filter(None, map(_FOLDER.fullmatch, names)):
            name = re.sub(r"[-_.]+", "-", folder["name"]).lower()
            found.setdefault(name, folder["version"])  # the first on the path is the one that is imported
    return dict(sorted(found.items()))
