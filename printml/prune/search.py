"""Accuracy-driven pruning: from the whole netlist down, one batch of cheap moves after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.judge import run_network
from printml.prune.moves import judge_moves, similar_nets, take_moves
from printml.prune.network import (
    NOT_A_GATE,
    GateNetwork,
    OpArray,
    netlist_of,
    network_of,
    op_areas_mm2,
)
from printml.prune.substitute import index_readers
from printml.simulate.kernel import pack_inputs

N_SIMILAR = 3
MOST_COMPARISONS = 30_000_000
"""Word comparisons spent per round on finding nets that agree."""
BATCH_SHARE = 0.04
"""Share of the area that one batch may save before all moves are judged again."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Rows that a candidate is judged on.

    Attributes
    ----------
    X_int, y
        int64, shapes (n_rows, n_features) and (n_rows,): input integers and the wanted classes.
    weights
        float64, shape (n_rows,): what a wrong answer costs; few distinct values, 0 for rows that
        do not count.
    """

    X_int: IntArray
    y: IntArray
    weights: FloatArray


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
        the rows at one value, at that time), cost in wrong weight and gain in mm2 of the move.
    n_judged
        Moves judged for this point.
    round
        How often the netlist was mapped again before; nets are numbered anew then.
    """

    wrong: float
    area_mm2: float
    network: GateNetwork
    changes: tuple[dict[str, Any], ...] = ()
    n_judged: int = 0
    round: int = 0


@dataclass
class _State:
    """Arrays that the kernels change in place."""

    op: OpArray
    a: Int32Array
    b: Int32Array
    outputs: Int32Array
    ref: Int32Array
    start: Int32Array
    readers: Int32Array
    values: BitArray
    fresh: BitArray
    n_rows: int


