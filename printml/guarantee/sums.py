"""The largest change of each sum before the decision, over all inputs.

For sums of inputs (SVM) the change is a linear form, whose extremes over the input box are exact.
For an MLP, ReLU makes it piecewise linear: branch and bound splits the box along one input at a
time until the bound of every part is reached by a vector of it (Land and Doig, Econometrica 28
(1960)), or until the budget is spent; then the gap is told.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.quantize.integer_model import IntegerNetwork

MOST_BOXES = 20_000


@dataclass(frozen=True)
class SumChange:
    """Largest |approximate - exact| of one sum.

    Attributes
    ----------
    reached
        A change that a vector has.
    bound
        No vector has a larger one; equal to `reached` if `proved`.
    """

    index: int
    reached: int
    bound: int
    proved: bool


def sum_changes(
    exact: IntegerNetwork, approximate: IntegerNetwork, *, most_boxes: int = MOST_BOXES
) -> list[SumChange]:
    """Largest change of each decision value; both networks have the same shape and inputs."""
    found = []
    for k in range(len(exact.weights[-1])):
        ends = []
        for sign in (1, -1):
            if len(exact.weights) == 1:
                reached = bound = _linear_maximum(exact, approximate, k, sign)
            else:
                reached, bound = _largest(exact, approximate, k, sign, most_boxes)
            ends.append((reached, bound))
        reached, bound = max(r for r, _ in ends), max(b for _, b in ends)
        found.append(SumChange(k, reached, bound, reached == bound))
    return found


def _linear_maximum(exact: IntegerNetwork, approximate: IntegerNetwork, k: int, sign: int) -> int:
    delta = sign * (approximate.weights[0][k] - exact.weights[0][k])
    constant = sign * int(approximate.intercepts[0][k] - exact.intercepts[0][k])
    highest = (1 << exact.input_bits) - 1
    return constant + int((np.maximum(delta, 0) * highest).sum())


def _largest(
    exact: IntegerNetwork, approximate: IntegerNetwork, k: int, sign: int, most_boxes: int
) -> tuple[int, int]:
    """Best found and upper bound of `sign * (approximate - exact)` of sum k, best bound first."""
    low, high = np.zeros_like(exact.input_bits), (1 << exact.input_bits) - 1
    best = -(1 << 62)
    count = 0
    bound, corner = _bound(exact, approximate, k, sign, low, high)
    queue = [(-bound, count, low, high, corner)]
    while queue:
        bound = -queue[0][0]
        if bound <= best or count >= most_boxes:
            return best, max(bound, best)
        _, _, low, high, corner = heapq.heappop(queue)
        best = max(best, _change(exact, approximate, k, sign, corner))
        if (low == high).all():
            continue
        feature = int(np.argmax(high - low))
        middle = (low[feature] + high[feature]) // 2
        for side in (0, 1):
            part_low, part_high = low.copy(), high.copy()
            if side:
                part_low[feature] = middle + 1
            else:
                part_high[feature] = middle
            count += 1
            part_bound, part_corner = _bound(exact, approximate, k, sign, part_low, part_high)
            best = max(best, _change(exact, approximate, k, sign, part_corner))
            if part_bound > best:
                heapq.heappush(queue, (-part_bound, count, part_low, part_high, part_corner))
    return best, best


def _change(
    exact: IntegerNetwork, approximate: IntegerNetwork, k: int, sign: int, x: IntArray
) -> int:
    X = x[None, :]
    return sign * int(approximate.scores(X)[0, k] - exact.scores(X)[0, k])


def _bound(
    exact: IntegerNetwork,
    approximate: IntegerNetwork,
    k: int,
    sign: int,
    low: IntArray,
    high: IntArray,
) -> tuple[int, IntArray]:
    """Upper bound on a box and the corner that its linear part points to.

    A neuron whose ReLU is decided on the box joins the linear form in the inputs, so that exact
    and approximate neuron cancel; an undecided one counts with its interval.
    """
    slope = np.zeros(len(low), np.int64)
    constant = sign * int(approximate.intercepts[-1][k] - exact.intercepts[-1][k])
    loose = 0
    for network, factor in ((approximate, sign), (exact, -sign)):
        weights, intercepts = network.weights[0], network.intercepts[0]
        least = intercepts + np.minimum(weights * low, weights * high).sum(axis=1)
        most = intercepts + np.maximum(weights * low, weights * high).sum(axis=1)
        outer = factor * network.weights[1][k]
        active = least >= 0
        slope += outer[active] @ weights[active]
        constant += int(outer[active] @ intercepts[active])
        open_ = ~active & (most > 0)
        loose += int(np.maximum(outer[open_] * most[open_], 0).sum())
    corner = np.where(slope > 0, high, low)
    return constant + int(slope @ corner) + loose, corner
