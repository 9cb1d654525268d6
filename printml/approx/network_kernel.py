"""The compiled judge of coefficient changes: exact integers, one changed sum at a time.

A change of one coefficient changes one sum of each row; a later layer sees it through one ReLU.
Only rows whose sum really changes are decided again.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.circuit.eliminate import bit_width, digits_of
from printml.circuit.estimate_kernels import KINDS, count_heap
from printml.compiled import compiled

OVO, ARGMAX, REGRESSION = 0, 1, 2
N_KINDS = len(KINDS)
AND_KIND = KINDS.index("and")


@compiled
def decide(
    sums: IntArray, decision: int, n_classes: int, fraction_bits: int, votes: IntArray
) -> int:
    """Class of one row from its sums (a regressor's with the rounding constant added)."""
    if decision == REGRESSION:
        return min(max(sums[0] >> fraction_bits, 0), n_classes - 1)
    if decision == ARGMAX:
        best = 0
        for k in range(1, sums.shape[0]):
            if sums[k] > sums[best]:
                best = k
        return best
    votes[:n_classes] = 0
    pair = 0
    for i in range(n_classes):
        for j in range(i + 1, n_classes):
            if sums[pair] > 0:
                votes[i] += 1
            else:
                votes[j] += 1
            pair += 1
    best = 0
    for k in range(1, n_classes):
        if votes[k] > votes[best]:
            best = k
    return best


@compiled
def forward(
    X: IntArray, weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray,
    intercept_2: IntArray, two_layers: bool, hidden: IntArray, sums: IntArray,
) -> None:  # fmt: skip
    """All sums: `hidden` (n_rows, n_hidden) before the ReLU, `sums` (n_rows, n_sums).

    With one layer `hidden` is not used and `weight_2` neither.
    """
    for r in range(X.shape[0]):
        if two_layers:
            for j in range(weight_1.shape[0]):
                total = intercept_1[j]
                for i in range(X.shape[1]):
                    total += weight_1[j, i] * X[r, i]
                hidden[r, j] = total
            for k in range(weight_2.shape[0]):
                total = intercept_2[k]
                for j in range(weight_2.shape[1]):
                    total += weight_2[k, j] * max(hidden[r, j], 0)
                sums[r, k] = total
        else:
            for k in range(weight_1.shape[0]):
                total = intercept_1[k]
                for i in range(X.shape[1]):
                    total += weight_1[k, i] * X[r, i]
                sums[r, k] = total


@compiled
def judge_change(
    layer: int, row: int, change: IntArray, weight_2: IntArray, two_layers: bool,
    hidden: IntArray, sums: IntArray, y: IntArray, weights: FloatArray, wrong: np.ndarray,
    decision: int, n_classes: int, fraction_bits: int, buffer: IntArray, votes: IntArray,
) -> float:  # fmt: skip
    """Change of the summed weight of wrong rows if sum `row` of `layer` changed by `change`."""
    total = 0.0
    inner = two_layers and layer == 0
    n_sums = sums.shape[1]
    for r in range(change.shape[0]):
        delta = change[r]
        if delta == 0:
            continue
        if inner:
            old = hidden[r, row]
            delta = max(old + delta, 0) - max(old, 0)
            if delta == 0:
                continue
            for k in range(n_sums):
                buffer[k] = sums[r, k] + weight_2[k, row] * delta
        else:
            old = sums[r, row]
            if decision == OVO and (old > 0) == (old + delta > 0):
                continue
            for k in range(n_sums):
                buffer[k] = sums[r, k]
            buffer[row] += delta
        is_wrong = decide(buffer[:n_sums], decision, n_classes, fraction_bits, votes) != y[r]
        if is_wrong != wrong[r]:
            total += weights[r] if is_wrong else -weights[r]
    return total


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
def network_area(
    weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, intercept_2: IntArray,
    two_layers: bool, input_high: IntArray, first_needed: int, areas: FloatArray,
) -> float:  # fmt: skip
    """Summed area of all heaps and ReLUs in mm2, without shared parts and the decision."""
    zero = np.zeros_like(input_high)
    if not two_layers:
        total = 0.0
        for k in range(weight_1.shape[0]):
            total += row_area(weight_1[k], intercept_1[k], zero, input_high, first_needed, areas)
        return total
    n_hidden = weight_1.shape[0]
    hidden_low, hidden_high = np.zeros(n_hidden, np.int64), np.zeros(n_hidden, np.int64)
    total = 0.0
    for j in range(n_hidden):
        used = False
        for k in range(weight_2.shape[0]):
            used |= weight_2[k, j] != 0
        if not used:
            continue
        low, high = intercept_1[j], intercept_1[j]
        for i in range(input_high.size):
            c = weight_1[j, i]
            low += min(c * input_high[i], 0)
            high += max(c * input_high[i], 0)
        if high <= 0:
            continue
        total += row_area(weight_1[j], intercept_1[j], zero, input_high, 0, areas)
        if low < 0:
            total += areas[AND_KIND] * bit_width(0, high)
        hidden_low[j], hidden_high[j] = max(low, 0), high
    for k in range(weight_2.shape[0]):
        total += row_area(weight_2[k], intercept_2[k], hidden_low, hidden_high, first_needed, areas)
    return total


@compiled
def judge_all(
    sums: IntArray, y: IntArray, weights: FloatArray, wrong: np.ndarray, decision: int,
    n_classes: int, fraction_bits: int, votes: IntArray,
) -> float:  # fmt: skip
    """Mark the wrong rows; their summed weight."""
    total = 0.0
    for r in range(sums.shape[0]):
        wrong[r] = decide(sums[r], decision, n_classes, fraction_bits, votes) != y[r]
        if wrong[r]:
            total += weights[r]
    return total


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
def descend(
    order: IntArray, price: float, most: float,
    X: IntArray, y: IntArray, weights: FloatArray,
    weight_1: IntArray, intercept_1: IntArray, weight_2: IntArray, intercept_2: IntArray,
    two_layers: bool, decision: int, n_classes: int, fraction_bits: int, first_needed: int,
    input_high: IntArray, areas: FloatArray, largest: int,
    hidden: IntArray, sums: IntArray, wrong: np.ndarray, loss: float, area: float,
    report: IntArray,
) -> tuple[float, float]:  # fmt: skip
    """One sweep over coefficients: take the value with the least loss + price * area.

    `order` lists (layer, sum, input), input -1 for the intercept. All arrays of the network are
    changed in place. Nothing is taken that leaves more than `most` wrong weight. `report` counts
    candidates judged [0] and values changed [1]. Returns the new loss and area.
    """
    n_rows, n_sums = sums.shape
    change, best_change = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    buffer, votes = np.empty(n_sums + 1, np.int64), np.zeros(n_classes + 1, np.int64)
    values = np.empty(200, np.int64)
    for step in range(order.shape[0]):
        layer, row, column = order[step, 0], order[step, 1], order[step, 2]
        last_layer = not two_layers or layer == 1
        weight = weight_1 if layer == 0 else weight_2
        intercept = intercept_1 if layer == 0 else intercept_2
        old = intercept[row] if column < 0 else weight[row, column]
        if column < 0:
            n_bits = max(4, bit_width(min(old, 0), max(old, 0)))
            n = intercept_values(old, n_bits, values)
        else:
            n = candidate_values(old, largest, values)
        best_gain, best_value, best_loss, best_area = 1e-12, old, loss, area
        before = 0.0
        if not two_layers:
            before = row_area(
                weight_1[row], intercept_1[row], np.zeros_like(input_high), input_high,
                first_needed, areas,
            )  # fmt: skip
        for k in range(n):
            value = values[k]
            if column < 0:
                intercept[row] = value
            else:
                weight[row, column] = value
            if two_layers:
                new_area = network_area(
                    weight_1, intercept_1, weight_2, intercept_2, True, input_high,
                    first_needed, areas,
                )  # fmt: skip
            else:
                new_area = area - before + row_area(
                    weight_1[row], intercept_1[row], np.zeros_like(input_high), input_high,
                    first_needed, areas,
                )  # fmt: skip
            if column < 0:
                intercept[row] = old
            else:
                weight[row, column] = old
            for r in range(n_rows):
                if column < 0:
                    change[r] = value - old
                elif last_layer and two_layers:
                    change[r] = (value - old) * max(hidden[r, column], 0)
                else:
                    change[r] = (value - old) * X[r, column]
            report[0] += 1
            extra = judge_change(
                layer, row, change, weight_2, two_layers, hidden, sums, y, weights, wrong,
                decision, n_classes, fraction_bits, buffer, votes,
            )  # fmt: skip
            gain = -extra + price * (area - new_area)
            if gain > best_gain and loss + extra <= most:
                best_gain, best_value = gain, value
                best_loss, best_area = loss + extra, new_area
                best_change[:] = change
        if best_value == old:
            continue
        report[1] += 1
        if column < 0:
            intercept[row] = best_value
        else:
            weight[row, column] = best_value
        if two_layers and layer == 0:
            for r in range(n_rows):
                before_relu = hidden[r, row]
                hidden[r, row] += best_change[r]
                step_up = max(hidden[r, row], 0) - max(before_relu, 0)
                if step_up != 0:
                    for k in range(n_sums):
                        sums[r, k] += weight_2[k, row] * step_up
        else:
            for r in range(n_rows):
                sums[r, row] += best_change[r]
        judge_all(sums, y, weights, wrong, decision, n_classes, fraction_bits, votes)
        loss, area = best_loss, best_area
    return loss, area
