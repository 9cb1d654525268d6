"""Power of a netlist from its activity.

Printed transistor-resistor logic draws most of its power while an output is low, so static power
is taken per input state, weighted by how long each gate is in it. Nothing is counted twice: the
energies added for switching are those drawn from VDD when an output changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.errors import DataError, LibertyError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist
from printml.simulate.activity import Activity

PASSIVE_WINDOW_MS = 30.0
"""Time over which the published characterisation integrates an input toggle.

At 1.0 V the passive energy of every EGFET cell is its static power times this time: NOR2X1 with
the other input high 583.8 nJ for 19.46 uW, OR2X1 598.7 nJ for 19.96 uW, AND2X1 587.0 nJ for
19.58 uW, NAND2X1 9.2 nJ (A1) and 12.4 nJ (A2) for 0.32 and 0.37 uW.
"""

MW_PER_NW = 1e-6


@dataclass(frozen=True, eq=False)
class Power:
    """Mean power of every gate, float64, shape (n_gates,) each.

    Attributes
    ----------
    gate_static_mw
        State-weighted leakage.
    gate_active_mw
        Energy from VDD of output transitions per clock period.
    gate_passive_mw
        Input toggles that change no output; only `published_rule_power` counts them.
    """

    gate_static_mw: FloatArray
    gate_active_mw: FloatArray
    gate_passive_mw: FloatArray

    @property
    def static_power_mw(self) -> float:
        return float(self.gate_static_mw.sum())

    @property
    def active_power_mw(self) -> float:
        return float(self.gate_active_mw.sum())

    @property
    def passive_power_mw(self) -> float:
        return float(self.gate_passive_mw.sum())

    @property
    def power_mw(self) -> float:
        return self.static_power_mw + self.active_power_mw + self.passive_power_mw

    def __repr__(self) -> str:
        passive = f" + {self.passive_power_mw:.6g} passive" if self.passive_power_mw else ""
        return (
            f"Power({self.power_mw:.6g} mW = {self.static_power_mw:.6g} static + "
            f"{self.active_power_mw:.6g} active{passive})"
        )


def power(netlist: Netlist, library: CellLibrary, activity: Activity, *, clock_ms: float) -> Power:
    """Static plus VDD-only active power at one vector per clock period.

    An output rises as often as it falls (give or take one), so a toggle costs the mean of the
    rise and fall energies, taken over the input pins evenly.

    Parameters
    ----------
    activity
        From `measure_activity` of the same netlist.
    clock_ms
        Period in milliseconds.

    Raises
    ------
    DataError
        If the activity is of another netlist or the period is not positive.
    LibertyError
        If the library has no leakage or energy for a cell that is used.
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
    >>> netlist = builder.build()
    >>> from printml.simulate.activity import measure_activity
    >>> high = measure_activity(netlist, library, [[0], [0]])
    >>> low = measure_activity(netlist, library, [[3], [3]])
    >>> drawn = [power(netlist, library, rows, clock_ms=200).power_mw for rows in (high, low)]
    >>> bool(drawn[0] < drawn[1])
    True
    """
    if not clock_ms > 0:
        raise DataError(f"the clock period must be above 0, not {clock_ms:g} ms")
    if len(activity.t0) != netlist.n_nets or len(activity.state_counts) != netlist.n_gates:
        raise DataError("the activity is of another netlist", where=f"netlist {netlist.name}")
    cells = cells_of(netlist, library)
    leakage = np.zeros((len(cells), activity.state_counts.shape[1]))
    energy = np.zeros(len(cells))
    for kind, cell in enumerate(cells):
        leakage[kind, : len(cell.leakage_nw)] = _known(
            cell.leakage_nw, "static power", cell, library
        )
        both = np.concatenate([cell.rise_energy_pj, cell.fall_energy_pj])
        if cell.n_inputs:
            energy[kind] = _known(both, "switching energy", cell, library).mean()
    static = (activity.state_counts * leakage[netlist.kind]).sum(axis=1) / activity.n_vectors
    toggles = activity.tc[netlist.first_gate_net :]
    # pJ per ms is nW.
    active = toggles * energy[netlist.kind] / (activity.n_vectors * clock_ms)
    return Power(
        gate_static_mw=frozen(static * MW_PER_NW, np.float64),
        gate_active_mw=frozen(active * MW_PER_NW, np.float64),
        gate_passive_mw=frozen(np.zeros(netlist.n_gates), np.float64),
    )


def published_rule_power(
    netlist: Netlist, library: CellLibrary, activity: Activity, *, clock_ms: float
) -> Power:
    """Power as the published tool flow counts it; for comparison only, since it is too high.

    That flow adds a passive energy whenever an input toggles and the output does not. Those
    energies are static power integrated over the characterisation's window, which the static
    term holds already. The rule here: each toggle of an input pin's net adds the share of time
    in which the other pins block that pin, times the mean leakage of the two states it moves
    between, times `PASSIVE_WINDOW_MS`.

    Limits: the window is read off the 1.0 V figures and assumed at other supplies; whether the
    other pins block is taken as independent of the toggle, as tools do that read a SAIF file.
    What it adds depends on the cells: at 200 ms 3 % on an even mix of them and 0.2 % on NAND2
    alone, whose blocked state is the cheap one; published totals are 4 to 5 % high.

    Raises
    ------
    DataError, LibertyError, NetlistError
        As `power` does.
    """
    base = power(netlist, library, activity, clock_ms=clock_ms)
    passive = np.zeros(netlist.n_gates)
    for kind, cell in enumerate(cells_of(netlist, library)):
        gates = np.nonzero(netlist.kind == kind)[0]
        share = activity.state_counts[gates] / activity.n_vectors
        for pin in range(cell.n_inputs):
            toggles = activity.tc[netlist.fanin[gates, pin]]
            for low, high in _blocked_states(cell, pin):
                leakage = (cell.leakage_nw[low] + cell.leakage_nw[high]) / 2
                blocked = share[:, low] + share[:, high]
                passive[gates] += toggles * blocked * leakage * PASSIVE_WINDOW_MS
    passive *= MW_PER_NW / (activity.n_vectors * clock_ms)
    return Power(base.gate_static_mw, base.gate_active_mw, frozen(passive, np.float64))


def _blocked_states(cell: Cell, pin: int) -> list[tuple[int, int]]:
    """Pairs of states that differ in `pin` only and have the same output."""
    pairs = [(s, s | 1 << pin) for s in range(1 << cell.n_inputs) if not s >> pin & 1]
    return [
        (low, high)
        for low, high in pairs
        if cell.truth_table >> low & 1 == cell.truth_table >> high & 1
    ]


def _known(figures: FloatArray, what: str, cell: Cell, library: CellLibrary) -> FloatArray:
    if not np.isfinite(figures).all():
        raise LibertyError(
            f"cell {cell.name} has no {what}",
            where=library.path,
            hint="Power needs it for every cell that is used",
        )
    return figures
