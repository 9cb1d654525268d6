"""The views for ABC and Verilog tools, read by the tools themselves."""

import subprocess
from itertools import product
from pathlib import Path

import pytest

from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.liberty.views import genlib_view, verilog_cells


def egfet() -> CellLibrary:
    return find_library("egfet", 1.0)


def gate_areas(text: str) -> dict[str, float]:
    gates = [line.split() for line in text.splitlines() if line.startswith("GATE")]
    return {words[1]: float(words[2]) for words in gates}


def test_genlib_of_egfet() -> None:
    text = genlib_view(egfet())
    lines = text.splitlines()
    assert lines[0] == "# egfet_1p0V: area in 1 mm2, load in nF, delay in 1 ms"
    assert "GATE _const0_ 0 Y=CONST0;" in lines
    assert "GATE _const1_ 0 Y=CONST1;" in lines
    nand = lines.index("GATE NAND2X1 0.24786 Y=!(A1 * A2);")
    assert lines[nand + 1] == "  PIN A1 INV 0.176254 999 0.91043 0.03234 0.78881 0.009927"
    assert lines[nand + 2] == "  PIN A2 INV 0.176727 999 1.2795 0.03373 1.0306 0.01311"
    xor = lines.index("GATE XOR2X1 1.0428 Y=(A1 * !A2) + (!A1 * A2);")
    assert lines[xor + 1].startswith("  PIN A1 UNKNOWN 0.349455 999 4.8966 ")
    areas = gate_areas(text)
    assert areas["_buf_"] > 2 * areas["INVX1"]


def test_genlib_without_delays() -> None:
    text = genlib_view(egfet(), delay=False)
    assert "every delay 1 (levels)" in text.splitlines()[0]
    assert "  PIN A1 INV 0.176254 999 1 0 1 0" in text.splitlines()
    assert gate_areas(text) == gate_areas(genlib_view(egfet()))


def test_genlib_of_small_cells_is_scaled() -> None:
    text = genlib_view(find_library("cnt", 2.6))
    assert (
        text.splitlines()[0] == "# cnt_2p6V: area in 0.01 mm2, load in nF, every delay 1 (levels)"
    )
    areas = gate_areas(text)
    assert areas["INVX1"] == pytest.approx(0.2)
    assert areas["XNOR2X1"] == pytest.approx(1.4)
    assert "nan" not in text


FULL_ADDER = """.model fa
.inputs a b c d
.outputs s co k0 k1 w
.names a b c s
100 1
010 1
001 1
111 1
.names a b c co
11- 1
1-1 1
-11 1
.names k0
.names k1
1
.names d w
1 1
.end
"""


@pytest.mark.tools
@pytest.mark.parametrize(("name", "vdd"), [("egfet", 1.0), ("egfet", 0.6), ("cnt", 3.6)])
@pytest.mark.parametrize("mapper", ["amap", "map -a"])
def test_abc_accepts_the_genlib(tmp_path: Path, name: str, vdd: float, mapper: str) -> None:
    import pyosys

    abc = Path(pyosys.__path__[0]) / "yosys-abc"
    (tmp_path / "cells.genlib").write_text(genlib_view(find_library(name, vdd)))
    (tmp_path / "fa.blif").write_text(FULL_ADDER)
    script = f"read_genlib -v cells.genlib; read_blif fa.blif; strash; dch; {mapper}; "
    run = subprocess.run(
        [abc, "-c", script + "write_blif mapped.blif; cec -n fa.blif"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "Entered genlib library with 10 gates" in run.stdout
    assert "Networks are equivalent" in run.stdout
    gates = [
        line.split()[1]
        for line in (tmp_path / "mapped.blif").read_text().splitlines()
        if line.startswith(".gate")
    ]
    assert {"_const0_", "_const1_", "_buf_"} < set(gates)
    assert gates.count("_buf_") == 1


def test_verilog_text() -> None:
    text = verilog_cells(egfet())
    assert "`timescale 1ns/1ps" in text
    nor = (
        "module NOR2X1 (A1, A2, Y);\n  input A1;\n  input A2;\n  output Y;\n"
        "  nor (Y, A1, A2);\nendmodule\n"
    )
    assert nor in text
    assert text.count("\nmodule ") == 7


@pytest.mark.tools
def test_icarus_agrees_with_the_truth_tables(tmp_path: Path) -> None:
    library = egfet()
    body, expected = [], []
    for cell in library.cells.values():
        for state in product((0, 1), repeat=cell.n_inputs):
            index = sum(bit << k for k, bit in enumerate(state))
            wire = f"{cell.name}_{index}"
            pins = ", ".join(
                f".{pin}(1'b{bit})" for pin, bit in zip(cell.inputs, state, strict=True)
            )
            body.append(f"  wire {wire}; {cell.name} u_{wire} ({pins}, .{cell.output}({wire}));")
            expected.append((wire, cell.truth_table >> index & 1))
    prints = [f'    $display("{wire} %b", {wire});' for wire, _ in expected]
    bench = ["module bench;", *body, "  initial begin", "    #1;", *prints, "  end", "endmodule"]
    (tmp_path / "cells.v").write_text(verilog_cells(library))
    (tmp_path / "bench.v").write_text("\n".join(bench) + "\n")
    compile_it = ["iverilog", "-g2005", "-Wall", "-o", "bench", "cells.v", "bench.v"]
    made = subprocess.run(compile_it, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "error" not in made.stderr
    shown = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.split("\n")[:-1] == [f"{wire} {value}" for wire, value in expected]
