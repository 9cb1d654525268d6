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
def wrong_weight(
    words: BitArray, outputs: Int32Array, values: BitArray, fresh: BitArray, stamp: Int32Array,
    now: int, labels: BitArray, masks: BitArray, weights: FloatArray,
) -> float:  # fmt: skip
    """Summed weight of the rows whose output bits are not their label's."""
    n_words = words.shape[0]
    words[:] = 0
    for k in range(outputs.shape[0]):
        net = outputs[k]
        source = fresh[net] if stamp[net] == now else values[net]
        label = labels[k]
        for w in range(n_words):
            words[w] |= source[w] ^ label[w]
    total = 0.0
    for group in range(masks.shape[0]):
        n = np.int64(0)
        mask = masks[group]
        for w in range(n_words):
            n += popcount(words[w] & mask[w])
        total += weights[group] * n
    return total


@compiled
def judge(
    net: int, by: int, inverted: bool, op: OpArray, a: Int32Array, b: Int32Array,
    outputs: Int32Array, start: Int32Array, readers: Int32Array, values: BitArray,
    fresh: BitArray, stamp: Int32Array, now: int, pending: OpArray, words: BitArray,
    labels: BitArray, masks: BitArray, weights: FloatArray, current: float,
) -> float:  # fmt: skip
    """Wrong weight if `net` carried the value of `by` (or its inverse).

    `fresh` and `stamp == now` hold the changed values afterwards. `pending` is all 0 before and
    after.
    """
    n_words = words.shape[0]
    changed = False
    flip = ~np.uint64(0) if inverted else np.uint64(0)
    for w in range(n_words):
        fresh[net, w] = values[by, w] ^ flip
        changed |= fresh[net, w] != values[net, w]
    if not changed:
        return current
    stamp[net] = now
    last = net
    for k in range(start[net], start[net + 1]):
        pending[readers[k]] = 1
        last = max(last, readers[k])
    gate = net + 1
    while gate <= last:
        if pending[gate]:
            pending[gate] = 0
            left = fresh[a[gate]] if stamp[a[gate]] == now else values[a[gate]]
            right = fresh[b[gate]] if stamp[b[gate]] == now else values[b[gate]]
            evaluate(op[gate], left, right, fresh[gate])
            differs = np.uint64(0)
            for w in range(n_words):
                differs |= fresh[gate, w] ^ values[gate, w]
            if differs:
                stamp[gate] = now
                for k in range(start[gate], start[gate + 1]):
                    pending[readers[k]] = 1
                    last = max(last, readers[k])
        gate += 1
    touched = False
    for k in range(outputs.shape[0]):
        touched |= stamp[outputs[k]] == now
    if not touched:
        return current
    return wrong_weight(words, outputs, values, fresh, stamp, now, labels, masks, weights)
