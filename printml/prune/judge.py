"""What a move costs: the cone behind a net simulated again, only where values change.

A *move* replaces a gate's net by an earlier net, its inverse, or a constant.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, Int32Array, IntArray
from printml.compiled import compiled, inlined
from printml.prune.network import OpArray
from printml.prune.substitute import net_of_bit, wake
from printml.simulate.words import popcount

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
NOT, NOR, OR, AND, XOR, XNOR = 0b0101, 0b0001, 0b1110, 0b1000, 0b0110, 0b1001


@compiled
def run_network(
    op: OpArray, a: Int32Array, b: Int32Array, first_gate: int, values: BitArray
) -> None:
    """Fill the values of all gates, uint64 (n_nets, n_words), from those of the inputs."""
    for net in range(first_gate, op.shape[0]):
        gate = np.uint64(net)
        evaluate_rows(op[net], values, np.uint64(a[net]), np.uint64(b[net]), gate, gate)


@inlined
def evaluate_rows(
    op: int, table: BitArray, left: np.uint64, right: np.uint64, before: np.uint64,
    after: np.uint64,
) -> np.uint64:  # fmt: skip
    """One gate on all words of rows `left` and `right` of the table, into row `after`; the bits
    that differ from row `before` in any word.

    Two loops stand for all functions, since a branch for each would be mispredicted most times.
    """
    low, high = np.uint64(0), np.uint64(table.shape[1])
    differs = np.uint64(0)
    if op in (XOR, XNOR):
        flip = ALL_ONES if op == XNOR else np.uint64(0)
        for w in range(low, high):
            value = table[left, w] ^ table[right, w] ^ flip
            differs |= value ^ table[before, w]
            table[after, w] = value
        return differs
    other = left if op == NOT else right
    flip_in = ALL_ONES if op in (NOR, OR) else np.uint64(0)
    flip = np.uint64(0) if op in (NOR, AND) else ALL_ONES
    for w in range(low, high):
        value = ((table[left, w] ^ flip_in) & (table[other, w] ^ flip_in)) ^ flip
        differs |= value ^ table[before, w]
        table[after, w] = value
    return differs


@compiled
def spread(
    net: int, by: int, inverted: bool, op: OpArray, a: Int32Array, b: Int32Array,
    start: Int32Array, readers: Int32Array, table: BitArray, where: Int32Array,
    changed: Int32Array, pending: BitArray,
) -> int:  # fmt: skip
    """Let `net` carry the value of `by` (or its inverse); how many nets change.

    Their new values are in the lower half of the table, in the order of `changed`, and `where`
    gives the row of every net: its own number before, and after `settle`. `pending` has a bit per
    net, all 0 before and after.
    """
    n_nets = op.shape[0]
    flip = ~np.uint64(0) if inverted else np.uint64(0)
    differs = np.uint64(0)
    low, high = np.uint64(0), np.uint64(table.shape[1])
    here, there, source = np.uint64(net), np.uint64(n_nets), np.uint64(by)
    for w in range(low, high):
        table[there, w] = table[source, w] ^ flip
        differs |= table[there, w] ^ table[here, w]
    if not differs:
        return 0
    where[net] = n_nets
    changed[0] = net
    n_changed = 1
    one = np.uint64(1)
    last = wake(net, start, readers, pending, net >> 6)
    at = net >> 6
    while at <= last:
        waiting = pending[at]
        if not waiting:
            at += 1
            continue
        lowest = waiting & (~waiting + one)
        pending[at] = waiting ^ lowest
        gate = net_of_bit(at, lowest)
        here, there = np.uint64(gate), np.uint64(n_nets + n_changed)
        left, right = np.uint64(where[a[gate]]), np.uint64(where[b[gate]])
        differs = evaluate_rows(op[gate], table, left, right, here, there)
        if differs:
            where[gate] = n_nets + n_changed
            changed[n_changed] = gate
            n_changed += 1
            last = wake(gate, start, readers, pending, last)
    return n_changed


@compiled
def settle(where: Int32Array, changed: Int32Array, n_changed: int) -> None:
    """Every net in its own row of the table again."""
    for k in range(n_changed):
        where[changed[k]] = changed[k]


@compiled
def outputs_change(outputs: Int32Array, where: Int32Array) -> bool:
    """Whether the last move changes an output."""
    touched = False
    for k in range(outputs.shape[0]):
        touched |= where[outputs[k]] != outputs[k]
    return touched


@compiled
def flips(
    outputs: Int32Array, table: BitArray, where: Int32Array, labels: BitArray,
    fixed: BitArray, broken: BitArray,
) -> None:  # fmt: skip
    """Rows that the last `spread` put right, and those that it made wrong."""
    for w in range(table.shape[1]):
        before, after = np.uint64(0), np.uint64(0)
        for k in range(outputs.shape[0]):
            before |= table[outputs[k], w] ^ labels[k, w]
            after |= table[where[outputs[k]], w] ^ labels[k, w]
        fixed[w] = before & ~after
        broken[w] = after & ~before


@compiled
def count_wrong(
    outputs: Int32Array, table: BitArray, where: Int32Array, labels: BitArray, masks: BitArray,
    words: BitArray, n_wrong: IntArray,
) -> None:  # fmt: skip
    """Rows of each group (`masks`) whose output bits are not their label's."""
    words[:] = 0
    for k in range(outputs.shape[0]):
        source, label = np.uint64(where[outputs[k]]), np.uint64(k)
        for w in range(np.uint64(0), np.uint64(words.shape[0])):
            words[w] |= table[source, w] ^ labels[label, w]
    for group in range(masks.shape[0]):
        n = np.int64(0)
        row = np.uint64(group)
        for w in range(np.uint64(0), np.uint64(words.shape[0])):
            n += popcount(words[w] & masks[row, w])
        n_wrong[group] = n
