"""The compiled loops of the area estimate: heap columns and sums of a layer.

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

WIDE_COLUMNS, BLOCK_COLUMNS = 64, 32
"""Wider matrices share pairs in blocks only: about a fifth more adders, in a fraction of time."""

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
    terms: IntArray, coefficient: IntArray, constant: int, first_needed: int,
    low: IntArray, high: IntArray, varies: IntArray, value: IntArray, used: IntArray,
    counts: IntArray, at: int,
) -> None:  # fmt: skip
    """Count one heap over the operands `terms`; range and bits go to place `at` of the arrays."""
    total_low, total_high, n_terms, last = constant, constant, 0, 0
    for k in terms:
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
    for k in terms:
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
def _eliminate_blocks(
    matrix: IntArray, low: IntArray, high: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """As `eliminate`; a wide matrix in blocks of columns that share nothing with each other.

    The work grows with the square of a row's digits. Blocks depend on the width alone, so that
    candidates of one network are judged alike.
    """
    n_rows, n_columns = matrix.shape
    if n_columns <= WIDE_COLUMNS:
        return eliminate(matrix, low, high)
    pairs, n_digits = np.zeros((0, 4), np.int64), np.zeros(n_rows, np.int64)
    operand = np.zeros((n_rows, 0), np.int64)
    exponent, sign = operand, operand
    for first in range(0, n_columns, BLOCK_COLUMNS):
        end = min(first + BLOCK_COLUMNS, n_columns)
        block, names, exps, sgns, sizes = eliminate(
            np.ascontiguousarray(matrix[:, first:end]), low[first:end], high[first:end]
        )
        # Operands of the block: its columns, then its pairs, which come after all before them.
        shift = n_columns + len(pairs) - (end - first)
        for k in range(len(block)):
            for side in range(2):
                block[k, side] += first if block[k, side] < end - first else shift
        width = max(1, (n_digits + sizes).max()) if n_rows else 1
        merged = np.zeros((3, n_rows, width), np.int64)
        for r in range(n_rows):
            n = n_digits[r]
            merged[0, r, :n], merged[1, r, :n] = operand[r, :n], exponent[r, :n]
            merged[2, r, :n] = sign[r, :n]
            for k in range(sizes[r]):
                name = names[r, k]
                merged[0, r, n + k] = name + (first if name < end - first else shift)
                merged[1, r, n + k], merged[2, r, n + k] = exps[r, k], sgns[r, k]
        operand, exponent, sign = merged[0], merged[1], merged[2]
        n_digits += sizes
        pairs = np.concatenate((pairs, block))
    return pairs, operand, exponent, sign, n_digits


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
        pairs, operand, exponent, sign, n_digits = _eliminate_blocks(matrix, low_in, high_in)
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
    # Every pair is written out at most once in a sum, and leaves one operand more to do.
    n_todo = n_columns + n_pairs + operand.shape[1] + 2
    coefficient, terms = np.zeros(n_words, np.int64), np.empty(n_words, np.int64)
    stamp = np.full(n_words, -1, np.int64)
    todo, factor = np.empty(n_todo, np.int64), np.empty(n_todo, np.int64)
    for s in range(n_pairs + n_rows):
        r, size, n_terms = s - n_pairs, 0, 0
        if r < 0:
            if uses[n_columns + s] == 1:
                continue
            todo[0], factor[0], size = n_columns + s, 1, 1
        elif share:
            for k in range(n_digits[r]):
                todo[k], factor[k] = operand[r, k], sign[r, k] << exponent[r, k]
            size = n_digits[r]
        else:
            for k in range(n_columns):
                todo[k], factor[k] = k, matrix[r, k]
            size = n_columns
        # Pairs used once, and the one being built, are written out in their operands.
        while size > 0:
            size -= 1
            k, c = todo[size], factor[size]
            p = k - n_columns
            if p >= 0 and (uses[k] == 1 or p == s):
                shift = min(pairs[p, 2], 0)
                todo[size], factor[size] = pairs[p, 0], c << -shift
                todo[size + 1] = pairs[p, 1]
                factor[size + 1] = c * pairs[p, 3] << (pairs[p, 2] - shift)
                size += 2
            elif stamp[k] == s:
                coefficient[k] += c
            else:
                stamp[k], coefficient[k], terms[n_terms] = s, c, k
                n_terms += 1
        at = n_words + r if r >= 0 else n_columns + s
        constant, needed = (constants[r], first_needed) if r >= 0 else (0, 0)
        _count_sum(
            terms[:n_terms], coefficient, constant, needed, low, high, varies, value, used,
            counts, at,
        )  # fmt: skip
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
