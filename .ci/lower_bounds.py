"""Print the oldest supported release of every package that pyproject.toml names, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

EXTRAS_FOR_USERS = ("frames", "parquet", "plots", "testing", "demo")


def lower_bounds(project: dict) -> list[str]:
    """Turn ``name>=1.2`` into ``name==1.2`` for the core and for the extras that users install."""
    wanted = list(project["dependencies"])
    for extra in EXTRAS_FOR_USERS:
        wanted += project["optional-dependencies"][extra]
    return [
        f"{name}=={bound}" for need in wanted for name, bound in re.findall(r"^([A-Za-z0-9_.-]+)>=([0-9.]+)$", need)
    ]


if __name__ == "__main__":
    pyproject = Path(__file__).parent.parent / "pyproject.toml"
    print("\n".join(lower_bounds(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"])))
