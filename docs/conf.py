"""Sphinx settings of the documentation site: `make docs` writes build/site."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import printml  # noqa: E402

project = "printml"
author = "The printml developers"
release = printml.__version__
copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "printml"
html_show_sourcelink = False
smartquotes = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_ivar = True
# Names in single backticks are code, as the docstrings mean them.
default_role = "code"


def _plain_stars(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Docstrings are plain text: a power like 2**bits opens no bold run."""
    lines[:] = [re.sub(r"(?<!`)\*\*(?=\w|\()", r"\*\*", line) for line in lines]


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _plain_stars)
