"""Gates changed, pass by pass, so that fewer rows are wrong: another function, another net to read.

What a gate gains is told by `printml.prune.gate_change`, on few rows first, then on all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, Int32Array
from printml.compiled import compiled
from printml.prune.gate_change import best_change, carry_forward
from printml.prune.network import SYMMETRIC, OpArray
from printml.prune.row_blocks import Targets, bits_of, rows_apart
from printml.prune.state import State
from printml.prune.substitute import INVERTER, NO_GATE, index_readers

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
