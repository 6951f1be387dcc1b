"""How the documentation is built: Sphinx, pydata theme, numpydoc, and notebooks that run."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from pathlib import Path

import maturekit

HERE = Path(__file__).parent
for notebook in sorted((HERE.parent / "notebooks").glob("*.py")):
    shutil.copy2(notebook, HERE / "tutorial" / notebook.name)  # Sphinx reads only what lies below its own folder


def _homes() -> dict[str, str]:
    """Map every public name that a package only passes on to the package that defines it."""
    homes = {}
    for found in pkgutil.iter_modules(maturekit.__path__, "maturekit."):
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            home = ".".join(getattr(getattr(module, name), "__module__", found.name).split(".")[:2])
            if home.startswith("maturekit.") and home != found.name:
                homes[f"{found.name}.{name}"] = home
    return homes


project = "maturekit"
author = "the maturekit developers"
copyright = f"2026, {author}"  # noqa: A001  # the name that Sphinx reads
version = release = maturekit.__version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.viewcode"]
exclude_patterns = ["conf.py", "_build", "_templates"]
templates_path = ["_templates"]
default_role = "code"
nitpicky = True
nitpick_ignore_regex = [("py:.*", r".*")]  # annotations name types of other projects, and no network is asked for them

html_theme = "pydata_sphinx_theme"
html_title = "maturekit"
html_static_path = ["_static"]
html_css_files = ["maturekit.css"]
html_show_sphinx = False
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"  # no cache: what is shown was run by this build
nb_execution_in_temp = False  # the lesson on flights reads the revision of its code, and writes into build/ only
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autosummary_context = {"homes": _homes()}
autodoc_typehints = "none"  # numpydoc shows the types in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
