"""Bad input: one paragraph with what, where and what next, the right code, nothing half-done."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from printml.cli import main
from printml.liberty.locate import find_library


@pytest.fixture
def run_cli(monkeypatch, capsys, tmp_path):
    """Call the command line in tmp_path; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["printml", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            main()
        captured = capsys.readouterr()
        return exit_info.value.code or 0, captured.out, captured.err

    return run


def write_table(path: Path, *, header="a,b,label", n=40, edit=None) -> Path:
    rng = np.random.default_rng(0)
    rows = [[f"{x:.3f}", f"{y:.3f}", str(int(x > y))] for x, y in rng.random((n, 2))]
    if edit:
        edit(rows)
    path.write_text("\n".join([header, *(",".join(row) for row in rows), ""]))
    return path


def edit_cell(row: int, column: int, text: str):
    def edit(rows):
        rows[row][column] = text

    return edit


def one_class(rows):
    for row in rows:
        row[2] = "1"


def every_row_its_own_class(rows):
    for k, row in enumerate(rows):
        row[2] = f"label{k}"


BAD_TABLES = {
    "text in a feature": (edit_cell(3, 1, "high"), ["b", "line 5", "high"]),
    "nan": (edit_cell(6, 0, "nan"), ["a", "line 8"]),
    "inf": (edit_cell(7, 0, "inf"), ["a", "line 9"]),
    "one class only": (one_class, ["class"]),
    "fewer rows than classes": (every_row_its_own_class, ["class"]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_name_the_place(case, run_cli, tmp_path):
    edit, words = BAD_TABLES[case]
    table = write_table(tmp_path / "my.csv", edit=edit)
    before = table.read_bytes()
    code, _, err = run_cli("build", "my.csv", "--model", "tree")
    assert code == 2
    assert "Traceback" not in err
    for word in [*words, "my.csv"]:
        assert word in err
    assert table.read_bytes() == before
    assert sorted(p.name for p in tmp_path.rglob("*") if "lock" not in p.name) in (
        ["my.csv"],
        ["my", "my.csv", "runs"],
    )


@pytest.mark.parametrize(
    ("content", "words"), [("", ["empty"]), ("a,b,label\n", ["row"]), (None, ["my.csv"])]
)
def test_missing_empty_and_header_only_files(content, words, run_cli, tmp_path):
    if content is not None:
        (tmp_path / "my.csv").write_text(content)
    code, _, err = run_cli("build", "my.csv", "--model", "tree")
    assert code == 2
    for word in words:
        assert word in err


def test_absent_target_suggests_the_nearest(run_cli, tmp_path):
    write_table(tmp_path / "my.csv", header="alcohol,sugar,quality")
    code, _, err = run_cli("build", "my.csv", "--model", "tree", "--target", "qualty")
    assert code == 2
    assert "Did you mean `quality`" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["build", "redwine"], "--model"),
        (["build", "--model", "tree"], "DATASET"),
        (["build", "redwne", "--model", "tree"], "redwine"),
        (["build", "redwine", "--model", "treee"], "treee"),
        (["build", "seeds", "--model", "tree", "--input-bits", "40"], "input_bits"),
        (["build", "seeds", "--model", "svm-c", "--coef-bits", "1"], "coef_bits"),
        (["build", "seeds", "--model", "tree", "--library", "egfat"], "egfet"),
        (["build", "seeds", "--model", "tree", "--vdd", "0.7"], "0.6"),
        (["build", "seeds", "--model", "tree", "--clock-ms", "-1"], "clock_ms"),
        (["build", "seeds", "--model", "tree", "--effort", "heroic"], "heroic"),
        (["synth", "nowhere"], "nowhere"),
        (["verify", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
        (["flow", "nowhere.toml"], "nowhere.toml"),
        (["lib", "show", "egfet", "--vdd", "9"], "9"),
        (["data", "show", "nothing"], "nothing"),
        (["unknown"], "unknown"),
    ],
)
def test_usage_errors_exit_with_2_and_name_the_culprit(arguments, word, run_cli):
    code, _, err = run_cli(*arguments)
    assert code == 2
    assert word in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = ", "TOML"),
        ("dataset = 'seeds'", "circuit"),
        ("dataset = 'seeds'\n[[circuit]]\nmodle = 'tree'", "'model'"),
        ("dataset = 'seeds'\n[[circuit]]\nmodel = 'tree'\nseed = 'x'", "seed"),
        ("dataset = 'seeds'\n[[circuit]]\nseed = 1", "'model'"),
    ],
)
def test_bad_flow_files(text, word, run_cli, tmp_path):
    (tmp_path / "f.toml").write_text(text)
    code, _, err = run_cli("flow", "f.toml")
    assert code == 2
    assert word in err
    assert "f.toml" in err


