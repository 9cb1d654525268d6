"""Accuracy-driven pruning: from the whole netlist down, one batch of cheap moves after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from printml.arrays import Int32Array
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.moves import judge_moves, similar_nets, take_moves
from printml.prune.network import (
    NOT_A_GATE,
    GateNetwork,
    OpArray,
    netlist_of,
    network_of,
    op_areas_mm2,
    op_power_mw,
)
from printml.prune.state import (
    Costs,
    Evidence,
    State,
    state_of,
    targets_of,
    tau_of,
    total_cost,
    wrong_now,
)

N_SIMILAR = 3
MOST_COMPARISONS = 30_000_000
"""Word comparisons spent per round on finding nets that agree."""
MOST_STEP = 0.005
"""Most that one move may lose, as share of the rows' weight, while other moves lose less."""
BATCH_SHARE = 0.04
"""Share of the area that one batch may save before all moves are judged again."""


@dataclass(frozen=True, eq=False)
class PrunePoint:
    """One netlist on the way.

    Attributes
    ----------
    wrong
        Summed weight of wrong rows.
    network
        Its gates, under the net numbers of the netlist that its round started from.
    changes
        Nets tied or merged since the point before: net, what it became, tau (larger share of
        the rows at one value, at that time), cost in wrong weight and gain of the move, in mm2
        or mW.
    cost
        What the path lessens: area in mm2, or static power on the search rows in mW (mean over
        the input states of each gate's function).
    n_judged
        Moves judged for this point.
    round
        How often the netlist was mapped again before; nets are numbered anew then.
    """

    wrong: float
    area_mm2: float
    cost: float
    network: GateNetwork
    changes: tuple[dict[str, Any], ...] = ()
    n_judged: int = 0
    round: int = 0


def prune_path(
    network: GateNetwork,
    library: CellLibrary,
    evidence: Evidence,
    *,
    most_wrong: float,
    map_again: Callable[[Netlist], Netlist] | None = None,
    round_share: float = 0.6,
    optimize: Literal["area", "power"] = "area",
    resume: Sequence[PrunePoint] = (),
    progress: Callable[[list[PrunePoint]], None] | None = None,
) -> list[PrunePoint]:
    """Prune until nothing is left that costs less than `most_wrong`; every batch is a point.

    Parameters
    ----------
    network
        With one output port: the class.
    most_wrong
        Summed weight of wrong rows that no point may pass.
    map_again
        Makes a smaller netlist of the same function; a new round begins with it.
    round_share
        Share of its first area at which a round ends.
    optimize
        What the moves are to save.
    resume
        Points of an unfinished path of the same arguments, to go on from.
    progress
        Called with all points so far after each batch.

    Raises
    ------
    NetlistError
        If the netlist has other outputs than the class.
    LibertyError
        If power is asked for and the library has none.
    """
    if len(network.like.outputs) != 1:
        raise NetlistError(
            "only a netlist whose one output is the class can be pruned",
            where=f"netlist {network.like.name}",
            hint="Build it without --keep-scores",
        )
    costs = Costs(op_areas_mm2(library), op_power_mw(library) if optimize == "power" else None)
    labels, masks, weights = targets_of(network, evidence)
    points = list(resume)
    network = points[-1].network if points else network
    state = state_of(network, evidence)
    first = network.like.first_gate_net
    current = wrong_now(state, labels, masks, weights)
    rows_weight = float(evidence.weights.sum())
    points = points or [_point(network, state, costs, current)]
    while True:
        number = points[-1].round
        begun_at = next(point.area_mm2 for point in points if point.round == number)
        if map_again and points[-1].area_mm2 < round_share * begun_at:
            network = _mapped_again(points[-1].network, library, map_again)
            state = state_of(network, evidence)
            points.append(replace(_point(network, state, costs, current), round=number + 1))
            number += 1
        net, by, inverted = _moves(state, first)
        if not len(net):
            return points
        loss, saved = np.empty(len(net)), np.empty(len(net))
        cost = costs.of_nets(state)
        judge_moves(
            net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
            state.start, state.readers, state.values, state.fresh, cost, labels, masks, weights,
            current, loss, saved,
        )  # fmt: skip
        allowed = (saved > 1e-9) & (loss <= most_wrong)
        if not allowed.any():
            return points
        lost = np.maximum(loss - current, 0.0)
        # A leap may be the best buy of today, but small steps leave the rest of the gates time
        # to make up for it.
        stride = MOST_STEP * rows_weight
        while not (allowed & (lost <= stride)).any():
            stride *= 2.0
        allowed &= lost <= stride
        price = np.where(allowed, lost / np.maximum(saved, 1e-9), np.inf)
        order = np.lexsort((by, net, -saved, price))[: int(allowed.sum())]
        enough = BATCH_SHARE * total_cost(state, cost)
        n_batch = int(np.searchsorted(np.cumsum(saved[order]), enough)) + 1
        # Everything as cheap as the last of the batch, but several moves may name one net.
        limit = float(price[order[min(len(order), n_batch) - 1]])
        chosen = order[price[order] <= limit]
        gain, added = np.zeros(len(chosen)), np.zeros(len(chosen))
        steady = tau_of(state, net[chosen])
        current, gained = take_moves(
            net[chosen], by[chosen], inverted[chosen], state.op, state.a, state.b, state.outputs,
            first, state.ref, state.start, state.readers, state.values, state.fresh, cost, labels,
            masks, weights, current, limit, most_wrong, enough, gain, added,
        )  # fmt: skip
        if gained <= 0:
            raise AssertionError(f"the best of {len(chosen)} moves did not hold when judged again")
        changes = tuple(
            {
                "net": int(net[k]),
                "becomes": ("~" if inverted[k] else "") + str(by[k]),
                "tau": float(steady[j]),
                "cost": float(added[j]),
                "gain_mm2" if optimize == "area" else "gain_mw": float(gain[j]),
            }
            for j, k in enumerate(chosen)
            if gain[j] > 0
        )
        point = _point(network, state, costs, current)
        points.append(replace(point, changes=changes, n_judged=len(net), round=number))
        if progress:
            progress(points)


