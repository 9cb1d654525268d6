"""What a move costs: the cone behind a net simulated again, only where values change.

A *move* replaces a gate's net by an earlier net, its inverse, or a constant.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array
from printml.compiled import compiled
from printml.prune.network import OpArray
from printml.simulate.words import popcount


@compiled
def run_network(
    op: OpArray, a: Int32Array, b: Int32Array, first_gate: int, values: BitArray
) -> None:
    """Fill the values of all gates, uint64 (n_nets, n_words), from those of the inputs."""
    for net in range(first_gate, op.shape[0]):
        evaluate(op[net], values[a[net]], values[b[net]], values[net])


@compiled
def evaluate(op: int, left: BitArray, right: BitArray, result: BitArray) -> None:
    """One gate on all words; a loop per function, each of which vectorises."""
    n = result.shape[0]
    if op == 0b0111:
        for w in range(n):
            result[w] = ~(left[w] & right[w])
    elif op == 0b1000:
        for w in range(n):
            result[w] = left[w] & right[w]
    elif op == 0b0001:
        for w in range(n):
            result[w] = ~(left[w] | right[w])
    elif op == 0b1110:
        for w in range(n):
            result[w] = left[w] | right[w]
    elif op == 0b0101:
        for w in range(n):
            result[w] = ~left[w]
    elif op == 0b0110:
        for w in range(n):
            result[w] = left[w] ^ right[w]
    else:
        for w in range(n):
            result[w] = ~(left[w] ^ right[w])


@compiled
def place_of(net: int, n_nets: int, stamp: Int32Array, now: int) -> np.uint64:
    """Row of `table` that holds the values of a net: below, where the move changes it."""
    return np.uint64(net + n_nets if stamp[net] == now else net)


@compiled
def evaluate_part(
    op: int, table: BitArray, left: np.uint64, right: np.uint64, result: np.uint64,
    low: np.uint64, high: np.uint64,
) -> None:  # fmt: skip
    """One gate on the words [low, high) of rows of the table."""
    if op == 0b0111:
        for w in range(low, high):
            table[result, w] = ~(table[left, w] & table[right, w])
    elif op == 0b1000:
        for w in range(low, high):
            table[result, w] = table[left, w] & table[right, w]
    elif op == 0b0001:
        for w in range(low, high):
            table[result, w] = ~(table[left, w] | table[right, w])
    elif op == 0b1110:
        for w in range(low, high):
            table[result, w] = table[left, w] | table[right, w]
    elif op == 0b0101:
        for w in range(low, high):
            table[result, w] = ~table[left, w]
    elif op == 0b0110:
        for w in range(low, high):
            table[result, w] = table[left, w] ^ table[right, w]
    else:
        for w in range(low, high):
            table[result, w] = ~(table[left, w] ^ table[right, w])


@compiled
def spread(
    net: int, by: int, inverted: bool, low: int, high: int, op: OpArray, a: Int32Array,
    b: Int32Array, outputs: Int32Array, start: Int32Array, readers: Int32Array, table: BitArray,
    stamp: Int32Array, now: int, pending: BitArray,
) -> bool:  # fmt: skip
    """Let `net` carry the value of `by` (or its inverse) in the words [low, high); whether an
    output changes there.

    What changes is in the lower half of the table, where `stamp == now`. `pending` has a bit per
    net, all 0 before and after.
    """
    n_nets = op.shape[0]
    flip = ~np.uint64(0) if inverted else np.uint64(0)
    differs = np.uint64(0)
    begin, end = np.uint64(low), np.uint64(high)
    here, there, source = np.uint64(net), np.uint64(net + n_nets), np.uint64(by)
    for w in range(begin, end):
        table[there, w] = table[source, w] ^ flip
        differs |= table[there, w] ^ table[here, w]
    if not differs:
        return False
    stamp[net] = now
    one = np.uint64(1)
    last = net >> 6
    for k in range(start[net], start[net + 1]):
        reader = readers[k]
        pending[reader >> 6] |= one << np.uint64(reader & 63)
        last = max(last, reader >> 6)
    at = net >> 6
    while at <= last:
        waiting = pending[at]
        if not waiting:
            at += 1
            continue
        lowest = waiting & (~waiting + one)
        pending[at] = waiting ^ lowest
        gate = 64 * at + popcount(lowest - one)
        left, right = place_of(a[gate], n_nets, stamp, now), place_of(b[gate], n_nets, stamp, now)
        here, there = np.uint64(gate), np.uint64(gate + n_nets)
        evaluate_part(op[gate], table, left, right, there, begin, end)
        differs = np.uint64(0)
        for w in range(begin, end):
            differs |= table[there, w] ^ table[here, w]
        if differs:
            stamp[gate] = now
            for k in range(start[gate], start[gate + 1]):
                reader = readers[k]
                pending[reader >> 6] |= one << np.uint64(reader & 63)
                last = max(last, reader >> 6)
    touched = False
    for k in range(outputs.shape[0]):
        touched |= stamp[outputs[k]] == now
    return touched


@compiled
def wrong_words(
    low: int, high: int, outputs: Int32Array, n_nets: int, table: BitArray,
    stamp: Int32Array, now: int, labels: BitArray, words: BitArray,
) -> None:  # fmt: skip
    """Mark in `words`, from place `low`, the rows whose output bits are not their label's."""
    words[low:high] = 0
    for k in range(outputs.shape[0]):
        source = place_of(outputs[k], n_nets, stamp, now)
        for w in range(np.uint64(low), np.uint64(high)):
            words[w] |= table[source, w] ^ labels[k, w]


@compiled
def judge(
    net: int, by: int, inverted: bool, op: OpArray, a: Int32Array, b: Int32Array,
    outputs: Int32Array, start: Int32Array, readers: Int32Array, table: BitArray,
    stamp: Int32Array, now: int, pending: BitArray, words: BitArray,
    labels: BitArray, masks: BitArray, weights: FloatArray, current: float,
) -> float:  # fmt: skip
    """Wrong weight if `net` carried the value of `by` (or its inverse).

    The changed values are in the lower half of the table afterwards, where `stamp == now`.
    """
    n_words = words.shape[0]
    if not spread(
        net, by, inverted, 0, n_words, op, a, b, outputs, start, readers, table, stamp, now, pending,
    ):  # fmt: skip
        return current
    wrong_words(0, n_words, outputs, op.shape[0], table, stamp, now, labels, words)
    total = 0.0
    for group in range(masks.shape[0]):
        total += weights[group] * count_ones(words, masks, group, 0, n_words)
    return total


@compiled
def count_ones(words: BitArray, masks: BitArray, group: int, low: int, high: int) -> int:
    """Ones in the words [low, high) of the rows of a group."""
    n = np.int64(0)
    row = np.uint64(group)
    for w in range(np.uint64(low), np.uint64(high)):
        n += popcount(words[w] & masks[row, w])
    return n
