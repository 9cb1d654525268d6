"""Exact value ranges of every sum of an integer network."""

from __future__ import annotations

import numpy as np

from printml.arrays import IntArray, frozen
from printml.errors import ModelError
from printml.quantize.integer_model import IntegerNetwork

Ranges = tuple[tuple[IntArray, IntArray], ...]

LARGEST_SUM = 2**62


def value_ranges(model: IntegerNetwork) -> Ranges:
    """Lowest and highest value of every sum, layer by layer, before ReLU.

    Interval arithmetic: reached exactly in the first layer, where every input moves on its own;
    a safe bound in the second, whose inputs are the ReLU'd intervals of the first.

    Returns
    -------
    tuple
        Per layer (low, high), both int64, shape (n_sums,), inclusive.

    Raises
    ------
    ModelError
        If a sum could leave 63 bits.
    """
    # Python integers: products of layer 2 may pass 64 bits before they are refused.
    low = np.zeros(model.n_features, dtype=object)
    high = np.array([2 ** int(bits) - 1 for bits in model.input_bits], dtype=object)
    layers: list[tuple[IntArray, IntArray]] = []
    for weight, intercept in zip(model.weights, model.intercepts, strict=True):
        if layers:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        rising = np.maximum(weight, 0).astype(object)
        falling = np.minimum(weight, 0).astype(object)
        constant = intercept.astype(object)
        low, high = (
            rising @ low + falling @ high + constant,
            rising @ high + falling @ low + constant,
        )
        largest = max(abs(int(value)) for value in (*low, *high))
        if largest >= LARGEST_SUM:
            raise ModelError(
                f"a sum of layer {len(layers) + 1} could reach {largest}, beyond 62 bits",
                hint="Use smaller coefficients",
            )
        layers.append((frozen(low, np.int64), frozen(high, np.int64)))
    return tuple(layers)
