"""Pair elimination of `adder_graph` as a compiled loop: the same greedy choice on arrays.

The digits of an operand in a row are two masks of exponents, one for each sign, so that how
often a pair occurs is a few shifts and bit counts per row and need not be kept up to date.
What a pair saves only shrinks. Pairs wait in a list per saving, and only those of the largest
saving are put in order: most have lost their digits by the time their list is reached.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import IntArray
from printml.circuit.pair_queue import longer, pop, push
from printml.compiled import compiled

_OFFSET = 512
_BUCKETS = 1024
"""Lists of waiting pairs; the last holds all savings that are larger."""

_MOST_PAIRS = 256
"""Above the number of distances and signs that two operands can have."""


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
def _ones(mask: int) -> int:
    """Set bits of a mask of up to 63 bits."""
    mask -= mask >> 1 & 0x5555555555555555
    mask = (mask & 0x3333333333333333) + (mask >> 2 & 0x3333333333333333)
    return ((mask + (mask >> 4) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101) >> 56


@compiled
def _matches(first: int, second: int, distance: int) -> int:
    """Exponents e in `first` for which e + `distance` is in `second`."""
    return first & (second >> distance if distance >= 0 else second << -distance)


@compiled
def _key(first: int, second: int, distance: int, same_sign: int) -> int:
    """A pair of digits as one integer that sorts like `adder_graph.Pair`."""
    return first << 36 | second << 12 | (distance + _OFFSET) << 1 | same_sign


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
def _saved(key: int, places: int, low: IntArray, high: IntArray) -> int:
    """Bits saved in the heaps by building a pair once, 0 if it does not pay."""
    first, second = key >> 36, key >> 12 & 0xFFFFFF
    pair_low, pair_high = _pair_range(low, high, key)
    gain = (
        bit_width(low[first], high[first])
        + bit_width(low[second], high[second])
        - bit_width(pair_low, pair_high)
    )
    # Less the half adder that `adder_graph` charges, one bit is still a gain.
    return max(0, (places - 1) * gain) if places >= 2 else 0


@compiled
def _places(key: int, plus: IntArray, minus: IntArray) -> int:
    """How often a pair occurs now."""
    first, second = key >> 36, key >> 12 & 0xFFFFFF
    distance = (key >> 1 & 0x7FF) - _OFFSET
    count = 0
    for r in range(plus.shape[1]):
        a_plus, a_minus = plus[first, r], minus[first, r]
        if a_plus | a_minus == 0:
            continue
        b_plus, b_minus = plus[second, r], minus[second, r]
        if key & 1 == 0:
            b_plus, b_minus = b_minus, b_plus
        found = _matches(a_plus, b_plus, distance) | _matches(a_minus, b_minus, distance)
        if found != 0:
            count += _ones(found)
    return count


@compiled
def _scan(
    first: int, second: int, plus: IntArray, minus: IntArray, low: IntArray, high: IntArray,
    rows: IntArray, tally: IntArray, found: IntArray, saved: IntArray,
) -> int:  # fmt: skip
    """Write the pairs of two operands that pay to `found` and `saved`, return how many.

    `rows` are those with digits of the second. `tally` is a zeroed work array of shape (2, 128);
    it is left so.
    """
    shortest, longest = 64, -64
    for r in rows:
        a = plus[first, r] | minus[first, r]
        if a == 0:
            continue
        b = plus[second, r] | minus[second, r]
        a_plus, b_plus = plus[first, r], plus[second, r]
        for e in range(63):
            if a >> e == 0:
                break
            if a >> e & 1 == 0:
                continue
            rest = b >> (e + 1) << (e + 1) if first == second else b
            f = 0
            while rest >> f != 0:
                if rest >> f & 1:
                    same = 1 if a_plus >> e & 1 == b_plus >> f & 1 else 0
                    tally[same, f - e + 64] += 1
                    shortest, longest = min(shortest, f - e), max(longest, f - e)
                f += 1
    n_found = 0
    for distance in range(shortest, longest + 1):
        for same in range(2):
            places = tally[same, distance + 64]
            tally[same, distance + 64] = 0
            if places >= 2:
                key = _key(first, second, distance, same)
                bits = _saved(key, places, low, high)
                if bits > 0:
                    found[n_found], saved[n_found] = key, bits
                    n_found += 1
    return n_found


@compiled
def _take_places(key: int, new: int, plus: IntArray, minus: IntArray, try_only: bool) -> int:
    """Replace a pair where its places share no digit by a digit of `new`; return how many."""
    first, second = key >> 36, key >> 12 & 0xFFFFFF
    distance = (key >> 1 & 0x7FF) - _OFFSET
    lower = min(distance, 0)
    count = 0
    for r in range(plus.shape[1]):
        a_plus, a_minus = plus[first, r], minus[first, r]
        b_plus, b_minus = plus[second, r], minus[second, r]
        if key & 1 == 0:
            b_plus, b_minus = b_minus, b_plus
        positive = _matches(a_plus, b_plus, distance)
        left = positive | _matches(a_minus, b_minus, distance)
        used_first, used_second, e = 0, 0, 0
        while left >> e != 0:
            x = 1 << e
            if left & x != 0:
                y = 1 << (e + distance)
                # A chain of one operand with itself: each digit only once.
                if first != second or (used_first | used_second) & (x | y) == 0:
                    used_first |= x
                    used_second |= y
                    count += 1
                    if not try_only:
                        if positive & x:
                            plus[new, r] |= 1 << (e + lower)
                        else:
                            minus[new, r] |= 1 << (e + lower)
            e += 1
        if not try_only:
            plus[first, r] &= ~used_first
            minus[first, r] &= ~used_first
            plus[second, r] &= ~used_second
            minus[second, r] &= ~used_second
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
    total = 0
    for r in range(n_rows):
        for c in range(n_columns):
            total += digits_of(matrix[r, c], exps, sgns)
    # A pair takes at least two digits more than it leaves.
    plus = np.zeros((n_columns + total // 2 + 1, n_rows), np.int64)
    minus = np.zeros((n_columns + total // 2 + 1, n_rows), np.int64)
    for r in range(n_rows):
        for c in range(n_columns):
            for k in range(digits_of(matrix[r, c], exps, sgns)):
                if sgns[k] > 0:
                    plus[c, r] |= 1 << exps[k]
                else:
                    minus[c, r] |= 1 << exps[k]
    low, high = np.zeros(len(plus), np.int64), np.zeros(len(plus), np.int64)
    low[:n_columns], high[:n_columns] = low_in, high_in
    pairs = np.zeros((len(plus), 4), np.int64)

    tally = np.zeros((2, 128), np.int64)
    found, saved = np.empty(_MOST_PAIRS, np.int64), np.empty(_MOST_PAIRS, np.int64)
    # Waiting pairs: linked lists by saving; the pairs of saving `level` and up are in the queue.
    waiting, after = np.empty(1024, np.int64), np.empty(1024, np.int64)
    bucket, n_waiting, level = np.full(_BUCKETS, -1, np.int64), 0, _BUCKETS - 1
    costs, queue, size = np.empty(1024, np.int64), np.empty(1024, np.int64), 0
    introduced, partner, n_operands = 0, 0, n_columns
    rows, n_with = np.empty(n_rows, np.int64), 0
    while True:
        n_found = 0
        if introduced < n_operands:
            if partner == 0:
                n_with = 0
                for r in range(n_rows):
                    if plus[introduced, r] | minus[introduced, r] != 0:
                        rows[n_with] = r
                        n_with += 1
            n_found = _scan(
                partner, introduced, plus, minus, low, high, rows[:n_with], tally, found, saved
            )  # fmt: skip
            partner += 1
            if partner > introduced:
                introduced, partner = introduced + 1, 0
        elif size == 0:
            while level > 0 and bucket[level] < 0:
                level -= 1
            if level == 0:
                break
            # Reached: those that still save as much are put in order, others wait further down.
            entry, bucket[level] = bucket[level], -1
            while entry >= 0:
                following = after[entry]
                bits = _saved(waiting[entry], _places(waiting[entry], plus, minus), low, high)
                if min(bits, _BUCKETS - 1) == level:
                    if size == len(queue):
                        costs, queue = longer(costs), longer(queue)
                    size = push(costs, queue, size, -bits, waiting[entry])
                elif bits > 0:
                    after[entry] = bucket[bits]
                    bucket[bits] = entry
                entry = following
        else:
            cost, key = costs[0], queue[0]
            size = pop(costs, queue, size)
            bits = _saved(key, _places(key, plus, minus), low, high)
            if bits == -cost:
                if _take_places(key, n_operands, plus, minus, True) >= 2:
                    low[n_operands], high[n_operands] = _pair_range(low, high, key)
                    _take_places(key, n_operands, plus, minus, False)
                    pair = pairs[n_operands - n_columns]
                    pair[0], pair[1] = key >> 36, key >> 12 & 0xFFFFFF
                    pair[2], pair[3] = (key >> 1 & 0x7FF) - _OFFSET, 1 if key & 1 else -1
                    n_operands += 1
            elif bits > 0:
                found[0], saved[0], n_found = key, bits, 1
        for k in range(n_found):
            bits = min(saved[k], _BUCKETS - 1)
            if bits >= level:
                if size == len(queue):
                    costs, queue = longer(costs), longer(queue)
                size = push(costs, queue, size, -saved[k], found[k])
            else:
                if n_waiting == len(waiting):
                    waiting, after = longer(waiting), longer(after)
                waiting[n_waiting], after[n_waiting] = found[k], bucket[bits]
                bucket[bits] = n_waiting
                n_waiting += 1
    n_digits = np.zeros(n_rows, np.int64)
    for r in range(n_rows):
        for k in range(n_operands):
            n_digits[r] += _ones(plus[k, r] | minus[k, r])
    most = max(1, n_digits.max()) if n_rows else 1
    operand = np.zeros((n_rows, most), np.int64)
    exponent, sign = np.zeros((n_rows, most), np.int64), np.zeros((n_rows, most), np.int64)
    for r in range(n_rows):
        at = 0
        for k in range(n_operands):
            e, left = 0, plus[k, r] | minus[k, r]
            while left >> e != 0:
                if left >> e & 1:
                    operand[r, at], exponent[r, at] = k, e
                    sign[r, at] = 1 if plus[k, r] >> e & 1 else -1
                    at += 1
                e += 1
    return pairs[: n_operands - n_columns], operand, exponent, sign, n_digits
