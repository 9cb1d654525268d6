"""Hardening within an area share: three copies with voters where there is room, else copies of
single gates.

A critical gate's readers are dealt to two copies, so that a stuck copy misleads half of them
only. No voter is needed, which would be larger than the gate it guards and as easily broken.
More cells are also more that can break: what does not lower the expected loss is taken back.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printml.arrays import IntArray, frozen
from printml.faults.stuck_at import FaultCampaign, run_faults, single_faults
from printml.faults.triplicate import triplicate
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist, Port

BATCH = 4
"""Gates duplicated between two campaigns."""
MOST_REFUSED = 12
"""Single gates tried in a row without success before giving up."""


def harden(
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    y: IntArray,
    *,
    area_share: float,
) -> Netlist:
    """Spend at most `area_share` of the area on copies.

    Every few copies the faults are judged again, so that a copy may be copied in turn. Copies
    that do not lower `defect_cost` are taken back: more cells are also more that can break.

    Parameters
    ----------
    X_int, y
        Training rows, int64, shapes (n_rows, n_features) and (n_rows,).

    Returns
    -------
    Netlist
        The same function with more gates.
    """
    areas = np.array([cell.area_mm2 for cell in netlist.cells(library)])
    left = area_share * float(areas[netlist.kind].sum())
    campaign = run_faults(netlist, library, X_int, y, single_faults(netlist))
    tripled = triplicate(netlist, library)
    if tripled.area_cm2(library) <= (1.0 + area_share) * netlist.area_cm2(library):
        judged = run_faults(tripled, library, X_int, y, single_faults(tripled))
        if defect_cost(judged, tripled) < defect_cost(campaign, netlist):
            return tripled
    refused: set[int] = set()
    batch = BATCH
    while True:
        chosen = _critical_gates(netlist, campaign, areas, left, refused, batch)
        if not chosen or len(refused) > MOST_REFUSED:
            return netlist
        longer = netlist
        for gate in sorted(chosen, reverse=True):
            longer = duplicate_gate(longer, gate)
        judged = run_faults(longer, library, X_int, y, single_faults(longer))
        if defect_cost(judged, longer) >= defect_cost(campaign, netlist) - 1e-12:
            if len(chosen) == 1:
                refused.update(chosen)
            batch = 1
            continue
        refused, batch = set(), BATCH
        left -= float(areas[netlist.kind[chosen]].sum())
        netlist, campaign = longer, judged


def defect_cost(campaign: FaultCampaign, netlist: Netlist) -> float:
    """Expected accuracy loss per defect rate: the sum over cells of what their faults lose."""
    of_cells = campaign.nets[:, 0] >= netlist.first_gate_net
    return float((campaign.accuracy_without - campaign.accuracy[of_cells]).sum()) / 2


def duplicate_gate(netlist: Netlist, gate: int) -> Netlist:
    """Put a copy of a gate behind it and let every second reader read the copy.

    Outputs of the circuit are readers too. The copy takes the net after the gate's; all later
    nets move up by one.
    """
    net = netlist.first_gate_net + gate
    fanin = netlist.fanin.astype(np.int64).copy()
    fanin[fanin > net] += 1
    kind = np.insert(netlist.kind, gate + 1, netlist.kind[gate])
    fanin = np.insert(fanin, gate + 1, fanin[gate], axis=0)
    n_readers = 0
    for reader, pin in zip(*np.nonzero(fanin == net), strict=True):
        fanin[reader, pin] += n_readers % 2
        n_readers += 1
    outputs = []
    for port in netlist.outputs:
        nets = []
        for old in port.nets:
            moved = old + (old > net)
            if old == net:
                moved += n_readers % 2
                n_readers += 1
            nets.append(int(moved))
        outputs.append(Port(port.name, tuple(nets), port.signed))
    return replace(
        netlist,
        kind=frozen(kind, np.int32),
        fanin=frozen(fanin, np.int32),
        outputs=tuple(outputs),
    )


def _critical_gates(
    netlist: Netlist,
    campaign: FaultCampaign,
    areas: np.ndarray,
    left: float,
    refused: set[int],
    batch: int,
) -> list[int]:
    """Gates with several readers that lose most accuracy per area, as many as there is room."""
    readers = _reader_counts(netlist)
    lost = (
        np.maximum(0.0, campaign.accuracy_without - campaign.accuracy).reshape(-1, 2).mean(axis=1)
    )
    score = lost[netlist.n_input_bits :] / np.maximum(areas[netlist.kind], 1e-9)
    score[readers[netlist.first_gate_net :] < 2] = 0.0
    chosen: list[int] = []
    for gate in np.argsort(-score, kind="stable").tolist():
        if len(chosen) == batch or score[gate] <= 0:
            break
        if areas[netlist.kind[gate]] > left or gate in refused:
            continue
        chosen.append(gate)
        left -= float(areas[netlist.kind[gate]])
    return chosen


def _reader_counts(netlist: Netlist) -> IntArray:
    # Unused pins hold net 0, which is no gate's.
    counts = np.bincount(netlist.fanin.ravel(), minlength=netlist.n_nets)
    for port in netlist.outputs:
        np.add.at(counts, list(port.nets), 1)
    return counts
