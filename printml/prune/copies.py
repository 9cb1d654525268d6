"""The rows that pruning sees: training rows, and copies of them with sensor noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from printml.approx.guard import perturbed_copies
from printml.arrays import IntArray, frozen
from printml.model.teacher import fit_teacher
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
TEACHERS_KEPT = 64
"""Whose answers a process keeps: six are a table's folds and whole."""


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
    copies_y: IntArray | None = None,
) -> Evidence:
    """Rows with weight 1 and perturbed copies with `copy_weight` in all per row; the sum is 1.

    `copies_y` are the classes of the copies, copy after copy; without them they have their row's.
    """
    copies = perturbed_copies(X_int, input_bits, n_copies=n_copies, seed=seed)
    classes = np.tile(y, n_copies) if copies_y is None else copies_y
    weights = np.ones(len(X_int) * (1 + n_copies))
    if n_copies:
        weights[len(X_int) :] = copy_weight / n_copies
    return Evidence(
        X_int=frozen(np.vstack([X_int, copies]), np.int64),
        y=frozen(np.concatenate([y, classes]), np.int64),
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
    if not taught:
        return evidence_of(
            X_int, y, input_bits, n_copies=n_copies, copy_weight=COPY_WEIGHT, seed=seed
        )
    rows = (np.asarray(part, np.int64).tobytes() for part in (X_int, y, input_bits))
    return evidence_of(
        X_int, y, input_bits, n_copies=n_copies, copy_weight=TAUGHT_WEIGHT, seed=seed,
        copies_y=_taught_classes(*rows, n_copies, seed),
    )  # fmt: skip


@lru_cache(maxsize=TEACHERS_KEPT)
def _taught_classes(
    X_int: bytes, y: bytes, input_bits: bytes, n_copies: int, seed: int
) -> IntArray:
    """Of the copies; kept, since all models of a table are pruned on the same rows, and a teacher
    takes as long as a short path."""
    bits = np.frombuffer(input_bits, np.int64)
    rows = np.frombuffer(X_int, np.int64).reshape(-1, len(bits))
    teacher = fit_teacher(rows, np.frombuffer(y, np.int64), bits, seed=seed)
    return teacher(perturbed_copies(rows, bits, n_copies=n_copies, seed=seed))
