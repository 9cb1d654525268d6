"""The compiled loops of the area estimate: heap columns, sums of a layer, tree selection.

They repeat the rules of `heap` and `lower` on plain arrays and count the gates instead of
building them. Counts go into an int64 vector indexed by `KINDS`.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import IntArray
from printml.circuit.eliminate import bit_width, digits_of, eliminate
from printml.compiled import compiled

KINDS = (
    "full_adder", "half_adder", "half_adder_plus_one", "sum_of_three", "xor", "majority",
    "and", "or", "nand", "inverter", "select",
)  # fmt: skip
"""Kinds of gates, in the order of every count vector and weight table."""

(FULL, HALF, HALF_ONE, SUM3, XOR, MAJORITY, AND, OR, NAND, INVERTER, SELECT) = range(len(KINDS))


@compiled
def count_heap(column: IntArray, constant: int, first_needed: int, counts: IntArray) -> int:
    """Count the adders that `BitHeap.compress` makes of columns of variable bits.

    Parameters
    ----------
    column
        Bits per column, int64, shape (width,); carries are added in place.
    constant
        What is added to them.
    first_needed
        Lowest column whose total bit is wanted; below it only carries are.
    counts
        Vector of `KINDS`, added to.

    Returns
    -------
    int
        Mask of the columns whose total varies.
    """
    width, varies = column.size, 0
    for c in range(width):
        n, one, top = column[c], constant >> c & 1, c == width - 1
        if n == 0:
            continue
        varies |= 1 << c
        full = (n - 1) // 2
        if c + 1 < width:
            column[c + 1] += full + (1 if n % 2 == 0 else one)
        if n % 2 == 1 and one and c >= first_needed:
            counts[INVERTER] += 1
        if top:
            counts[SUM3] += full
            counts[XOR] += 1 if n % 2 == 0 else 0
            continue
        half = HALF_ONE if one else HALF
        if n % 2 == 0:
            # The half adder comes last, or with a constant one first.
            if c >= first_needed or (one and full > 0):
                counts[half] += 1
            else:
                counts[OR if one else AND] += 1
        if full > 0 and c < first_needed and (n % 2 == 1 or one):
            counts[MAJORITY] += 1
            full -= 1
        counts[FULL] += full
    return varies


@compiled
def _count_sum(
    coefficient: IntArray, constant: int, first_needed: int,
    low: IntArray, high: IntArray, varies: IntArray, value: IntArray, used: IntArray,
    counts: IntArray, at: int,
) -> None:  # fmt: skip
    """Count one heap over the operands; its range and bits go to place `at` of the arrays."""
    total_low, total_high, n_terms, last = constant, constant, 0, 0
    for k in range(coefficient.size):
        c = coefficient[k]
        if c != 0:
            total_low += c * (low[k] if c > 0 else high[k])
            total_high += c * (high[k] if c > 0 else low[k])
            if low[k] == high[k]:
                constant += c * low[k]
            else:
                n_terms, last = n_terms + 1, k
    low[at], high[at] = total_low, total_high
    if n_terms == 1 and coefficient[last] == 1 and constant == 0:
        varies[at], value[at] = varies[last], value[last]
        return
    if total_low == total_high:
        varies[at], value[at] = 0, total_low
        return
    width = bit_width(total_low, total_high)
    column = np.zeros(width, np.int64)
    exps, sgns = np.empty(80, np.int64), np.empty(80, np.int64)
    for k in range(coefficient.size):
        if coefficient[k] == 0 or low[k] == high[k]:
            continue
        bits = bit_width(low[k], high[k])
        for d in range(digits_of(coefficient[k], exps, sgns)):
            used[k] |= 1 if sgns[d] > 0 else 2
            for b in range(bits):
                e = exps[d] + b
                if e >= width:
                    break
                negative = (sgns[d] < 0) != (low[k] < 0 and b == bits - 1)
                bit = value[k] >> b & 1
                if varies[k] >> b & 1:
                    column[e] += 1
                    bit = 1 if negative else 0
                    constant -= bit << e
                elif bit:
                    constant += -(1 << e) if negative else 1 << e
    if first_needed < 0:
        first_needed = width - 1
    varies[at] = count_heap(column, constant, first_needed, counts)
    # Columns without bits hold the constant's; the others' are not known.
    value[at] = constant & ~varies[at]


@compiled
def count_layer(
    matrix: IntArray, constants: IntArray, low_in: IntArray, high_in: IntArray,
    varies_in: IntArray, value_in: IntArray, share: bool, first_needed: int, counts: IntArray,
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:  # fmt: skip
    """Count the adders of `matrix @ operands + constants`.

    Parameters
    ----------
    varies_in, value_in
        Per operand a mask of the bits that vary, and the value of those that do not.
    share
        Eliminate pairs first, as the circuit does.
    first_needed
        Lowest bit of the sums that is wanted; -1 for the sign only.
    counts
        Vector of `KINDS`, added to.

    Returns
    -------
    tuple
        `low`, `high`, `varies`, `value` of each row's sum, shape (n_rows,); and how each
        operand is read, shape (n_columns,): 1 as it is, 2 inverted, 3 both.
    """
    n_rows, n_columns = matrix.shape
    if share:
        pairs, operand, exponent, sign, n_digits = eliminate(matrix, low_in, high_in)
    else:
        pairs = np.zeros((0, 4), np.int64)
        operand = np.zeros((1, 1), np.int64)
        exponent, sign, n_digits = operand, operand, np.zeros(n_rows, np.int64)
    n_pairs = pairs.shape[0]
    n_words = n_columns + n_pairs
    low, high = np.zeros(n_words + n_rows, np.int64), np.zeros(n_words + n_rows, np.int64)
    varies, value = np.zeros(n_words + n_rows, np.int64), np.zeros(n_words + n_rows, np.int64)
    low[:n_columns], high[:n_columns] = low_in, high_in
    varies[:n_columns], value[:n_columns] = varies_in, value_in
    uses, used = np.zeros(n_words, np.int64), np.zeros(n_words, np.int64)
    for r in range(n_rows):
        for k in range(n_digits[r]):
            uses[operand[r, k]] += 1
    for p in range(n_pairs):
        uses[pairs[p, 0]] += 1
        uses[pairs[p, 1]] += 1
    coefficient = np.zeros(n_words, np.int64)
    for s in range(n_pairs + n_rows):
        r = s - n_pairs
        if r < 0 and uses[n_columns + s] == 1:
            continue
        coefficient[:] = 0
        if r < 0:
            coefficient[n_columns + s] = 1
        elif share:
            for k in range(n_digits[r]):
                coefficient[operand[r, k]] += sign[r, k] << exponent[r, k]
        else:
            coefficient[:] = matrix[r]
        # Pairs used once, and the one being built, are written out in their operands.
        for p in range(n_pairs - 1, -1, -1):
            c = coefficient[n_columns + p]
            if c != 0 and (uses[n_columns + p] == 1 or p == s):
                shift = min(pairs[p, 2], 0)
                coefficient[n_columns + p] = 0
                coefficient[pairs[p, 0]] += c << -shift
                coefficient[pairs[p, 1]] += c * pairs[p, 3] << (pairs[p, 2] - shift)
        at = n_words + r if r >= 0 else n_columns + s
        constant, needed = (constants[r], first_needed) if r >= 0 else (0, 0)
        _count_sum(coefficient, constant, needed, low, high, varies, value, used, counts, at)
    for p in range(n_pairs):
        if used[n_columns + p] & 2:
            counts[INVERTER] += _ones(varies[n_columns + p])
    return low[n_words:], high[n_words:], varies[n_words:], value[n_words:], used[:n_columns]


@compiled
def _ones(mask: int) -> int:
    count = 0
    while mask > 0:
        mask &= mask - 1
        count += 1
    return count


@compiled
def count_selection(
    comparison: IntArray, left: IntArray, right: IntArray, leaf_class: IntArray,
    n_bits: int, counts: IntArray,
) -> None:  # fmt: skip
    """Count the selections between the leaves of a tree, equal ones once.

    `comparison` is the number of each node's condition, -1 at a leaf; all int64, (n_nodes,).
    """
    n_nodes = comparison.size
    # Names of bits: 0 and 1 are constant, conditions are 2 + 2k and inverted 3 + 2k.
    name = np.zeros((n_nodes, n_bits), np.int64)
    fresh = 2 + 2 * n_nodes
    known = {(0, 0, 0): 0}
    for node in range(n_nodes - 1, -1, -1):
        condition = 2 + 2 * comparison[node]
        for b in range(n_bits):
            if comparison[node] < 0:
                name[node, b] = leaf_class[node] >> b & 1
                continue
            zero, one = name[left[node], b], name[right[node], b]
            key = (condition, zero, one)
            if zero == one:
                name[node, b] = zero
            elif zero <= 1 and one <= 1:
                name[node, b] = condition ^ zero
            elif key in known:
                name[node, b] = known[key]
            else:
                counts[SELECT if min(zero, one) > 1 else AND if min(zero, one) == 0 else OR] += 1
                known[key] = fresh
                name[node, b] = fresh
                fresh += 2
