"""Output rows of a classifier that was trained on fewer classes, or on two with one sum."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray


def one_row_per_class(
    weights: FloatArray,
    intercepts: FloatArray,
    *,
    present: IntArray,
    n_classes: int,
    highest_inputs: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Spread a library's output rows over all classes, for arg-max.

    A single sum that decides between two classes becomes the sum of the second one; the first
    gets the constant 0. A class absent from the training rows gets a constant below what the
    others reach, so it never wins.

    Parameters
    ----------
    weights, intercepts
        float64, shapes (n_rows, n_inputs) and (n_rows,); one row, or one per present class.
    present
        Class indices seen in training, ascending, int64; at least two.
    highest_inputs
        Upper end of each input, float64, shape (n_inputs,); the lower end is 0.

    Returns
    -------
    tuple
        weights (n_classes, n_inputs) and intercepts (n_classes,).
    """
    if len(present) == 2 and len(weights) == 1:
        weights = np.concatenate([np.zeros_like(weights), weights])
        intercepts = np.concatenate([[0.0], intercepts])
    lows = intercepts + np.minimum(weights, 0.0) @ highest_inputs
    highs = intercepts + np.maximum(weights, 0.0) @ highest_inputs
    # The margin keeps the class out of reach after the coefficients have been rounded.
    never = lows.max() - 1.0 - 0.1 * (highs.max() - lows.max())
    all_weights = np.zeros((n_classes, weights.shape[1]))
    all_intercepts = np.full(n_classes, never)
    all_weights[present] = weights
    all_intercepts[present] = intercepts
    return all_weights, all_intercepts
