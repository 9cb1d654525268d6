"""The compiled planner of one input's comparisons: `tree.plan_comparisons` without its beam.

Truth tables are rows of uint64 words: bit v of the row is the value where x is v.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, IntArray
from printml.compiled import compiled

SAME_KIND = 0.8
"""As in `tree._cost`: AND after AND and OR after OR need an inverter more than a change does."""
BIT_WORDS = np.array(
    [
        0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0,
        0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000,
    ],
    np.uint64,
)  # fmt: skip
"""Bit k of the numbers 0 .. 63, as a truth table."""
MOST_LINKS = 48
"""Longest chain looked for; the chain of all input bits has at most ten links."""


@compiled
def popcount(word: np.uint64) -> int:
    """Ones of a 64-bit word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    low = word & np.uint64(0x3333333333333333)
    word = low + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def same_words(a: BitArray, b: BitArray) -> bool:
    """Whether two rows of words are equal."""
    different = np.uint64(0)
    for w in range(a.size):
        different |= a[w] ^ b[w]
    return different == 0


@compiled
def set_interval(mask: BitArray, low: int, high: int) -> None:
    """Set the bits low .. high of a row of words."""
    full = ~np.uint64(0)
    for w in range(low >> 6, (high >> 6) + 1):
        word = full
        if w == low >> 6:
            word &= full << np.uint64(low & 63)
        if w == high >> 6:
            word &= full >> np.uint64(63 - (high & 63))
        mask[w] |= word


@compiled
def input_truths(n_bits: int, signals: BitArray) -> None:
    """Rows 0 and 1 of `signals` become the constants, row 2 + k bit k of the input."""
    full = ~np.uint64(0)
    used = full if n_bits >= 6 else (np.uint64(1) << np.uint64(1 << n_bits)) - np.uint64(1)
    signals[0], signals[1] = np.uint64(0), used
    for k in range(n_bits):
        for w in range(signals.shape[1]):
            if k < 6:
                signals[2 + k, w] = BIT_WORDS[k] & used
            else:
                signals[2 + k, w] = full if w >> (k - 6) & 1 else np.uint64(0)


@compiled
def _find_chain(
    target: BitArray, left: BitArray, signals: BitArray, n_signals: int, steps: IntArray
) -> tuple[int, int]:
    """Fill `steps` (is-AND, signal) from the outermost link; give their number and what is last.

    As `tree._chain` with a single partial chain: the link that leaves least to care about.
    `left` is where the answer matters; it is used up.
    """
    # Only words in which something matters are looked at; intervals are short.
    start, end = 0, target.size
    while start < end and left[start] == 0:
        start += 1
    while end > start and left[end - 1] == 0:
        end -= 1
    for length in range(MOST_LINKS):
        least, best, best_is_and = 1 << 40, 0, False
        for s in range(n_signals):
            missed, extra = np.uint64(0), np.uint64(0)
            for w in range(start, end):
                missed |= left[w] & target[w] & ~signals[s, w]
                extra |= left[w] & ~target[w] & signals[s, w]
            if missed == 0 and extra == 0:
                return length, s
            if s < 2 or (missed != 0 and extra != 0):
                continue
            # AND settles the off values outside s, OR the on values inside.
            is_and, ones, settled = missed == 0, 0, np.uint64(0)
            for w in range(start, end):
                kept = left[w] & (signals[s, w] if is_and else ~signals[s, w])
                settled |= kept ^ left[w]
                ones += popcount(kept)
            if settled != 0 and ones < least:
                least, best, best_is_and = ones, s, is_and
        for w in range(start, end):
            left[w] &= signals[best, w] if best_is_and else ~signals[best, w]
        steps[length, 0], steps[length, 1] = 1 if best_is_and else 0, best
    return 0, 0


@compiled
def _order_of(kind: int, sizes: IntArray) -> IntArray:
    """Order of building: thresholds rising, falling, most care first, least care first."""
    n = sizes.size
    if kind == 0:
        return np.arange(n)
    if kind == 1:
        return np.arange(n - 1, -1, -1)
    order = np.arange(n)
    sign = -1 if kind == 2 else 1
    for i in range(1, n):
        item, j = order[i], i
        while j > 0 and sign * sizes[order[j - 1]] > sign * sizes[item]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = item
    return order


@compiled
def plan_input(
    thresholds: IntArray,
    care: BitArray,
    n_bits: int,
    n_orders: int,
    links: IntArray,
    answers: IntArray,
) -> int:
    """Plan the comparisons of one input in the best of `n_orders` orders of building.

    Parameters
    ----------
    thresholds, care
        Rising thresholds, and truth tables of where they matter, shape (n, n_words).
    links
        Filled with is-AND and the two signals of each link, shape (n_most, 3). Signals 0 and 1
        are constant, 2 + k is bit k of the input, then come the links.
    answers
        Filled with the signal of each comparison.

    Returns
    -------
    int
        Number of links.
    """
    n, n_words = care.shape
    n_fixed = 2 + n_bits
    signals = np.empty((n_fixed + links.shape[0], n_words), np.uint64)
    input_truths(n_bits, signals)
    sizes = np.zeros(n, np.int64)
    for i in range(n):
        for w in range(n_words):
            sizes[i] += popcount(care[i, w])
    target, truth = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    left = np.empty(n_words, np.uint64)
    steps = np.empty((MOST_LINKS, 2), np.int64)
    own, reply = np.empty_like(links), np.empty_like(answers)
    best_cost, best_links = np.inf, 0
    for kind in range(n_orders if n > 2 else min(n, n_orders)):
        n_links, cost = 0, 0.0
        for i in _order_of(kind, sizes):
            target[:] = np.uint64(0)
            if thresholds[i] + 1 < 1 << n_bits:
                set_interval(target, max(thresholds[i] + 1, 0), (1 << n_bits) - 1)
            left[:] = care[i]
            length, last = _find_chain(target, left, signals, n_fixed + n_links, steps)
            for k in range(length - 1, -1, -1):
                is_and, signal = steps[k, 0], steps[k, 1]
                for w in range(n_words):
                    a, b = signals[signal, w], signals[last, w]
                    truth[w] = a & b if is_and else a | b
                found = -1
                for s in range(n_fixed + n_links):
                    if same_words(signals[s], truth):
                        found = s
                        break
                if found < 0:
                    cost += 1.0
                    for part in (signal, last):
                        if part >= n_fixed and own[part - n_fixed, 0] == is_and:
                            cost += SAME_KIND
                    own[n_links, 0], own[n_links, 1], own[n_links, 2] = is_and, signal, last
                    found = n_fixed + n_links
                    signals[found] = truth
                    n_links += 1
                last = found
            reply[i] = last
        if cost < best_cost:
            best_cost, best_links = cost, n_links
            links[:n_links], answers[:] = own[:n_links], reply
    return best_links
