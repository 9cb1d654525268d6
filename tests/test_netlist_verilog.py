"""Structural Verilog of a netlist."""

from __future__ import annotations

import subprocess

import pytest

from printml.errors import NetlistError
from printml.netlist.build import NetlistBuilder
from printml.netlist.verilog import escaped, net_names, to_verilog
from tests.netlists import full_adder
from tests.tiny_library import INV, make_library, tiny_library


def small_netlist():
    builder = NetlistBuilder("top", library=tiny_library())
    wide = builder.add_input("alcohol", 4)
    (bit,) = builder.add_input("a.b", 1)
    inverted = builder.add_gate("INVX1", [bit])
    gate = builder.add_gate("NAND2X1", [inverted, wide[2]])
    builder.add_output("class", [gate, 1, wide[0]])
    builder.add_output("score", [gate], signed=True)
    return builder.build()


EXPECTED = r"""// made by a test
//
// second line
module top (alcohol, \a.b , \class , score);
  input [3:0] alcohol;
  input \a.b ;
  output [2:0] \class ;
  output signed score;
  wire n7, n8;
  INVX1 g7 (.A(\a.b ), .Y(n7));
  NAND2X1 g8 (.A1(n7), .A2(alcohol[2]), .Y(n8));
  assign \class = {alcohol[0], 1'b1, n8};
  assign score = n8;
endmodule
"""


def test_text():
    header = "made by a test\n\nsecond line"
    text = to_verilog(small_netlist(), library=tiny_library(), header=header)
    assert text.replace("\\class  =", "\\class =") == EXPECTED


def test_net_names_are_those_of_the_text_without_escapes():
    assert net_names(small_netlist()) == {
        2: "alcohol[0]",
        3: "alcohol[1]",
        4: "alcohol[2]",
        5: "alcohol[3]",
        6: "a.b",
        7: "n7",
        8: "n8",
    }


def test_ports_named_like_wires_and_gates_do_not_clash():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_input("n3", 1)
    builder.add_output("g_7", [builder.add_gate("INVX1", [2])])
    builder.add_output("g3", [3])
    text = to_verilog(builder.build(), library=tiny_library())
    assert "INVX1 g__3 (.A(n3), .Y(n_3));" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [("alcohol", "alcohol"), ("wire", "\\wire "), ("2nd", "\\2nd "), ("a-b", "\\a-b ")],
)
def test_escapes(name, text):
    assert escaped(name) == text


@pytest.mark.parametrize("name", ["", "two words", "grün", "a\nb"])
def test_names_that_verilog_cannot_have(name):
    with pytest.raises(NetlistError, match="cannot be a Verilog name"):
        escaped(name)


def test_library_without_the_cell():
    with pytest.raises(NetlistError, match="has no cell 'NAND2X1'"):
        to_verilog(full_adder(), library=make_library(INV))


@pytest.mark.tools
@pytest.mark.parametrize("standard", ["-g2005", "-g2012"])
def test_icarus_accepts_the_text(tmp_path, standard):
    cells = (
        "module INVX1 (input A, output Y); assign Y = ~A; endmodule\n"
        "module NAND2X1 (input A1, input A2, output Y); assign Y = ~(A1 & A2); endmodule\n"
    )
    text = to_verilog(small_netlist(), library=tiny_library())
    (tmp_path / "top.v").write_text(text + cells, encoding="utf-8")
    argv = ["iverilog", standard, "-Wall", "-o", "top.vvp", "-s", "top", "top.v"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
