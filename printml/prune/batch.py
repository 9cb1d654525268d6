"""The cheapest moves of the moment, of which only those are simulated that can be among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, Int32Array
from printml.prune.moves import costs_saved, similar_nets
from printml.prune.network import NOT_A_GATE, OpArray
from printml.prune.row_blocks import Targets, blocks_of, judged
from printml.prune.state import State, differing_rows, total_cost

N_SIMILAR = 3
MOST_COMPARISONS = 30_000_000
"""Word comparisons spent per round on finding nets that agree."""
MOST_STEP = 0.005
"""Most that one move may lose, as share of the rows' weight, while other moves lose less."""
SLACK = 1e-9
"""Share of the rows' weight by which a move may miss a limit before it is given up."""
BATCH_SHARE = 0.04
"""Share of the area that one batch may save before all moves are judged again."""
FIRST_JUDGED, MORE_JUDGED = 64, 1.3
"""One in so many moves is simulated before a look whether those are enough, then so many times
as many."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Moves to carry out, cheapest first.

    Attributes
    ----------
    net, by, inverted
        Each net becomes `by` or its inverse, shape (n_moves,).
    limit
        Price of the dearest, in wrong weight per cost.
    enough
        Cost after which all are to be judged again.
    n_judged
        Moves that were simulated to find these.
    """

    net: Int32Array
    by: Int32Array
    inverted: OpArray
    limit: float
    enough: float
    n_judged: int


def next_batch(
    state: State,
    first: int,
    cost: FloatArray,
    targets: Targets,
    current: float,
    *,
    most_wrong: float,
    rows_weight: float,
) -> Batch | None:
    """The moves with the least loss per cost saved, or None if none is allowed.

    Moves that promise to be cheap are simulated first, and the others are given up once they are
    dearer than what is known. The batch is the one that judging every move on all rows would give.

    Parameters
    ----------
    cost
        As `Costs.of_nets` gives it.
    current
        Wrong weight now.
    most_wrong
        As in `prune_path`.
    rows_weight
        Summed weight of all rows.
    """
    net, by, inverted = moves_of(state, first)
    saved = np.empty(len(net))
    costs_saved(
        net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
        state.start, state.readers, cost, saved,
    )  # fmt: skip
    worth = saved > 1e-9
    net, by, inverted, saved = net[worth], by[worth], inverted[worth], saved[worth]
    if not len(net):
        return None
    touched = differing_rows(state, net, by, inverted)
    # Moves that touch few rows for what they save come first: they are often the cheapest, and
    # what they cost tells how soon the others can be given up.
    by_promise = np.argsort(touched / saved, kind="stable")
    enough = BATCH_SHARE * total_cost(state, cost)
    loss = np.empty(len(net))
    n_judged, n_wanted = 0, -(-len(net) // FIRST_JUDGED)
    # A leap may be the best buy of today, but small steps leave the rest of the gates time to
    # make up for it.
    stride = MOST_STEP * rows_weight
    limit = np.inf
    rows = blocks_of(state, first, targets)
    while True:
        todo = by_promise[n_judged:n_wanted]
        most = np.minimum(limit * saved[todo], min(stride, most_wrong - current))
        loss[todo] = judged(
            state, net[todo], by[todo], inverted[todo], targets, rows, current,
            most=np.maximum(most, 0.0) + SLACK * rows_weight,
        )  # fmt: skip
        n_judged, n_wanted = n_wanted, min(len(net), int(MORE_JUDGED * n_wanted) + 1)
        known = np.sort(by_promise[:n_judged])
        known = known[loss[known] <= most_wrong]
        lost = np.maximum(loss[known] - current, 0.0)
        if n_judged == len(net) and not (lost <= stride).any():
            if stride > most_wrong - current:
                return None
            stride *= 2.0
            n_judged, n_wanted = 0, len(net)
            continue
        known, lost = known[lost <= stride], lost[lost <= stride]
        price = lost / saved[known]
        order = np.lexsort((by[known], net[known], -saved[known], price))
        known, price = known[order], price[order]
        together = np.cumsum(saved[known])
        n_batch = min(len(known), int(np.searchsorted(together, enough)) + 1)
        if n_judged == len(net):
            limit = float(price[n_batch - 1])
            break
        if n_batch and together[-1] >= enough:
            limit = float(price[n_batch - 1])
    # Everything as cheap as the last of the batch, but several moves may name one net.
    chosen = known[price <= limit]
    return Batch(net[chosen], by[chosen], inverted[chosen], limit, enough, n_judged)


def moves_of(state: State, first: int) -> tuple[Int32Array, Int32Array, OpArray]:
    """Every net tied to 0 and to 1, and every gate replaced by the nets most like it."""
    gates = np.flatnonzero(state.op != NOT_A_GATE).astype(np.int32)
    n_nets, n_words = state.values.shape
    tied = np.concatenate([np.flatnonzero(state.ref[2:first]).astype(np.int32) + 2, gates])
    ties = np.repeat(tied, 2), np.tile(np.array([0, 1], np.int32), len(tied))
    n_columns = min(n_words, 2 * MOST_COMPARISONS // max(1, len(gates)) ** 2)
    net = np.empty(N_SIMILAR * n_nets, np.int32)
    by = np.empty_like(net)
    inverted = np.zeros(len(net), np.uint8)
    n = 0
    if n_columns:
        columns = np.unique(np.linspace(0, n_words - 1, n_columns).astype(np.int32))
        n = similar_nets(state.op, state.values, columns, first, N_SIMILAR, net, by, inverted)
    return (
        np.concatenate([ties[0], net[:n]]),
        np.concatenate([ties[1], by[:n]]),
        np.concatenate([np.zeros(len(ties[0]), np.uint8), inverted[:n]]),
    )
