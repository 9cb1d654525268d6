"""The compiled descent on coefficients: each candidate judged exactly, one changed sum at a time.

A change of one coefficient changes one sum of each row; a later layer sees it through one ReLU.
"""

from __future__ import annotations

import numpy as np

from printml.approx.network_area import (
    HIGH,
    LOW,
    hidden_parts,
    outer_area,
    outer_areas,
    row_area,
    total_area,
)
from printml.approx.network_rows import (
    Marks,
    mark_wrong,
    sum_step,
    take_step,
    weight_gained,
)
from printml.arrays import FloatArray, IntArray
from printml.circuit.eliminate import bit_width, digits_of
from printml.compiled import compiled

PART = 512
"""Rows, whole words of marks, after which a candidate is given up that cannot be the best."""
SLACK = 1e-9
"""What sums of weights may be off by."""
TIE = 1e-12
"""Of candidates that gain no more than this beside each other the first is taken, in whatever order
their weights were summed."""


@compiled
def candidate_values(value: int, largest: int, out: IntArray) -> int:
    """Values worth trying in place of `value`: cheaper ones, near ones, and zero.

    Each signed digit dropped, neighbours up to 2, the powers of two around, all within
    +-`largest`; returns their number.
    """
    exps, sgns = np.empty(80, np.int64), np.empty(80, np.int64)
    n = 0
    digits = digits_of(value, exps, sgns)
    for d in range(digits):
        out[n] = value - (sgns[d] << exps[d])
        n += 1
    for near in (-2, -1, 1, 2):
        out[n] = value + near
        n += 1
    if value != 0:
        out[n] = 0
        power = np.int64(1)
        while 2 * power <= abs(value):
            power *= 2
        sign = 1 if value > 0 else -1
        out[n + 1], out[n + 2] = sign * power, sign * 2 * power
        n += 3
    kept = 0
    for k in range(n):
        fresh = out[k] != value and abs(out[k]) <= largest
        for j in range(kept):
            fresh &= out[j] != out[k]
        if fresh:
            out[kept] = out[k]
            kept += 1
    return kept


@compiled
def intercept_values(value: int, most_bits: int, out: IntArray) -> int:
    """Intercepts worth trying: each signed digit dropped, and a power of two more or less."""
    exps, sgns = np.empty(80, np.int64), np.empty(80, np.int64)
    n = 0
    for d in range(digits_of(value, exps, sgns)):
        out[n] = value - (sgns[d] << exps[d])
        n += 1
    for bit in range(most_bits):
        out[n] = value + (1 << bit)
        out[n + 1] = value - (1 << bit)
        n += 2
    return n


@compiled
def area_with(
    layer: int, row: int, column: int, two_layers: bool,
    weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, intercept_2: IntArray,
    first_needed: int, input_high: IntArray, areas: FloatArray, area: float,
    parts: FloatArray, outer: FloatArray, parts_now: FloatArray, outer_now: FloatArray,
) -> float:  # fmt: skip
    """Area in mm2 after one coefficient of sum `row` was changed; only what it touches is new.

    `parts` and `outer` are the areas before; `parts_now` and `outer_now` are scratch. Of one
    layer `area` is the area before without this sum.
    """
    if not two_layers:
        zero = np.zeros_like(input_high)
        return area + row_area(
            weight_1[row], intercept_1[row], zero, input_high, first_needed, areas
        )
    parts_now[:] = parts
    outer_now[:] = outer
    hidden = row if layer == 0 else column
    if hidden >= 0:
        hidden_parts(
            hidden, weight_1, intercept_1, weight_2, input_high, areas, parts_now[hidden]
        )  # fmt: skip
    if layer == 1:
        outer_now[row] = outer_area(row, weight_2, intercept_2, parts_now, first_needed, areas)
    elif (
        parts_now[row, LOW] != parts[row, LOW] or parts_now[row, HIGH] != parts[row, HIGH]
    ):  # fmt: skip
        outer_areas(weight_2, intercept_2, parts_now, first_needed, areas, outer_now)
    return total_area(parts_now, outer_now)


@compiled
def start_areas(
    weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, intercept_2: IntArray,
    two_layers: bool, input_high: IntArray, first_needed: int, areas: FloatArray,
    parts: FloatArray, outer: FloatArray,
) -> float:  # fmt: skip
    """Fill the areas of all sums; their total in mm2."""
    zero = np.zeros_like(input_high)
    if not two_layers:
        total = 0.0
        for k in range(weight_1.shape[0]):
            total += row_area(weight_1[k], intercept_1[k], zero, input_high, first_needed, areas)
        return total
    for j in range(weight_1.shape[0]):
        hidden_parts(j, weight_1, intercept_1, weight_2, input_high, areas, parts[j])
    outer_areas(weight_2, intercept_2, parts, first_needed, areas, outer)
    return total_area(parts, outer)


@compiled
def wrong_ahead(wrong: Marks, weights: FloatArray, ahead: FloatArray) -> None:
    """For each part of the rows the weight of those behind it that are wrong."""
    total = 0.0
    for part in range(ahead.shape[0] - 1, -1, -1):
        ahead[part] = total
        for r in range(PART * part, min(PART * (part + 1), weights.shape[0])):
            if wrong[r]:
                total += weights[r]


