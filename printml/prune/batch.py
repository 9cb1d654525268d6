"""The cheapest moves of the moment, of which only those are simulated that can be among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import FloatArray, Int32Array, IntArray
from printml.prune.memory import (
    ASLEEP_PRICE,
    NOTHING,
    Memory,
    Moves,
    least_prices,
    remember,
)
from printml.prune.moves import costs_saved, count_hits, similar_nets
from printml.prune.network import NOT_A_GATE, OpArray
from printml.prune.row_blocks import WORDS_AT_ONCE, Block, Targets, blocks_of, judged
from printml.prune.state import State, differing_rows, total_cost

N_SIMILAR = 3
MOST_COMPARISONS = 30_000_000
"""Word comparisons spent per round on finding nets that agree."""
MOST_STEP = 0.005
"""Most that one move may lose, as share of the rows' weight, while other moves lose less."""
SLACK = 1e-9
"""Share of the rows' weight by which a move may miss a limit before it is given up."""
BATCH_SHARE = 0.08
"""Share of the area that one batch may save before all moves are judged again."""
MANY_MOVES = 20_000
EARLY_BATCH_SHARE = 0.16
"""The same of circuits that have more than so many moves: judging them takes longest, and little of
what is taken first decides what is left in the end."""
FIRST_JUDGED, MORE_JUDGED = 64, 1.3
"""One in so many moves is simulated before a look whether those are enough, then so many times
as many."""
HIT_MOVES, HIT_BLOCKS = 128, 6
"""So many moves tell, where rows fill more than so many blocks, which rows moves make wrong."""


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
    memory
        For the next batch, under the same net numbers.
    """

    net: Int32Array
    by: Int32Array
    inverted: OpArray
    limit: float
    enough: float
    n_judged: int
    memory: Memory


def next_batch(
    state: State,
    first: int,
    cost: FloatArray,
    targets: Targets,
    current: float,
    *,
    most_wrong: float,
    rows_weight: float,
    memory: Memory = NOTHING,
) -> Batch | None:
    """The moves with the least loss per cost saved, or None if none is allowed.

    Moves that promise to be cheap are simulated first, and the others are given up once they are
    dearer than what is known. The batch is the one that judging every move on all rows would give,
    or every one but those that `memory` knows to have been too dear a moment ago.

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
    memory
        Of the batches before; from `NOTHING` every move is judged.
    """
    net, by, inverted = moves_of(state, first)
    saved = np.empty(len(net))
    costs_saved(
        net, by, inverted, state.op, state.a, state.b, state.outputs, first, state.ref,
        state.start, state.readers, cost, saved,
    )  # fmt: skip
    worth = saved > 1e-9
    moves = Moves(net[worth], by[worth], inverted[worth], saved[worth])
    if not len(moves.net):
        return None
    touched = differing_rows(state, moves.net, moves.by, moves.inverted)
    # Moves that touch few rows for what they save come first: they are often the cheapest, and
    # what they cost tells how soon the others can be given up.
    by_promise = np.argsort(touched / moves.saved, kind="stable")
    share = EARLY_BATCH_SHARE if len(moves.net) > MANY_MOVES else BATCH_SHARE
    enough = share * total_cost(state, cost)
    rows = blocks_of(state, first, targets, _hits(state, moves, by_promise, targets))
    loss, least = np.full(len(moves.net), np.nan), np.full(len(moves.net), np.nan)

    def cheapest(awake: npt.NDArray[np.bool_], limit: float) -> tuple[IntArray, float] | None:
        return _cheapest(
            state, moves, by_promise[awake[by_promise]], targets, rows, current, loss, least,
            limit=limit, enough=enough, most_wrong=most_wrong, rows_weight=rows_weight,
        )  # fmt: skip

    dear = least_prices(memory, moves)
    awake = dear <= ASLEEP_PRICE * memory.limit
    found = cheapest(awake, np.inf) if awake.any() else None
    while not awake.all():
        whole = found is not None and moves.saved[found[0]].sum() >= enough
        limit = found[1] if found is not None and whole else np.inf
        woken = ~awake & (dear <= limit)
        if not woken.any():
            break
        awake |= woken
        found = cheapest(awake, limit)
    if found is None:
        return None
    chosen, limit = found
    return Batch(
        net=moves.net[chosen],
        by=moves.by[chosen],
        inverted=moves.inverted[chosen],
        limit=limit,
        enough=enough,
        n_judged=int((~np.isnan(least)).sum()),
        memory=remember(memory, moves, least - current, limit),
    )


def _hits(state: State, moves: Moves, by_promise: IntArray, targets: Targets) -> IntArray | None:
    """How many of some moves, cheap and dear ones, make each row wrong; None of few rows."""
    n_words = state.values.shape[1]
    if n_words <= HIT_BLOCKS * WORDS_AT_ONCE:
        return None
    some = by_promise[:: max(1, len(by_promise) // HIT_MOVES)]
    hits = np.zeros(64 * n_words, np.int64)
    count_hits(
        moves.net[some], moves.by[some], moves.inverted[some], state.op, state.a, state.b,
        state.outputs, state.start, state.readers, state.table, targets.labels, hits,
    )  # fmt: skip
    return hits


def _cheapest(
    state: State,
    moves: Moves,
    by_promise: IntArray,
    targets: Targets,
    rows: list[Block],
    current: float,
    loss: FloatArray,
    least: FloatArray,
    *,
    limit: float,
    enough: float,
    most_wrong: float,
    rows_weight: float,
) -> tuple[IntArray, float] | None:
    """The cheapest of the moves `by_promise`, in that order, and the price of the dearest of them.

    `loss` and `least` get what `judged` says; moves that have a `loss` already keep it. `limit` is
    a price at which there are enough.
    """
    net, by, inverted, saved = moves.net, moves.by, moves.inverted, moves.saved
    n_all = len(by_promise)
    n_judged, n_wanted = 0, -(-n_all // FIRST_JUDGED)
    # A leap may be the best buy of today, but small steps leave the rest of the gates time to
    # make up for it.
    stride = MOST_STEP * rows_weight
    while True:
        todo = by_promise[n_judged:n_wanted]
        todo = todo[np.isnan(loss[todo])]
        most = np.minimum(limit * saved[todo], min(stride, most_wrong - current))
        loss[todo], least[todo] = judged(
            state, net[todo], by[todo], inverted[todo], targets, rows, current,
            most=np.maximum(most, 0.0) + SLACK * rows_weight,
        )  # fmt: skip
        n_judged, n_wanted = n_wanted, min(n_all, int(MORE_JUDGED * n_wanted) + 1)
        known = np.sort(by_promise[:n_judged])
        known = known[loss[known] <= most_wrong]
        lost = np.maximum(loss[known] - current, 0.0)
        if n_judged == n_all and not (lost <= stride).any():
            if stride > most_wrong - current:
                return None
            stride *= 2.0
            loss[by_promise] = np.nan
            n_judged, n_wanted = 0, n_all
            continue
        known, lost = known[lost <= stride], lost[lost <= stride]
        price = lost / saved[known]
        order = np.lexsort((by[known], net[known], -saved[known], price))
        known, price = known[order], price[order]
        together = np.cumsum(saved[known])
        n_batch = min(len(known), int(np.searchsorted(together, enough)) + 1)
        if n_judged == n_all:
            limit = float(price[n_batch - 1])
            break
        if n_batch and together[-1] >= enough:
            limit = float(price[n_batch - 1])
    # Everything as cheap as the last of the batch, but several moves may name one net.
    return known[price <= limit], limit


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
