"""What a gate could become: another function, another net at one pin, and the rows that gains.

None of it is simulated. The gate's net is flipped once, on all rows: some wrong rows turn right
then and some right ones wrong, and the others do not care what it says. So whatever it becomes is
counted on those rows alone (batch error estimation: Su et al., DAC 2018, there for a net replaced
by another; approximate resubstitution: Meng et al., DAC 2020).
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.compiled import compiled
from printml.prune.judge import evaluate_rows, flips, outputs_change, settle, spread
from printml.prune.network import OpArray
from printml.prune.substitute import net_of_bit, wake
from printml.simulate.words import popcount


@compiled
def best_change(
    gate: int, draws: FloatArray, live: Int32Array, n_live: int, op: OpArray, a: Int32Array,
    b: Int32Array, outputs: Int32Array, first_gate: int, ref: Int32Array, start: Int32Array,
    readers: Int32Array, table: BitArray, labels: BitArray, masks: BitArray, weights: FloatArray,
    cost: FloatArray, functions: OpArray, where: Int32Array, changed: Int32Array,
    pending: BitArray,
) -> tuple[float, int, int, int, float]:  # fmt: skip
    """The change of a gate that adds least wrong weight: that weight, the function, both pins and
    the cost added. The weight is 0 where none adds less than nothing."""
    none = 0.0, int(op[gate]), -1, -1, 0.0
    n_changed = spread(gate, gate, True, op, a, b, start, readers, table, where, changed, pending)
    touched = outputs_change(outputs, where)
    n_words = table.shape[1]
    fixed, broken = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    if touched:
        flips(outputs, table, where, labels, fixed, broken)
    settle(where, changed, n_changed)
    if not touched:
        return none
    n_most = n_words * masks.shape[0]
    word, weight = np.empty(n_most, np.int64), np.empty(n_most)
    care, cells = np.empty(n_most, np.uint64), np.empty((4, n_most), np.uint64)
    near, total = np.empty(4), np.empty(4)
    n_fixing, n_caring, may_fix, may_break = rows_that_care(
        fixed, broken, masks, weights, word, weight, care
    )
    if may_fix <= 0.0:
        return none
    # Every change has to make fewer rows wrong than the best before.
    best, best_op = -1e-12, int(op[gate])
    best_a, best_b, best_cost = -1, -1, 0.0
    for pin in range(2):
        old, kept = (a[gate], b[gate]) if pin == 0 else (b[gate], a[gate])
        split_rows(
            kept, gate, table, fixed, word, weight, care, n_fixing, n_caring, cells, near, total
        )
        freed = cost[old, op[old]] if old >= first_gate and ref[old] == 1 else 0.0
        for k in range(draws.shape[0] + 1):
            net = old if k == 0 else live[int(draws[k - 1] * n_live)]
            if net == kept or (k > 0 and net == old):
                continue
            lost, function = best_function(
                table[net], cells, near, total, word, weight, n_fixing, n_caring, may_break,
                best, functions, cost[gate], cost[gate, op[gate]] + (freed if k else 0.0),
            )  # fmt: skip
            if lost < best:
                best, best_op = lost, int(function)
                best_a = int(net if pin == 0 else kept)
                best_b = int(kept if pin == 0 else net)
                best_cost = cost[gate, function] - cost[gate, op[gate]] - (freed if k else 0.0)
    if best_a < 0:
        return none
    return best, best_op, best_a, best_b, best_cost


@compiled
def rows_that_care(
    fixed: BitArray, broken: BitArray, masks: BitArray, weights: FloatArray, word: IntArray,
    weight: FloatArray, care: BitArray,
) -> tuple[int, int, float, float]:  # fmt: skip
    """List the words in which rows of a group care, those with rows to fix first.

    Fills the word's number, the weight of the group and the rows of it that care. Returns how many
    words have rows to fix, how many are listed, and the weights of the rows to fix and to break.
    """
    n_listed, n_fixing = 0, 0
    may_fix, may_break = 0.0, 0.0
    for fixing in (True, False):
        for group in range(masks.shape[0]):
            for w in range(fixed.shape[0]):
                to_fix, to_break = fixed[w] & masks[group, w], broken[w] & masks[group, w]
                if (to_fix != 0) != fixing or (to_fix | to_break) == 0:
                    continue
                word[n_listed], weight[n_listed] = w, weights[group]
                care[n_listed] = to_fix | to_break
                n_listed += 1
                may_fix += weights[group] * popcount(to_fix)
                may_break += weights[group] * popcount(to_break)
        if fixing:
            n_fixing = n_listed
    return n_fixing, n_listed, may_fix, may_break


@compiled
def split_rows(
    kept: int, gate: int, table: BitArray, fixed: BitArray, word: IntArray, weight: FloatArray,
    care: BitArray, n_fixing: int, n_caring: int, cells: BitArray, near: FloatArray,
    total: FloatArray,
) -> None:  # fmt: skip
    """Split the rows that care by the pin that stays and by what they want the gate to say:
    `cells[2 * pin + wanted]`. Weights of the parts, (4,): in words with rows to fix, and in all."""
    total[:] = 0.0
    for k in range(n_caring):
        w = word[k]
        wanted, pin = table[gate, w] ^ fixed[w], table[kept, w]
        cells[0, k] = care[k] & ~pin & ~wanted
        cells[1, k] = care[k] & ~pin & wanted
        cells[2, k] = care[k] & pin & ~wanted
        cells[3, k] = care[k] & pin & wanted
        for part in range(4):
            total[part] += weight[k] * popcount(cells[part, k])
        if k == n_fixing - 1:
            near[:] = total


@compiled
def best_function(
    values: BitArray, cells: BitArray, near: FloatArray, total: FloatArray, word: IntArray,
    weight: FloatArray, n_fixing: int, n_caring: int, may_break: float, best: float,
    functions: OpArray, cost: FloatArray, most_cost: float,
) -> tuple[float, int]:  # fmt: skip
    """Wrong weight added by the best function of a net's `values` and the pin that stays, and that
    function; `near` and `total` as in `split_rows`.

    Nothing is said of functions that cost more than `most_cost`, and 0 comes back where none can
    add less than `best`.
    """
    high = weight_where_high(values, cells, word, weight, 0, n_fixing)
    # The other words have rows to break only, of which none is broken at best.
    rest = total.sum() - near.sum()
    lost, function = least_lost(high, near, may_break - rest, functions, cost, most_cost)
    if lost >= best:
        return 0.0, function
    high += weight_where_high(values, cells, word, weight, n_fixing, n_caring)
    return least_lost(high, total, may_break, functions, cost, most_cost)


@compiled
def weight_where_high(
    values: BitArray, cells: BitArray, word: IntArray, weight: FloatArray, begin: int, end: int
) -> FloatArray:
    """Weight of each part's rows at which a net is 1, in words `begin` to `end` of the list."""
    zero, one, two, three = 0.0, 0.0, 0.0, 0.0
    for k in range(begin, end):
        high = values[word[k]]
        zero += weight[k] * popcount(high & cells[0, k])
        one += weight[k] * popcount(high & cells[1, k])
        two += weight[k] * popcount(high & cells[2, k])
        three += weight[k] * popcount(high & cells[3, k])
    return np.array([zero, one, two, three])


