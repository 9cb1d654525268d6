"""Static timing with linear delays, `t0 + k * load`, without slews."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from printml.arrays import FloatArray, Int32Array, IntArray, frozen
from printml.errors import LibertyError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.compiled import compiled
from printml.netlist.netlist import Netlist

Edge = Literal["rise", "fall"]

_SENSES = {"positive_unate": 0, "negative_unate": 1, "non_unate": 2}
_RISE, _FALL = 0, 1


class PathStep(NamedTuple):
    """A gate on a path: its index, cell and net, and when that net has its `edge`."""

    gate: int
    cell: str
    net: int
    arrival_ms: float
    edge: Edge


@dataclass(frozen=True, eq=False)
class Timing:
    """Latest arrival times when all inputs change at 0.

    Attributes
    ----------
    delay_ms
        Latest arrival at an output; 0 if no gate drives one.
    path
        Gates of one critical path from input to output.
    rise_ms, fall_ms
        Latest rise and fall of each net, float64, shape (n_nets,); -inf if it never changes.
    """

    delay_ms: float
    path: tuple[PathStep, ...]
    rise_ms: FloatArray
    fall_ms: FloatArray

    def __repr__(self) -> str:
        return f"Timing({self.delay_ms:.6g} ms through {len(self.path)} gates)"


def critical_path(netlist: Netlist, library: CellLibrary) -> Timing:
    """Arrival times of all nets and the path behind the latest output.

    The load of a net is the sum of the pin capacitances that it drives; output ports add none.
    Delays that a line puts below 0 count as 0. Constants never change, so a pin tied to one
    starts no path; beyond that no path is taken for false.

    Raises
    ------
    LibertyError
        If a cell that is used has no timing.
    NetlistError
        If the library lacks a cell.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    >>> [step.cell for step in critical_path(builder.build(), library).path]
    ['NAND2X1']
    """
    cells = cells_of(netlist, library)
    delays, caps, senses, n_pins = _tables(cells, netlist.fanin.shape[1], library)
    arrival, cause = _arrivals(
        netlist.kind,
        netlist.fanin,
        netlist.first_gate_net,
        delays,
        caps,
        senses,
        n_pins,
        np.ones(netlist.n_gates),
    )
    ends = [net for port in netlist.outputs for net in port.nets]
    latest, net, edge = max(
        ((float(arrival[net, edge]), -net, -edge) for net in ends for edge in (_RISE, _FALL)),
        default=(-math.inf, 0, 0),
    )
    return Timing(
        delay_ms=max(latest, 0.0),
        path=_path(netlist, arrival, cause, -net, -edge),
        rise_ms=frozen(arrival[:, _RISE], np.float64),
        fall_ms=frozen(arrival[:, _FALL], np.float64),
    )


def delays_of_copies(netlist: Netlist, library: CellLibrary, factors: FloatArray) -> FloatArray:
    """Critical path of copies of a netlist whose gates are slower or faster than the library says.

    Parameters
    ----------
    factors
        What each gate's delay is multiplied by, float64, shape (n_copies, n_gates).

    Returns
    -------
    FloatArray
        Latest arrival at an output in ms, float64, shape (n_copies,); 0 if no gate drives one.

    Raises
    ------
    LibertyError, NetlistError
        As `critical_path`.
    """
    tables = _tables(cells_of(netlist, library), netlist.fanin.shape[1], library)
    ends = sorted({net for port in netlist.outputs for net in port.nets})
    result = np.zeros(len(factors))
    for k, own in enumerate(factors):
        arrival, _ = _arrivals(netlist.kind, netlist.fanin, netlist.first_gate_net, *tables, own)
        result[k] = max(0.0, arrival[ends].max(initial=0.0))
    return frozen(result, np.float64)


def max_rate_hz(delay_ms: float) -> float:
    """Readings per second if each takes `delay_ms`; infinite without delay."""
    return 1000.0 / delay_ms if delay_ms > 0 else math.inf


def _tables(
    cells: Sequence[Cell], n_columns: int, library: CellLibrary
) -> tuple[FloatArray, FloatArray, Int32Array, Int32Array]:
    """Figures per cell and pin; delays are (cell, pin, edge, [t0, k])."""
    delays = np.zeros((len(cells), n_columns, 2, 2))
    caps = np.zeros((len(cells), n_columns))
    senses = np.zeros((len(cells), n_columns), dtype=np.int32)
    for kind, cell in enumerate(cells):
        n = cell.n_inputs
        lines = (
            (cell.rise_t0_ms, cell.rise_k_ms_per_pf),
            (cell.fall_t0_ms, cell.fall_k_ms_per_pf),
        )
        for edge, (t0, k) in enumerate(lines):
            delays[kind, :n, edge, 0] = t0
            delays[kind, :n, edge, 1] = k
        caps[kind, :n] = cell.input_cap_pf
        senses[kind, :n] = [_SENSES[sense] for sense in cell.sense]
        if not (np.isfinite(delays[kind]).all() and np.isfinite(caps[kind]).all()):
            raise LibertyError(
                f"cell {cell.name} has no timing",
                where=library.path,
                hint="Delays and pin capacitances are needed for every cell that is used",
            )
    n_pins = np.array([cell.n_inputs for cell in cells], dtype=np.int32)
    return delays, caps, senses, n_pins


@compiled
def _arrivals(
    kind: Int32Array,
    fanin: Int32Array,
    first_gate_net: int,
    delays: FloatArray,
    caps: FloatArray,
    senses: Int32Array,
    n_pins: Int32Array,
    factor: FloatArray,
) -> tuple[FloatArray, IntArray]:
    """Arrival (net, edge), and the `2 * net + edge` that each gate's edge comes from, or -1."""
    n_gates = kind.shape[0]
    n_nets = first_gate_net + n_gates
    load = np.zeros(n_nets)
    for gate in range(n_gates):
        for pin in range(n_pins[kind[gate]]):
            load[fanin[gate, pin]] += caps[kind[gate], pin]
    arrival = np.full((n_nets, 2), -np.inf)
    cause = np.full((n_nets, 2), -1, dtype=np.int64)
    for net in range(2, first_gate_net):
        arrival[net, 0] = 0.0
        arrival[net, 1] = 0.0
    for gate in range(n_gates):
        cell = kind[gate]
        out = first_gate_net + gate
        for pin in range(n_pins[cell]):
            net = fanin[gate, pin]
            sense = senses[cell, pin]
            for edge in range(2):
                delay = factor[gate] * max(
                    0.0, delays[cell, pin, edge, 0] + delays[cell, pin, edge, 1] * load[out]
                )
                for before in range(2):
                    if sense == 2 or (before == edge) == (sense == 0):
                        late = arrival[net, before] + delay
                        if late > arrival[out, edge]:
                            arrival[out, edge] = late
                            cause[out, edge] = 2 * net + before
    return arrival, cause


def _path(
    netlist: Netlist, arrival: FloatArray, cause: IntArray, net: int, edge: int
) -> tuple[PathStep, ...]:
    steps: list[PathStep] = []
    while net >= netlist.first_gate_net and cause[net, edge] >= 0:
        gate = net - netlist.first_gate_net
        name = netlist.cell_names[netlist.kind[gate]]
        word: Edge = "rise" if edge == _RISE else "fall"
        steps.append(PathStep(gate, name, net, float(arrival[net, edge]), word))
        net, edge = divmod(int(cause[net, edge]), 2)
    return tuple(reversed(steps))
