"""Models as functions of one record: how each kind of estimator becomes plain Python, and how to add one's own."""

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Number, Raw, Table, Unsure
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled, compiler_of
from maturekit.deployment.compiled.row import row_function

__all__ = [
    "Cell", "Code", "Compiler", "Lookup", "NotCompiled", "Number", "Raw", "Table", "Unsure", "compiler_of", "row_function",
]  # fmt: skip