def prune_path(
    network: GateNetwork,
    library: CellLibrary,
    evidence: Evidence,
    *,
    most_wrong: float,
    map_again: Callable[[Netlist], Netlist] | None = None,
    round_share: float = 0.6,
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
    resume
        Points of an unfinished path of the same arguments, to go on from.
    progress
        Called with all points so far after each batch.

    Raises
    ------
    NetlistError
        If the netlist has other outputs than the class.
    """
    if len(network.like.outputs) != 1:
        raise NetlistError(
            "only a netlist whose one output is the class can be pruned",
            where=f"netlist {network.like.name}",
            hint="Build it without --keep-scores",
        )
    area = op_areas_mm2(library)
    labels, masks, weights = _targets(network, evidence)
    points = list(resume)
    network = points[-1].network if points else network
    state = _state(network, evidence)
    first = network.like.first_gate_net
    current = _wrong_now(state, labels, masks, weights)
    points = points or [_point(network, state, area, current)]
    while True:
        number = points[-1].round
        begun_at = next(point.area_mm2 for point in points if point.round == number)
        if map_again and points[-1].area_mm2 < round_share * begun_at:
            network = _mapped_again(points[-1].network, library, map_again)
            state = _state(network, evidence)
            points.append(replace(_point(network, state, area, current), round=number + 1))
            number += 1
        net, by, inverted = _moves(state, first)
        if not len(net):
            return points
        loss, saved = np.empty(len(net)), np.empty(len(net))
        judge_moves(
            net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
            state.start, state.readers, state.values, state.fresh, area, labels, masks, weights,
            current, loss, saved,
        )  # fmt: skip
        allowed = (saved > 1e-9) & (loss <= most_wrong)
        if not allowed.any():
            return points
        cost = np.maximum(loss - current, 0.0)
        price = np.where(allowed, cost / np.maximum(saved, 1e-9), np.inf)
        order = np.lexsort((by, net, -saved, price))[: int(allowed.sum())]
        enough = BATCH_SHARE * points[-1].area_mm2
        n_batch = int(np.searchsorted(np.cumsum(saved[order]), enough)) + 1
        # Everything as cheap as the last of the batch, but several moves may name one net.
        limit = float(price[order[min(len(order), n_batch) - 1]])
        chosen = order[price[order] <= limit]
        gain, added = np.zeros(len(chosen)), np.zeros(len(chosen))
        steady = _tau(state, net[chosen])
        current, gained = take_moves(
            net[chosen], by[chosen], inverted[chosen], state.op, state.a, state.b, state.outputs,
            first, state.ref, state.start, state.readers, state.values, state.fresh, area, labels,
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
                "gain_mm2": float(gain[j]),
            }
            for j, k in enumerate(chosen)
            if gain[j] > 0
        )
        point = _point(network, state, area, current)
        points.append(replace(point, changes=changes, n_judged=len(net), round=number))
        if progress:
            progress(points)


def judged_moves(network: GateNetwork, library: CellLibrary, evidence: Evidence) -> int:
    """Judge every move of a network once and take none; the number judged, for benchmarks."""
    state = _state(network, evidence)
    first = network.like.first_gate_net
    labels, masks, weights = _targets(network, evidence)
    current = _wrong_now(state, labels, masks, weights)
    net, by, inverted = _moves(state, first)
    loss, saved = np.empty(len(net)), np.empty(len(net))
    judge_moves(
        net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
        state.start, state.readers, state.values, state.fresh, op_areas_mm2(library), labels,
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


def _state(network: GateNetwork, evidence: Evidence) -> _State:
    packed = pack_inputs(network.like, evidence.X_int)
    values = np.zeros((network.n_nets, packed.shape[1]), np.uint64)
    values[1] = ~np.uint64(0)
    first = network.like.first_gate_net
    values[2:first] = packed
    op, a, b = network.op.copy(), network.a.copy(), network.b.copy()
    run_network(op, a, b, first, values)
    state = _State(
        op=op,
        a=a,
        b=b,
        outputs=network.outputs.copy(),
        ref=np.zeros(network.n_nets, np.int32),
        start=np.zeros(network.n_nets + 1, np.int32),
        readers=np.zeros(2 * network.n_nets, np.int32),
        values=values,
        fresh=np.zeros_like(values),
        n_rows=len(evidence.y),
    )
    _index(state, first)
    return state


def _index(state: _State, first: int) -> None:
    index_readers(
        state.op, state.a, state.b, state.outputs, first, state.ref, state.start, state.readers
    )


def _targets(network: GateNetwork, evidence: Evidence) -> tuple[BitArray, BitArray, FloatArray]:
    """Words of the wanted output bits, and per distinct weight the rows that have it."""
    n_rows = len(evidence.y)
    n_words = -(-n_rows // 64)

    def words(bits: IntArray) -> BitArray:
        padded = np.zeros(n_words * 64, np.uint8)
        padded[:n_rows] = bits
        packed: BitArray = np.packbits(padded, bitorder="little").view(np.uint64)
        return packed

    labels = np.stack([words(evidence.y >> bit & 1) for bit in range(len(network.outputs))])
    # At least one group, also when no row counts.
    distinct = np.unique(np.maximum(evidence.weights, 0.0))
    distinct = distinct[distinct > 0] if (distinct > 0).any() else distinct
    masks = np.stack([words(evidence.weights == weight) for weight in distinct])
    return labels, masks, distinct


def _wrong_now(state: _State, labels: BitArray, masks: BitArray, weights: FloatArray) -> float:
    wrong = np.bitwise_or.reduce(state.values[state.outputs] ^ labels, axis=0)
    counts = np.bitwise_count(wrong & masks).sum(axis=1)
    return float(counts @ weights)


def _moves(state: _State, first: int) -> tuple[Int32Array, Int32Array, OpArray]:
    gates = np.flatnonzero(state.op != NOT_A_GATE).astype(np.int32)
    n_nets, n_words = state.values.shape
    ties = np.repeat(gates, 2), np.tile(np.array([0, 1], np.int32), len(gates))
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


def _tau(state: _State, nets: Int32Array) -> FloatArray:
    words = state.values[nets]
    if state.n_rows % 64:
        words[:, -1] &= np.uint64((1 << (state.n_rows % 64)) - 1)
    ones = np.bitwise_count(words).sum(axis=1) / state.n_rows
    tau: FloatArray = np.maximum(ones, 1.0 - ones)
    return tau


def _point(network: GateNetwork, state: _State, area: FloatArray, wrong: float) -> PrunePoint:
    live = state.op[state.op != NOT_A_GATE]
    copy = replace(
        network,
        op=state.op.copy(),
        a=state.a.copy(),
        b=state.b.copy(),
        outputs=state.outputs.copy(),
    )
    return PrunePoint(wrong, float(area[live].sum()), copy)
