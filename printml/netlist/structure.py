"""What is connected to what: levels, fan-out, cones, and a view as a graph."""

from __future__ import annotations

import networkx as nx
import numpy as np
import numpy.typing as npt

from printml.arrays import Int32Array, IntArray
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.compiled import compiled
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import net_names


def logic_levels(netlist: Netlist) -> Int32Array:
    """Gates on the longest way from an input to each net, int32, shape (n_nets,).

    Constants and inputs are 0, and so is a constant as fan-in.
    """
    levels: Int32Array = _levels(netlist.fanin, netlist.first_gate_net)
    return levels


def fanout_counts(netlist: Netlist, library: CellLibrary) -> IntArray:
    """Gate pins and output bits that read each net, int64, shape (n_nets,).

    The library tells the pins of a cell from unused columns of `fanin`, which are 0 as well.

    Raises
    ------
    NetlistError
        If the library lacks a cell.
    """
    counts = np.zeros(netlist.n_nets, dtype=np.int64)
    n_pins = np.array([cell.n_inputs for cell in cells_of(netlist, library)], dtype=np.int64)
    if netlist.n_gates:
        connected = np.arange(netlist.fanin.shape[1]) < n_pins[netlist.kind][:, None]
        counts += np.bincount(netlist.fanin[connected], minlength=netlist.n_nets)
    for port in netlist.outputs:
        np.add.at(counts, list(port.nets), 1)
    return counts


def cone(netlist: Netlist, net: int) -> npt.NDArray[np.bool_]:
    """Nets that `net` depends on, itself included, bool, shape (n_nets,).

    The constants are never in it.

    Raises
    ------
    NetlistError
        If the net does not exist.
    """
    if not 0 <= net < netlist.n_nets:
        raise NetlistError(
            f"net {net} does not exist",
            where=f"netlist {netlist.name}",
            hint=f"It has the nets 0 .. {netlist.n_nets - 1}",
        )
    mask: npt.NDArray[np.bool_] = _cone(netlist.fanin, netlist.first_gate_net, net)
    return mask


def to_networkx(netlist: Netlist, library: CellLibrary) -> nx.MultiDiGraph:
    """A graph for looking at: nodes are nets, an edge is a pin of the gate it points to.

    Nodes have `kind` (`constant`, `input` or a cell name) and `name` as in the Verilog; edges
    have `pin`. The graph's `outputs` attribute lists `(port, bit, net)`.

    Raises
    ------
    NetlistError
        If the library lacks a cell.
    """
    cells = cells_of(netlist, library)
    graph = nx.MultiDiGraph(
        name=netlist.name,
        outputs=[
            (port.name, bit, net) for port in netlist.outputs for bit, net in enumerate(port.nets)
        ],
    )
    graph.add_node(0, kind="constant", name="1'b0")
    graph.add_node(1, kind="constant", name="1'b1")
    names = net_names(netlist)
    for net in range(2, netlist.first_gate_net):
        graph.add_node(net, kind="input", name=names[net])
    rows = zip(netlist.kind.tolist(), netlist.fanin.tolist(), strict=True)
    for net, (kind, fanin) in enumerate(rows, start=netlist.first_gate_net):
        cell = cells[kind]
        graph.add_node(net, kind=cell.name, name=names[net])
        for pin, read in zip(cell.inputs, fanin, strict=False):
            graph.add_edge(read, net, pin=pin)
    return graph


@compiled
def _levels(fanin: Int32Array, first_gate_net: int) -> Int32Array:
    n_gates, n_columns = fanin.shape
    levels = np.zeros(first_gate_net + n_gates, dtype=np.int32)
    for gate in range(n_gates):
        deepest = 0
        for pin in range(n_columns):
            deepest = max(deepest, levels[fanin[gate, pin]])
        levels[first_gate_net + gate] = deepest + 1
    return levels


@compiled
def _cone(fanin: Int32Array, first_gate_net: int, net: int) -> np.ndarray:
    n_gates, n_columns = fanin.shape
    mask = np.zeros(first_gate_net + n_gates, dtype=np.bool_)
    mask[net] = True
    for gate in range(net - first_gate_net, -1, -1):
        if mask[first_gate_net + gate]:
            for pin in range(n_columns):
                mask[fanin[gate, pin]] = True
    mask[0] = False
    mask[1] = False
    return mask
