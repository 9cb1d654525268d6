"""Which sums of a network the class depends on, proved from ranges before anything is built.

A hidden sum is dead if it is never positive or nobody reads it, a decision if it never changes,
and a class if it never wins. Classes need more than their own ranges, because all scores read
the same words: class i never wins if some weighted mean of the other scores is always above its
own. Weights with that property exist whenever no point of the box of operands lets i win
(J. von Neumann's minimax theorem), and repeated best replies of both sides find them
(J. Robinson, "An iterative method of solving a game", Annals of Mathematics 54, 1951). Counts of
replies are integers, so each proof is exact; a class that is not decided in time stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import BoolArray, IntArray
from printml.compiled import compiled
from printml.quantize.integer_model import Decision, ovo_pairs

ROUNDS = 400
"""Replies of each side after which a class counts as able to win."""

_SAFE = 1 << 51
"""Largest magnitude of a score whose sum over all rounds stays in 62 bits."""


@dataclass(frozen=True, eq=False)
class Liveness:
    """What a network's class depends on.

    Attributes
    ----------
    rows
        Per layer which sums are needed, bool, shape (n_rows,).
    classes
        Which classes can be the answer, ascending.
    fixed
        Per hidden layer what each sum's ReLU is where it is constant, int64, shape (n_rows,).
    low, high
        Exact range of each sum of the last layer for independent operands, int64.
    """

    rows: tuple[BoolArray, ...]
    classes: tuple[int, ...]
    fixed: tuple[IntArray, ...]
    low: IntArray
    high: IntArray


def live_rows(
    weights: tuple[IntArray, ...],
    constants: tuple[IntArray, ...],
    input_bits: IntArray,
    decision: Decision,
    n_classes: int,
    *,
    shift: int = 0,
    level: int = 0,
    keep_scores: bool = False,
) -> Liveness:
    """Needed sums of each layer, and the classes that can be answered.

    Parameters
    ----------
    weights, constants
        Per layer int64, shapes (n_rows, n_columns) and (n_rows,), rounding constants included.
    input_bits
        int64, shape (n_features,).
    shift
        Fraction bits of a regressor's sum.
    level
        What a one-against-one sum must pass for the first class to win.
    keep_scores
        All sums of the last layer are outputs.
    """
    low, high = np.zeros_like(input_bits), (1 << input_bits) - 1
    used: list[BoolArray] = []
    fixed: list[IntArray] = []
    last_low, last_high = low, high
    for weight, constant in zip(weights, constants, strict=True):
        # After the first layer the operands are what the ReLU leaves.
        low, high = np.maximum(last_low, 0), np.maximum(last_high, 0)
        used.append(high > low)
        fixed.append(low)
        last_low, last_high = sum_ranges(weight, constant, low, high)
    if decision == "regression":
        ends = np.clip([last_low[0] >> shift, last_high[0] >> shift], 0, n_classes - 1)
        classes = np.arange(ends[0], ends[1] + 1)
        needed = np.array([ends[0] < ends[1]])
    elif decision == "argmax":
        needed = winners(weights[-1], constants[-1], low, high)
        classes = np.flatnonzero(needed)
        if len(classes) == 1:
            needed = np.zeros(n_classes, np.bool_)
    else:
        varies = (last_low <= level) & (last_high > level)
        pairs = np.array(ovo_pairs(n_classes)).reshape(-1, 2)
        decided = np.where(last_low > level, pairs[:, 0], pairs[:, 1])[~varies]
        least = np.bincount(decided, minlength=n_classes)
        most = least + np.bincount(pairs[varies].ravel(), minlength=n_classes)
        # Each vote total is an operand of its own, its range all that is known of it.
        wins = winners(np.eye(n_classes, dtype=np.int64), np.zeros_like(least), least, most)
        classes = np.flatnonzero(wins)
        needed = varies & wins[pairs].any(axis=1) & (len(classes) > 1)
    if keep_scores:
        needed = last_high > last_low
    rows = [needed]
    for k in range(len(weights) - 1, 0, -1):
        rows.append((weights[k][rows[-1]] != 0).any(axis=0) & used[k])
    return Liveness(
        tuple(rows[::-1]), tuple(classes.tolist()), tuple(fixed[1:]), last_low, last_high
    )


@compiled
def sum_ranges(
    weight: IntArray, constant: IntArray, low: IntArray, high: IntArray
) -> tuple[IntArray, IntArray]:
    """Smallest and largest `weight @ operands + constant` per row, int64, shape (n_rows,)."""
    total_low, total_high = constant.copy(), constant.copy()
    for r in range(weight.shape[0]):
        for c in range(weight.shape[1]):
            w = weight[r, c]
            total_low[r] += w * (low[c] if w > 0 else high[c])
            total_high[r] += w * (high[c] if w > 0 else low[c])
    return total_low, total_high


@compiled
def winners(weight: IntArray, constant: IntArray, low: IntArray, high: IntArray) -> BoolArray:
    """Rows that can be the first largest of `weight @ operands + constant`.

    Parameters
    ----------
    weight, constant
        int64, shapes (n_rows, n_columns) and (n_rows,).
    low, high
        Range of each operand, int64, shape (n_columns,).

    Returns
    -------
    BoolArray
        Shape (n_rows,); False is proved, True is not.
    """
    n, n_columns = weight.shape
    alive = np.ones(n, np.bool_)
    if n == 0:
        return alive
    for r in range(n):
        largest = abs(constant[r])
        for c in range(n_columns):
            largest += abs(weight[r, c]) * max(abs(low[c]), abs(high[c]))
        if largest >= _SAFE:
            return alive
    margin, gain = np.zeros(n, np.int64), np.zeros(n_columns, np.int64)
    for i in range(n):
        # A proof names rows that may be dead themselves: some living row is above those.
        margin[:] = 0
        gain[:] = 0
        offset, rival = 0, -1
        for j in range(n):
            # The first reply: the row with the best chance against i on its own.
            worst = constant[i] - constant[j] - (1 if j < i else 0)
            for c in range(n_columns):
                d = weight[i, c] - weight[j, c]
                worst += d * (high[c] if d > 0 else low[c])
            if j != i and (rival < 0 or worst < margin[rival]):
                rival = j
            margin[j] = worst
        if rival < 0:
            break
        margin[:] = 0
        for _ in range(ROUNDS):
            # `gain` and `offset`: how far i is above all replies so far, as one linear form.
            offset += constant[i] - constant[rival] - (1 if rival < i else 0)
            best = offset
            for c in range(n_columns):
                gain[c] += weight[i, c] - weight[rival, c]
                best += gain[c] * (high[c] if gain[c] > 0 else low[c])
            if best < 0:
                alive[i] = False
                break
            # The operands that suit i most, then the row that is highest over all such points.
            rival, won = -1, True
            for j in range(n):
                if j == i:
                    continue
                d = constant[i] - constant[j] - (1 if j < i else 0)
                for c in range(n_columns):
                    d += (weight[i, c] - weight[j, c]) * (high[c] if gain[c] > 0 else low[c])
                won = won and d >= 0
                margin[j] += d
                if rival < 0 or margin[j] < margin[rival]:
                    rival = j
            # At a corner, or at the mean of the corners, no other row is above i.
            if won or margin[rival] >= 0:
                break
    return alive
