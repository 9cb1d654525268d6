"""Reading the JSON of Yosys."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from printml.errors import NetlistError
from printml.netlist.netlist import Port
from printml.netlist.yosys_json import from_yosys_json
from tests.tiny_library import tiny_library


def cell(kind, **pins):
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}


def module():
    """class = {1, a[1] nand inv(b)}, score = a[1] nand inv(b), x, 0."""
    return {
        "ports": {
            "a": {"direction": "input", "bits": [2, 3]},
            "class": {"direction": "output", "bits": [7, "1"]},
            "b": {"direction": "input", "bits": [4]},
            "score": {"direction": "output", "bits": [7, "x", "0"], "signed": 1},
        },
        "cells": {
            "u_nand": cell("NAND2X1", A2=9, A1=3, Y=7),
            "u_inv": cell("INVX1", A=4, Y=9),
            "scope": {"type": "$scopeinfo", "connections": {}},
        },
        "netnames": {
            "a": {"hide_name": 0, "bits": [2, 3]},
            "$auto$1": {"hide_name": 1, "bits": [9]},
            "not_b": {"hide_name": 0, "bits": [9]},
        },
    }


def read(top_module):
    return from_yosys_json({"modules": {"top": top_module}}, library=tiny_library(), top="top")


def test_ports_cells_and_constants():
    netlist = read(module())
    assert netlist.inputs == (Port("a", (2, 3)), Port("b", (4,)))
    assert netlist.outputs == (Port("class", (6, 1)), Port("score", (6, 0, 0), signed=True))
    assert netlist.cell_names == ("INVX1", "NAND2X1")
    assert netlist.kind.tolist() == [0, 1]
    assert netlist.fanin.tolist() == [[4, 0], [3, 5]]


def test_order_does_not_depend_on_cell_names():
    first = module()
    first["cells"]["u_nor"] = cell("NOR2X1", A1=2, A2=3, Y=11)
    second = copy.deepcopy(first)
    names = {"u_nand": "aaa", "u_inv": "zzz", "scope": "m", "u_nor": "bbb"}
    second["cells"] = {names[name]: entry for name, entry in first["cells"].items()}
    left, right = read(first), read(second)
    assert left.cell_counts() == right.cell_counts() == {"INVX1": 1, "NAND2X1": 1, "NOR2X1": 1}
    np.testing.assert_array_equal(left.kind, right.kind)
    np.testing.assert_array_equal(left.fanin, right.fanin)


def test_gate_without_output_net_is_left_out():
    data = module()
    data["cells"]["open"] = {"type": "INVX1", "connections": {"A": [2], "Y": []}}
    assert read(data).n_gates == 2


def test_wires_without_gates():
    netlist = read(
        {
            "ports": {
                "a": {"direction": "input", "bits": [2]},
                "class": {"direction": "output", "bits": [2]},
            }
        }
    )
    assert netlist.n_gates == 0
    assert netlist.outputs == (Port("class", (2,)),)


def _cells(**changes):
    def change(data):
        data["cells"] |= changes

    return change


def _loop(data):
    data["cells"]["u_inv"] = cell("NAND2X1", A1=4, A2=7, Y=9)


def _port(**changes):
    def change(data):
        data["ports"] |= changes

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_cells(u9=cell("$_BUF_", A=2, Y=11)), r"cell u9 is a \$_BUF_, which library tiny"),
        (_cells(u9=cell("INVX1", A=2, B=3, Y=11)), "cell u9 connects pin B, which INVX1"),
        (_cells(u9=cell("NAND2X1", A1=2, Y=11)), "pin A2 of cell u9 .* is not connected"),
        (
            _cells(u9={"type": "INVX1", "connections": {"A": [2], "Y": [11, 12]}}),
            "pin Y of cell u9 .* has 2 nets",
        ),
        (_cells(u9=cell("INVX1", A=99, Y=11)), "net 99 has no driver; pin A of cell u9"),
        (_cells(u9=cell("INVX1", A="z", Y=11)), "net z has no driver; pin A of cell u9"),
        (_cells(u9=cell("INVX1", A=2, Y=9)), "net not_b has two drivers: cell u9 and cell u_inv"),
        (_cells(u9=cell("INVX1", A=2, Y=3)), r"net a\[1\] has two drivers: a port .* cell u9"),
        (_cells(u9=cell("INVX1", A=2, Y="0")), "net 0 has two drivers"),
        (_loop, "loop: u_inv -> u_nand -> u_inv"),
        (_port(c={"direction": "inout", "bits": [20]}), "port c is inout"),
        (_port(c={"direction": "input", "bits": [3]}), r"net a\[1\] has two drivers: input port c"),
        (_port(c={"direction": "input", "bits": ["0"]}), "two drivers: input port c and a const"),
        (_port(c={"direction": "output", "bits": [30]}), "net 30 has no driver; output port c"),
    ],
)
def test_malformed_modules(change, message):
    data = module()
    change(data)
    with pytest.raises(NetlistError, match=message):
        read(data)


def test_gate_that_reads_itself():
    data = module()
    data["cells"]["u_inv"] = cell("INVX1", A=9, Y=9)
    with pytest.raises(NetlistError, match="loop: u_inv -> u_inv"):
        read(data)


@pytest.mark.parametrize("data", [{"modules": {"other": {}}}, {}, []])
def test_missing_module(data):
    with pytest.raises(NetlistError, match="no module 'top'"):
        from_yosys_json(data, library=tiny_library(), top="top")
