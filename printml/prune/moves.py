"""Judging many moves, and carrying out a batch of the best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.compiled import compiled
from printml.prune.judge import count_wrong, flips, outputs_change, settle, spread
from printml.prune.network import OpArray
from printml.prune.substitute import NO_GATE, index_readers, roll_back, substitute
from printml.simulate.words import popcount


@compiled
def judge_moves(
    net: Int32Array, by: Int32Array, inverted: OpArray,
    op: OpArray, a: Int32Array, b: Int32Array, outputs: Int32Array,
    start: Int32Array, readers: Int32Array, table: BitArray, labels: BitArray, masks: BitArray,
    flipped: npt.NDArray[np.bool_], fixed: BitArray, broken: BitArray,
    touched: npt.NDArray[np.bool_], more_wrong: IntArray,
) -> None:  # fmt: skip
    """Rows of each group that each move alone makes wrong less those that it puts right,
    (n_moves, n_groups), and whether it does either.

    A row answers as if the net were flipped where the move changes it, and as before elsewhere. So
    each net is flipped once, on all rows, which tells of all of its moves: `fixed` and `broken`,
    (n_nets, n_words), are the rows that this puts right and makes wrong, for nets `flipped` before.
    """
    n_nets = op.shape[0]
    where = np.arange(n_nets, dtype=np.int32)
    changed = np.empty(n_nets, np.int32)
    pending = np.zeros(n_nets // 64 + 1, np.uint64)
    for k in range(net.shape[0]):
        own = net[k]
        if not flipped[own]:
            flipped[own] = True
            n_changed = spread(
                own, own, True, op, a, b, start, readers, table, where, changed, pending
            )
            flips(outputs, table, where, labels, fixed[own], broken[own])
            settle(where, changed, n_changed)
        flip = ~np.uint64(0) if inverted[k] else np.uint64(0)
        here, there = np.uint64(own), np.uint64(by[k])
        touched[k] = False
        more_wrong[k] = 0
        for w in range(np.uint64(0), np.uint64(table.shape[1])):
            differs = table[here, w] ^ table[there, w] ^ flip
            to_fix, to_break = fixed[here, w] & differs, broken[here, w] & differs
            if not (to_fix | to_break):
                continue
            touched[k] = True
            for group in range(masks.shape[0]):
                mask = masks[group, w]
                more_wrong[k, group] += np.int64(popcount(to_break & mask))
                more_wrong[k, group] -= np.int64(popcount(to_fix & mask))


@compiled
def count_hits(
    net: Int32Array, by: Int32Array, inverted: OpArray,
    op: OpArray, a: Int32Array, b: Int32Array, outputs: Int32Array,
    start: Int32Array, readers: Int32Array, table: BitArray, labels: BitArray, hits: IntArray,
) -> None:  # fmt: skip
    """Add to the `hits` of each row that is right, int64 (64 * n_words,), the moves that alone make
    it wrong; those of other rows tell nothing."""
    n_nets = op.shape[0]
    where = np.arange(n_nets, dtype=np.int32)
    changed = np.empty(n_nets, np.int32)
    pending = np.zeros(n_nets // 64 + 1, np.uint64)
    one = np.uint64(1)
    for k in range(net.shape[0]):
        n_changed = spread(
            net[k], by[k], inverted[k] != 0, op, a, b, start, readers, table, where, changed,
            pending,
        )  # fmt: skip
        if outputs_change(outputs, where):
            for w in range(table.shape[1]):
                wrong = np.uint64(0)
                for at in range(outputs.shape[0]):
                    wrong |= table[where[outputs[at]], w] ^ labels[at, w]
                row = 64 * w
                while wrong:
                    hits[row] += np.int64(wrong & one)
                    wrong >>= one
                    row += 1
        settle(where, changed, n_changed)


@compiled
def costs_saved(
    net: Int32Array, by: Int32Array, inverted: OpArray,
    op: OpArray, a: Int32Array, b: Int32Array, outputs: Int32Array, first_gate: int,
    ref: Int32Array, start: Int32Array, readers: Int32Array, cost: FloatArray, saved: FloatArray,
) -> None:  # fmt: skip
    """Cost that each move alone would save, without simulating it."""
    n_nets = op.shape[0]
    pending = np.zeros(n_nets // 64 + 1, np.uint64)
    place = np.full(n_nets, -1, np.int32)
    stack = np.empty(n_nets, np.int32)
    log = np.empty((n_nets, 5), np.int32)
    kept_outputs = outputs.copy()
    for k in range(net.shape[0]):
        n_log, change = substitute(
            net[k], by[k], inverted[k] != 0, op, a, b, ref, outputs, first_gate, start, readers,
            pending, place, stack, cost, log,
        )  # fmt: skip
        roll_back(op, a, b, ref, place, log, n_log)
        outputs[:] = kept_outputs
        saved[k] = -change


@compiled
def take_moves(
    net: Int32Array, by: Int32Array, inverted: OpArray,
    op: OpArray, a: Int32Array, b: Int32Array, outputs: Int32Array, first_gate: int,
    ref: Int32Array, start: Int32Array, readers: Int32Array, table: BitArray,
    cost: FloatArray, labels: BitArray, masks: BitArray, weights: FloatArray, current: float,
    price: float, most: float, enough: float, gain: FloatArray, added: FloatArray,
) -> tuple[float, float]:  # fmt: skip
    """Carry out moves in the given order, each judged again; `(wrong weight, cost saved)`.

    A move is taken if it saves cost, loses at most `price` wrong weight per unit of it and leaves
    at most `most` wrong weight; its `gain` is above 0 then.
    """
    n_nets = op.shape[0]
    where = np.arange(n_nets, dtype=np.int32)
    changed = np.empty(n_nets, np.int32)
    n_wrong = np.empty(masks.shape[0], np.int64)
    pending = np.zeros(n_nets // 64 + 1, np.uint64)
    place = np.full(n_nets, -1, np.int32)
    stack = np.empty(n_nets, np.int32)
    log = np.empty((n_nets, 5), np.int32)
    words = np.empty(table.shape[1], np.uint64)
    kept_outputs = outputs.copy()
    total = 0.0
    for k in range(net.shape[0]):
        if net[k] >= first_gate and op[net[k]] == NO_GATE:
            continue
        if by[k] >= first_gate and op[by[k]] == NO_GATE:
            continue
        n_changed = spread(
            net[k], by[k], inverted[k] != 0, op, a, b, start, readers, table, where, changed,
            pending,
        )  # fmt: skip
        new = current
        if outputs_change(outputs, where):
            count_wrong(outputs, table, where, labels, masks, words, n_wrong)
            new = 0.0
            for group in range(masks.shape[0]):
                new += weights[group] * n_wrong[group]
        settle(where, changed, n_changed)
        if new > most:
            continue
        n_log, change = substitute(
            net[k], by[k], inverted[k] != 0, op, a, b, ref, outputs, first_gate, start, readers,
            pending, place, stack, cost, log,
        )  # fmt: skip
        if change >= -1e-9 or new - current > -price * change + 1e-9:
            roll_back(op, a, b, ref, place, log, n_log)
            outputs[:] = kept_outputs
            continue
        gain[k] = -change
        added[k] = new - current
        for j in range(n_log):
            place[log[j, 0]] = -1
        # An input keeps its values: nothing reads it now, but another move may.
        for at in range(n_changed):
            if changed[at] >= first_gate:
                table[changed[at]] = table[n_nets + at]
        kept_outputs[:] = outputs
        current = new
        total -= change
        index_readers(op, a, b, outputs, first_gate, ref, start, readers)
        if total >= enough:
            break
    return current, total


@compiled
def similar_nets(
    op: OpArray, values: BitArray, columns: Int32Array, first_gate: int, n_best: int,
    net: Int32Array, by: Int32Array, inverted: OpArray,
) -> int:  # fmt: skip
    """For each gate the earlier nets that agree with it (or its inverse) most often.

    Counted on the words `columns`; fills the move arrays, n_best per gate, returns the number.
    """
    n_nets = op.shape[0]
    n_words = columns.shape[0]
    sample = np.empty((n_nets, n_words), np.uint64)
    for k in range(n_nets):
        for w in range(n_words):
            sample[k, w] = values[k, columns[w]]
    n_bits = 64 * n_words
    n_moves = 0
    best = np.empty(n_best, np.int64)
    for gate in range(first_gate, n_nets):
        if op[gate] == NO_GATE:
            continue
        worst = n_bits
        found = 0
        for other in range(2, gate):
            if other >= first_gate and op[other] == NO_GATE:
                continue
            differ = np.int64(0)
            for w in range(n_words):
                differ += popcount(sample[gate, w] ^ sample[other, w])
            flip = differ > n_bits - differ
            if flip:
                differ = n_bits - differ
            if found == n_best and differ >= worst:
                continue
            position = found if found < n_best else n_best - 1
            found = min(found + 1, n_best)
            while position > 0 and best[position - 1] > differ:
                best[position] = best[position - 1]
                by[n_moves + position] = by[n_moves + position - 1]
                inverted[n_moves + position] = inverted[n_moves + position - 1]
                position -= 1
            best[position] = differ
            by[n_moves + position] = other
            inverted[n_moves + position] = flip
            worst = best[found - 1]
        for k in range(found):
            net[n_moves + k] = gate
        n_moves += found
    return n_moves
