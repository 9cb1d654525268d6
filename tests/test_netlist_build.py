"""Builder, JSON file and structure of netlists."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given

from printml.errors import NetlistError
from printml.netlist.build import ONE, NetlistBuilder
from printml.netlist.cell_tables import cell_tables, cells_of
from printml.netlist.compiled import compiled
from printml.netlist.json_file import netlist_from_json, netlist_to_json
from printml.netlist.structure import cone, fanout_counts, logic_levels, to_networkx
from tests.netlists import full_adder, netlists, same_netlist
from tests.tiny_library import INV, NAND3, make_cell, make_library, tiny_library


def test_full_adder_has_nine_gates_of_known_area():
    netlist = full_adder()
    assert repr(netlist) == "Netlist('full_adder', 3 input bits, {'NAND2X1': 9})"
    assert netlist.area_cm2(tiny_library()) == pytest.approx(9 * 0.24786 / 100)
    assert netlist.outputs[0].nets == (12, 13)
    assert not netlist.fanin.flags.writeable


def test_builder_numbers_nets_in_order():
    builder = NetlistBuilder("top", library=tiny_library())
    assert builder.add_input("a", 2) == (2, 3)
    assert builder.add_input("b", 1) == (4,)
    assert builder.add_gate("INVX1", [3]) == 5
    assert builder.add_gate("NAND2X1", [5, ONE]) == 6
    builder.add_output("class", [6])
    netlist = builder.build()
    assert netlist.fanin.tolist() == [[3, 0], [5, 1]]
    assert netlist.cell_names == ("INVX1", "NAND2X1")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda b: b.add_gate("NAND9X1", [2, 3]), "has no cell 'NAND9X1'"),
        (lambda b: b.add_gate("NAND2X1", [2]), "has 2 input pins and got 1"),
        (lambda b: b.add_gate("NAND2X1", [2, 9]), "net 9 does not exist"),
        (lambda b: b.add_output("class", [-1]), "net -1 does not exist"),
        (lambda b: b.add_output("class", []), "has width 0"),
        (lambda b: b.add_output("a", [2]), "two ports are named 'a'"),
        (lambda b: b.add_input("c", 0), "has width 0"),
        (lambda b: (b.add_gate("INVX1", [2]), b.add_input("c", 1)), "comes after a gate"),
    ],
)
def test_builder_refuses(act, message):
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_input("a", 2)
    with pytest.raises(NetlistError, match=message):
        act(builder)


@given(netlists())
def test_json_round_trip(netlist):
    text = json.dumps(netlist_to_json(netlist))
    assert same_netlist(netlist_from_json(json.loads(text)), netlist)


def test_json_is_readable():
    data = netlist_to_json(full_adder())
    assert data["gates"][:3] == ["NAND2X1 2 3", "NAND2X1 2 5", "NAND2X1 3 5"]
    assert data["outputs"] == [{"name": "class", "nets": [12, 13], "signed": False}]


def _set(path, value):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set(["format"], "other"), "not a netlist of printml"),
        (_set(["version"], 2), "version 2 is not supported"),
        (_set(["name"], 7), "'name' is missing or not of type str"),
        (_set(["inputs"], None), "'inputs' is missing"),
        (_set(["inputs", 0, "width"], 0), "width 0"),
        (_set(["inputs", 0, "width"], True), "'width' is missing or not of type int"),
        (_set(["inputs", 0, "name"], "b"), "two ports have the same name"),
        (_set(["outputs", 0, "nets"], [99]), "net 99, which does not exist"),
        (_set(["outputs", 0, "signed"], 1), "'signed' is missing"),
        (_set(["cells"], ["NAND2X1", "NAND2X1"]), "listed twice"),
        (_set(["cells"], [["NAND2X1"]]), "must be names"),
        (_set(["cells"], ["INVX1"]), "'NAND2X1' is not listed"),
        (_set(["gates", 0], "NAND2X1 2"), "not a cell and 2 net numbers"),
        (_set(["gates", 0], "NAND2X1 2 -3"), "not a cell and 2 net numbers"),
        (_set(["gates", 0], 5), "not a cell and 2 net numbers"),
        (_set(["gates", 0], "NAND2X1 2 5"), "reads net 5, which no earlier"),
        (_set(["gates", 8], "NAND2X1 2 99999999999999"), "reads net 99999999999999"),
    ],
)
def test_json_is_checked(change, message):
    data = copy.deepcopy(netlist_to_json(full_adder()))
    change(data)
    with pytest.raises(NetlistError, match=message):
        netlist_from_json(data)


@pytest.mark.parametrize("data", [None, [], "text", {}])
def test_json_of_something_else(data):
    with pytest.raises(NetlistError, match="not a netlist of printml"):
        netlist_from_json(data)


def test_structure_of_the_full_adder():
    netlist, library = full_adder(), tiny_library()
    # ab=5, its readers 6 and 7, half=8, hc=9, 10, 11, total=12, carry=13.
    assert logic_levels(netlist).tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 5, 6, 5]
    assert fanout_counts(netlist, library).tolist() == [0, 0, 2, 2, 2, 3, 1, 1, 2, 3, 1, 1, 1, 1]
    assert np.nonzero(cone(netlist, 8))[0].tolist() == [2, 3, 5, 6, 7, 8]
    assert np.nonzero(cone(netlist, 3))[0].tolist() == [3]


def test_fanout_leaves_out_unused_pins_and_counts_constants():
    builder = NetlistBuilder("top", library=tiny_library())
    (a,) = builder.add_input("a", 1)
    builder.add_output("class", [builder.add_gate("NAND2X1", [builder.add_gate("INVX1", [a]), 0])])
    netlist = builder.build()
    assert fanout_counts(netlist, tiny_library()).tolist() == [1, 0, 1, 1, 1]
    assert np.nonzero(cone(netlist, 4))[0].tolist() == [2, 3, 4]


def test_cone_of_unknown_net():
    with pytest.raises(NetlistError, match="net 14 does not exist"):
        cone(full_adder(), 14)


def test_networkx_view():
    graph = to_networkx(full_adder(), tiny_library())
    assert graph.nodes[2] == {"kind": "input", "name": "a"}
    assert graph.nodes[5] == {"kind": "NAND2X1", "name": "n5"}
    assert sorted(graph.in_edges(5, data="pin")) == [(2, 5, "A1"), (3, 5, "A2")]
    assert graph.number_of_edges() == 18
    assert graph.graph["outputs"] == [("class", 0, 12), ("class", 1, 13)]


def test_cells_of_another_library():
    with pytest.raises(NetlistError, match="library tiny has no cell 'NAND2X1'"):
        cells_of(full_adder(), make_library(INV))
    wider = make_cell(
        "NAND2X1",
        area_mm2=1.0,
        truth_table=NAND3.truth_table,
        leakage_nw=[1.0] * 8,
        sense="negative_unate",
    )
    with pytest.raises(NetlistError, match="has 3 input pins"):
        cells_of(full_adder(), make_library(wider))


def test_cells_with_too_many_pins():
    cell = make_cell(
        "AND7", area_mm2=1.0, truth_table=1 << 127, leakage_nw=[1.0] * 128, sense="positive_unate"
    )
    with pytest.raises(NetlistError, match="'AND7' has 7 inputs; at most 6"):
        cell_tables([cell])


def test_functions_without_a_place_for_machine_code_are_compiled_all_the_same():
    # numba cannot cache a function that has no source file, as it cannot in a read-only folder.
    namespace: dict = {}
    exec("def double(x):\n    return 2 * x\n", namespace)
    double = compiled(namespace["double"])
    assert double(4) == 8
    assert double.signatures
