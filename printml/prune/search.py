"""Accuracy-driven pruning: from the whole netlist down, one batch of cheap moves after another.

Each round begins with mapping what is left again and, once half of the start is left, mending it:
gates change so that rows that pruning lost are right again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.batch import MOST_STEP, moves_of, next_batch
from printml.prune.memory import NOTHING
from printml.prune.mend import mend
from printml.prune.moves import costs_saved, take_moves
from printml.prune.network import (
    FUNCTION_NAMES,
    NOT_A_GATE,
    GateNetwork,
    netlist_of,
    network_of,
    op_areas_mm2,
    op_power_mw,
)
from printml.prune.row_blocks import Targets, blocks_of, judged
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

ROUND_SHARE = 0.8
"""Of the area at its beginning, where a round ends."""
MEND_SHARE = 0.5
"""Of the start's area, from which on rounds mend: of a larger circuit it takes long, and little of
it stays."""
LAZY_BATCHES = 10
"""Of so many batches of a lazy path one judges every move."""


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
        Nets tied or merged and gates mended since the point before: net, what it became, tau
        (larger share of the rows at one value, at that time), cost in wrong weight and gain of the
        move, in mm2 or mW.
    cost
        What the path lessens: area in mm2, or static power on the search rows in mW (mean over
        the input states of each gate's function).
    n_judged
        Moves judged for this point.
    round
        How often the netlist was mapped again and mended before; nets are numbered anew then.
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
    round_share: float = ROUND_SHARE,
    optimize: Literal["area", "power"] = "area",
    lazy: bool = False,
    mends_start: bool = True,
    stop: Callable[[list[PrunePoint]], bool] | None = None,
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
        Makes a smaller netlist of the same function; a new round begins with it, mended once the
        circuit is small enough.
    round_share
        Share of its first area at which a round ends.
    optimize
        What the moves are to save.
    lazy
        Moves found far too dear are left alone for some batches: quicker where rows are many,
        but not the same path.
    mends_start
        Whether the start is mended, too, before anything is pruned.
    stop
        Whether the points so far are enough.
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
    costs = _costs(library, optimize)
    targets = Targets(*targets_of(network, evidence))
    points = list(resume)
    while lazy and points and not _judges_all(points):
        points.pop()
    network = points[-1].network if points else network
    state = state_of(network, evidence)
    first = network.like.first_gate_net
    current = wrong_now(state, targets.labels, targets.masks, targets.weights)
    rows_weight = float(evidence.weights.sum())
    points = points or [_point(network, state, costs, current)]
    memory = NOTHING
    while not (stop and stop(points)):
        number = points[-1].round
        begun_at = next(point.area_mm2 for point in points if point.round == number)
        # The start may have lost rows, and may not have far to go.
        at_start = len(points) == 1 and mends_start
        mends = at_start or points[-1].area_mm2 < MEND_SHARE * points[0].area_mm2
        if map_again and (at_start or points[-1].area_mm2 < round_share * begun_at):
            points.append(
                _next_round(points[-1], library, evidence, targets, costs, map_again, mends=mends)
            )
            network, current = points[-1].network, points[-1].wrong
            state = state_of(network, evidence)
            number += 1
        if not lazy or _judges_all(points):
            memory = NOTHING
        cost = costs.of_nets(state)
        batch = next_batch(
            state, first, cost, targets, current,
            most_wrong=most_wrong, rows_weight=rows_weight, memory=memory,
        )  # fmt: skip
        if batch is None:
            break
        memory = batch.memory
        net, by, inverted = batch.net, batch.by, batch.inverted
        gain, added = np.zeros(len(net)), np.zeros(len(net))
        steady = tau_of(state, net)
        current, gained = take_moves(
            net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
            state.start, state.readers, state.table, cost, targets.labels,
            targets.masks, targets.weights, current, batch.limit, most_wrong, batch.enough, gain,
            added,
        )  # fmt: skip
        if gained <= 0:
            raise AssertionError(f"the best of {len(net)} moves did not hold when judged again")
        changes = tuple(
            {
                "net": int(net[k]),
                "becomes": ("~" if inverted[k] else "") + str(by[k]),
                "tau": float(steady[k]),
                "cost": float(added[k]),
                costs.gain_name: float(gain[k]),
            }
            for k in np.flatnonzero(gain > 0)
        )
        point = _point(network, state, costs, current)
        points.append(replace(point, changes=changes, n_judged=batch.n_judged, round=number))
        if progress:
            progress(points)
    return points


def _judges_all(points: Sequence[PrunePoint]) -> bool:
    """Whether the next batch of a lazy path judges every move: it depends on nothing but the
    points, so that a path can be resumed here."""
    return (
        len(points) % LAZY_BATCHES == 0 or [p.round for p in points[-2:]] != [points[-1].round] * 2
    )


def judged_moves(network: GateNetwork, library: CellLibrary, evidence: Evidence) -> int:
    """Judge every move of a network once and take none; the number judged, for benchmarks.

    Moves that lose more than one may while others lose less are given up, as on a path.
    """
    state = state_of(network, evidence)
    first = network.like.first_gate_net
    targets = Targets(*targets_of(network, evidence))
    current = wrong_now(state, targets.labels, targets.masks, targets.weights)
    cost = Costs(op_areas_mm2(library), None).of_nets(state)
    net, by, inverted = moves_of(state, first)
    costs_saved(
        net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
        state.start, state.readers, cost, np.empty(len(net)),
    )  # fmt: skip
    most = np.full(len(net), MOST_STEP * float(evidence.weights.sum()))
    rows = blocks_of(state, first, targets)
    judged(state, net, by, inverted, targets, rows, current, most=most)
    return len(net)


def mended_point(
    point: PrunePoint,
    library: CellLibrary,
    evidence: Evidence,
    map_again: Callable[[Netlist], Netlist],
    *,
    optimize: Literal["area", "power"] = "area",
) -> PrunePoint:
    """What a path that ends at `point` ends with: that netlist mapped again and mended."""
    targets = Targets(*targets_of(point.network, evidence))
    return _next_round(point, library, evidence, targets, _costs(library, optimize), map_again)


def _next_round(
    last: PrunePoint,
    library: CellLibrary,
    evidence: Evidence,
    targets: Targets,
    costs: Costs,
    map_again: Callable[[Netlist], Netlist],
    *,
    mends: bool = True,
) -> PrunePoint:
    """The first point of the round after `last`."""
    network = _mapped_again(last.network, library, map_again)
    state = state_of(network, evidence)
    if not mends:
        return replace(_point(network, state, costs, last.wrong), round=last.round + 1)
    first = network.like.first_gate_net
    found = mend(state, first, costs.of_nets(state), targets, seed=last.round)
    tau = tau_of(state, found.net)
    changes = tuple(
        {
            "net": int(net),
            "becomes": f"{FUNCTION_NAMES[int(op)]} {a} {b}",
            "tau": float(steady),
            "cost": float(added),
            costs.gain_name: float(gain),
        }
        for net, op, a, b, steady, added, gain in zip(
            found.net, found.op, found.a, found.b, tau, found.added, found.gain, strict=True
        )
    )
    wrong = wrong_now(state, targets.labels, targets.masks, targets.weights)
    point = _point(network, state, costs, wrong)
    return replace(point, changes=changes, round=last.round + 1)


def _costs(library: CellLibrary, optimize: Literal["area", "power"]) -> Costs:
    return Costs(op_areas_mm2(library), op_power_mw(library) if optimize == "power" else None)


def _mapped_again(
    network: GateNetwork, library: CellLibrary, map_again: Callable[[Netlist], Netlist]
) -> GateNetwork:
    """The smaller of the network without its holes and what mapping makes of it."""
    netlist = netlist_of(network, library)
    areas = op_areas_mm2(library)
    found = network_of(netlist, library), network_of(map_again(netlist), library)
    return min(found, key=lambda n: float(areas[n.op[n.op != NOT_A_GATE]].sum()))


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
