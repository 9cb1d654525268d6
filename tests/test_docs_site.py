"""The documentation builds without a warning, and its links lead somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doc_pages import REPOSITORY, pages, prose_of

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.parametrize("page", pages())
def test_relative_links_lead_to_files(page):
    for target, _ in LINK.findall(prose_of(page)):
        assert (REPOSITORY / page).parent.joinpath(target).is_file(), f"{page}: {target}"


def test_every_page_is_in_the_table_of_contents():
    index = (REPOSITORY / "docs" / "index.md").read_text()
    listed = {name for tree in re.findall(r"```{toctree}(.*?)```", index, re.S)
              for name in re.findall(r"^[\w/-]+$", tree, re.M)}  # fmt: skip
    docs = REPOSITORY / "docs"
    sources = [*docs.rglob("*.md"), *docs.rglob("*.rst")]
    there = {str(page.relative_to(docs).with_suffix("")) for page in sources}
    assert listed == there - {"index"}


def test_the_site_builds_without_warnings(tmp_path: Path):
    missing = [
        name
        for name in ("sphinx", "myst_parser", "furo", "sphinx_click")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install 'printml[docs]')")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-b", "html",
         str(REPOSITORY / "docs"), str(tmp_path)],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "reference" / "commands.html").read_text()
    assert "--max-loss" in reference
    assert "--power-source" in reference
    assert "PrintedClassifier" in (tmp_path / "reference" / "api.html").read_text()
