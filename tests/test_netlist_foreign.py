"""Netlists of other tools: every syntax read, every fault named with its line."""

import contextlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.circuit.verilog import structural_verilog
from printml.cli import main
from printml.errors import NetlistError
from printml.liberty.locate import find_library
from printml.netlist.read_verilog import read_verilog
from printml.netlist.verilog import to_verilog
from printml.simulate.kernel import outputs
from printml.synth.synthesize import synthesize
from tests.models import all_inputs, random_tree

LIBRARY = find_library("egfet", 1.0)

FOREIGN = """/* as a commercial synthesiser writes it */
module top ( inp, out );
  input [7:0] inp;
  output [1:0] out;
  wire   n1, n2, n3, \\esc[0] ;
  (* keep *) NAND2X1 U1 ( .A1(inp[0]), .A2(inp[4]), .Y(n1) );
  INVX1 U2 ( .A(n1), .Y(\\esc[0] ) );
  XOR2X1 U3 ( .A1(inp[1]), .A2(1'b1), .Y(n2) );
  INVX1 U5 ( .A(inp[2]), .Y() );
  assign {out[0]} = \\esc[0] ;
  AND2X1 U4 ( n2, \\esc[0] , n3 );
  assign out[1] = n3;
endmodule
"""


def read(text: str, folder: Path):
    path = folder / "n.v"
    path.write_text(text)
    return read_verilog(path, library=LIBRARY).netlist


def test_foreign_syntax_gives_the_function_and_the_summed_area(tmp_path):
    netlist = read(FOREIGN, tmp_path)
    X = np.arange(256)[:, None]
    both = (X[:, 0] & 1) & (X[:, 0] >> 4 & 1)
    expected = both + 2 * (both & (1 - (X[:, 0] >> 1 & 1)))
    np.testing.assert_array_equal(outputs(netlist, LIBRARY, X)["out"], expected)
    cells = {"NAND2X1": 1, "INVX1": 2, "XOR2X1": 1, "AND2X1": 1}
    assert {k: n for k, n in netlist.cell_counts().items() if n} == cells
    area = sum(n * LIBRARY.cells[name].area_mm2 for name, n in cells.items())
    assert netlist.area_cm2(LIBRARY) == pytest.approx(area / 100)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("INVX1 U2", "INVX9 U2", ["INVX9", "INVX1", "line 7"]),
        (".Y(n1)", ".Y(n2)", ["n2", "two drivers", "line 8"]),
        (".A(n1)", ".A(n9)", ["n9"]),
        (".A1(inp[0])", ".A1(n3)", ["loop"]),
        ("assign out[1] = n3;", "", ["out[1]"]),
        (".A2(1'b1)", ".B7(1'b1)", ["B7", "line 8"]),
        ("endmodule", "", ["endmodule"]),
        ("assign out[1] = n3;", "always @* out[1] = n3;", ["always", "line 12"]),
    ],
)
def test_faults_name_what_and_where(old, new, words, tmp_path):
    assert old in FOREIGN
    with pytest.raises(NetlistError) as raised:
        read(FOREIGN.replace(old, new, 1), tmp_path)
    for word in [*words, "n.v"]:
        assert word in str(raised.value)


@given(place=st.integers(0, len(FOREIGN) - 1), new=st.sampled_from("();.,[]{}=1x\\/*'\" \n"))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused(place, new, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    with contextlib.suppress(NetlistError):
        read(FOREIGN[:place] + new + FOREIGN[place + 1 :], folder)


@pytest.fixture(scope="module")
def tree_netlist(tmp_path_factory):
    """A mapped tree of our own."""
    folder = tmp_path_factory.mktemp("tree")
    tree = random_tree(8, n_inner=10)
    (folder / "a.v").write_text(structural_verilog(lower(build_circuit(tree, name="c"))))
    result = synthesize(
        folder / "a.v", top="c", library=LIBRARY, folder=folder, log_folder=folder, effort="fast"
    )
    (folder / "own.v").write_text(to_verilog(result.netlist, library=LIBRARY))
    return tree, result.netlist, folder / "own.v"


@pytest.mark.tools
def test_our_own_netlist_reads_back(tree_netlist):
    tree, netlist, path = tree_netlist
    again = read_verilog(path, library=LIBRARY).netlist
    X = all_inputs(3, 3)
    np.testing.assert_array_equal(outputs(again, LIBRARY, X)["class"], tree.predict(X))
    assert again.area_cm2(LIBRARY) == pytest.approx(netlist.area_cm2(LIBRARY))


def run_cli(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["printml", *arguments])
    with pytest.raises(SystemExit) as raised:
        main()
    captured = capsys.readouterr()
    return raised.value.code or 0, captured.out, captured.err


@pytest.mark.tools
def test_evaluate_judges_accuracy_and_power(tmp_path, monkeypatch, capsys):
    (tmp_path / "n.v").write_text(FOREIGN)
    (tmp_path / "x.txt").write_text("1 1\n3 1\n0 0\n")
    (tmp_path / "y.txt").write_text("4\n2\n7\n")
    code, out, _ = run_cli(
        monkeypatch, capsys, "evaluate", str(tmp_path / "n.v"), "--json", "--input-bits", "4",
        "--stimulus", str(tmp_path / "x.txt"), "--expected", str(tmp_path / "y.txt"),
        "--class-offset", "1",
    )  # fmt: skip
    assert code == 0
    record = json.loads(out)
    assert record["n_cells"] == 5
    assert json.dumps(record).count('"vdd"') >= 3
    assert record["n_correct"] == 2
    assert record["accuracy"] == 2 / 3


@pytest.mark.tools
def test_resynth_keeps_the_function_and_is_smaller(tmp_path, monkeypatch, capsys):
    (tmp_path / "n.v").write_text(FOREIGN)
    target = tmp_path / "small.v"
    code, out, _ = run_cli(monkeypatch, capsys, "resynth", str(tmp_path / "n.v"), "-o", str(target))
    assert code == 0
    assert "proved" in out
    before, after = read(FOREIGN, tmp_path), read_verilog(target, library=LIBRARY).netlist
    X = np.arange(256)[:, None]
    np.testing.assert_array_equal(
        outputs(after, LIBRARY, X)["out"], outputs(before, LIBRARY, X)["out"]
    )
    assert after.area_cm2(LIBRARY) < before.area_cm2(LIBRARY)


def test_bad_stimulus_names_the_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "n.v").write_text(FOREIGN)
    (tmp_path / "x.txt").write_text("1 1\n3 99\n")
    code, _, err = run_cli(
        monkeypatch, capsys, "evaluate", str(tmp_path / "n.v"), "--input-bits", "4",
        "--stimulus", str(tmp_path / "x.txt"),
    )  # fmt: skip
    assert code == 2
    assert "line 2" in err
    assert "99" in err
