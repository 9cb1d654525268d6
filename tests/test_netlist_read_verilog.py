"""Structural Verilog of other tools: every syntax by hand, round trips, and every error's line."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import CheckError, NetlistError
from printml.netlist.netlist import Netlist
from printml.netlist.pyverilog_check import cross_check
from printml.netlist.read_verilog import VerilogNetlist, netlist_from_verilog, read_verilog
from printml.netlist.verilog import to_verilog
from tests.netlists import all_vectors, full_adder, naive_outputs, netlists
from tests.tiny_library import tiny_library, wide_library

LIBRARY = tiny_library()


def read(text: str, *, top: str | None = None) -> VerilogNetlist:
    return netlist_from_verilog(text, library=LIBRARY, top=top, name="x.v")


def answers(text: str, *, top: str | None = None) -> dict[str, list[int]]:
    """Every output on every input vector, the first port counting fastest."""
    netlist = read(text, top=top).netlist
    return naive_outputs(netlist, LIBRARY, all_vectors(netlist))


COMMERCIAL = r"""
// Output of a commercial synthesiser
`timescale 1ns / 1ps
module top ( inp, out );
  input [3:0] inp;
  output [1:0] out;
  wire   n7, n9;
  INVX1 U4 ( .A(inp[2]), .Y(n7) );
  NAND2X1 U5 ( .A1(inp[3]), .A2(n7), .Y(n9) );
  NOR2X1 U6 ( .A1(inp[0]), .A2(inp[1]), .Y(out[1]) );
  assign out[0] = n9;
endmodule
"""


def test_a_netlist_as_a_commercial_tool_writes_it() -> None:
    result = read(COMMERCIAL)
    netlist = result.netlist
    assert repr(netlist) == "Netlist('top', 4 input bits, {'INVX1': 1, 'NAND2X1': 1, 'NOR2X1': 1})"
    assert result.instances == ("U4", "U5", "U6")
    assert netlist.inputs[0].nets == (2, 3, 4, 5)
    expected = [
        (1 - ((x >> 3) & (1 - (x >> 2 & 1)))) + 2 * (not (x & 1 or x >> 1 & 1)) for x in range(16)
    ]
    assert answers(COMMERCIAL) == {"out": expected}
    cells = LIBRARY.cells
    total = cells["INVX1"].area_mm2 + cells["NAND2X1"].area_mm2 + cells["NOR2X1"].area_mm2
    assert netlist.area_cm2(LIBRARY) == pytest.approx(total / 100, rel=1e-12)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Ports and declarations
        ("module t (input [1:0] a, output [1:0] y); assign y = a; endmodule", [0, 1, 2, 3]),
        ("module t (a, y); input [1:0] a; output [1:0] y; assign y = a; endmodule", [0, 1, 2, 3]),
        ("module t (a, y); input [0:1] a; output [1:0] y; assign y = a; endmodule", [0, 1, 2, 3]),
        (
            "module t (input [0:1] a, output [1:0] y);"
            " assign y[0] = a[0]; assign y[1] = a[1]; endmodule",
            [0, 2, 1, 3],
        ),
        (
            "module t (input wire [5:4] a, output wire [7:6] y);"
            " wire [5:4] a; wire [7:6] y; assign y[7:6] = a[5:4]; endmodule",
            [0, 1, 2, 3],
        ),
        (
            "module t (input [1:0] a, output [1:0] y); tri u; wire v = a[1];"
            " assign u = a[0]; assign y = {v, u}; endmodule",
            [0, 1, 2, 3],
        ),
        (
            "module t (input [1:0] a, output y, z); assign z = a[0]; assign y = a[1]; endmodule",
            [0, 0, 1, 1],
        ),
        # Constants, concatenations, part selects
        ("module t (input [1:0] a, output [3:0] y); assign y = 4'hA; endmodule", [10] * 4),
        ("module t (input [1:0] a, output [3:0] y); assign y = 4'd1_0; endmodule", [10] * 4),
        ("module t (input [1:0] a, output [3:0] y); assign y = 'b101; endmodule", [5] * 4),
        ("module t (input [1:0] a, output [3:0] y); assign y = 3; endmodule", [3] * 4),
        ("module t (input [1:0] a, output [3:0] y); assign y = 4 'o 17; endmodule", [15] * 4),
        (
            "module t (input [1:0] a, output [3:0] y); assign y = {a[0], {a}, 1'b1}; endmodule",
            [1, 11, 5, 15],
        ),
        (
            "module t (input [1:0] a, output [3:0] y); assign y = {2{a}}; endmodule",
            [0, 5, 10, 15],
        ),
        (
            "module t (input [1:0] a, output [3:0] y); wire p, q, r, s;"
            " assign {p, q} = a, {r, s} = 2'b01; assign y = {p, q, r, s}; endmodule",
            [1, 5, 9, 13],
        ),
        ("module t (input [1:0] a, output [2:0] y); assign y = a; endmodule", [0, 1, 2, 3]),
        ("module t (input signed [1:0] a, output [2:0] y); assign y = a; endmodule", [0, 1, 6, 7]),
        ("module t (input [1:0] a, output y); assign y = a; endmodule", [0, 1, 0, 1]),
        (
            "module t (input [1:0] a, output [1:0] y); supply1 vdd; supply0 gnd;"
            " NAND2X1 u (.A1(vdd), .A2(a[0]), .Y(y[0])); assign y[1] = gnd; endmodule",
            [1, 0, 1, 0],
        ),
        # Instances
        (
            "module t (input [1:0] a, output y); NAND2X1 u (a[0], a[1], y); endmodule",
            [1, 1, 1, 0],
        ),
        (
            "module t (input [1:0] a, output y); INVX1 u (.Y(y), .A(n)), v (.A(a[0]), .Y(n)),"
            " w (.A(a[1]), .Y()); endmodule",
            [0, 1, 0, 1],
        ),
        (
            "module t (input [1:0] a, output y);"
            " NAND2X1 u (.A1(1'b1), .A2({a[1]}), .Y({y})), v (a[0], 1, ); endmodule",
            [1, 1, 0, 0],
        ),
        (
            r"module t (input [1:0] a, output y); wire \a[0] ;"
            r" INVX1 \u$1/x[3] (.A(a[1]), .Y(\a[0] )); INVX1 v (.A(\a[0] ), .Y(\y )); endmodule",
            [0, 0, 1, 1],
        ),
        # Comments, attributes, directives, models of cells
        (
            '/* a\n b */ `default_nettype none\n`define X 1 // z\n(* top = "yes *)" *)\n'
            "module t (input [1:0] a, output y); (* keep *) INVX1 u (.A(a[0]), .Y(y)); // y\n"
            "endmodule\n`resetall module INVX1 (A, Y); input A; output Y; not (Y, A); endmodule\n",
            [1, 0, 1, 0],
        ),
        (
            "module sub (input [1:0] p, output q, r); NAND2X1 u (p[0], p[1], q); endmodule\n"
            "module t (input [1:0] a, output y); wire w; sub s (.p({a[0], a[1]}), .q(w), .r());\n"
            " sub s2 ({w, 1'b1}, y, ); endmodule",
            [0, 0, 0, 1],
        ),
    ],
)
def test_syntax_and_its_meaning(body: str, expected: list[int]) -> None:
    assert answers(body)["y"] == expected


