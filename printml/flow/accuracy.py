"""Accuracy with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.intervals import clopper_pearson


@dataclass(frozen=True)
class Accuracy:
    """Share of rows that are right.

    `low` and `high` bound it at 95 % by Clopper and Pearson, Biometrika 26 (1934): exact for
    independent rows, whatever their number.
    """

    n_correct: int
    n_rows: int
    balanced: float
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.n_correct / self.n_rows


def measure_accuracy(predicted: IntArray, y: IntArray) -> Accuracy:
    """Accuracy of `predicted` against `y`, both int64, shape (n_rows,), at least one row.

    `balanced` is the mean recall over the classes that occur in `y`.
    """
    correct = predicted == y
    n_correct, n_rows = int(correct.sum()), len(y)
    recalls = [float(correct[y == label].mean()) for label in np.unique(y)]
    low, high = clopper_pearson(n_correct, n_rows)
    return Accuracy(n_correct, n_rows, float(np.mean(recalls)), low, high)
