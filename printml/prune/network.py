"""A netlist in the form that pruning changes: gates of at most two inputs, in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import FloatArray, Int32Array
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.build import NetlistBuilder
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist
from printml.netlist.transform import sweep
from printml.polish.power_map import static_power_nw

NOT_A_GATE = 255
INV = 0b0101
AND, OR, NAND, NOR, XOR, XNOR = 0b1000, 0b1110, 0b0111, 0b0001, 0b0110, 0b1001
COMPLEMENT = 0b1111
SYMMETRIC = (AND, OR, NAND, NOR, XOR, XNOR)
FUNCTION_NAMES = {AND: "and", OR: "or", NAND: "nand", NOR: "nor", XOR: "xor", XNOR: "xnor"}
DE_MORGAN = {NAND: OR, NOR: AND, AND: NOR, OR: NAND}
"""The same function on inverted inputs."""

OpArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class GateNetwork:
    """Nets 0 and 1 are the constants, then come the inputs, then gates in topological order.

    Attributes
    ----------
    like
        The netlist it was made of: names and ports.
    op
        uint8, shape (n_nets,): bit s of a gate's function is its output in state s = a + 2 b;
        `NOT_A_GATE` for constants and inputs.
    a, b
        int32, shape (n_nets,): fan-ins; an inverter reads `a`, its `b` is 0.
    outputs
        int32, shape (n_output_bits,): net of each output bit, port by port.
    """

    like: Netlist
    op: OpArray
    a: Int32Array
    b: Int32Array
    outputs: Int32Array

    @property
    def n_nets(self) -> int:
        return len(self.op)


def op_areas_mm2(library: CellLibrary) -> FloatArray:
    """Area in mm2 of each two-input function as `netlist_of` builds it, float64, shape (16,).

    Infinite for functions that are no gates here (wires, constants, one input inverted).

    Raises
    ------
    NetlistError
        If the library has no inverter, or neither NAND2 nor NOR2.
    """
    areas = np.full(16, np.inf)
    for op, (area, _, _) in _forms(library).items():
        areas[op] = area
    return areas


def op_power_mw(library: CellLibrary) -> FloatArray:
    """Static power in mW of each function with its output at 0 and at 1, float64, shape (16, 2).

    Mean over the input states with that output, as `netlist_of` builds it; 0 for functions that
    are no gates here.

    Raises
    ------
    LibertyError
        If the library has no static power.
    NetlistError
        As `op_areas_mm2`.
    """
    like = NetlistBuilder("gate", library=library)
    pins = like.add_input("x", 2)
    like.add_output("y", [pins[0]])
    frame = like.build()
    found = np.zeros((16, 2))
    for op in (INV, *SYMMETRIC):
        before = [0] * frame.first_gate_net
        network = GateNetwork(
            like=frame,
            op=np.array([NOT_A_GATE for _ in before] + [op], np.uint8),
            a=np.array([*before, pins[0]], np.int32),
            b=np.array([*before, 0 if op == INV else pins[1]], np.int32),
            outputs=np.array([frame.first_gate_net], np.int32),
        )
        netlist = netlist_of(network, library)
        states = np.arange(4)
        nw = np.array([static_power_nw(netlist, library, [[state]]) for state in states])
        value = op >> states & 1
        found[op] = [1e-6 * nw[value == 0].mean(), 1e-6 * nw[value == 1].mean()]
    return found


def _forms(library: CellLibrary) -> dict[int, tuple[float, str, str]]:
    """Smallest form of each function: (area, form, cell name of form `cell`)."""
    forms: dict[int, tuple[float, str, str]] = {}

    def offer(op: int, area: float, form: str, name: str = "") -> None:
        if area < forms.get(op, (np.inf, "", ""))[0]:
            forms[op] = (area, form, name)

    for cell in library.cells.values():
        if cell.n_inputs == 2 and cell.truth_table in SYMMETRIC:
            offer(cell.truth_table, cell.area_mm2, "cell", cell.name)
        elif cell.n_inputs == 1 and cell.truth_table == 1:
            offer(INV, cell.area_mm2, "cell", cell.name)

    def area(op: int) -> float:
        return forms[op][0] if op in forms else np.inf

    for _ in range(3):
        for op in SYMMETRIC:
            offer(op, area(op ^ COMPLEMENT) + area(INV), "complement")
        for op, other in DE_MORGAN.items():
            offer(op, area(other) + 2 * area(INV), "de morgan")
        offer(XOR, 4 * area(NAND), "nands")
    if not {INV, *SYMMETRIC} <= forms.keys():
        raise NetlistError(f"library {library.name} has no inverter, or no NAND2 and NOR2")
    return forms


def network_of(netlist: Netlist, library: CellLibrary) -> GateNetwork:
    """Take a netlist apart into gates of at most two inputs; dead gates are dropped.

    Raises
    ------
    NetlistError
        If the library lacks a cell of the netlist.
    """
    netlist = sweep(netlist)
    cells = cells_of(netlist, library)
    first = netlist.first_gate_net
    rows: list[tuple[int, int, int]] = [(NOT_A_GATE, 0, 0)] * first
    net_of = list(range(first))

    def gate(op: int, a: int, b: int) -> int:
        rows.append((op, a, b))
        return len(rows) - 1

    def function(table: int, pins: list[int]) -> int:
        """Shannon expansion on the last pin."""
        full = (1 << (1 << len(pins))) - 1
        if table == 0 or table == full:
            return int(table == full)
        if len(pins) == 1:
            return pins[0] if table == 2 else gate(INV, pins[0], 0)
        if len(pins) == 2 and table in SYMMETRIC:
            return gate(table, pins[0], pins[1])
        half = 1 << (len(pins) - 1)
        low, high = table & ((1 << half) - 1), table >> half
        if low == high:
            return function(low, pins[:-1])
        select = pins[-1]
        if high == 0:
            return gate(AND, gate(INV, select, 0), function(low, pins[:-1]))
        if low == 0:
            return gate(AND, select, function(high, pins[:-1]))
        if low == (1 << half) - 1:
            return gate(NAND, select, gate(INV, function(high, pins[:-1]), 0))
        if high == (1 << half) - 1:
            return gate(OR, select, function(low, pins[:-1]))
        chosen = gate(NAND, select, function(high, pins[:-1]))
        other = gate(NAND, gate(INV, select, 0), function(low, pins[:-1]))
        return gate(NAND, chosen, other)

    for kind, fanin in zip(netlist.kind.tolist(), netlist.fanin.tolist(), strict=True):
        cell = cells[kind]
        net_of.append(function(cell.truth_table, [net_of[net] for net in fanin[: cell.n_inputs]]))
    op, a, b = (np.array(column) for column in zip(*rows, strict=True))
    return GateNetwork(
        like=netlist,
        op=op.astype(np.uint8),
        a=a.astype(np.int32),
        b=b.astype(np.int32),
        outputs=np.array([net_of[n] for port in netlist.outputs for n in port.nets], np.int32),
    )


def netlist_of(network: GateNetwork, library: CellLibrary) -> Netlist:
    """Back to cells of the library; gates that reach no output are left out."""
    forms = _forms(library)
    builder = NetlistBuilder(network.like.name, library=library)
    for port in network.like.inputs:
        builder.add_input(port.name, port.width, signed=port.signed)
    op, a, b = network.op.tolist(), network.a.tolist(), network.b.tolist()

    def place(op: int, left: int, right: int) -> int:
        _, form, name = forms[op]
        if form == "cell":
            return builder.add_gate(name, [left] if op == INV else [left, right])
        if form == "complement":
            return place(INV, place(op ^ COMPLEMENT, left, right), 0)
        if form == "nands":
            both = place(NAND, left, right)
            return place(NAND, place(NAND, left, both), place(NAND, right, both))
        return place(DE_MORGAN[op], place(INV, left, 0), place(INV, right, 0))

    moved = dict(enumerate(range(network.like.first_gate_net)))
    live = _live(network)
    for net in range(network.like.first_gate_net, network.n_nets):
        if live[net]:
            right = moved[b[net]] if op[net] != INV else 0
            moved[net] = place(op[net], moved[a[net]], right)
    bit = 0
    for port in network.like.outputs:
        nets = network.outputs[bit : bit + port.width].tolist()
        builder.add_output(port.name, [moved[net] for net in nets], signed=port.signed)
        bit += port.width
    return sweep(builder.build())


def _live(network: GateNetwork) -> list[bool]:
    live = [False] * network.n_nets
    for net in network.outputs.tolist():
        live[net] = True
    for net in range(network.n_nets - 1, network.like.first_gate_net - 1, -1):
        if live[net]:
            live[network.a[net]] = True
            if network.op[net] != INV:
                live[network.b[net]] = True
    return live