def test_a_port_named_like_a_systemverilog_word() -> None:
    text = "module t (input a, output class); INVX1 logic (.A(a), .Y(class)); endmodule"
    assert answers(text) == {"class": [1, 0]}


def test_gates_in_any_order_and_submodule_names() -> None:
    text = (
        "module inv (input a, output y); INVX1 g (a, y); endmodule\n"
        "module t (input a, output y); inv second (m, y); inv first (a, m); endmodule"
    )
    result = read(text)
    assert sorted(result.instances) == ["first/g", "second/g"]
    assert result.instances[0] == "first/g"
    assert answers(text) == {"y": [0, 1]}
    assert answers(text, top="inv") == {"y": [1, 0]}


def test_gates_with_open_outputs_count_in_the_area() -> None:
    text = "module t (input a, output y); INVX1 u (.A(a), .Y()); assign y = a; endmodule"
    assert read(text).netlist.cell_counts() == {"INVX1": 1}


def test_a_netlist_without_gates() -> None:
    netlist = read("module t (input [2:0] a, output [2:0] y); assign y = a; endmodule").netlist
    assert (netlist.n_gates, netlist.area_cm2(LIBRARY)) == (0, 0.0)
    assert netlist.outputs[0].nets == netlist.inputs[0].nets


def assert_same_function(left: Netlist, right: Netlist) -> None:
    library = wide_library()
    rows = all_vectors(left)
    assert naive_outputs(left, library, rows) == naive_outputs(right, library, rows)


