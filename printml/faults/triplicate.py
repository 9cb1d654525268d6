"""Triple modular redundancy: three copies of a circuit and a voter per output bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printml.arrays import frozen
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist, Port

NAND_TABLE, INVERTER_TABLE = 0b0111, 0b01


def triplicate(netlist: Netlist, library: CellLibrary) -> Netlist:
    """Three copies that read the same inputs, and `maj(a, b, c)` of every output bit.

    A voter is NAND(NAND(a, b), NAND(c, NAND(not a, not b))). Constant outputs and outputs that
    are inputs need none. (von Neumann, Automata Studies, 1956.)

    Raises
    ------
    NetlistError
        If the library lacks a two-input NAND or an inverter.
    """
    nand = _smallest(library, 2, NAND_TABLE)
    inverter = _smallest(library, 1, INVERTER_TABLE)
    names = list(netlist.cell_names)
    names += [name for name in (nand, inverter) if name not in names]
    first, n = netlist.first_gate_net, netlist.n_gates
    copies = [
        np.where(netlist.fanin >= first, netlist.fanin + k * n, netlist.fanin) for k in range(3)
    ]
    width = max(2, netlist.fanin.shape[1])
    fanin = [np.pad(copy, ((0, 0), (0, width - copy.shape[1]))) for copy in copies]
    kind = [netlist.kind] * 3
    n_gates = 3 * n
    voted: dict[int, int] = {}

    def gate(cell: str, *pins: int) -> int:
        nonlocal n_gates
        kind.append(np.array([names.index(cell)], np.int32))
        fanin.append(np.array([[*pins, *[0] * (width - len(pins))]], np.int32))
        n_gates += 1
        return first + n_gates - 1

    for net in dict.fromkeys(net for port in netlist.outputs for net in port.nets if net >= first):
        a, b, c = net, net + n, net + 2 * n
        both = gate(nand, a, b)
        either = gate(nand, gate(inverter, a), gate(inverter, b))
        voted[net] = gate(nand, both, gate(nand, c, either))
    return replace(
        netlist,
        cell_names=tuple(names),
        kind=frozen(np.concatenate(kind), np.int32),
        fanin=frozen(np.concatenate(fanin), np.int32),
        outputs=tuple(
            Port(port.name, tuple(voted.get(net, net) for net in port.nets), port.signed)
            for port in netlist.outputs
        ),
    )


def _smallest(library: CellLibrary, n_inputs: int, truth_table: int) -> str:
    cells = [
        cell
        for cell in library.cells.values()
        if (cell.n_inputs, cell.truth_table) == (n_inputs, truth_table)
    ]
    if not cells:
        raise NetlistError(
            "a voter needs a two-input NAND and an inverter, which the library lacks",
            where=f"library {library.name}",
        )
    return min(cells, key=lambda cell: cell.area_mm2).name
