"""Stochastic search for a cheaper implementation of a small window of gates.

A window has at most six leaves, so the function of every gate over all leaf states is one 64-bit
word and equality of function is exact. The search is that of Cartesian genetic programming
(J. F. Miller, P. Thomson, 2000): start from the gates that are there, change a gene or two, keep
what computes the same outputs and costs no more; unused slots drift for nothing.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, IntArray
from printml.netlist.compiled import compiled
from printml.simulate.words import low_bits, popcount

MAX_LEAVES = 6
MAX_GATES = 14
SPARE_SLOTS = 2
MAX_SLOTS = MAX_GATES + SPARE_SLOTS
MAX_NODES = MAX_LEAVES + MAX_SLOTS
LEAF_TABLES = np.array(
    [
        0xAAAAAAAAAAAAAAAA,
        0xCCCCCCCCCCCCCCCC,
        0xF0F0F0F0F0F0F0F0,
        0xFF00FF00FF00FF00,
        0xFFFF0000FFFF0000,
        0xFFFFFFFF00000000,
    ],
    dtype=np.uint64,
)


@compiled
def random_below(rng: BitArray, n: int) -> int:
    """Next number of a xorshift generator (G. Marsaglia, 2003), 0 .. n - 1."""
    word = rng[0]
    word ^= word << np.uint64(13)
    word ^= word >> np.uint64(7)
    word ^= word << np.uint64(17)
    rng[0] = word
    return int((word >> np.uint64(33)) % np.uint64(n))


@compiled
def state_shares(values: BitArray, n_vectors: int, leaves: IntArray, shares: FloatArray) -> None:
    """Share of the vectors in each joint state of the leaves, float64, shape (64,)."""
    n_leaves = leaves.shape[0]
    masks = np.zeros(64, dtype=np.uint64)
    shares[:] = 0.0
    n_words = (n_vectors + 63) // 64
    for w in range(n_words):
        masks[0] = low_bits(min(64, n_vectors - 64 * w))
        for leaf in range(n_leaves):
            word = values[leaves[leaf], w]
            for state in range(1 << leaf):
                masks[state | 1 << leaf] = masks[state] & word
                masks[state] &= ~word
        for state in range(1 << n_leaves):
            shares[state] += popcount(masks[state])
    for state in range(1 << n_leaves):
        shares[state] /= n_vectors


@compiled
def byte_sums(shares: FloatArray, sums: FloatArray) -> None:
    """Summed share of the states in each byte of a function's word, float64, (8, 256)."""
    for byte in range(8):
        sums[byte, 0] = 0.0
        for bit in range(8):
            share = shares[8 * byte + bit]
            for low in range(1 << bit):
                sums[byte, low | 1 << bit] = sums[byte, low] + share


@compiled
def _share(word: np.uint64, n_bytes: int, sums: FloatArray) -> float:
    total = 0.0
    for byte in range(n_bytes):
        total += sums[byte, (word >> np.uint64(8 * byte)) & np.uint64(255)]
    return total


@compiled
def apply_cell(table: int, a: np.uint64, b: np.uint64) -> np.uint64:
    """A cell of up to two pins on words; `table` is over two pins, pin 0 the lower bit."""
    if table == 0b0111:
        return ~(a & b)
    word = np.uint64(0)
    if table & 1:
        word |= ~a & ~b
    if table & 2:
        word |= a & ~b
    if table & 4:
        word |= ~a & b
    if table & 8:
        word |= a & b
    return word


@compiled
def _mark_used(
    n_leaves: int,
    n_slots: int,
    genes: IntArray,
    outputs: IntArray,
    pins: IntArray,
    used: IntArray,
) -> None:
    used[: n_leaves + n_slots] = 0
    for k in range(outputs.shape[0]):
        used[outputs[k]] = 1
    for slot in range(n_slots - 1, -1, -1):
        if used[n_leaves + slot]:
            used[genes[slot, 1]] = 1
            if pins[genes[slot, 0]] == 2:
                used[genes[slot, 2]] = 1


