"""An ensemble that labels rows nobody has measured, for searches that would fit the few that were.

A model far larger than any circuit generalises better than one that fits the battery, and what it
says of made-up rows teaches the small one (Bucilua, Caruana and Niculescu-Mizil, "Model
compression", KDD 2006).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.model.spec import quiet_and_serial

Teacher: TypeAlias = Callable[[IntArray], IntArray]
"""Class indices, int64, shape (n_rows,), of input integers, int64, shape (n_rows, n_features)."""

N_TREES = 100
"""Of the random forest and of the extremely randomised trees; and rounds of boosting."""
MOST_LEAVES = 15
"""Of a boosted tree."""
LEAST_LEAF_ROWS = 2
"""Of the trees of both forests."""


def fit_teacher(X_int: IntArray, y: IntArray, input_bits: IntArray, *, seed: int) -> Teacher:
    """Boosted trees, a random forest and extremely randomised trees, which vote with the mean of
    their probabilities.

    Parameters
    ----------
    X_int, y
        Training rows only: input integers, int64, shape (n_rows, n_features), and class indices.
    input_bits
        int64, shape (n_features,).
    seed
        Of all three.
    """
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
        VotingClassifier,
    )

    def fraction(X: IntArray) -> FloatArray:
        scaled: FloatArray = X / np.exp2(input_bits.astype(float))
        return scaled

    forest = {
        "n_estimators": N_TREES, "min_samples_leaf": LEAST_LEAF_ROWS, "random_state": seed,
    }  # fmt: skip
    boosted = HistGradientBoostingClassifier(
        max_iter=N_TREES, max_leaf_nodes=MOST_LEAVES, early_stopping=False, random_state=seed
    )
    voters = VotingClassifier(
        [
            ("boosted", boosted),
            ("forest", RandomForestClassifier(**forest)),
            ("randomised", ExtraTreesClassifier(**forest)),
        ],
        voting="soft",
    )
    with quiet_and_serial():
        voters.fit(fraction(X_int), y)

    def predict(X: IntArray) -> IntArray:
        with quiet_and_serial():
            return frozen(voters.predict(fraction(X)), np.int64)

    return predict
