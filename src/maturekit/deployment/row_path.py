"""How one record is answered (the lead's stand-in; COMPILED replaces this file and keeps this surface)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maturekit.deployment.call import Call

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.deployment.contract import Contract

__all__ = ["RowPath"]


class RowPath:
    """One method of one model, for records, under one contract (or none)."""

    is_compiled = False
    """Whether compiled code answers, proven; a plain attribute, since it is read on the fast path."""

    def __init__(
        self, model: Any, method: str, contract: Contract | None, examples: pd.DataFrame | None, names: Sequence[str] | None
    ) -> None:
        self.model, self.method, self.contract, self.examples, self.names = model, method, contract, examples, names

    def ask(self, call: Call) -> tuple[Any, Any]:
        """Return (plain value, dtype of an array of it) from compiled code, or (what the model returned, None)."""
        return getattr(self.model, self.method)(call.table(self.names)), None

    def prove(self) -> None:
        """Compile, and prove it; once, whoever calls."""

    def explained(self) -> tuple[str, str, str, str, int]:
        """Return model, method, path, why, and the number of records it was proven on."""
        return type(self.model).__name__, self.method, "ordinary", "no compiler", 0
