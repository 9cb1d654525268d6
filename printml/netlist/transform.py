"""Make a netlist smaller: tie nets to constants, drop dead gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array, frozen
from printml.errors import NetlistError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.cell_tables import MAX_PINS, cell_tables, cells_of
from printml.netlist.netlist import Netlist, Port
from printml.netlist.tie_kernel import MATCH_OFFSET, MATCH_PINS, sweep_gates, tie_gates


@dataclass(frozen=True, eq=False)
class TieTables:
    """What `tie_gates` needs of a library, to be made once for many calls.

    Attributes
    ----------
    cell_names
        The netlist's own cells first, then those a simplified gate may become.
    n_pins, truth_table, area_mm2
        As in `CellTables`, for `cell_names`.
    match_kind
        int32, shape (278,): smallest cell per function of up to three nets, or -1.
    match_pins
        int32, shape (278, 3): which of the function's nets each pin of that cell reads.
    """

    cell_names: tuple[str, ...]
    n_pins: Int32Array
    truth_table: BitArray
    area_mm2: FloatArray
    match_kind: Int32Array
    match_pins: Int32Array


def tie_tables(netlist: Netlist, library: CellLibrary) -> TieTables:
    """Tables to simplify `netlist` with the cells of `library`.

    Raises
    ------
    NetlistError
        If the library lacks a cell of the netlist.
    """
    n_columns = netlist.fanin.shape[1]
    own = cells_of(netlist, library)
    further = [
        cell
        for name, cell in library.cells.items()
        if name not in netlist.cell_names and cell.n_inputs <= min(n_columns, MATCH_PINS)
    ]
    cells = [*own, *further]
    tables = cell_tables(cells)
    match_kind, match_pins = _matches(cells)
    return TieTables(
        cell_names=tuple(cell.name for cell in cells),
        n_pins=tables.n_pins,
        truth_table=tables.truth_table,
        area_mm2=tables.area_mm2,
        match_kind=match_kind,
        match_pins=match_pins,
    )


def tie(netlist: Netlist, constants: Mapping[int, bool], library: CellLibrary) -> Netlist:
    """Tie nets to constants, simplify what follows from it, and drop dead gates.

    A gate whose output became constant or equal to another net goes away, one that became an
    inverter turns into the library's smallest (or into one that is there already), and one that
    lost inputs turns into a smaller cell where the library has it. Constants and doubled nets
    that the netlist had before are simplified too, so `tie(netlist, {}, library)` may help.

    Parameters
    ----------
    constants
        Net to value. A net may drive an output port, which then becomes constant.
    library
        The library the netlist is mapped to.

    Returns
    -------
    Netlist
        With the same ports; its area is never larger than the input's.

    Raises
    ------
    NetlistError
        If a net is an input, a constant, or does not exist, or the library lacks a cell.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> inverted = builder.add_gate("INVX1", [b])
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, inverted])])
    >>> netlist = builder.build()
    >>> netlist.cell_counts(), tie(netlist, {inverted: True}, library).cell_counts()
    ({'INVX1': 1, 'NAND2X1': 1}, {'INVX1': 1})
    """
    forced = np.full(netlist.n_nets, -1, dtype=np.int8)
    for net, value in constants.items():
        if not netlist.first_gate_net <= net < netlist.n_nets:
            raise NetlistError(
                f"net {net} cannot be tied",
                where=f"netlist {netlist.name}",
                hint=f"Only nets of gates can: {netlist.first_gate_net} .. {netlist.n_nets - 1}",
            )
        forced[net] = bool(value)
    tables = tie_tables(netlist, library)
    kind, fanin, replaced = tie_gates(
        netlist.kind,
        netlist.fanin,
        netlist.first_gate_net,
        forced,
        tables.n_pins,
        tables.truth_table,
        tables.area_mm2,
        tables.match_kind,
        tables.match_pins,
    )
    return _swept(netlist, tables.cell_names, kind, fanin, replaced, tables.n_pins)


def sweep(netlist: Netlist) -> Netlist:
    """Drop every gate that reaches no output. The ports stay, also inputs that nothing reads.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> unread = builder.add_gate("INVX1", [a])
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    >>> netlist = builder.build()
    >>> netlist.n_gates, sweep(netlist).n_gates
    (2, 1)
    """
    # Without a library the pins of a cell are not known; unused ones read net 0, which is fine.
    n_pins = np.full(len(netlist.cell_names), netlist.fanin.shape[1], dtype=np.int32)
    identity = np.arange(netlist.n_nets, dtype=np.int32)
    return _swept(netlist, netlist.cell_names, netlist.kind, netlist.fanin, identity, n_pins)


def output_nets(netlist: Netlist) -> Int32Array:
    """Net of every output bit, port by port, int32."""
    nets = [net for port in netlist.outputs for net in port.nets]
    result: Int32Array = frozen(nets, np.int32)
    return result


def _swept(
    netlist: Netlist,
    cell_names: tuple[str, ...],
    kind: Int32Array,
    fanin: Int32Array,
    replaced: Int32Array,
    n_pins: Int32Array,
) -> Netlist:
    kind, fanin, net_map = sweep_gates(
        kind, fanin, netlist.first_gate_net, replaced, output_nets(netlist), n_pins
    )
    used = np.unique(kind)
    new_kind = np.zeros(len(cell_names), dtype=np.int32)
    new_kind[used] = np.arange(len(used))
    return replace(
        netlist,
        outputs=tuple(_moved(port, net_map) for port in netlist.outputs),
        cell_names=tuple(cell_names[k] for k in used),
        kind=frozen(new_kind[kind], np.int32),
        fanin=frozen(fanin, np.int32),
    )


def _moved(port: Port, net_map: Int32Array) -> Port:
    return replace(port, nets=tuple(net_map[list(port.nets)].tolist()))


def _matches(cells: list[Cell]) -> tuple[Int32Array, Int32Array]:
    """Smallest cell, and its pins, for every function of one to three nets."""
    match_kind = np.full(int(MATCH_OFFSET[-1]) + 256, -1, dtype=np.int32)
    match_pins = np.zeros((len(match_kind), MATCH_PINS), dtype=np.int32)
    # Of cells of equal area the first wins, and of equal pin orders the natural one.
    for kind in sorted(range(len(cells)), key=lambda k: (cells[k].area_mm2, k)):
        n = cells[kind].n_inputs
        if not 1 <= n <= min(MATCH_PINS, MAX_PINS):
            continue
        for order in permutations(range(n)):
            place = int(MATCH_OFFSET[n]) + _permuted(cells[kind].truth_table, order)
            if match_kind[place] < 0:
                match_kind[place] = kind
                match_pins[place, :n] = order
    return frozen(match_kind, np.int32), frozen(match_pins, np.int32)


def _permuted(truth_table: int, order: tuple[int, ...]) -> int:
    """The function over nets of a cell whose pin p reads net `order[p]`."""
    result = 0
    for state in range(1 << len(order)):
        pins = sum((state >> net & 1) << pin for pin, net in enumerate(order))
        result |= (truth_table >> pins & 1) << state
    return result
