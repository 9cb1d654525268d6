"""Gate pruning by switching activity as published (Armeniakos et al., DATE 2022).

tau of a gate is the larger share of time its output is 0 or 1 on the training rows, phi the most
significant bit of a sum before the decision (or of a regressor's output) that it reaches. For
every tau_c from 80 to 99 % and every phi_c that occurs, gates with tau >= tau_c and phi <= phi_c
are tied to their constant. Decision trees have no sums; there all gates have phi -1 and the grid
is over tau alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist
from printml.netlist.transform import sweep, tie
from printml.simulate.kernel import outputs, pack_inputs, simulate

TAU_PERCENT = tuple(range(80, 100))
NO_SUM = -1
"""phi of a gate that reaches no sum."""


@dataclass(frozen=True, eq=False)
class GridPoint:
    """One pair of thresholds and the netlist it leaves.

    Attributes
    ----------
    tau_percent, phi
        The thresholds.
    changes
        Gates tied to a constant: net, what it became, tau and phi.
    accuracy_train
        On the rows given.
    netlist
        Only the class is an output; constants propagated, dead gates dropped.
    """

    tau_percent: int
    phi: int
    changes: tuple[dict[str, Any], ...]
    accuracy_train: float
    area_mm2: float
    netlist: Netlist


def gate_tau(
    netlist: Netlist, library: CellLibrary, X_int: IntArray
) -> tuple[FloatArray, IntArray]:
    """tau of each gate's output on the rows, float64, and the value it has then, int64."""
    values = simulate(netlist, library, pack_inputs(netlist, X_int))
    n_rows = len(X_int)
    last = np.uint64(~np.uint64(0))
    if n_rows % 64:
        last = np.uint64((1 << (n_rows % 64)) - 1)
    gates = values[netlist.first_gate_net :]
    gates[:, -1] &= last
    ones = np.bitwise_count(gates).sum(axis=1) / n_rows
    return np.maximum(ones, 1.0 - ones), (ones >= 0.5).astype(np.int64)


def gate_phi(netlist: Netlist, library: CellLibrary, *, class_port: str = "class") -> IntArray:
    """Most significant bit of any other output port that each gate reaches, int64, (n_gates,).

    `NO_SUM` where it reaches none, so that it only serves the decision.
    """
    phi = np.full(netlist.n_nets, NO_SUM, np.int64)
    for port in netlist.outputs:
        if port.name != class_port:
            for bit, net in enumerate(port.nets):
                phi[net] = max(phi[net], bit)
    n_pins = [cell.n_inputs for cell in cells_of(netlist, library)]
    first = netlist.first_gate_net
    for gate in range(netlist.n_gates - 1, -1, -1):
        for pin in range(n_pins[netlist.kind[gate]]):
            read = netlist.fanin[gate, pin]
            phi[read] = max(phi[read], phi[first + gate])
    return phi[first:]


def class_only(netlist: Netlist, *, class_port: str = "class") -> Netlist:
    """Without the sums as outputs, and without the gates that only they needed.

    Raises
    ------
    NetlistError
        If there is no such port.
    """
    ports = tuple(port for port in netlist.outputs if port.name == class_port)
    if not ports:
        raise NetlistError(f"no output port {class_port!r}", where=f"netlist {netlist.name}")
    return sweep(replace(netlist, outputs=ports))


def prune_published(
    netlist: Netlist, library: CellLibrary, X_int: IntArray, y: IntArray
) -> list[GridPoint]:
    """The whole grid, each distinct set of tied gates once, by falling area.

    Parameters
    ----------
    netlist
        With output `class` and, for SVMs and MLPs, the sums before the decision.
    X_int, y
        Training rows, int64, shapes (n_rows, n_features) and (n_rows,).

    Raises
    ------
    NetlistError
        If the netlist has no output `class` or no gates, or the library lacks a cell.
    """
    if not netlist.n_gates:
        raise NetlistError("there are no gates to prune", where=f"netlist {netlist.name}")
    tau, constant = gate_tau(netlist, library, X_int)
    phi = gate_phi(netlist, library)
    first = netlist.first_gate_net
    seen: set[bytes] = set()
    points = []
    for tau_percent in TAU_PERCENT:
        steady = tau >= tau_percent / 100
        for limit in np.unique(phi):
            chosen = steady & (phi <= limit)
            key = chosen.tobytes()
            if key in seen:
                continue
            seen.add(key)
            constants = {first + int(g): bool(constant[g]) for g in np.flatnonzero(chosen)}
            pruned = class_only(tie(netlist, constants, library))
            predicted = outputs(pruned, library, X_int)["class"]
            points.append(
                GridPoint(
                    tau_percent=tau_percent,
                    phi=int(limit),
                    changes=tuple(
                        {
                            "net": first + int(gate),
                            "becomes": str(constant[gate]),
                            "tau": float(tau[gate]),
                            "phi": int(phi[gate]),
                        }
                        for gate in np.flatnonzero(chosen)
                    ),
                    accuracy_train=float(np.mean(predicted == y)),
                    area_mm2=100 * pruned.area_cm2(library),
                    netlist=pruned,
                )
            )
    return sorted(points, key=lambda point: (-point.area_mm2, point.accuracy_train))
