"""Many moves judged on the same rows, block by block, until they are sure to be too dear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.prune.judge import run_network
from printml.prune.moves import judge_moves
from printml.prune.network import OpArray
from printml.prune.state import State

WORDS_AT_ONCE = 32
"""Words of 64 rows that moves are judged on at a time: as many as a round of vector registers."""

NEVER_HIT = 0.01
"""Hits that a row counts for which had none: less than any, so that its weight decides."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What rows should answer: words of the label bits, rows of each weight, and the weights."""

    labels: BitArray
    masks: BitArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Block:
    """Some of the rows, in words of their own.

    Attributes
    ----------
    table, labels, masks
        As `State.table` and in `Targets`.
    n_wrong
        Rows of each weight that are wrong now, int64, shape (n_weights,).
    ahead
        Weight of the rows in later blocks that are wrong now.
    flipped, fixed, broken
        What `judge_moves` found of nets, bool (n_nets,) and words (n_nets, n_words): filled by it.
    """

    table: BitArray
    labels: BitArray
    masks: BitArray
    n_wrong: IntArray
    ahead: float
    flipped: npt.NDArray[np.bool_]
    fixed: BitArray
    broken: BitArray


def blocks_of(
    state: State, first: int, targets: Targets, hits: IntArray | None = None
) -> list[Block]:
    """Rows that are wrong now come first, since only they can become right; then by weight, and
    those first that moves made wrong most often (`hits` of each row, int64, if known).

    After the first block a move can only lose, so most moves are given up early; and a block is
    small enough for the nearer caches.
    """
    wrong = np.bitwise_or.reduce(state.values[state.outputs] ^ targets.labels, axis=0)
    weight = np.zeros(64 * len(wrong))
    for mask, own in zip(targets.masks, targets.weights, strict=True):
        weight += own * bits_of(mask)
    mends = (bits_of(wrong) != 0) & (weight > 0)
    if hits is not None:
        weight *= hits + NEVER_HIT
    order = np.lexsort((-weight, ~mends))
    n_words = -(-len(wrong) // WORDS_AT_ONCE) * WORDS_AT_ONCE

    inputs, labels, masks = (
        _chosen(part, order, n_words)
        for part in (state.values[2:first], targets.labels, targets.masks)
    )
    n_wrong = np.bitwise_count(_chosen(wrong[None], order, n_words) & masks).astype(np.int64)
    blocks = []
    ahead = float(n_wrong.sum(axis=1) @ targets.weights)
    for low in range(0, n_words, WORDS_AT_ONCE):
        part = slice(low, low + WORDS_AT_ONCE)
        table = _simulated(state, first, inputs[:, part])
        own = n_wrong[:, part].sum(axis=1)
        ahead -= float(own @ targets.weights)
        unknown = np.empty((2, len(state.op), table.shape[1]), np.uint64)
        blocks.append(
            Block(
                table, labels[:, part].copy(), masks[:, part].copy(), own, ahead,
                flipped=np.zeros(len(state.op), bool), fixed=unknown[0], broken=unknown[1],
            )
        )  # fmt: skip
    return blocks


def rows_apart(
    state: State, first: int, targets: Targets, rows: IntArray
) -> tuple[BitArray, Targets]:
    """Some of the rows in words of their own: their table and what they should answer."""
    n_words = -(-len(rows) // 64)
    inputs, labels, masks = (
        _chosen(part, rows, n_words)
        for part in (state.values[2:first], targets.labels, targets.masks)
    )
    return _simulated(state, first, inputs), Targets(labels, masks, targets.weights)


def _chosen(words: BitArray, rows: IntArray, n_words: int) -> BitArray:
    """The bits of some rows, in that order, in the first of `n_words` words."""
    packed = np.zeros((len(words), 8 * n_words), np.uint8)
    bits = np.packbits(bits_of(words)[:, rows], axis=1, bitorder="little")
    packed[:, : bits.shape[1]] = bits
    return packed.view(np.uint64)


def _simulated(state: State, first: int, inputs: BitArray) -> BitArray:
    """A table as `State.table`, from the words of the inputs."""
    table = np.zeros((2 * len(state.op), inputs.shape[1]), np.uint64)
    table[1] = ~np.uint64(0)
    table[2:first] = inputs
    run_network(state.op, state.a, state.b, first, table[: len(state.op)])
    return table


def bits_of(words: BitArray) -> npt.NDArray[np.uint8]:
    """One bit an item, uint8, the last axis 64 times as long."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, bitorder="little")


def judged(
    state: State,
    net: Int32Array,
    by: Int32Array,
    inverted: OpArray,
    targets: Targets,
    rows: list[Block],
    current: float,
    *,
    most: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Wrong weight after each move alone, and the least that it can be, float64, (n_moves,) each.

    The first is infinite for moves that are sure to lose more than `most`, float64 (n_moves,),
    beyond `current`; the second is what was known of them when they were given up.
    """
    n_wrong = np.tile(sum(block.n_wrong for block in rows), (len(net), 1))
    touched = np.zeros(len(net), bool)
    alive = np.arange(len(net))
    least = np.full(len(net), current)
    for block in rows:
        hit = np.zeros(len(alive), bool)
        found = np.empty((len(alive), len(targets.weights)), np.int64)
        judge_moves(
            net[alive], by[alive], inverted[alive], state.op, state.a, state.b, state.outputs,
            state.start, state.readers, block.table, block.labels, block.masks, block.flipped,
            block.fixed, block.broken, hit, found,
        )  # fmt: skip
        n_wrong[alive[hit]] += found[hit]
        touched[alive] |= hit
        known = _weight(n_wrong[alive], targets) - block.ahead
        least[alive] = known
        alive = alive[known - current <= most[alive]]
    loss = np.full(len(net), np.inf)
    loss[alive] = np.where(touched[alive], _weight(n_wrong[alive], targets), current)
    least[alive] = loss[alive]
    return loss, least


def _weight(n_wrong: IntArray, targets: Targets) -> FloatArray:
    total = np.zeros(len(n_wrong))
    for group, weight in enumerate(targets.weights):
        total += weight * n_wrong[:, group]
    return total
