"""The compiled judge of rows: what one changed sum does to every row's class, exact integers.

Arrays of rows are kept sum by sum, (n_sums, n_rows), so that loops over rows vectorise; marks of
wrong rows are bytes, padded with zeros to whole words of eight, so that equal ones are passed over
a word at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from printml.arrays import FloatArray, IntArray
from printml.compiled import compiled

OVO, ARGMAX, REGRESSION = 0, 1, 2
CHUNK = 512
"""Rows at a time, so that what is read again stays in the nearest cache."""

Marks = npt.NDArray[np.uint8]


@compiled
def forward(
    X: IntArray, weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray,
    intercept_2: IntArray, two_layers: bool, hidden: IntArray, sums: IntArray,
) -> None:  # fmt: skip
    """All sums from inputs (n_features, n_rows): `hidden` before the ReLU, and `sums`.

    With one layer `hidden` is not used and `weight_2` neither.
    """
    first = hidden if two_layers else sums
    for j in range(weight_1.shape[0]):
        first[j] = intercept_1[j]
        for i in range(X.shape[0]):
            first[j] += weight_1[j, i] * X[i]
    if two_layers:
        for k in range(weight_2.shape[0]):
            sums[k] = intercept_2[k]
            for j in range(weight_2.shape[1]):
                sums[k] += weight_2[k, j] * np.maximum(hidden[j], 0)


@compiled
def count_votes(sums: IntArray, n_classes: int, votes: IntArray) -> None:
    """Votes (n_rows, n_classes) of one-vs-one sums, pair after pair."""
    votes[:] = 0
    for r in range(sums.shape[1]):
        pair = 0
        for i in range(n_classes):
            for j in range(i + 1, n_classes):
                votes[r, i if sums[pair, r] > 0 else j] += 1
                pair += 1


@compiled
def largest(values: IntArray) -> int:
    """Index of the first largest value."""
    best = 0
    for k in range(1, values.shape[0]):
        if values[k] > values[best]:
            best = k
    return best


@compiled
def sum_step(hidden: IntArray, operand: IntArray, factor: int, inner: bool, step: IntArray) -> None:
    """Change of what the last layer reads: of a ReLU's output if `inner`, of a sum if not."""
    if not inner:
        for r in range(step.shape[0]):
            step[r] = factor * operand[r]
        return
    for r in range(step.shape[0]):
        step[r] = max(hidden[r] + factor * operand[r], 0) - max(hidden[r], 0)


@compiled
def mark_wrong(
    step: IntArray, column: IntArray, only: int, sums: IntArray, y: IntArray, decision: int,
    fraction_bits: int, votes: IntArray, pairs: IntArray, wrong: Marks, fresh: Marks,
    best: IntArray, chosen: IntArray, low: int,
) -> None:  # fmt: skip
    """Mark in `fresh` the rows that are wrong if every sum k grew by column[k] * step.

    `only` is the one sum that changes, or -1. `votes` and `pairs` (winner and loser of each sum)
    are those of one-vs-one; `wrong` has the marks of now. Of `sums` the rows from `low` on are
    meant, of which the other arrays have a part.
    """
    n_rows = step.shape[0]
    high = low + n_rows
    n_classes = votes.shape[1]
    if decision == OVO:
        # First the rows where a vote can change, then only those.
        if only >= 0:
            own = sums[only, low:high]
            for r in range(n_rows):
                fresh[r] = (own[r] > 0) != (own[r] + step[r] > 0)
        else:
            for r in range(n_rows):
                fresh[r] = step[r] != 0
        buffer = np.empty(n_classes, np.int64)
        flagged, marks = fresh.view(np.uint64), wrong.view(np.uint64)
        for word in range(flagged.shape[0]):
            if not flagged[word]:
                flagged[word] = marks[word]
                continue
            for r in range(8 * word, min(8 * word + 8, n_rows)):
                if not fresh[r]:
                    fresh[r] = wrong[r]
                    continue
                buffer[:] = votes[r]
                for k in range(max(only, 0), only + 1 if only >= 0 else sums.shape[0]):
                    before = sums[k, low + r]
                    was, now = before > 0, before + column[k] * step[r] > 0
                    if was != now:
                        buffer[pairs[k, 0]] += 1 if now else -1
                        buffer[pairs[k, 1]] += -1 if now else 1
                fresh[r] = largest(buffer) != y[r]
        return
    if decision == REGRESSION:
        own, factor = sums[0, low:high], column[0]
        for r in range(n_rows):
            found = (own[r] + factor * step[r]) >> fraction_bits
            fresh[r] = min(max(found, 0), n_classes - 1) != y[r]
        return
    for begin in range(0, n_rows, CHUNK):
        end = min(begin + CHUNK, n_rows)
        top, index, grown = best[begin:end], chosen[begin:end], step[begin:end]
        first, factor = sums[0, low + begin : low + end], column[0]
        for r in range(end - begin):
            top[r] = first[r] + factor * grown[r]
            index[r] = 0
        for k in range(1, sums.shape[0]):
            own, factor = sums[k, low + begin : low + end], column[k]
            for r in range(end - begin):
                value = own[r] + factor * grown[r]
                index[r] = k if value > top[r] else index[r]
                top[r] = max(value, top[r])
        for r in range(begin, end):
            fresh[r] = chosen[r] != y[r]


@compiled
def weight_gained(wrong: Marks, fresh: Marks, weights: FloatArray, total: float = 0.0) -> float:
    """`total` and the weight of the rows that became wrong less that of those that became right."""
    before, after = wrong.view(np.uint64), fresh.view(np.uint64)
    for word in range(before.shape[0]):
        if before[word] == after[word]:
            continue
        for r in range(8 * word, min(8 * word + 8, weights.shape[0])):
            if fresh[r] != wrong[r]:
                total += weights[r] if fresh[r] else -weights[r]
    return total


@compiled
def take_step(
    step: IntArray, column: IntArray, sums: IntArray, decision: int, votes: IntArray,
    pairs: IntArray,
) -> None:  # fmt: skip
    """Let every sum k grow by column[k] * step, and the votes follow."""
    for k in range(sums.shape[0]):
        factor = column[k]
        if factor == 0:
            continue
        for r in range(step.shape[0]):
            was = sums[k, r] > 0
            sums[k, r] += factor * step[r]
            if decision == OVO and was != (sums[k, r] > 0):
                votes[r, pairs[k, 0]] += -1 if was else 1
                votes[r, pairs[k, 1]] += 1 if was else -1
