"""The compiled area of a network's heaps, without shared parts and the decision."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.circuit.eliminate import bit_width, digits_of
from printml.circuit.estimate_kernels import KINDS, count_heap
from printml.compiled import compiled

N_KINDS = len(KINDS)
AND_KIND = KINDS.index("and")
HEAP, RELU, LOW, HIGH = 0, 1, 2, 3
"""Columns of `hidden_parts`: areas in mm2 and the range of what the ReLU gives."""


@compiled
def row_area(
    coefficients: IntArray, constant: int, low: IntArray, high: IntArray, first_needed: int,
    areas: FloatArray,
) -> float:  # fmt: skip
    """Area in mm2 of one sum's heap without shared parts; operands unsigned, 0 <= low <= high."""
    total_low, total_high = constant, constant
    for k in range(coefficients.size):
        c = coefficients[k]
        total_low += c * (low[k] if c > 0 else high[k])
        total_high += c * (high[k] if c > 0 else low[k])
    if total_low == total_high:
        return 0.0
    width = bit_width(total_low, total_high)
    column = np.zeros(width, np.int64)
    exps, sgns = np.empty(80, np.int64), np.empty(80, np.int64)
    for k in range(coefficients.size):
        if coefficients[k] == 0 or high[k] == 0:
            continue
        bits = bit_width(0, high[k])
        for d in range(digits_of(coefficients[k], exps, sgns)):
            for b in range(bits):
                e = exps[d] + b
                if e >= width:
                    break
                column[e] += 1
                if sgns[d] < 0:
                    constant -= 1 << e
    counts = np.zeros(N_KINDS, np.int64)
    needed = width - 1 if first_needed < 0 else min(first_needed, width - 1)
    count_heap(column, constant, needed, counts)
    total = 0.0
    for kind in range(N_KINDS):
        total += counts[kind] * areas[kind]
    return total


@compiled
def hidden_parts(
    j: int, weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, input_high: IntArray,
    areas: FloatArray, parts: FloatArray,
) -> None:  # fmt: skip
    """Area of hidden sum j and of its ReLU, and the ReLU's range; all 0 if it is never read."""
    parts[:] = 0.0
    used = False
    for k in range(weight_2.shape[0]):
        used |= weight_2[k, j] != 0
    low, high = intercept_1[j], intercept_1[j]
    for i in range(input_high.size):
        c = weight_1[j, i]
        low += min(c * input_high[i], 0)
        high += max(c * input_high[i], 0)
    if not used or high <= 0:
        return
    zero = np.zeros_like(input_high)
    parts[HEAP] = row_area(weight_1[j], intercept_1[j], zero, input_high, 0, areas)
    if low < 0:
        parts[RELU] = areas[AND_KIND] * bit_width(0, high)
    parts[LOW], parts[HIGH] = max(low, 0), high


@compiled
def outer_area(
    k: int, weight_2: IntArray, intercept_2: IntArray, parts: FloatArray, first_needed: int,
    areas: FloatArray,
) -> float:  # fmt: skip
    """Area of sum k of the last layer over the ReLUs of `parts` (n_hidden, 4)."""
    low, high = parts[:, LOW].astype(np.int64), parts[:, HIGH].astype(np.int64)
    return row_area(weight_2[k], intercept_2[k], low, high, first_needed, areas)


@compiled
def outer_areas(
    weight_2: IntArray, intercept_2: IntArray, parts: FloatArray, first_needed: int,
    areas: FloatArray, found: FloatArray,
) -> None:  # fmt: skip
    """Area of every sum of the last layer."""
    for k in range(weight_2.shape[0]):
        found[k] = outer_area(k, weight_2, intercept_2, parts, first_needed, areas)


@compiled
def total_area(parts: FloatArray, outer: FloatArray) -> float:
    """Sum of all parts, in one order whatever changed last."""
    total = 0.0
    for j in range(parts.shape[0]):
        total += parts[j, HEAP]
        total += parts[j, RELU]
    for k in range(outer.shape[0]):
        total += outer[k]
    return total
