"""What the pages say can be done is done: commands, links, keys, and the site itself."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from printml.cli import printml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
RUN_PAGES = ("getting-started", "tutorials/paper-row", "tutorials/own-table",
             "tutorials/new-pass", "tutorials/new-library")  # fmt: skip
"""Pages whose commands are run; those of the other pages name files of the reader's own."""
BLOCK = re.compile(r"(<!-- long:[^>]*-->\s*)?^```(sh|python)?\n(.*?)^```", re.M | re.S)
PAGES = sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.rst"), ROOT / "README.md",
                ROOT / "CONTRIBUTING.md"])  # fmt: skip


def blocks(page: Path) -> list[tuple[bool, str, str]]:
    """Whether it takes long, language and text of each fenced block."""
    return [(bool(m[1]), m[2] or "", m[3]) for m in BLOCK.finditer(page.read_text())]


def commands(text: str) -> list[list[str]]:
    """The printml commands of a block, comments left out."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("printml ")]


def run(arguments: list[str], folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / ".cache")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"


@pytest.mark.tools
@pytest.mark.parametrize("name", RUN_PAGES)
def test_every_command_of_a_page_in_its_order(name: str, tmp_path: Path) -> None:
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    script: list[str] = []
    ran = 0

    def run_script() -> None:
        if script:
            (tmp_path / "page.py").write_text("".join(script))
            run(["page.py"], tmp_path)
            script.clear()

    for long, language, text in blocks(DOCS / f"{name}.md"):
        if long:
            continue
        ran += 1
        if language == "python":
            script.append(text)
            continue
        run_script()
        found = commands(text)
        assert found, f"a block without a printml command: {text}"
        for arguments in found:
            run(["-m", "printml", *arguments], tmp_path)
    run_script()
    assert ran > 0
    if name == "getting-started":
        check_metrics(tmp_path / "runs" / "seeds" / "small" / "metrics.json")
    if name == "tutorials/own-table":
        assert (tmp_path / "runs" / "label" / "report.html").is_file()
        assert list((tmp_path / "runs" / "label-tree" / "pruned" / "netlist").glob("*.v"))


def check_metrics(path: Path) -> None:
    """Every key of a real run stands in the reference."""
    reference = (DOCS / "reference" / "metrics.md").read_text()
    record = json.loads(path.read_text())
    keys = {key for stage in record["stages"] for key in stage} | set(record)
    assert not {key for key in keys if f"`{key}`" not in reference}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(page: Path) -> None:
    for _, language, text in blocks(page):
        if language == "python":
            continue
        for line in text.replace("\\\n", " ").splitlines():
            if not line.startswith("printml "):
                continue
            # Plain blocks explain what stands before, two blanks away.
            said = re.split(r" {2,}", line)[0] if language == "" else line
            parse(shlex.split(said, comments=True)[1:])


def parse(arguments: list[str]) -> None:
    """Names and options as click takes them; nothing is run."""
    command: click.Command = printml
    context = click.Context(command, info_name="printml")
    while isinstance(command, click.Group):
        assert arguments, "a group without a command"
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command = found
    try:
        command.make_context(command.name, list(arguments), resilient_parsing=False)
    except click.exceptions.BadParameter as error:
        # A path of the reader's own need not be here.
        assert "does not exist" in str(error), error  # noqa: PT017


LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text()):
        target = match[1]
        if "://" in target:
            continue
        place = page.parent / target
        assert place.exists() or place.with_suffix(".rst").exists(), f"{page}: {target}"


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    run(["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS),
         str(tmp_path / "site"), "-d", str(tmp_path / "trees")], ROOT)  # fmt: skip
    page = (tmp_path / "site" / "reference" / "commands.html").read_text()
    assert "--max-loss" in page
    assert "PrintedClassifier" in (tmp_path / "site" / "reference" / "api.html").read_text()
