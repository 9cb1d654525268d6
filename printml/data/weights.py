"""Sample weights as rows that are repeated."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.data.dataset import Dataset, Split
from printml.errors import DataError

MOST_REPEATS = 16
"""A row counts at most so many times as the lightest one; weights are rounded to such steps."""


def repeats(weights: FloatArray) -> IntArray:
    """How often each row is taken: its weight in steps of the smallest, or of 1/16 of the largest.

    Every row with a weight above 0 is taken at least once.

    Parameters
    ----------
    weights
        float64, shape (n_rows,), at least 0, one of them above.

    Returns
    -------
    IntArray
        int64, shape (n_rows,).
    """
    weights = np.asarray(weights, np.float64)
    positive = weights[weights > 0]
    # Divided by the largest first: steps of the tiniest numbers would lose their precision.
    share = weights / positive.max()
    step = max(float(share[weights > 0].min()), 1.0 / MOST_REPEATS)
    counts = np.rint(share / step)
    return frozen(np.where(weights > 0, np.maximum(counts, 1), 0), np.int64)


def weighted_split(dataset: Dataset, split: Split) -> Split:
    """The split with each training row taken as often as its weight asks for.

    Training, cross-validation and every search then weigh rows without knowing of weights. Test
    rows count once each.

    Raises
    ------
    DataError
        If fewer than two classes have a training row with a weight.
    """
    if dataset.weights is None:
        return split
    weights = dataset.weights[split.train]
    if not weights.any() or len(np.unique(dataset.y[split.train][weights > 0])) < 2:
        raise DataError(
            "fewer than two classes have training rows with a weight above 0",
            where=dataset.source,
            hint="Check the weights, or use another seed",
        )
    train = np.repeat(split.train, repeats(weights))
    return Split(frozen(train, np.int64), split.test, split.kind, split.seed)


def training_groups(dataset: Dataset, split: Split) -> IntArray | None:
    """What folds must not tear apart: the group of each training row, or a repeated row's index.

    int64, shape (n_training_rows,); None where each row stands for itself.
    """
    if dataset.groups is not None:
        return frozen(dataset.groups[split.train], np.int64)
    return split.train if dataset.weights is not None else None