def judged_moves(network: GateNetwork, library: CellLibrary, evidence: Evidence) -> int:
    """Judge every move of a network once and take none; the number judged, for benchmarks."""
    state = state_of(network, evidence)
    first = network.like.first_gate_net
    labels, masks, weights = targets_of(network, evidence)
    cost = Costs(op_areas_mm2(library), None).of_nets(state)
    current = wrong_now(state, labels, masks, weights)
    net, by, inverted = _moves(state, first)
    loss, saved = np.empty(len(net)), np.empty(len(net))
    judge_moves(
        net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
        state.start, state.readers, state.values, state.fresh, cost, labels,
        masks, weights, current, loss, saved,
    )  # fmt: skip
    return len(net)


def _mapped_again(
    network: GateNetwork, library: CellLibrary, map_again: Callable[[Netlist], Netlist]
) -> GateNetwork:
    """The smaller of the network without its holes and what mapping makes of it."""
    netlist = netlist_of(network, library)
    areas = op_areas_mm2(library)
    found = network_of(netlist, library), network_of(map_again(netlist), library)
    return min(found, key=lambda n: float(areas[n.op[n.op != NOT_A_GATE]].sum()))


def _moves(state: State, first: int) -> tuple[Int32Array, Int32Array, OpArray]:
    gates = np.flatnonzero(state.op != NOT_A_GATE).astype(np.int32)
    n_nets, n_words = state.values.shape
    tied = np.concatenate([np.flatnonzero(state.ref[2:first]).astype(np.int32) + 2, gates])
    ties = np.repeat(tied, 2), np.tile(np.array([0, 1], np.int32), len(tied))
    n_columns = min(n_words, 2 * MOST_COMPARISONS // max(1, len(gates)) ** 2)
    net = np.empty(N_SIMILAR * n_nets, np.int32)
    by = np.empty_like(net)
    inverted = np.zeros(len(net), np.uint8)
    n = 0
    if n_columns:
        columns = np.unique(np.linspace(0, n_words - 1, n_columns).astype(np.int32))
        n = similar_nets(state.op, state.values, columns, first, N_SIMILAR, net, by, inverted)
    return (
        np.concatenate([ties[0], net[:n]]),
        np.concatenate([ties[1], by[:n]]),
        np.concatenate([np.zeros(len(ties[0]), np.uint8), inverted[:n]]),
    )


def _point(network: GateNetwork, state: State, costs: Costs, wrong: float) -> PrunePoint:
    copy = replace(
        network,
        op=state.op.copy(),
        a=state.a.copy(),
        b=state.b.copy(),
        outputs=state.outputs.copy(),
    )
    gates = np.flatnonzero(state.op != NOT_A_GATE)
    area_mm2 = float(costs.area_mm2[state.op[gates]].sum())
    return PrunePoint(wrong, area_mm2, total_cost(state, costs.of_nets(state)), copy)
