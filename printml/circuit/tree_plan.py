"""The compiled planner of one input's comparisons: `tree.plan_comparisons` with a short beam.

Truth tables are rows of uint64 words: bit v of the row is the value where x is v.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, IntArray
from printml.circuit.eliminate import compiled_here

SAME_KIND = 0.8
"""As in `tree._cost`: AND after AND and OR after OR need an inverter more than a change does."""
MOST_LINKS = 48
"""Longest chain looked for; the chain of all input bits has at most ten links."""


@compiled_here
def popcount(word: np.uint64) -> int:
    """Ones of a 64-bit word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    low = word & np.uint64(0x3333333333333333)
    word = low + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled_here
def same_words(a: BitArray, b: BitArray) -> bool:
    """Whether two rows of words are equal."""
    for w in range(a.size):
        if a[w] != b[w]:
            return False
    return True


@compiled_here
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


@compiled_here
def input_truths(n_bits: int, signals: BitArray) -> None:
    """Rows 0 and 1 of `signals` become the constants, row 2 + k bit k of the input."""
    n_words = signals.shape[1]
    used = ~np.uint64(0) if n_bits >= 6 else (np.uint64(1) << np.uint64(1 << n_bits)) - np.uint64(1)
    signals[0], signals[1] = np.uint64(0), used
    for k in range(n_bits):
        for w in range(n_words):
            if k >= 6:
                signals[2 + k, w] = ~np.uint64(0) if w >> (k - 6) & 1 else np.uint64(0)
                continue
            word = np.uint64(0)
            for v in range(64):
                if v >> k & 1:
                    word |= np.uint64(1) << np.uint64(v)
            signals[2 + k, w] = word & used


@compiled_here
def _find_chain(
    target: BitArray, care: BitArray, signals: BitArray, n_signals: int, beam: int,
    steps: IntArray,
) -> tuple[int, int]:
    """Fill `steps` (kind, signal) from the outermost link; give their number and the last signal.

    The beam search of `tree._chain`, keeping `beam` partial chains.
    """  # fmt: skip
    n_words = target.size
    left = np.empty((2, beam, n_words), np.uint64)
    score = np.empty(beam, np.int64)
    # Step k of partial chain j: signal and kind, and the partial chain it continues.
    history = np.empty((MOST_LINKS, beam, 3), np.int64)
    rest = np.empty(n_words, np.uint64)
    left[0, 0] = care
    n_kept = 1
    for length in range(MOST_LINKS):
        now, new = left[length & 1], left[1 - (length & 1)]
        for j in range(n_kept):
            for s in range(n_signals):
                fits = True
                for w in range(n_words):
                    if (signals[s, w] ^ target[w]) & now[j, w]:
                        fits = False
                        break
                if fits:
                    at = j
                    for k in range(length - 1, -1, -1):
                        steps[k, 0], steps[k, 1] = history[k, at, 0], history[k, at, 1]
                        at = history[k, at, 2]
                    return length, s
        n_new = 0
        for j in range(n_kept):
            for s in range(2, n_signals):
                can_and = can_or = True
                for w in range(n_words):
                    on, off = target[w] & now[j, w], now[j, w] & ~target[w]
                    if on & ~signals[s, w]:
                        can_and = False
                    if off & signals[s, w]:
                        can_or = False
                    if not (can_and or can_or):
                        break
                if not (can_and or can_or):
                    continue
                ones, changed = 0, False
                for w in range(n_words):
                    rest[w] = now[j, w] & (signals[s, w] if can_and else ~signals[s, w])
                    ones += popcount(rest[w])
                    changed = changed or rest[w] != now[j, w]
                if not changed or (n_new == beam and ones >= score[n_new - 1]):
                    continue
                known = False
                for k in range(n_new):
                    if score[k] == ones and same_words(new[k], rest):
                        known = True
                        break
                if known:
                    continue
                place = min(n_new, beam - 1)
                while place > 0 and score[place - 1] > ones:
                    score[place], new[place] = score[place - 1], new[place - 1]
                    history[length, place] = history[length, place - 1]
                    place -= 1
                score[place], new[place] = ones, rest
                history[length, place, 0] = 1 if can_and else 0
                history[length, place, 1], history[length, place, 2] = s, j
                n_new = min(n_new + 1, beam)
        n_kept = n_new
    return 0, 0


@compiled_here
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


@compiled_here
def plan_input(
    thresholds: IntArray, care: BitArray, n_bits: int, n_orders: int, beam: int,
    links: IntArray, answers: IntArray,
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
    """  # fmt: skip
    n, n_words = care.shape
    n_fixed = 2 + n_bits
    signals = np.empty((n_fixed + links.shape[0], n_words), np.uint64)
    input_truths(n_bits, signals)
    sizes = np.zeros(n, np.int64)
    for i in range(n):
        for w in range(n_words):
            sizes[i] += popcount(care[i, w])
    target, truth = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    steps = np.empty((MOST_LINKS, 2), np.int64)
    own, reply = np.empty_like(links), np.empty_like(answers)
    best_cost, best_links = np.inf, 0
    for kind in range(n_orders if n > 2 else min(n, n_orders)):
        n_links, cost = 0, 0.0
        for i in _order_of(kind, sizes):
            target[:] = np.uint64(0)
            if thresholds[i] + 1 < 1 << n_bits:
                set_interval(target, max(thresholds[i] + 1, 0), (1 << n_bits) - 1)
            length, last = _find_chain(
                target, care[i], signals, n_fixed + n_links, beam, steps
            )  # fmt: skip
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
