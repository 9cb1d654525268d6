"""The rows that pruning sees: training rows, and copies of them with sensor noise."""

from __future__ import annotations

import numpy as np

from printml.approx.guard import perturbed_copies
from printml.arrays import IntArray, frozen
from printml.model.teacher import Teacher, fit_teacher
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
TAUGHT_COPIES = 12
TAUGHT_ROWS_SEEN = 24_000
"""Rows and copies together where a teacher labels the copies."""
TAUGHT_WEIGHT = 3.0
"""Weight of all copies of a row together where a teacher labels them."""


def copies_for(n_rows: int, *, large_tree: bool = False, taught: bool = False) -> int:
    """Perturbed copies of each row that pruning sees.

    `large_tree` where a tree is pruned from its exact circuit: it starts right on all rows.
    `taught` where a teacher labels them: many do not teach a row's own noise by heart then.
    """
    if taught:
        return max(1, min(TAUGHT_COPIES, TAUGHT_ROWS_SEEN // n_rows - 1))
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
    teacher: Teacher | None = None,
) -> Evidence:
    """Rows with weight 1 and perturbed copies with `copy_weight` in all per row; the sum is 1.

    `teacher` labels the copies; without one they have the class of their row.
    """
    copies = perturbed_copies(X_int, input_bits, n_copies=n_copies, seed=seed)
    labels = teacher(copies) if teacher and n_copies else np.tile(y, n_copies)
    weights = np.ones(len(X_int) * (1 + n_copies))
    if n_copies:
        weights[len(X_int) :] = copy_weight / n_copies
    return Evidence(
        X_int=frozen(np.vstack([X_int, copies]), np.int64),
        y=frozen(np.concatenate([y, labels]), np.int64),
        weights=weights / weights.sum(),
    )


def rows_seen(
    X_int: IntArray,
    y: IntArray,
    input_bits: IntArray,
    *,
    seed: int,
    taught: bool = False,
    large_tree: bool = False,
) -> Evidence:
    """Rows with as many copies as `copies_for` says; `taught` by a teacher that saw these rows and
    no other."""
    n_copies = copies_for(len(y), large_tree=large_tree, taught=taught)
    teacher = fit_teacher(X_int, y, input_bits, seed=seed) if taught else None
    weight = TAUGHT_WEIGHT if taught else COPY_WEIGHT
    return evidence_of(
        X_int, y, input_bits, n_copies=n_copies, copy_weight=weight, seed=seed, teacher=teacher
    )
