"""`printml evaluate` and `printml resynth` on hand-made netlists and on our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from click.testing import Result as ClickResult

from printml.cli import printml
from printml.errors import CheckError, DataError, InputError, NetlistError, PrintmlError
from printml.flow.resynth import resynthesize
from printml.intervals import clopper_pearson
from printml.liberty.locate import find_library
from printml.netlist.read_verilog import netlist_from_verilog, read_verilog
from printml.simulate.kernel import outputs
from printml.synth.synthesize import Synthesis

WIDE = """
module maximum (inp, out, parity);
  input [5:0] inp;
  output [1:0] out;
  output parity;
  OR2X1 U1 (.A1(inp[0]), .A2(inp[2]), .Y(out[0]));
  OR2X1 U2 (.A1(inp[3]), .A2(inp[5]), .Y(out[1]));
  XOR2X1 U3 (.A1(inp[0]), .A2(inp[1]), .Y(parity));
endmodule
"""
"""Features at bits 1:0, 3:2, 5:4: out is {f1[1] | f2[1], f0[0] | f1[0]}."""
VECTORS = [[0, 0, 0], [1, 2, 3], [3, 3, 1], [2, 0, 2], [0, 1, 0]]
ANSWERS = [0, 3, 3, 2, 1]


def run(*words: object) -> ClickResult:
    return CliRunner().invoke(printml, [str(word) for word in words])


def figures(*words: object) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    path = tmp_path / "wide.v"
    path.write_text(WIDE, encoding="utf-8")
    return path


def write_rows(path: Path, rows: list[Any]) -> Path:
    lines = [" ".join(map(str, row)) if isinstance(row, list) else str(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_area_cells_and_power_without_stimulus(wide: Path) -> None:
    found = figures("evaluate", wide, "--no-cross-check")
    cells = find_library("egfet", 1.0).cells
    total = 2 * cells["OR2X1"].area_mm2 + cells["XOR2X1"].area_mm2
    assert found["area_cm2"] == pytest.approx(total / 100, rel=1e-12)
    assert sum(found["area_of_cells_cm2"].values()) == pytest.approx(total / 100, rel=1e-12)
    assert found["cells"] == {"OR2X1": 2, "XOR2X1": 1}
    assert [corner["vdd"] for corner in found["corners"]] == [0.6, 0.8, 1.0]
    powers = [corner["power_mw"] for corner in found["corners"]]
    assert powers == sorted(powers)
    assert "uniform random" in found["power_rows"]
    assert [step["instance"] for step in found["critical_path"]] == ["U3"]
    assert "accuracy" not in found


def test_power_is_weighted_by_the_states_of_the_stimulus(wide: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows", [[0, 0, 0]] * 3 + [[1, 0, 0]])
    found = figures(
        "evaluate", wide, "--no-cross-check", "--vdd", 1, "--stimulus", rows, "--input-bits", 2
    )
    cells = find_library("egfet", 1.0).cells
    or2, xor2 = cells["OR2X1"].leakage_nw, cells["XOR2X1"].leakage_nw
    expected_nw = or2[0] + (3 * or2[0] + or2[1]) / 4 + (3 * xor2[0] + xor2[1]) / 4
    assert found["corners"][0]["static_power_mw"] == pytest.approx(expected_nw * 1e-6)
    assert found["n_vectors"] == 4


def test_accuracy_on_one_wide_bus(wide: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows", VECTORS)
    labels = write_rows(tmp_path / "labels", [answer + 3 for answer in ANSWERS[:4]] + [9])
    common = ("evaluate", wide, "--no-cross-check", "--stimulus", rows, "--input-bits", 2)
    found = figures(*common, "--expected", labels, "--class-offset", 3, "--output", "out")
    assert (found["n_correct"], found["accuracy"]) == (4, 0.8)
    assert (found["accuracy_low"], found["accuracy_high"]) == clopper_pearson(4, 5)
    result = run(*common, "--expected", labels)
    assert isinstance(result.exception, InputError)
    assert "--output: out, parity" in str(result.exception)


def test_a_port_per_feature_and_commas(tmp_path: Path) -> None:
    path = tmp_path / "ports.v"
    path.write_text(
        "module t (input [1:0] a, input b, output y); NAND2X1 u (a[1], b, y); endmodule",
        encoding="utf-8",
    )
    rows = tmp_path / "rows"
    rows.write_text("2,1\n3 , 0\n 0 1\n\n", encoding="utf-8")
    labels = write_rows(tmp_path / "labels", [0, 1, 1])
    found = figures("evaluate", path, "--no-cross-check", "--stimulus", rows, "--expected", labels)
    assert found["accuracy"] == 1.0
    result = run("evaluate", path, "--no-cross-check", "--stimulus", rows, "--expected", labels)
    assert result.exit_code == 0
    assert "1.0000, 3 of 3" in result.stdout


@pytest.mark.parametrize(
    ("rows", "labels", "words"),
    [
        ("1 2 3\n1 2\n", "1\n1\n", ["has 2 values", "line 2"]),
        ("1 2 3\n1 2 x\n", "1\n1\n", ["'x' is not an integer", "line 2"]),
        ("1 2 3\n1 2.0 3\n", "1\n1\n", ["'2.0' is not an integer", "line 2"]),
        ("1 2 3\n\n1 2 3\n", "1\n1\n1\n", ["a value is missing", "line 2"]),
        ("1 2 3\n0 0 4\n", "1\n1\n", ["value 3 is 4", "0 .. 3", "line 2"]),
        ("1 2 3\n0 -1 3\n", "1\n1\n", ["-1 is negative", "line 2"]),
        ("1 2\n1 2\n", "1\n1\n", ["do not fill", "6 bits", "line 1"]),
        ("", "1\n", ["stimulus file is empty"]),
        ("1 2 3\n", "1\n1\n", ["2 labels for 1 vectors", "line 2"]),
        ("1 2 3\n1 2 3\n", "1\n", ["1 labels for 2 vectors", "line 2"]),
        ("1 2 3\n", "one\n", ["'one' is not an integer", "line 1"]),
    ],
)
def test_bad_rows_and_labels(
    wide: Path, tmp_path: Path, rows: str, labels: str, words: list[str]
) -> None:
    (tmp_path / "rows").write_text(rows, encoding="utf-8")
    (tmp_path / "labels").write_text(labels, encoding="utf-8")
    files = ("--stimulus", tmp_path / "rows", "--expected", tmp_path / "labels")
    result = run("evaluate", wide, "--no-cross-check", "--input-bits", 2, "--output", "out", *files)
    assert isinstance(result.exception, DataError)
    for word in words:
        assert word in str(result.exception)


def test_requests_that_make_no_sense(wide: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows", VECTORS)
    result = run("evaluate", wide, "--expected", rows)
    assert isinstance(result.exception, InputError)
    assert "--stimulus" in str(result.exception)
    result = run("evaluate", wide, "--no-cross-check", "--stimulus", rows)
    assert "--input-bits" in str(result.exception)
    result = run("resynth", wide, "-o", wide)
    assert "would replace the input" in str(result.exception)
    result = run("evaluate", tmp_path / "no.v")
    assert isinstance(result.exception, NetlistError)
    for error in (result.exception,):
        assert isinstance(error, PrintmlError)
        assert error.exit_code == 2


def test_a_loop_is_an_input_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "loop.v"
    path.write_text("module t (output y);\nINVX1 u (.A(y), .Y(y));\nendmodule", encoding="utf-8")
    result = run("evaluate", path)
    assert isinstance(result.exception, NetlistError)
    assert f"{path}, line 2" in str(result.exception)


@pytest.mark.tools
def test_the_second_reader_is_asked_by_default(wide: Path) -> None:
    assert figures("evaluate", wide)["cross_check"] == "pyverilog reads the same 3 instances"


@pytest.mark.tools
def test_resynth_keeps_the_function_with_less_area(tmp_path: Path) -> None:
    path, out = tmp_path / "a.v", tmp_path / "b.v"
    path.write_text(
        "module t (input [0:3] a, output [0:1] y, output \\class );\n"
        "wire p, q, r; INVX1 i (a[0], p), j (p, q), k (a[3], );\n"
        "XOR2X1 x (q, a[1], r); NAND2X1 n (a[2], r, y[0]); NAND2X1 m (r, a[2], y[1]);\n"
        "assign \\class = a[3]; endmodule",
        encoding="utf-8",
    )
    found = figures("resynth", path, "-o", out)
    library = find_library("egfet", 1.0)
    before = read_verilog(path, library=library).netlist
    after = read_verilog(out, library=library).netlist
    assert found["equality"] == "proved"
    assert found["area_before_cm2"] == before.area_cm2(library)
    assert found["area_after_cm2"] == after.area_cm2(library) < before.area_cm2(library)
    assert (after.name, after.inputs) == (before.name, before.inputs)
    rows = np.arange(16)[:, None]
    left, right = (outputs(netlist, library, rows) for netlist in (before, after))
    assert list(left) == list(right) == ["y", "class"]
    for name in left:
        np.testing.assert_array_equal(left[name], right[name])


@pytest.mark.tools
def test_resynth_leaves_a_netlist_of_wires_alone(tmp_path: Path) -> None:
    path, out = tmp_path / "a.v", tmp_path / "b.v"
    path.write_text("module t (input a, output y); assign y = a; endmodule", encoding="utf-8")
    found = figures("resynth", path, "-o", out)
    assert (found["area_after_cm2"], found["flow"]) == (0.0, "as given")
    assert "assign y = a;" in out.read_text(encoding="utf-8")


@pytest.mark.tools
def test_a_netlist_that_build_made(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    built = run("build", "iris", "--model", "tree", "--effort", "fast", "--out", folder, "--json")
    assert built.exit_code == 0, (built.output, built.exception)
    (metrics_file,) = folder.rglob("metrics.json")
    stage = json.loads(metrics_file.read_text(encoding="utf-8"))["stages"][0]
    rows = np.load(metrics_file.parent / "rows.npz")
    X, y = rows["X_int"][rows["test"]], rows["y"][rows["test"]]
    vectors = write_rows(tmp_path / "vectors", X.tolist())
    labels = write_rows(tmp_path / "labels", y.tolist())
    (netlist,) = (metrics_file.parent / "netlist").glob("*.v")
    found = figures("evaluate", netlist, "--stimulus", vectors, "--expected", labels)
    assert found["area_cm2"] == pytest.approx(stage["area_cm2"], rel=1e-12)
    assert found["accuracy"] == stage["accuracy_test"]
    assert found["cells"] == stage["cells"]
    assert found["corners"][-1]["power_mw"] == pytest.approx(stage["power_mw"], rel=1e-9)
    assert found["corners"][-1]["delay_ms"] == pytest.approx(stage["delay_ms"], rel=1e-12)
    assert found["cross_check"].startswith("pyverilog reads the same")


def test_a_wrong_resynthesis_is_refused(
    wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The folder with the logs stays after a failed check.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    library = find_library("egfet", 1.0)
    wrong = netlist_from_verilog(
        "module resynth (input [5:0] in0, output [1:0] out0, output out1);"
        " assign out0 = in0[1:0]; assign out1 = in0[0]; endmodule",
        library=library,
    ).netlist
    monkeypatch.setattr(
        "printml.flow.resynth.synthesize", lambda *_, **__: Synthesis(wrong, "wrong", ())
    )
    original = read_verilog(wide, library=library).netlist
    with pytest.raises(CheckError, match="changed output bit 0"):
        resynthesize(original, library)
    assert list(tmp_path.glob("printml-resynth-*/logs"))