@compiled
def descend(
    order: IntArray, price: float, most: float,
    X: IntArray, y: IntArray, weights: FloatArray,
    weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, intercept_2: IntArray,
    two_layers: bool, decision: int, fraction_bits: int, first_needed: int,
    input_high: IntArray, areas: FloatArray, largest: int,
    hidden: IntArray, sums: IntArray, votes: IntArray, pairs: IntArray, wrong: Marks,
    parts: FloatArray, outer: FloatArray, loss: float, area: float, report: IntArray,
) -> tuple[float, float]:  # fmt: skip
    """One sweep over coefficients: take the value with the least loss + price * area.

    `order` lists (layer, sum, input), input -1 for the intercept. All arrays of the network are
    changed in place. Rows that may change sides should come first, those that are wrong before all:
    a candidate is given up once it loses more than the best so far. Nothing is taken that leaves
    more than `most` wrong weight. `report` counts candidates judged [0] and values changed [1].
    Returns the new loss and area.
    """
    n_sums, n_rows = sums.shape
    step, best, chosen = (
        np.empty(n_rows, np.int64), np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    )  # fmt: skip
    fresh = wrong.copy()
    ones, operand = np.ones(n_rows, np.int64), np.empty(n_rows, np.int64)
    influence = np.zeros(n_sums, np.int64)
    parts_now, outer_now = parts.copy(), outer.copy()
    values = np.empty(200, np.int64)
    n_marks = wrong.shape[0]
    ahead = np.empty((n_rows + PART - 1) // PART)
    wrong_ahead(wrong, weights, ahead)
    for at in range(order.shape[0]):
        layer, row, column = order[at, 0], order[at, 1], order[at, 2]
        inner = two_layers and layer == 0
        weight = weight_1 if layer == 0 else weight_2
        intercept = intercept_1 if layer == 0 else intercept_2
        old = intercept[row] if column < 0 else weight[row, column]
        if column < 0:
            n_bits = max(4, bit_width(min(old, 0), max(old, 0)))
            n = intercept_values(old, n_bits, values)
            operand[:] = ones
        else:
            n = candidate_values(old, largest, values)
            if layer == 0:
                operand[:] = X[column]
            else:
                for r in range(n_rows):
                    operand[r] = max(hidden[column, r], 0)
        before = hidden[row] if inner else operand
        only = -1 if inner else row
        influence[:] = 0
        if inner:
            for k in range(n_sums):
                influence[k] = weight_2[k, row]
        else:
            influence[row] = 1
        others = area
        if not two_layers:
            others -= row_area(
                weight_1[row], intercept_1[row], np.zeros_like(input_high), input_high,
                first_needed, areas,
            )  # fmt: skip
        best_gain, best_value, best_loss, best_area = 0.0, old, loss, area
        for k in range(n):
            value = values[k]
            if column < 0:
                intercept[row] = value
            else:
                weight[row, column] = value
            new_area = area_with(
                layer, row, column, two_layers, weight_1, intercept_1, weight_2, intercept_2,
                first_needed, input_high, areas, others, parts, outer, parts_now, outer_now,
            )  # fmt: skip
            if column < 0:
                intercept[row] = old
            else:
                weight[row, column] = old
            report[0] += 1
            saved, extra, hopeless = price * (area - new_area), 0.0, False
            for low in range(0, n_rows, PART):
                high = min(low + PART, n_rows)
                # The marks go on to a whole word behind the last row.
                end = high if high < n_rows else n_marks
                sum_step(before[low:high], operand[low:high], value - old, inner, step[low:high])
                mark_wrong(
                    step[low:high], influence, only, sums, y[low:high], decision, fraction_bits,
                    votes[low:high], pairs, wrong[low:end], fresh[low:end], best[low:high],
                    chosen[low:high], low,
                )  # fmt: skip
                extra = weight_gained(wrong[low:end], fresh[low:end], weights[low:high], extra)
                least = extra - ahead[low // PART] - SLACK
                hopeless = saved - least <= best_gain or loss + least > most
                if hopeless:
                    break
            if hopeless:
                continue
            gain = -extra + saved
            if gain > best_gain + TIE and loss + extra <= most:
                best_gain, best_value = gain, value
                best_loss, best_area = loss + extra, new_area
        if best_value == old:
            continue
        report[1] += 1
        sum_step(before, operand, best_value - old, inner, step)
        mark_wrong(
            step, influence, only, sums, y, decision, fraction_bits, votes, pairs, wrong, fresh,
            best, chosen, 0,
        )  # fmt: skip
        wrong[:] = fresh
        wrong_ahead(wrong, weights, ahead)
        take_step(step, influence, sums, decision, votes, pairs)
        if inner:
            for r in range(n_rows):
                hidden[row, r] += (best_value - old) * operand[r]
        if column < 0:
            intercept[row] = best_value
        else:
            weight[row, column] = best_value
        if two_layers:
            start_areas(
                weight_1, intercept_1, weight_2, intercept_2, True, input_high, first_needed,
                areas, parts, outer,
            )  # fmt: skip
        loss, area = best_loss, best_area
    return loss, area
