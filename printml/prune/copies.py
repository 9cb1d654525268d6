"""The rows that pruning sees: training rows, and copies of them with sensor noise."""

from __future__ import annotations

import numpy as np

from printml.approx.guard import perturbed_copies
from printml.arrays import IntArray, frozen
from printml.prune.state import Evidence

MOST_COPIES = 4
MOST_ROWS = 12_000
"""Rows and copies together, for tables of up to `LARGE_TABLE` rows."""
LARGE_TABLE = 5_000
"""Beyond, circuits are large and fit even so many rows by chance: they need all copies again."""
TREE_COPIES = 8
TREE_ROWS_SEEN = 40_000
"""Rows and copies together for trees that are pruned from their exact circuit."""
COPY_WEIGHT = 1.0
"""Weight of all copies of a row together, beside 1 for the row itself."""


def copies_for(n_rows: int, *, large_tree: bool = False) -> int:
    """Perturbed copies of each row that pruning sees.

    `large_tree` where a tree is pruned from its exact circuit: it starts right on all rows.
    """
    if large_tree:
        return max(MOST_COPIES, min(TREE_COPIES, TREE_ROWS_SEEN // n_rows - 1))
    if n_rows > LARGE_TABLE:
        return MOST_COPIES
    return max(1, min(MOST_COPIES, MOST_ROWS // n_rows - 1))


def evidence_of(
    X_int: IntArray,
    y: IntArray,
    input_bits: IntArray,
    *,
    n_copies: int,
    copy_weight: float,
    seed: int,
) -> Evidence:
    """Rows with weight 1 and perturbed copies with `copy_weight` in all per row; the sum is 1."""
    copies = perturbed_copies(X_int, input_bits, n_copies=n_copies, seed=seed)
    weights = np.ones(len(X_int) * (1 + n_copies))
    if n_copies:
        weights[len(X_int) :] = copy_weight / n_copies
    return Evidence(
        X_int=frozen(np.vstack([X_int, copies]), np.int64),
        y=frozen(np.tile(y, 1 + n_copies), np.int64),
        weights=weights / weights.sum(),
    )
