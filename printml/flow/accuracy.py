"""Accuracy with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import BoolArray, IntArray
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


def new_rows(X_int: IntArray, *, train: IntArray, test: IntArray) -> BoolArray:
    """Which test rows have inputs that no training row has, bool, shape (n_test,).

    Tables often hold a reading twice, and a split puts one of them on either side: a model that
    knows its rows by heart, as a fully grown tree does, is right there without having generalised.

    Parameters
    ----------
    X_int
        Quantised inputs, int64, shape (n_rows, n_features): what the circuit can tell apart.
    train, test
        Row numbers, int64.
    """
    _, kind = np.unique(X_int, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    result: BoolArray = ~np.isin(kind[test], kind[train])
    return result


def measure_accuracy(predicted: IntArray, y: IntArray) -> Accuracy:
    """Accuracy of `predicted` against `y`, both int64, shape (n_rows,), at least one row.

    `balanced` is the mean recall over the classes that occur in `y`.
    """
    correct = predicted == y
    n_correct, n_rows = int(correct.sum()), len(y)
    recalls = [float(correct[y == label].mean()) for label in np.unique(y)]
    low, high = clopper_pearson(n_correct, n_rows)
    return Accuracy(n_correct, n_rows, float(np.mean(recalls)), low, high)