def coefficients(**changes) -> dict:
    entry = {
        "dataset": "my",
        "model": "svm-c",
        "input_bits": 4,
        "classes": [0, 1],
        "weights": [[3, -5]],
        "intercepts": [7],
    }
    return entry | changes


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ("{", "JSON"),
        ([coefficients(weights=[[3]])], "weights"),
        ([coefficients(weights=[[3, 0.5]])], "weights[0][1]"),
        ([coefficients(weights=[[3, 2**40]])], "weights[0][1]"),
        ([coefficients(intercepts=[1, 2])], "intercepts"),
        ([coefficients(classes=[3, 4])], "class"),
        ([coefficients(model="mlp-c")], "svm-c"),
    ],
)
def test_bad_coefficients(document, word, run_cli, tmp_path):
    write_table(tmp_path / "my.csv")
    text = document if isinstance(document, str) else json.dumps(document)
    (tmp_path / "c.json").write_text(text)
    code, _, err = run_cli("build", "my.csv", "--model", "svm-c", "--coefficients", "c.json")
    assert code == 2
    assert word in err
    assert "c.json" in err


def liberty_text() -> str:
    return Path(find_library("egfet", 1.0).path).read_text()


def without_cell(text: str, name: str) -> str:
    """Cut one cell group out of a Liberty text."""
    start = text.index(f"cell ({name})")
    depth, end = 0, text.index("{", start)
    while True:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
        if depth == 0:
            return text[:start] + text[end:]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text[: len(text) // 2], "line"),
        (lambda text: without_cell(text, "INVX1"), "inverter"),
        (lambda text: "", "empty"),
    ],
)
def test_bad_liberty(change, word, run_cli, tmp_path):
    write_table(tmp_path / "my.csv")
    (tmp_path / "my.lib").write_text(change(liberty_text()))
    code, _, err = run_cli("build", "my.csv", "--model", "tree", "--liberty", "my.lib")
    assert code == 2
    assert word in err
    assert "my.lib" in err


def test_tool_absent(run_cli, tmp_path, monkeypatch):
    write_table(tmp_path / "my.csv")
    monkeypatch.setenv("PATH", "")
    code, _, err = run_cli("build", "my.csv", "--model", "tree")
    assert code == 3
    assert "apt-get install iverilog" in err
    assert not (tmp_path / "runs/my/tree").exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 7", ["exit code 7"]),
        ("kill -9 $$", ["signal 9"]),
        ("exit 0", ["no result"]),
    ],
)
def test_tool_that_fails_or_is_killed(body, words, run_cli, tmp_path, monkeypatch):
    write_table(tmp_path / "my.csv")
    fake = tmp_path / "abc"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PRINTML_ABC", str(fake))
    code, _, err = run_cli("build", "my.csv", "--model", "tree")
    assert code == 3
    for word in [*words, "ABC", "log"]:
        assert word in err
    assert not (tmp_path / "runs/my/tree").exists()


def test_tool_that_hangs_is_stopped(run_cli, tmp_path, monkeypatch):
    write_table(tmp_path / "my.csv")
    fake = tmp_path / "abc"
    fake.write_text("#!/bin/sh\nsleep 100\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PRINTML_ABC", str(fake))
    code, _, err = run_cli("build", "my.csv", "--model", "tree", "--timeout", "2")
    assert code == 3
    assert "stopped after 2 s" in err


def test_a_folder_that_is_not_a_run_is_left_alone(run_cli, tmp_path):
    write_table(tmp_path / "my.csv")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("precious")
    code, _, err = run_cli("build", "my.csv", "--model", "tree", "--out", "thesis")
    assert code == 2
    assert "left alone" in err
    assert (tmp_path / "thesis/chapter.txt").read_text() == "precious"
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


def test_out_is_a_file(run_cli, tmp_path):
    write_table(tmp_path / "my.csv")
    code, _, _ = run_cli("build", "my.csv", "--model", "tree", "--out", "my.csv")
    assert code == 2
    assert (tmp_path / "my.csv").read_text().startswith("a,b,label")


def test_folder_that_cannot_be_written(run_cli, tmp_path):
    """/proc refuses new folders to every user, root too."""
    write_table(tmp_path / "my.csv")
    code, _, err = run_cli("build", "my.csv", "--model", "tree", "--out", "/proc/printml/run")
    assert code == 2
    assert "cannot write" in err


def test_disk_full(tmp_path):
    """A limit on file size makes writes fail half-way, as a full disk does."""
    write_table(tmp_path / "my.csv")
    done = subprocess.run(
        [sys.executable, "-m", "printml", "build", "my.csv", "--model", "tree"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        timeout=120,
    )
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "Free space" in done.stderr
    assert [p.name for p in (tmp_path / "runs/my").iterdir()] == []


@pytest.mark.tools
def test_interrupted_build_leaves_nothing(tmp_path):
    write_table(tmp_path / "my.csv")
    fake = tmp_path / "abc"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nsleep 100\n")
    fake.chmod(0o755)
    argv = [sys.executable, "-m", "printml", "build", "my.csv", "--model", "tree"]
    process = subprocess.Popen(
        argv,
        cwd=tmp_path,
        env={**os.environ, "PRINTML_ABC": str(fake)},
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs, this test in one of them, inherit an ignored interrupt.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 180
    while not (tmp_path / "started").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    left = [p.name for p in (tmp_path / "runs/my").iterdir()]
    assert left == []
