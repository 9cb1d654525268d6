"""What pruning works on: values of all nets on the evidence rows, and what gates cost there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.prune.judge import run_network
from printml.prune.network import NOT_A_GATE, GateNetwork, OpArray
from printml.prune.substitute import index_readers
from printml.simulate.kernel import pack_inputs

MOVES_AT_ONCE = 2_000
"""Moves compared at a time, so that memory stays small."""


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


@dataclass
class State:
    """Arrays that the kernels change in place.

    `table` has the words of every net and, below, room for what a move changes.
    """

    op: OpArray
    a: Int32Array
    b: Int32Array
    outputs: Int32Array
    ref: Int32Array
    start: Int32Array
    readers: Int32Array
    table: BitArray
    n_rows: int

    @property
    def values(self) -> BitArray:
        """Words of every net, uint64, shape (n_nets, n_words)."""
        return self.table[: len(self.op)]


@dataclass(frozen=True, eq=False)
class Costs:
    """Area in mm2 of each function, (16,); power in mW with output 0 and 1, (16, 2), if asked."""

    area_mm2: FloatArray
    power_mw: FloatArray | None

    @property
    def gain_name(self) -> str:
        """What is saved, by the name it has in records of changes."""
        return "gain_mm2" if self.power_mw is None else "gain_mw"

    def of_nets(self, state: State) -> FloatArray:
        """What each function costs at each net with its present values, (n_nets, 16)."""
        if self.power_mw is None:
            return np.tile(self.area_mm2, (len(state.op), 1))
        high = _share_of_ones(state, np.arange(len(state.op)))[:, None]
        cost: FloatArray = (1.0 - high) * self.power_mw[:, 0] + high * self.power_mw[:, 1]
        return cost


def state_of(network: GateNetwork, evidence: Evidence) -> State:
    """The network's arrays, its values on the rows, and who reads what."""
    packed = pack_inputs(network.like, evidence.X_int)
    table = np.zeros((2 * network.n_nets, packed.shape[1]), np.uint64)
    table[1] = ~np.uint64(0)
    first = network.like.first_gate_net
    table[2:first] = packed
    op, a, b = network.op.copy(), network.a.copy(), network.b.copy()
    run_network(op, a, b, first, table[: network.n_nets])
    state = State(
        op=op,
        a=a,
        b=b,
        outputs=network.outputs.copy(),
        ref=np.zeros(network.n_nets, np.int32),
        start=np.zeros(network.n_nets + 1, np.int32),
        readers=np.zeros(2 * network.n_nets, np.int32),
        table=table,
        n_rows=len(evidence.y),
    )
    _index(state, first)
    return state


def _index(state: State, first: int) -> None:
    index_readers(
        state.op, state.a, state.b, state.outputs, first, state.ref, state.start, state.readers
    )


def targets_of(network: GateNetwork, evidence: Evidence) -> tuple[BitArray, BitArray, FloatArray]:
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


def wrong_now(state: State, labels: BitArray, masks: BitArray, weights: FloatArray) -> float:
    """Summed weight of the rows that the outputs answer wrong."""
    wrong = np.bitwise_or.reduce(state.values[state.outputs] ^ labels, axis=0)
    counts = np.bitwise_count(wrong & masks).sum(axis=1)
    return float(counts @ weights)


def tau_of(state: State, nets: Int32Array) -> FloatArray:
    """Larger share of the rows that each net spends at one value."""
    ones = _share_of_ones(state, nets)
    tau: FloatArray = np.maximum(ones, 1.0 - ones)
    return tau


def differing_rows(
    state: State, net: Int32Array, by: Int32Array, inverted: OpArray
) -> npt.NDArray[np.int64]:
    """Rows on which each net differs from what would replace it, int64, shape (n_moves,)."""
    last = np.full(state.values.shape[1], ~np.uint64(0))
    if state.n_rows % 64:
        last[-1] = np.uint64((1 << (state.n_rows % 64)) - 1)
    counts = np.empty(len(net), np.int64)
    for begin in range(0, len(net), MOVES_AT_ONCE):
        part = slice(begin, begin + MOVES_AT_ONCE)
        differ = (state.values[net[part]] ^ state.values[by[part]]) & last
        rows = np.bitwise_count(differ).sum(axis=1, dtype=np.int64)
        counts[part] = np.where(inverted[part] != 0, state.n_rows - rows, rows)
    return counts


def _share_of_ones(state: State, nets: npt.NDArray[np.integer[Any]]) -> FloatArray:
    words = state.values[nets]
    if state.n_rows % 64:
        words[:, -1] &= np.uint64((1 << (state.n_rows % 64)) - 1)
    ones: FloatArray = np.bitwise_count(words).sum(axis=1) / state.n_rows
    return ones


def total_cost(state: State, cost: FloatArray) -> float:
    """Cost of all gates, `cost` as `Costs.of_nets` gives it."""
    gates = np.flatnonzero(state.op != NOT_A_GATE)
    return float(cost[gates, state.op[gates]].sum())
