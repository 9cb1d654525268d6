"""Ensembles of trees on integers: thresholds as for one tree, leaf values on a common scale."""

from __future__ import annotations

from itertools import product

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.model.float_model import ForestModel
from printml.quantize.integer_model import IntegerForest

LEAST_BITS = 3
"""Fewest bits, sign included, that leaf values are rounded to."""
MOST_DOUBLINGS = 14
"""Leaf values may be cut to the median one, to twice of it and so on, or not at all."""


def quantize_forest(
    model: ForestModel,
    *,
    input_bits: IntArray,
    coef_bits: int,
    X_train_int: IntArray,
    y_train: IntArray,
) -> tuple[IntegerForest, FloatArray, int]:
    """The integer model with the narrowest leaf values that lose no training accuracy.

    Votes (values 0 and 1) are kept as they are. Others are rounded to each width up to
    `coef_bits` and the narrowest is taken whose training accuracy is that of the best. Boosting
    gives leaves of rare classes values that are astronomical beside the others, which would all
    round to 0, so the larger ones may be cut: the least cut that is as good wins.

    Returns
    -------
    IntegerForest
        The model.
    FloatArray
        Integer score over float score, float64, shape (n_classes,).
    int
        Widths tried.
    """
    levels = np.exp2(input_bits)[np.maximum(model.feature, 0)]
    threshold = np.clip(np.floor(model.threshold * levels), -1, levels - 1)
    peak = float(np.abs(model.values).max(initial=0.0))
    votes = bool(np.isin(model.values, (0.0, 1.0)).all()) or peak == 0
    widths = [1] if votes else list(range(min(LEAST_BITS, coef_bits), coef_bits + 1))
    typical = float(np.median(np.abs(model.values[model.values != 0]))) if peak else 1.0
    doubled = [typical * 2.0**k for k in range(MOST_DOUBLINGS)]
    caps = [peak, *(cap for cap in reversed(doubled) if cap < peak)]
    candidates = []
    for bits, cap in product(widths, [1.0] if votes else caps):
        scale = 1.0 if votes else ((1 << (bits - 1)) - 1) / cap
        found = IntegerForest(
            family=model.family,
            feature_names=model.feature_names,
            class_labels=model.class_labels,
            input_bits=frozen(input_bits, np.int64),
            roots=model.roots,
            feature=model.feature,
            threshold=frozen(np.where(model.feature >= 0, threshold, 0), np.int64),
            left=model.left,
            right=model.right,
            values=frozen(np.round(np.clip(model.values, -cap, cap) * scale), np.int64),
            intercepts=frozen(np.round(model.intercepts * scale), np.int64),
        )
        accuracy = float(np.mean(found.predict(X_train_int) == y_train))
        candidates.append((accuracy, scale, found))
    most = max(accuracy for accuracy, _, _ in candidates)
    _, scale, found = next(c for c in candidates if c[0] == most)
    return found, frozen(np.full(found.n_classes, scale), np.float64), len(candidates)