@given(netlists())
@settings(max_examples=60, deadline=None)
def test_our_own_verilog_reads_back(netlist: Netlist) -> None:
    library = wide_library()
    again = netlist_from_verilog(to_verilog(netlist, library=library), library=library).netlist
    assert (again.name, again.inputs, again.outputs) == (
        netlist.name,
        netlist.inputs,
        netlist.outputs,
    )
    assert again.area_cm2(library) == pytest.approx(netlist.area_cm2(library), rel=1e-12)
    assert_same_function(netlist, again)


def test_gate_order_of_a_sorted_file_is_kept() -> None:
    netlist = full_adder()
    again = read(to_verilog(netlist, library=LIBRARY)).netlist
    np.testing.assert_array_equal(again.fanin, netlist.fanin)


HEAD = "module t (input [1:0] a,\n output y);\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (HEAD + "NAND2X2 u (a[0], a[1], y);\nendmodule", 3, ["NAND2X2", "mean NAND2X1"]),
        (HEAD + "DFFX1 u (a[0], a[1], y);\nendmodule", 3, ["DFFX1", "sequential"]),
        (HEAD + "\nINVX1 u (.A(a[0]), .Z(y));\nendmodule", 4, ["no pin Z", "A, Y"]),
        (HEAD + "INVX1 u (.A(a[0]),\n .A(a[0]), .Y(y));\nendmodule", 4, ["connected twice"]),
        (HEAD + "INVX1 u (a[0], y, a[1]);\nendmodule", 3, ["2 pins and 3 connections"]),
        (HEAD + "INVX1 u (.A(), .Y(y));\nendmodule", 3, ["pin A of u", "not connected"]),
        (HEAD + "INVX1 u (.Y(y));\nendmodule", 3, ["pin A of u", "not connected"]),
        (HEAD + "INVX1 u (.A(a), .Y(y));\nendmodule", 3, ["1 bit", "connected to 2"]),
        (HEAD + "INVX1 u (.A(q), .Y(y));\nendmodule", 3, ["net q has no driver", "pin A of u"]),
        (HEAD + "wire w;\nendmodule", 2, ["output y has no driver"]),
        (
            HEAD + "INVX1 u (a[0], y);\nINVX1 v (a[1], y);\nendmodule",
            4,
            ["net y has two drivers", "line 3"],
        ),
        (HEAD + "assign y = a[0];\nassign a[1] = y;\nendmodule", 4, ["a[1] has two drivers"]),
        (HEAD + "INVX1 u (a[0], 1'b0);\nendmodule", 3, ["constant cannot be driven"]),
        (
            HEAD + "NAND2X1 g1 (a[0], n2, y);\nINVX1 g2 (y, n2);\nendmodule",
            3,
            ["loop", "g1 (NAND2X1)", "g2 (INVX1)"],
        ),
        (HEAD + "wire p, q; assign p = q;\nassign q = p; assign y = p;\nendmodule", 2, ["itself"]),
        (HEAD + "wire p;\nassign p = p;\nassign y = p;\nendmodule", 4, ["itself"]),
        (HEAD + "assign y = a[0]\nendmodule", 4, ["',' or ';'"]),
        (HEAD + "assign y = a[0] + a[1];\nendmodule", 3, ["operator '+'", "behavioural"]),
        (HEAD + "assign y = ~a[0];\nendmodule", 3, ["operator '~'", "behavioural"]),
        (HEAD + "\n\nalways @(*) y = a;\nendmodule", 5, ["'always'", "behavioural"]),
        (HEAD + "reg q;\nendmodule", 3, ["'reg'", "behavioural"]),
        (HEAD + "nand (y, a[0], a[1]);\nendmodule", 3, ["primitive nand"]),
        (HEAD + "assign y = a[0];\n", 3, ["no endmodule"]),
        (HEAD + "assign y = a[0];\nmodule u; endmodule", 4, ["t has no endmodule"]),
        (HEAD + "assign y = b[0];\nendmodule", 3, ["net b is not declared"]),
        (HEAD + "assign y = a[2];\nendmodule", 3, ["a[2]", "[1:0]"]),
        (HEAD + "assign y = a[0:1];\nendmodule", 3, ["a[0:1]"]),
        (HEAD + "assign y = y[0];\nendmodule", 3, ["no range"]),
        (HEAD + "assign y = 1'bx;\nendmodule", 3, ["without a value"]),
        (HEAD + "assign y = 1'b2;\nendmodule", 3, ["base b"]),
        (HEAD + "assign y = {a, 1};\nendmodule", 3, ["needs a size"]),
        (HEAD + "wire a;\nassign y = a;\nendmodule", 3, ["a has another range"]),
        (HEAD + "wire p, p;\nendmodule", 3, ["p is declared twice"]),
        (HEAD + "INVX1 u (a[0], y), u (a[1], q);\nendmodule", 3, ["two instances"]),
        (HEAD + "INVX1 (a[0], y);\nendmodule", 3, ["has no name"]),
        (HEAD + "INVX1 #(3) u (a[0], y);\nendmodule", 3, ["delays and parameters"]),
        (HEAD + "INVX1 u [1:0] (a[0], y);\nendmodule", 3, ["arrays of instances"]),
        (HEAD + "`ifdef X\nassign y = a[0];\n`endif\nendmodule", 3, ["`ifdef", "preprocessor"]),
        ("module t (a, y); input a;\nendmodule", 1, ["port y", "neither"]),
        ("module t (inout a);\nendmodule", 1, ["inout"]),
        ("module t (a); input a; input b;\nendmodule", 1, ["b is not in the port list"]),
        ("module a; endmodule\nmodule a; endmodule", 2, ["defined twice"]),
        ("module a; endmodule\nmodule b; endmodule", 2, ["2 modules could be the top", "--top"]),
        ("\nmodule a; b u (); endmodule\nmodule b; a u (); endmodule", 2, ["contain themselves"]),
        ("wire x;", 1, ["a module"]),
        ("", 1, ["no module"]),
    ],
)
def test_errors_name_the_line(text: str, line: int, words: list[str]) -> None:
    with pytest.raises(NetlistError) as caught:
        read(text)
    message = str(caught.value)
    assert f"x.v, line {line})" in message
    for word in words:
        assert word in message


