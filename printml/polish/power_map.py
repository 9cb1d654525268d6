"""Rewrite a mapped netlist for less power: same ports, same function for all inputs.

In transistor-resistor logic a stage burns power while its output is low, so the power of a gate
is its state-weighted leakage, and which nets are low how often is measured on training rows.
Windows of up to 14 gates and six leaves are searched for cheaper gates with the same outputs in
every leaf state (`window_search`), at a price of area that falls from round to round: first
what saves both, then what buys most power per area, until the allowed area is used up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray, frozen
from printml.errors import DataError, InputError, LibertyError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist
from printml.netlist.transform import output_nets, sweep, tie
from printml.polish.network import index_network
from printml.polish.rewrite import rewrite_pass
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import pack_inputs, simulate

MAX_ROWS = 4096
"""Rows that the search looks at, evenly spread; what is kept is judged on all of them."""

SPARE_NETS = 256


@dataclass(frozen=True)
class Round:
    """One pass over all gates.

    Attributes
    ----------
    price
        What a mm2 may cost, in units of the netlist's own mean power per area.
    max_leaves, max_gates
        Size of the windows.
    n_tries
        Candidates per window.
    heat_nw
        How much worse than the best a candidate may be at the start of a window's search.
    """

    price: float
    max_leaves: int
    max_gates: int
    n_tries: int
    heat_nw: float


ROUNDS = tuple(
    Round(price, max_leaves, max_gates, 4000, 8000.0)
    for price in (2.0, 1.0, 0.5, 0.1)
    for max_leaves, max_gates in ((5, 8), (6, 12))
)


@dataclass(frozen=True, eq=False)
class _Tables:
    """Cells by kind, and those of one or two pins that the search may use.

    `small` is 1 + the search's cell of a kind, 0 for none; `choice` the kind of a search's cell.
    """

    cells: tuple[Cell, ...]
    n_pins: IntArray
    small: IntArray
    choice: IntArray
    pin_table: IntArray
    leakage_nw: FloatArray
    area_mm2: FloatArray


def static_power_nw(netlist: Netlist, library: CellLibrary, X_int: npt.ArrayLike) -> float:
    """State-weighted static power on the given rows, in nW.

    Raises
    ------
    DataError, NetlistError
        As `measure_activity` does.
    LibertyError
        If a cell that is used has no static power.
    """
    activity = measure_activity(netlist, library, X_int)
    total = 0.0
    for kind, cell in enumerate(cells_of(netlist, library)):
        counts = activity.state_counts[netlist.kind == kind][:, : len(cell.leakage_nw)]
        if len(counts):
            total += float(counts.sum(axis=0) @ _known_leakage(cell, library))
    return total / activity.n_vectors


def optimize_power(
    netlist: Netlist,
    library: CellLibrary,
    X_train_int: npt.ArrayLike,
    *,
    reference_area_mm2: float | None = None,
    max_area_growth: float = 0.03,
    rounds: tuple[Round, ...] = ROUNDS,
    seed: int = 0,
) -> Netlist:
    """The same function with less state-weighted static power on the training rows.

    Parameters
    ----------
    netlist
        Mapped to `library`; its own area must fit the bound.
    X_train_int
        Integers, shape (n_rows, n_features), training rows only. They steer the choice between
        forms that are equal for all inputs and never the function.
    reference_area_mm2
        The smallest known area of this function; the netlist's own if None.
    max_area_growth
        The result is at most `(1 + max_area_growth) * reference_area_mm2` large.
    rounds
        Passes over all gates, in order.
    seed
        Of the search; the same seed gives the same netlist.

    Returns
    -------
    Netlist
        Same ports. Never more static power on these rows than `netlist`; if nothing was found,
        the netlist itself.

    Raises
    ------
    InputError
        If the netlist is larger than the bound allows, or the bound is negative.
    DataError
        If there are no rows, or one does not fit the ports.
    LibertyError
        If a cell of up to two pins has no static power.
    """
    if max_area_growth < 0:
        raise InputError(f"max_area_growth must not be negative, not {max_area_growth:g}")
    X = np.asarray(X_train_int)
    if len(X) == 0:
        raise DataError("power needs at least one training row", where=f"netlist {netlist.name}")
    own_area = 100.0 * netlist.area_cm2(library)
    reference = own_area if reference_area_mm2 is None else reference_area_mm2
    max_area = (1.0 + max_area_growth) * reference
    if own_area > max_area * (1 + 1e-9):
        raise InputError(
            f"the netlist has {own_area:.6g} mm2; at most {max_area:.6g} are allowed",
            where=f"netlist {netlist.name}",
            hint="Give a netlist near the smallest, or a larger max_area_growth",
        )
    start_power = static_power_nw(netlist, library, X)
    rows = X[:: -(-len(X) // MAX_ROWS)]
    rng = np.array([0x9E3779B97F4A7C15 ^ (seed * 2 + 1)], dtype=np.uint64)
    best, best_power = netlist, start_power
    current = tie(netlist, {}, library)
    for step in rounds:
        current = _rewritten(current, library, rows, step, max_area, rng)
        power = static_power_nw(current, library, X)
        if power < best_power and 100.0 * current.area_cm2(library) <= max_area:
            best, best_power = current, power
    return best


def _rewritten(
    netlist: Netlist,
    library: CellLibrary,
    rows: npt.NDArray[np.integer],
    step: Round,
    max_area_mm2: float,
    rng: BitArray,
) -> Netlist:
    tables = _tables(netlist, library)
    if netlist.n_gates == 0:
        return netlist
    packed = pack_inputs(netlist, rows)
    values = simulate(netlist, library, packed)
    spare = SPARE_NETS
    n_columns = max(2, netlist.fanin.shape[1])
    kind = np.full(netlist.n_nets + spare, -1, dtype=np.int32)
    fanin = np.zeros((len(kind), n_columns), dtype=np.int32)
    first = netlist.first_gate_net
    kind[first : netlist.n_nets] = netlist.kind
    fanin[first : netlist.n_nets, : netlist.fanin.shape[1]] = netlist.fanin
    values = np.concatenate([values, np.zeros((spare, values.shape[1]), dtype=np.uint64)])
    ports = np.array(output_nets(netlist), dtype=np.int64)
    totals = np.array([static_power_nw(netlist, library, rows), 100.0 * netlist.area_cm2(library)])
    if totals[1] == 0:
        return netlist
    rewrite_pass(
        kind, fanin, tables.n_pins, ports, values, len(rows), tables.small, tables.choice,
        tables.pin_table, tables.leakage_nw, tables.area_mm2,
        step.price * totals[0] / totals[1], max_area_mm2,
        step.max_leaves, step.max_gates, step.n_tries, step.heat_nw, rng, totals,
    )  # fmt: skip
    return _frozen(netlist, tables, kind, fanin, ports)


def _frozen(
    netlist: Netlist, tables: _Tables, kind: Int32Array, fanin: Int32Array, ports: IntArray
) -> Netlist:
    """The gates that the ports reach, in topological order, as a netlist."""
    n_nets = len(kind)
    place, order = np.empty(n_nets, dtype=np.int32), np.empty(n_nets, dtype=np.int32)
    fan_start = np.zeros(n_nets + 1, dtype=np.int32)
    fan_list = np.empty(fanin.size, dtype=np.int32)
    n_gates = index_network(kind, fanin, tables.n_pins, ports, place, order, fan_start, fan_list)
    first = netlist.first_gate_net
    new_net = np.arange(n_nets, dtype=np.int32)
    new_net[order[:n_gates]] = first + np.arange(n_gates, dtype=np.int32)
    moved = iter(new_net[ports].tolist())
    # Unused pins read net 0, which stays net 0.
    result = replace(
        netlist,
        outputs=tuple(
            replace(port, nets=tuple(next(moved) for _ in port.nets)) for port in netlist.outputs
        ),
        cell_names=tuple(cell.name for cell in tables.cells),
        kind=frozen(kind[order[:n_gates]], np.int32),
        fanin=frozen(new_net[fanin[order[:n_gates]]], np.int32),
    )
    return sweep(result)


def _tables(netlist: Netlist, library: CellLibrary) -> _Tables:
    own = cells_of(netlist, library)
    cells = [
        *own,
        *(
            cell
            for name, cell in library.cells.items()
            if name not in netlist.cell_names and 1 <= cell.n_inputs <= 2
        ),
    ]
    choice = [k for k, cell in enumerate(cells) if 1 <= cell.n_inputs <= 2]
    small = np.zeros(len(cells), dtype=np.int64)
    small[choice] = 1 + np.arange(len(choice))
    pin_table, leakage = [], []
    for k in choice:
        figures = _known_leakage(cells[k], library)
        states = np.arange(4) % len(figures)
        leakage.append(figures[states])
        pin_table.append(
            sum((cells[k].truth_table >> int(s) & 1) << n for n, s in enumerate(states))
        )
    return _Tables(
        cells=tuple(cells),
        n_pins=np.array([cell.n_inputs for cell in cells], dtype=np.int64),
        small=small,
        choice=np.array(choice, dtype=np.int64),
        pin_table=np.array(pin_table, dtype=np.int64),
        leakage_nw=np.array(leakage).reshape(len(choice), 4),
        area_mm2=np.array([cells[k].area_mm2 for k in choice]),
    )


def _known_leakage(cell: Cell, library: CellLibrary) -> FloatArray:
    if not np.isfinite(cell.leakage_nw).all():
        raise LibertyError(
            f"cell {cell.name} has no static power",
            where=library.path,
            hint="Optimising power needs it for every cell of one or two pins",
        )
    return cell.leakage_nw