@compiled
def least_lost(
    high: FloatArray, total: FloatArray, may_break: float, functions: OpArray, cost: FloatArray,
    most_cost: float,
) -> tuple[float, int]:  # fmt: skip
    """Of the functions that cost at most `most_cost`, the one that gives most rows what they want.

    `high` is the weight of each part (as in `split_rows`) where the other pin is 1.
    """
    lost, chosen = np.inf, -1
    for function in functions:
        if cost[function] > most_cost + 1e-9:
            continue
        given = 0.0
        for kept in range(2):
            one = (function >> (1 + 2 * kept)) & 1
            zero = (function >> (2 * kept)) & 1
            given += high[2 * kept + one]
            given += total[2 * kept + zero] - high[2 * kept + zero]
        if may_break - given < lost:
            lost, chosen = may_break - given, function
    return lost, chosen


@compiled
def carry_forward(
    net: int, op: OpArray, a: Int32Array, b: Int32Array, start: Int32Array, readers: Int32Array,
    table: BitArray, pending: BitArray,
) -> None:  # fmt: skip
    """Simulate a changed gate, and whatever changes behind it, into the table itself."""
    one = np.uint64(1)
    pending[net >> 6] |= one << np.uint64(net & 63)
    at = last = net >> 6
    while at <= last:
        waiting = pending[at]
        if not waiting:
            at += 1
            continue
        lowest = waiting & (~waiting + one)
        pending[at] = waiting ^ lowest
        gate = net_of_bit(at, lowest)
        here = np.uint64(gate)
        if evaluate_rows(op[gate], table, np.uint64(a[gate]), np.uint64(b[gate]), here, here):
            last = wake(gate, start, readers, pending, last)