def test_sequential_cells_are_known_from_the_liberty_file(tmp_path: Path) -> None:
    lib = tmp_path / "a.lib"
    lib.write_text("library (a) { cell (KEEPER) { } }", encoding="utf-8")
    library = replace(LIBRARY, path=str(lib))
    with pytest.raises(NetlistError, match="KEEPER of u is sequential or three-state"):
        netlist_from_verilog("module t (input a); KEEPER u (a); endmodule", library=library)


def test_an_unknown_top_is_refused() -> None:
    with pytest.raises(NetlistError, match=r"no module 'tob'.*Did you mean top"):
        read(COMMERCIAL, top="tob")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="cannot be read"):
        read_verilog(tmp_path / "no.v", library=LIBRARY)


def test_hierarchy_that_multiplies_without_end_is_refused() -> None:
    levels = [
        f"module m{i} (input a); m{i - 1} u (a), v (a), w (a), x (a); endmodule"
        for i in range(1, 40)
    ]
    text = "module m0 (input a); INVX1 u (a, ); wire [60000:0] b; endmodule\n" + "\n".join(levels)
    with pytest.raises(NetlistError, match="more than"):
        read(text)


def test_deep_nesting_needs_no_recursion() -> None:
    depth = 5_000
    text = f"module t (input a, output y); assign y = {'{' * depth}a{'}' * depth}; endmodule"
    assert answers(text) == {"y": [0, 1]}


@given(st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_read_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    text = list(COMMERCIAL + to_verilog(full_adder(), library=LIBRARY))
    words = [
        *"(){}[];,.:#=\\'`\"*/~é٣\x00 \n",
        "4'hA",
        "module",
        "endmodule",
        "a[1]",
        "99999999999",
    ]
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(text))
        size = rng.choice([0, 0, 1, 1, 5, 40])
        text[place : place + size] = rng.choice([[], [rng.choice(words)]])
    # Any other exception fails the test.
    with contextlib.suppress(NetlistError):
        result = read("".join(text), top=rng.choice([None, "top"]))
        assert result.netlist.n_gates == len(result.instances)


@pytest.mark.tools
def test_pyverilog_agrees_and_a_difference_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.v"
    path.write_text(COMMERCIAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = read_verilog(path, library=LIBRARY)
    check = cross_check(path, result.modules)
    assert (check.same, check.n_instances) == (True, 3)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.v"]
    other = netlist_from_verilog(COMMERCIAL.replace("inp[3]", "inp[0]"), library=LIBRARY)
    with pytest.raises(CheckError, match="two readers differ on instance U5"):
        cross_check(path, other.modules)
    other = netlist_from_verilog(COMMERCIAL.replace("= n9", "= n7"), library=LIBRARY)
    with pytest.raises(CheckError, match="differ on assigns"):
        cross_check(path, other.modules)
