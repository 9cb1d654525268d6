"""Gates changed so that fewer rows are wrong: another function, another net to read.

What a gate could be is judged without simulating it. Its net is flipped once, on all rows: some
wrong rows turn right then and some right ones wrong, and the others do not care what it says. So
whatever it becomes is counted on those rows alone (batch error estimation: Su et al., DAC 2018,
there for a net replaced by another; approximate resubstitution: Meng et al., DAC 2020).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.compiled import compiled
from printml.prune.judge import evaluate_rows, outputs_change, settle, spread
from printml.prune.network import SYMMETRIC, OpArray
from printml.prune.row_blocks import Targets, bits_of, rows_apart
from printml.prune.state import State
from printml.prune.substitute import INVERTER, NO_GATE, index_readers, net_of_bit, wake
from printml.simulate.words import popcount

N_CANDIDATES = 100
"""Nets, drawn anew in each pass, that each pin of a gate may read instead."""
MOST_PASSES = 6
FEW = 2
"""Passes end with one that changes no more gates than this."""
FEW_RIGHT = 10
"""Of so many rows that are right one is among the few that gates are first judged on."""
MOST_FEW = 0.25
"""Share of the rows from which they are not few."""
FUNCTIONS = np.array(SYMMETRIC, np.uint8)


@dataclass(frozen=True, eq=False)
class Mended:
    """Changes in the order they were made, one record per gate and change.

    Attributes
    ----------
    net, op, a, b
        What each gate became, int32 and uint8 (`op`), shape (n_changes,).
    added
        Wrong weight it added, below 0.
    gain
        Cost saved, at least; never below 0.
    """

    net: Int32Array
    op: OpArray
    a: Int32Array
    b: Int32Array
    added: FloatArray
    gain: FloatArray


def mend(state: State, first: int, cost: FloatArray, targets: Targets, *, seed: int) -> Mended:
    """Change gates, in place, while that makes fewer rows wrong and the circuit no dearer.

    Parameters
    ----------
    first
        First gate's net.
    cost
        As `Costs.of_nets` gives it.
    seed
        Of the nets drawn as candidates.
    """
    n_nets = len(state.op)
    rng = np.random.default_rng(seed)
    found = []
    for number in range(MOST_PASSES):
        few_table, few = few_rows(state, first, targets, rng)
        gates = np.arange(first, n_nets, dtype=np.int32)
        n_gates = len(gates)
        into = Mended(
            np.empty(n_gates, np.int32), np.empty(n_gates, np.uint8), np.empty(n_gates, np.int32),
            np.empty(n_gates, np.int32), np.empty(n_gates), np.empty(n_gates),
        )  # fmt: skip
        n_changes = mend_gates(
            gates if number % 2 == 0 else gates[::-1].copy(), rng.random((n_gates, N_CANDIDATES)),
            state.op, state.a, state.b, state.outputs, first, state.ref, state.start,
            state.readers, cost, FUNCTIONS,
            few_table, few.labels, few.masks, few.weights,
            state.table, targets.labels, targets.masks, targets.weights,
            into.net, into.op, into.a, into.b, into.added, into.gain,
        )  # fmt: skip
        found.append((into, n_changes))
        if n_changes <= FEW:
            break

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(into, name)[:n] for into, n in found])

    return Mended(*(joined(field.name) for field in fields(Mended)))


def few_rows(
    state: State, first: int, targets: Targets, rng: np.random.Generator
) -> tuple[BitArray, Targets]:
    """All wrong rows and one in `FEW_RIGHT` of the others, which then weighs as many: a table of
    them and what they should answer. No rows where that would be most of them."""
    wrong = np.bitwise_or.reduce(state.values[state.outputs] ^ targets.labels, axis=0)
    counted = np.bitwise_or.reduce(targets.masks, axis=0)
    fixable, rest = (
        np.flatnonzero(bits_of(wrong & counted)),
        np.flatnonzero(bits_of(~wrong & counted)),
    )
    drawn = rng.permutation(rest)[: len(rest) // FEW_RIGHT]
    rows = np.concatenate([fixable, drawn])
    if len(rows) > MOST_FEW * (len(fixable) + len(rest)):
        rows = rows[:0]
    table, part = rows_apart(state, first, targets, rows)
    is_wrong = np.bitwise_or.reduce(table[state.outputs] ^ part.labels, axis=0)
    masks = np.vstack([part.masks & is_wrong, part.masks & ~is_wrong])
    weights = np.concatenate([part.weights, FEW_RIGHT * part.weights])
    return table, Targets(part.labels, masks, weights)


@compiled
def mend_gates(
    gates: Int32Array, draws: FloatArray, op: OpArray, a: Int32Array, b: Int32Array,
    outputs: Int32Array, first_gate: int, ref: Int32Array, start: Int32Array, readers: Int32Array,
    cost: FloatArray, functions: OpArray,
    few_table: BitArray, few_labels: BitArray, few_masks: BitArray, few_weights: FloatArray,
    table: BitArray, labels: BitArray, masks: BitArray, weights: FloatArray,
    net_out: Int32Array, op_out: OpArray, a_out: Int32Array, b_out: Int32Array, added: FloatArray,
    gain: FloatArray,
) -> int:  # fmt: skip
    """Give each of the gates its best change, if any, before the next is looked at.

    `draws` are shares of the nets before a gate, (n_gates, n_candidates). A gate is judged on all
    rows if one of its candidates gains on those of `few_table`, which may have none. Returns the
    number of changes, recorded in the last six arrays.
    """
    n_nets = op.shape[0]
    where = np.arange(n_nets, dtype=np.int32)
    changed = np.empty(n_nets, np.int32)
    pending = np.zeros(n_nets // 64 + 1, np.uint64)
    live = np.empty(n_nets, np.int32)
    is_few = few_table.shape[1] > 0
    n_changes = 0
    for row in range(gates.shape[0]):
        gate = gates[row]
        if op[gate] == NO_GATE or op[gate] == INVERTER:
            continue
        n_live = 0
        for net in range(2, gate):
            if net < first_gate or op[net] != NO_GATE:
                live[n_live] = net
                n_live += 1
        if is_few:
            promised, _, _, _, _ = best_change(
                gate, draws[row], live, n_live, op, a, b, outputs, first_gate, ref, start, readers,
                few_table, few_labels, few_masks, few_weights, cost, functions, where, changed,
                pending,
            )  # fmt: skip
            if promised >= 0.0:
                continue
        best, best_op, best_a, best_b, best_cost = best_change(
            gate, draws[row], live, n_live, op, a, b, outputs, first_gate, ref, start, readers,
            table, labels, masks, weights, cost, functions, where, changed, pending,
        )  # fmt: skip
        if best >= 0.0:
            continue
        op[gate], a[gate], b[gate] = best_op, best_a, best_b
        carry_forward(gate, op, a, b, start, readers, table, pending)
        if is_few:
            carry_forward(gate, op, a, b, start, readers, few_table, pending)
        index_readers(op, a, b, outputs, first_gate, ref, start, readers)
        net_out[n_changes], op_out[n_changes] = gate, best_op
        a_out[n_changes], b_out[n_changes] = best_a, best_b
        added[n_changes], gain[n_changes] = best, -best_cost
        n_changes += 1
    return n_changes


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
def flips(
    outputs: Int32Array, table: BitArray, where: Int32Array, labels: BitArray,
    fixed: BitArray, broken: BitArray,
) -> None:  # fmt: skip
    """Rows that the last `spread` put right, and those that it made wrong."""
    for w in range(table.shape[1]):
        before, after = np.uint64(0), np.uint64(0)
        for k in range(outputs.shape[0]):
            before |= table[outputs[k], w] ^ labels[k, w]
            after |= table[where[outputs[k]], w] ^ labels[k, w]
        fixed[w] = before & ~after
        broken[w] = after & ~before


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