@compiled
def cost_of(
    n_leaves: int,
    n_slots: int,
    genes: IntArray,
    used: IntArray,
    words: BitArray,
    sums: FloatArray,
    pin_table: IntArray,
    leakage: FloatArray,
    area: FloatArray,
    price: float,
    ones: FloatArray,
    result: FloatArray,
) -> float:
    """State-weighted power plus price times area of the used slots; `result` gets both."""
    n_bytes = max(1, (1 << n_leaves) // 8)
    power, size = 0.0, 0.0
    for leaf in range(n_leaves):
        ones[leaf] = _share(words[leaf], n_bytes, sums)
    for slot in range(n_slots):
        if used[n_leaves + slot]:
            cell, p, q = genes[slot, 0], genes[slot, 1], genes[slot, 2]
            a, b = ones[p], ones[q]
            both = _share(words[p] & words[q], n_bytes, sums)
            s0, s1, s2, s3 = 1.0 - a - b + both, a - both, b - both, both
            low, high = leakage[cell, 0] * s0 + leakage[cell, 1] * s1, 0.0
            low += leakage[cell, 2] * s2 + leakage[cell, 3] * s3
            table = pin_table[cell]
            for state, share in enumerate((s0, s1, s2, s3)):
                if table >> state & 1:
                    high += share
            ones[n_leaves + slot] = high
            power += low
            size += area[cell]
    result[0] = power
    result[1] = size
    return power + price * size


@compiled
def search_window(
    n_leaves: int,
    n_slots: int,
    genes: IntArray,
    outputs: IntArray,
    sums: FloatArray,
    pin_table: IntArray,
    pins: IntArray,
    leakage: FloatArray,
    area: FloatArray,
    price: float,
    n_tries: int,
    heat: float,
    rng: BitArray,
    result: FloatArray,
) -> float:
    """Improve `genes` (cell, node of pin 0, node of pin 1 per slot) and `outputs` in place.

    Nodes are the leaves, then the slots. A candidate that costs up to `heat` (falling to 0) more
    than the present one may replace it; what is returned, as cost saved, is the best seen.
    `result` holds power and area before and after.
    """
    n_outputs = outputs.shape[0]
    words = np.zeros(MAX_NODES, dtype=np.uint64)
    used = np.zeros(MAX_NODES, dtype=np.int64)
    ones = np.zeros(MAX_NODES)
    figures = np.zeros(2)
    mask = low_bits(1 << n_leaves)
    for leaf in range(n_leaves):
        words[leaf] = LEAF_TABLES[leaf] & mask
    for slot in range(n_slots):
        cell, p, q = genes[slot, 0], genes[slot, 1], genes[slot, 2]
        words[n_leaves + slot] = apply_cell(pin_table[cell], words[p], words[q]) & mask
    target = np.zeros(n_outputs, dtype=np.uint64)
    for k in range(n_outputs):
        target[k] = words[outputs[k]]
    _mark_used(n_leaves, n_slots, genes, outputs, pins, used)
    first = cost_of(
        n_leaves, n_slots, genes, used, words, sums, pin_table, leakage, area, price, ones, figures
    )
    result[:2] = figures
    result[2:] = figures
    best = first
    current = first
    best_genes = genes.copy()
    best_outputs = outputs.copy()
    old_place = np.zeros((3, 2), dtype=np.int64)
    old_value = np.zeros(3, dtype=np.int64)
    n_cells = pin_table.shape[0]
    for trial in range(n_tries):
        n_changes = 1 + random_below(rng, 3)
        touched = False
        for change in range(n_changes):
            gene = random_below(rng, 3 * n_slots + n_outputs)
            if gene >= 3 * n_slots:
                k = gene - 3 * n_slots
                old_place[change, 0] = -1
                old_place[change, 1] = k
                old_value[change] = outputs[k]
                outputs[k] = random_below(rng, n_leaves + n_slots)
                touched = True
            else:
                slot, column = gene // 3, gene % 3
                old_place[change, 0] = slot
                old_place[change, 1] = column
                old_value[change] = genes[slot, column]
                limit = n_cells if column == 0 else n_leaves + slot
                genes[slot, column] = random_below(rng, limit)
                touched |= used[n_leaves + slot] == 1
        if not touched:
            continue
        _mark_used(n_leaves, n_slots, genes, outputs, pins, used)
        for slot in range(n_slots):
            if used[n_leaves + slot]:
                table = pin_table[genes[slot, 0]]
                a, b = words[genes[slot, 1]], words[genes[slot, 2]]
                words[n_leaves + slot] = apply_cell(table, a, b) & mask
        same = True
        for k in range(n_outputs):
            same &= words[outputs[k]] == target[k]
        keep = False
        if same:
            cost = cost_of(
                n_leaves, n_slots, genes, used, words, sums,
                pin_table, leakage, area, price, ones, figures,
            )  # fmt: skip
            slack = heat * (1.0 - trial / n_tries)
            keep = cost <= current + 1e-9 or (slack > 0.0 and cost <= best + slack)
            if keep:
                current = cost
                if cost < best - 1e-9:
                    best = cost
                    result[2:] = figures
                    best_genes[:] = genes
                    best_outputs[:] = outputs
        if not keep:
            for change in range(n_changes - 1, -1, -1):
                if old_place[change, 0] < 0:
                    outputs[old_place[change, 1]] = old_value[change]
                else:
                    genes[old_place[change, 0], old_place[change, 1]] = old_value[change]
            _mark_used(n_leaves, n_slots, genes, outputs, pins, used)
    genes[:] = best_genes
    outputs[:] = best_outputs
    return first - best
