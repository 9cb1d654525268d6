"""Pair elimination of `adder_graph` as a compiled loop: the same greedy choice on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from printml.arrays import IntArray
from printml.compiled import compiled

HALF_ADDER_BITS = 0.55
"""As in `adder_graph`: what a shared adder costs beside its full adders."""

_OFFSET = 512


@compiled
def bit_width(low: int, high: int) -> int:
    """Bits of a word, as `ir.width`."""
    value = max(-low - 1, high) if low < 0 else high
    bits = 0
    while value > 0:
        value >>= 1
        bits += 1
    return bits + 1 if low < 0 else max(bits, 1)


@compiled
def digits_of(value: int, exponents: IntArray, signs: IntArray) -> int:
    """Write the canonical signed digits of `value`, return how many."""
    count, exponent = 0, 0
    while value != 0:
        if value & 1:
            digit = 2 - (value & 3)
            exponents[count], signs[count] = exponent, digit
            count += 1
            value -= digit
        value >>= 1
        exponent += 1
    return count


@compiled
def _slot(keys: IntArray, key: int) -> int:
    """Where `key` is in an open hash table, or the free place (-1) where it would go."""
    mask = keys.size - 1
    # Multiplied in two halves so that nothing leaves 63 bits.
    slot = ((key & 0xFFFFFFF) * 40503 ^ (key >> 28) * 2654435 ^ key >> 11) & mask
    while keys[slot] != -1 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def _push(costs: Any, keys: IntArray, size: int, cost: float, key: int) -> int:
    """Put (cost, key) on a binary heap, return its size."""
    k = size
    while k > 0:
        up = (k - 1) >> 1
        if costs[up] < cost or (costs[up] == cost and keys[up] <= key):
            break
        costs[k], keys[k] = costs[up], keys[up]
        k = up
    costs[k], keys[k] = cost, key
    return size + 1


@compiled
def _pop(costs: Any, keys: IntArray, size: int) -> int:
    """Take the top off a binary heap of `size`, return the size left."""
    size -= 1
    cost, key = costs[size], keys[size]
    k = 0
    while 2 * k + 1 < size:
        down = 2 * k + 1
        right = down + 1
        if right < size and (
            costs[right] < costs[down] or (costs[right] == costs[down] and keys[right] < keys[down])
        ):
            down = right
        if cost < costs[down] or (cost == costs[down] and key <= keys[down]):
            break
        costs[k], keys[k] = costs[down], keys[down]
        k = down
    costs[k], keys[k] = cost, key
    return size


@compiled
def _pair_key(op1: int, e1: int, op2: int, e2: int, same_sign: int) -> int:
    """A pair of digits as one integer that sorts like `adder_graph.Pair`."""
    if op1 > op2 or (op1 == op2 and e1 > e2):
        op1, e1, op2, e2 = op2, e2, op1, e1
    return op1 << 36 | op2 << 12 | (e2 - e1 + _OFFSET) << 1 | same_sign


@compiled
def _pair_range(low: IntArray, high: IntArray, key: int) -> tuple[int, int]:
    first, second = key >> 36, key >> 12 & 0xFFFFFF
    distance = (key >> 1 & 0x7FF) - _OFFSET
    shift = min(distance, 0)
    b_low, b_high = low[second] << (distance - shift), high[second] << (distance - shift)
    if key & 1 == 0:
        b_low, b_high = -b_high, -b_low
    return (low[first] << -shift) + b_low, (high[first] << -shift) + b_high


@compiled
def _occur(
    r: int, k: int, j: int, operand: IntArray, exponent: IntArray, sign: IntArray,
    low: IntArray, high: IntArray, keys: IntArray, places: IntArray, gain: IntArray,
    stamp: IntArray, now: int, touched: IntArray, n_touched: int,
) -> int:  # fmt: skip
    """Count the pair of digits k and j of row r, and note its slot once per time `now`."""
    same = 1 if sign[r, k] == sign[r, j] else 0
    key = _pair_key(operand[r, k], exponent[r, k], operand[r, j], exponent[r, j], same)
    slot = _slot(keys, key)
    if keys[slot] < 0:
        keys[slot] = key
        pair_low, pair_high = _pair_range(low, high, key)
        first, second = operand[r, k], operand[r, j]
        gain[slot] = (
            bit_width(low[first], high[first])
            + bit_width(low[second], high[second])
            - bit_width(pair_low, pair_high)
        )
    places[slot] += 1
    if stamp[slot] != now:
        stamp[slot] = now
        touched[n_touched] = slot
        n_touched += 1
    return n_touched


@compiled
def _disjoint_places(
    key: int, operand: IntArray, exponent: IntArray, sign: IntArray, n_digits: IntArray,
    place_row: IntArray, place_x: IntArray,
) -> int:  # fmt: skip
    """Places of a pair that share no digit: row and exponent of the first digit; how many."""
    first, second = key >> 36, key >> 12 & 0xFFFFFF
    distance = (key >> 1 & 0x7FF) - _OFFSET
    wanted = 1 if key & 1 else -1
    count = 0
    for r in range(operand.shape[0]):
        # Exponents of each operand's digits of each sign, one bit each.
        a_plus, a_minus, b_plus, b_minus = 0, 0, 0, 0
        for k in range(n_digits[r]):
            bit = 1 << exponent[r, k]
            if operand[r, k] == first:
                if sign[r, k] > 0:
                    a_plus |= bit
                else:
                    a_minus |= bit
            if operand[r, k] == second:
                if sign[r, k] > 0:
                    b_plus |= bit
                else:
                    b_minus |= bit
        if a_plus | a_minus == 0 or b_plus | b_minus == 0:
            continue
        if wanted < 0:
            b_plus, b_minus = b_minus, b_plus
        used = 0
        for e in range(63):
            x, f = 1 << e, e + distance
            if (a_plus | a_minus) & x == 0 or not 0 <= f < 63:
                continue
            y = 1 << f
            fits = (a_plus & x != 0 and b_plus & y != 0) or (a_minus & x != 0 and b_minus & y != 0)
            if not fits or (first == second and used & (x | y) != 0):
                continue
            used |= x | y
            place_row[count], place_x[count] = r, e
            count += 1
    return count


@compiled
def eliminate(
    matrix: IntArray, low_in: IntArray, high_in: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Shared pairs of a constant matrix: the greedy choice of `adder_graph.adder_graph`.

    Parameters
    ----------
    matrix
        int64, shape (n_rows, n_columns).
    low_in, high_in
        Range of each column's operand, int64, shape (n_columns,).

    Returns
    -------
    tuple
        `pairs`, shape (n_pairs, 4), as `AdderGraph.pairs`; then the digits left in each row:
        `operand`, `exponent`, `sign`, all of shape (n_rows, most_digits), and how many
        of each row count, shape (n_rows,). All int64.
    """
    n_rows, n_columns = matrix.shape
    exps, sgns = np.empty(80, np.int64), np.empty(80, np.int64)
    n_digits = np.zeros(n_rows, np.int64)
    for r in range(n_rows):
        for c in range(n_columns):
            n_digits[r] += digits_of(matrix[r, c], exps, sgns)
    most = max(1, n_digits.max()) if n_rows else 1
    total, squares = n_digits.sum(), (n_digits * n_digits).sum()
    operand = np.zeros((n_rows, most), np.int64)
    exponent, sign = np.zeros((n_rows, most), np.int64), np.zeros((n_rows, most), np.int64)
    low, high = np.zeros(n_columns + total, np.int64), np.zeros(n_columns + total, np.int64)
    low[:n_columns], high[:n_columns] = low_in, high_in
    pairs = np.zeros((total, 4), np.int64)
    table = 16
    while table < 2 * squares:
        table *= 2
    # Slots of the hash table: how often the pair occurs, and the bits each further use saves.
    keys, places = np.full(table, -1, np.int64), np.zeros(table, np.int64)
    gain, stamp = np.zeros(table, np.int64), np.full(table, -1, np.int64)
    costs, queue = np.empty(squares + 1, np.float64), np.empty(squares + 1, np.int64)
    for r in range(n_rows):
        k = 0
        for c in range(n_columns):
            n = digits_of(matrix[r, c], exps, sgns)
            operand[r, k : k + n] = c
            exponent[r, k : k + n], sign[r, k : k + n] = exps[:n], sgns[:n]
            k += n

    size, n_pairs = 0, 0
    touched = np.empty(squares + 1, np.int64)
    n_touched = 0
    for r in range(n_rows):
        for k in range(n_digits[r]):
            for j in range(k):
                n_touched = _occur(
                    r, k, j, operand, exponent, sign, low, high, keys, places, gain,
                    stamp, n_pairs, touched, n_touched,
                )  # fmt: skip
    place_row, place_x = np.empty(total, np.int64), np.empty(total, np.int64)
    while True:
        for t in range(n_touched):
            slot = touched[t]
            saving = (places[slot] - 1) * gain[slot] - HALF_ADDER_BITS
            if places[slot] >= 2 and saving > 0:
                size = _push(costs, queue, size, -saving, keys[slot])
        n_touched = 0
        n_places, key = 0, -1
        while size > 0:
            cost, key = costs[0], queue[0]
            size = _pop(costs, queue, size)
            slot = _slot(keys, key)
            saving = (places[slot] - 1) * gain[slot] - HALF_ADDER_BITS
            if places[slot] < 2:
                continue
            if saving == -cost:
                n_places = _disjoint_places(
                    key, operand, exponent, sign, n_digits, place_row, place_x
                )
                if n_places >= 2:
                    break
            elif saving > 0:
                size = _push(costs, queue, size, -saving, key)
            n_places = 0
        if n_places < 2:
            break
        first, second = key >> 36, key >> 12 & 0xFFFFFF
        distance = (key >> 1 & 0x7FF) - _OFFSET
        new = n_columns + n_pairs
        low[new], high[new] = _pair_range(low, high, key)
        pairs[n_pairs, 0], pairs[n_pairs, 1] = first, second
        pairs[n_pairs, 2], pairs[n_pairs, 3] = distance, 1 if key & 1 else -1
        n_pairs += 1
        for p in range(n_places):
            r, e = place_row[p], place_x[p]
            direction = 0
            for o, x in ((first, e), (second, e + distance)):
                k = 0
                while operand[r, k] != o or exponent[r, k] != x:
                    k += 1
                if o == first and x == e:
                    direction = sign[r, k]
                for j in range(n_digits[r]):
                    if j != k:
                        same = 1 if sign[r, j] == sign[r, k] else 0
                        gone = _pair_key(o, x, operand[r, j], exponent[r, j], same)
                        places[_slot(keys, gone)] -= 1
                last = n_digits[r] - 1
                operand[r, k], exponent[r, k] = operand[r, last], exponent[r, last]
                sign[r, k] = sign[r, last]
                n_digits[r] = last
            k = n_digits[r]
            operand[r, k], exponent[r, k], sign[r, k] = new, min(e, e + distance), direction
            n_digits[r] += 1
            for j in range(k):
                n_touched = _occur(
                    r, k, j, operand, exponent, sign, low, high, keys, places, gain,
                    stamp, n_pairs, touched, n_touched,
                )  # fmt: skip
    return pairs[:n_pairs], operand, exponent, sign, n_digits
