"""What ``python -m maturekit`` runs."""

from __future__ import annotations

from maturekit.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    raise SystemExit(main())
