"""What the documentation tells a reader to run is run, page by page, in an empty folder.

Blocks that a page marks `<!-- long: why -->` are too slow for that; their command lines are parsed.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields

import click
import numpy as np
import pytest

from printml.cli import main, printml
from printml.flow.recipe import Recipe
from tests.doc_pages import REPOSITORY, SHELLS, blocks_of, pages, prose_of, text_of

PAGES = (
    "docs/getting-started.md",
    "docs/tutorials/paper-row.md",
    "docs/tutorials/own-table.md",
    "docs/tutorials/new-pass.md",
    "docs/tutorials/new-library.md",
    "docs/reference/errors.md",
    "docs/data.md",
    "docs/evaluate.md",
    "docs/python.md",
    "README.md",
)
MOST_LONG_BLOCKS = 8

NETLIST = """\
module two (input [7:0] x, output class);
  wire n1, n2;
  NAND2X1 g1 (.A1(x[3]), .A2(x[7]), .Y(n1));
  INVX1 g2 (.A(x[2]), .Y(n2));
  NAND2X1 g3 (.A1(n1), .A2(n2), .Y(class));
endmodule
"""


def own_table(folder):
    """A table as the README speaks of: readings and a column `grade`."""
    rng = np.random.default_rng(0)
    lines = ["alcohol,sugar,grade"]
    for alcohol, sugar in zip(rng.uniform(8, 15, 120), rng.uniform(0, 1, 120), strict=True):
        grade = 1 + (alcohol < 8 + 7 * sugar) + (alcohol + 2.8 < 8 + 7 * sugar)
        lines.append(f"{alcohol:.2f},{sugar:.3f},{grade}")
    (folder / "my.csv").write_text("\n".join([*lines, ""]))


def foreign_netlist(folder):
    """A netlist of another tool with one wide bus, its vectors, and labels from 3 on."""
    (folder / "netlist.v").write_text(NETLIST)
    X = np.random.default_rng(0).integers(0, 16, size=(50, 2))
    answers = ((X[:, 0] >> 3) & (X[:, 1] >> 3)) | ((X[:, 0] >> 2) & 1)
    np.savetxt(folder / "rows.txt", X, fmt="%d")
    np.savetxt(folder / "labels.txt", answers + 3, fmt="%d")


AT_HAND = {
    "README.md": own_table,
    "docs/data.md": own_table,
    "docs/evaluate.md": foreign_netlist,
}
"""What a page takes for granted."""


def leaf(words):
    """The command that words name, and the words after its name."""
    command, rest = printml, list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"there is no command {name!r}"
        command = found
    return command, rest


def run_printml(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as exit_info:
        main()
    shown = capsys.readouterr()
    assert not exit_info.value.code, f"{' '.join(words)}\n{shown.out}\n{shown.err}"
    return shown.out


def run_page(page, folder, monkeypatch, capsys):
    """Run the page's blocks in order; returns what each of its printml commands printed."""
    names = {"__name__": "page"}
    printed = {}
    for number, block in enumerate(blocks_of(page)):
        if block.language == "python" and page != "README.md":
            exec(compile(block.body, f"{page}, block {number}", "exec"), names)
        if block.language not in SHELLS or block.long:
            continue
        for words in block.commands:
            if words[0] == "printml":
                printed[" ".join(words)] = run_printml(words, monkeypatch, capsys)
            elif words[0] == "python":
                done = subprocess.run(
                    [sys.executable, *words[1:]], cwd=folder, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return printed


@pytest.mark.tools
@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    AT_HAND.get(page, lambda folder: None)(tmp_path)
    for beside in (REPOSITORY / page).parent.glob("*.lib"):
        shutil.copy(beside, tmp_path)
    printed = run_page(page, tmp_path, monkeypatch, capsys)
    if page != "README.md":
        for promised in set(re.findall(r"`(runs/[^`\s]+)`", text_of(page))):
            assert (tmp_path / promised).exists(), f"{page} promises {promised}"
    check_reference(tmp_path)
    if page == "docs/evaluate.md":
        (as_json,) = (out for words, out in printed.items() if "--json" in words)
        check_keys([json.loads(as_json)], "docs/reference/metrics.md")
        (with_labels,) = (out for words, out in printed.items() if "--expected" in words)
        assert "1.0000, 50 of 50" in with_labels


def check_reference(folder):
    """Every key of the files that a page's commands made is in the reference."""
    for name in ("metrics.json", "guarantees.json", "faults/faults.json"):
        files = [json.loads(path.read_text()) for path in folder.rglob(name)]
        check_keys(files, "docs/reference/metrics.md")
    models = [json.loads(path.read_text()) for path in folder.rglob("model.json")]
    synthesis = [json.loads(p.read_text())["synthesis"] for p in folder.rglob("netlist/*.json")]
    check_keys([*models, *synthesis], "docs/reference/files.md")


NAMES_OF_THINGS = ("cells", "area_of_cells_cm2", "versions", "parameters")
"""Keys whose own keys are cells, tools and the like."""


def check_keys(documents, page):
    known = set(re.findall(r"`([\w-]+)`", text_of(page)))
    found = set().union(*map(keys_in, documents)) if documents else set()
    assert found <= known, f"not in {page}: {sorted(found - known)}"


def keys_in(value):
    if isinstance(value, list):
        return set().union(*map(keys_in, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    below = [keys_in(part) for key, part in value.items() if key not in NAMES_OF_THINGS]
    return set(value).union(*below)


def test_every_key_of_a_recipe_is_in_the_reference_with_its_default():
    rows = dict(
        re.findall(r"^\| (`.+?`) \| [^|]+ \| ([^|]*) \|", text_of("docs/reference/files.md"), re.M)
    )
    documented = {
        name: default.strip().strip("`")
        for names, default in rows.items()
        for name in re.findall(r"`(\w+)`", names)
    }
    for field in fields(Recipe):
        if field.name in ("dataset", "model", "allow_pickle"):
            continue
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert json.loads(documented[field.name]) == default, field.name


@pytest.mark.parametrize("page", pages())
def test_every_command_line_can_be_parsed(page):
    for block in blocks_of(page):
        if block.language in SHELLS:
            for words in block.commands:
                if words[0] == "printml":
                    command, rest = leaf(words[1:])
                    command.make_context(words[1], rest).close()
    # In running text only a part of the command may stand: its options must exist.
    for span in re.findall(r"`printml ([^`]+)`", prose_of(page)):
        words = span.split()
        if words[0] in printml.commands and not isinstance(printml.commands[words[0]], click.Group):
            known = {o for p in printml.commands[words[0]].params for o in p.opts} | {"--help"}
            asked = {word for word in words if re.fullmatch(r"--[a-z-]+", word)}
            assert asked <= known, f"{page}: `printml {span}`"


def test_no_command_hides_in_a_block_that_is_not_run():
    names = "|".join(printml.commands)
    for page in pages():
        others = "".join(b.body for b in blocks_of(page) if b.language not in SHELLS)
        hidden = re.findall(rf"^(?: {{4}}|\$ )?printml (?:{names})\b.*", others, re.M)
        hidden += re.findall(rf"^(?: {{4}}|\$ )printml (?:{names})\b.*", prose_of(page), re.M)
        assert not hidden, f"{page}: {hidden}"
        if page not in PAGES and page != "CONTRIBUTING.md":
            shells = [b for b in blocks_of(page) if b.language in SHELLS]
            assert all(b.long for b in shells), f"{page} has commands that nothing runs"
    n_long = sum(block.long for page in pages() for block in blocks_of(page))
    assert n_long <= MOST_LONG_BLOCKS
