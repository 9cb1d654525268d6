"""Tying nets to constants and sweeping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import NetlistError
from printml.netlist.build import NetlistBuilder
from printml.netlist.transform import sweep, tie
from printml.simulate.kernel import outputs
from tests.netlists import all_vectors, full_adder, naive_outputs, netlists, same_netlist
from tests.tiny_library import INV, NAND2, make_cell, make_library, tiny_library, wide_library


def one_gate(cell_name, *, fanins=(2, 3), library=None):
    """Inputs a, b (nets 2, 3), an inverter of a (net 4) and one gate that drives `class`."""
    library = library or tiny_library()
    builder = NetlistBuilder("top", library=library)
    builder.add_input("a", 1)
    builder.add_input("b", 1)
    builder.add_gate("INVX1", [2])
    builder.add_output("class", [builder.add_gate(cell_name, list(fanins))])
    return builder.build()


@pytest.mark.parametrize(
    ("cell_name", "fanins", "counts", "net"),
    [
        ("NAND2X1", (2, 0), {}, 1),
        ("NAND2X1", (1, 2), {"INVX1": 1}, 4),
        ("NOR2X1", (2, 1), {}, 0),
        ("NOR2X1", (2, 0), {"INVX1": 1}, 4),
        ("AND2X1", (2, 1), {}, 2),
        ("OR2X1", (0, 3), {}, 3),
        ("XOR2X1", (1, 3), {"INVX1": 1}, 4),
        ("XNOR2X1", (3, 1), {}, 3),
        ("XOR2X1", (3, 3), {}, 0),
        ("NAND2X1", (3, 3), {"INVX1": 1}, 4),
        ("INVX1", (4,), {}, 2),
        ("NAND2X1", (2, 4), {}, 1),
        ("XOR2X1", (2, 4), {}, 1),
        ("AND2X1", (4, 4), {"INVX1": 1}, 4),
        ("NAND2X1", (2, 3), {"NAND2X1": 1}, 4),
    ],
)
def test_every_way_to_lose_an_input(cell_name, fanins, counts, net):
    tied = tie(one_gate(cell_name, fanins=fanins), {}, tiny_library())
    assert tied.cell_counts() == counts
    assert tied.outputs[0].nets == (net,)


def test_equal_inverters_are_shared():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_input("a", 1)
    first, second = builder.add_gate("INVX1", [2]), builder.add_gate("NAND2X1", [2, 1])
    builder.add_output("class", [first, second])
    tied = tie(builder.build(), {}, tiny_library())
    assert tied.cell_counts() == {"INVX1": 1}
    assert tied.outputs[0].nets == (3, 3)


def test_gate_stays_where_the_library_has_no_cheaper_inverter():
    dear = make_cell(
        "INVX1", area_mm2=0.3, truth_table=0b01, leakage_nw=[1.0, 2.0], sense="negative_unate"
    )
    library = make_library(dear, NAND2)
    builder = NetlistBuilder("top", library=library)
    builder.add_input("a", 1)
    builder.add_output("class", [builder.add_gate("NAND2X1", [2, 1])])
    tied = tie(builder.build(), {}, library)
    assert tied.cell_counts() == {"NAND2X1": 1}
    assert tied.fanin.tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("cell_name", "fanins", "counts"),
    [
        ("NAND3X1", (2, 1, 3), {"NAND2X1": 1}),
        ("NAND3X1", (2, 1, 2), {"INVX1": 1}),
        ("MUX2X1", (2, 3, 0), {}),
        ("MUX2X1", (2, 0, 3), {"MUX2X1": 1}),
        ("MUX2X1", (0, 2, 3), {"AND2X1": 1}),
        ("AOI22X1", (2, 3, 1, 1), {}),
        ("AOI22X1", (2, 3, 0, 3), {"NAND2X1": 1}),
    ],
)
def test_wide_cells_shrink_to_what_the_library_has(cell_name, fanins, counts):
    library = wide_library()
    tied = tie(one_gate(cell_name, fanins=fanins, library=library), {}, library)
    assert tied.cell_counts() == counts


def test_tied_full_adder_becomes_a_half_adder():
    # Tying the inner product of a and b to 1 makes half = !a nand !b = a or b.
    tied = tie(full_adder(), {5: True}, tiny_library())
    rows = all_vectors(tied)
    expected = naive_outputs(full_adder(), tiny_library(), rows, {5: True})
    assert outputs(tied, tiny_library(), rows)["class"].tolist() == expected["class"]
    assert tied.n_gates < 9


def test_output_net_can_be_tied():
    tied = tie(full_adder(), {12: False, 13: True}, tiny_library())
    assert tied.n_gates == 0
    assert tied.outputs[0].nets == (0, 1)
    assert repr(tied) == "Netlist('full_adder', 3 input bits, {})"


@settings(deadline=None)  # the first call compiles
@given(netlists(), st.data())
def test_tie_is_evaluation_with_forced_nets_and_never_grows(netlist, data):
    library = wide_library()
    gates = range(netlist.first_gate_net, netlist.n_nets)
    constants = {}
    if gates:
        constants = data.draw(st.dictionaries(st.sampled_from(gates), st.booleans(), max_size=3))
    tied = tie(netlist, constants, library)
    rows = all_vectors(netlist)
    expected = naive_outputs(netlist, library, rows, constants)
    assert naive_outputs(tied, library, rows) == expected
    assert tied.area_cm2(library) <= netlist.area_cm2(library) + 1e-12
    assert tied.inputs == netlist.inputs
    assert sorted(set(tied.kind.tolist())) == list(range(len(tied.cell_names)))
    own = np.arange(tied.n_gates)[:, None] + tied.first_gate_net
    assert (tied.fanin < own).all()


@settings(deadline=None)  # the first call compiles
@given(netlists(wide=False))
def test_tie_of_an_egfet_netlist_leaves_nothing_to_simplify(netlist):
    tied = tie(netlist, {}, tiny_library())
    assert same_netlist(tie(tied, {}, tiny_library()), tied)
    assert tied.fanin.size == 0 or (tied.fanin[:, 0] > 1).all()


@settings(deadline=None)  # the first call compiles
@given(netlists())
def test_sweep_keeps_the_function_and_drops_what_no_output_reads(netlist):
    library = wide_library()
    swept = sweep(netlist)
    rows = all_vectors(netlist)
    assert naive_outputs(swept, library, rows) == naive_outputs(netlist, library, rows)
    read = set(swept.fanin.flatten().tolist())
    read |= {net for port in swept.outputs for net in port.nets}
    assert set(range(swept.first_gate_net, swept.n_nets)) <= read
    assert same_netlist(sweep(swept), swept)


def test_sweep_drops_dead_gates_only():
    netlist = one_gate("NAND2X1")
    swept = sweep(netlist)
    assert netlist.n_gates == 2
    assert swept.cell_counts() == {"NAND2X1": 1}
    assert swept.outputs[0].nets == (4,)


@pytest.mark.parametrize("net", [-1, 0, 1, 2, 4, 14])
def test_only_gate_nets_can_be_tied(net):
    with pytest.raises(NetlistError, match=rf"net {net} cannot be tied .* 5 \.\. 13"):
        tie(full_adder(), {net: True}, tiny_library())


def test_tie_with_another_library():
    with pytest.raises(NetlistError, match="has no cell 'NAND2X1'"):
        tie(full_adder(), {}, make_library(INV))
