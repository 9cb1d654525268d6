"""What moves cost when they were judged last.

Most stay far too dear for a while, and many rows take long to say so of each again; so these are
left alone for some batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, Int32Array, IntArray
from printml.prune.network import OpArray

ASLEEP_PRICE = 2.0
"""Moves more than so many times as dear as the dearest of the batch before are left alone."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Each `net` becomes `by` or its inverse and saves so much; arrays of shape (n_moves,)."""

    net: Int32Array
    by: Int32Array
    inverted: OpArray
    saved: FloatArray

    def keys(self) -> IntArray:
        """A number for each, int64: the same as long as nets keep theirs."""
        return (self.net.astype(np.int64) << 32) | (self.by.astype(np.int64) << 1) | self.inverted


@dataclass(frozen=True, eq=False)
class Memory:
    """Batches before, under the same net numbers.

    Attributes
    ----------
    keys
        Of the moves, int64, ascending, shape (n_moves,).
    least_lost
        Wrong weight that each added at least, float64; NaN where it was never judged.
    limit
        Price of the dearest move of the last batch, in wrong weight per cost.
    """

    keys: IntArray
    least_lost: FloatArray
    limit: float


NOTHING = Memory(np.empty(0, np.int64), np.empty(0), np.inf)
"""Every move is judged."""


def least_lost(memory: Memory, moves: Moves) -> FloatArray:
    """Wrong weight that each move adds at least, as far as is remembered; else NaN."""
    keys = moves.keys()
    found = np.full(len(keys), np.nan)
    if len(memory.keys):
        place = np.minimum(np.searchsorted(memory.keys, keys), len(memory.keys) - 1)
        same = memory.keys[place] == keys
        found[same] = memory.least_lost[place[same]]
    return found


def least_prices(memory: Memory, moves: Moves) -> FloatArray:
    """What each move costs at least per cost saved, as far as is remembered; else 0."""
    return np.nan_to_num(least_lost(memory, moves)) / moves.saved


def remember(memory: Memory, moves: Moves, judged: FloatArray, limit: float) -> Memory:
    """After a batch; `judged` is `least_lost` as found in it, NaN for moves left alone."""
    lost = np.where(np.isnan(judged), least_lost(memory, moves), judged)
    keys = moves.keys()
    order = np.argsort(keys)
    return Memory(keys[order], lost[order], limit)
