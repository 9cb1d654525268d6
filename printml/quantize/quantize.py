"""Choose integer coefficients for a trained model.

An input integer is `x_int = x * 2**bits` of the scaled reading x, so a float sum
`w . x + c` becomes `scale * (w . x + c)` when each coefficient is `scale * w / 2**bits` and the
intercept `scale * c`, both rounded. Which sums may have a scale of their own follows from the
decision: each pair of a one-vs-one machine and each hidden neuron may (only a sign, or the next
layer's column, depends on it), the sums of an arg-max share one, a regressor's is a power of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.data.quantizer import InputQuantizer
from printml.errors import ModelError
from printml.model.float_model import FloatModel, ForestModel, LinearModel, MlpModel, TreeModel
from printml.quantize.forest import quantize_forest
from printml.quantize.integer_model import IntegerModel, IntegerNetwork
from printml.quantize.ranges import value_ranges
from printml.quantize.tree import quantize_tree

SHARES = (1.0, 0.875, 0.75, 0.625, 0.5)
"""Tried shares of the full coefficient range of a linear model's sums."""

LAYER_SHARES = (1.0, 0.75, 0.5)
"""Tried shares per layer of a network."""

COLUMN_FLOORS = (0.0, 1 / 32, 1 / 8)
"""Tried least sizes of a hidden neuron's column in the output layer, as share of the largest
column: a neuron scaled up fully may be left with an output coefficient of a bit or two."""

MOST_FRACTION_BITS = 24
LARGEST_INTERCEPT_RATIO = 64
"""Over the whole range of its input, a coefficient this much smaller than the intercept does not
set the scale; a nearly constant sum would otherwise get an enormous one."""


@dataclass(frozen=True, eq=False)
class Quantized:
    """An integer model and how it was chosen.

    Attributes
    ----------
    model
        The integer model.
    scales
        Per layer, float64, shape (n_sums,): integer sum over float sum, before rounding. Empty
        for a tree.
    accuracy_train
        Accuracy of `model` on the training rows.
    n_tried
        Number of scale choices compared.
    """

    model: IntegerModel
    scales: tuple[FloatArray, ...]
    accuracy_train: float
    n_tried: int


def quantize(
    float_model: FloatModel,
    *,
    quantizer: InputQuantizer,
    coef_bits: int = 8,
    X_train_int: IntArray,
    y_train: IntArray,
) -> IntegerModel:
    """The integer model of `quantize_with_scales`.

    Examples
    --------
    >>> from printml.data.load import load_dataset
    >>> from printml.data.split import split_rows
    >>> from printml.model.train import train
    >>> dataset = load_dataset("iris")
    >>> split = split_rows(dataset)
    >>> quantizer = InputQuantizer.fit(dataset.X[split.train], bits=4)
    >>> trained = train(dataset, split, family="svm-c", quantizer=quantizer, seed=0)
    >>> X_int = quantizer.transform(dataset.X)
    >>> model = quantize(
    ...     trained.model, quantizer=quantizer,
    ...     X_train_int=X_int[split.train], y_train=dataset.y[split.train],
    ... )
    >>> bool((model.predict(X_int) == dataset.y).mean() > 0.9)
    True
    """
    return quantize_with_scales(
        float_model,
        quantizer=quantizer,
        coef_bits=coef_bits,
        X_train_int=X_train_int,
        y_train=y_train,
    ).model


def quantize_with_scales(
    float_model: FloatModel,
    *,
    quantizer: InputQuantizer,
    coef_bits: int = 8,
    X_train_int: IntArray,
    y_train: IntArray,
) -> Quantized:
    """Round coefficients at several scales and keep the best on the training rows.

    Ties in training accuracy go to the smaller sum of absolute coefficients. Thresholds of a
    tree need no scale: `x > t` on integers is `x_int > floor(t * 2**bits)`.

    Parameters
    ----------
    float_model
        Trained on `quantizer.as_fraction(X_int)`.
    coef_bits
        Bits of a signed coefficient, 2..16: `|w| <= 2**(coef_bits - 1) - 1`. Intercepts are as
        wide as the products need.
    X_train_int, y_train
        Input integers int64 (n_rows, n_features) and class indices int64 (n_rows,) of the
        training rows.

    Raises
    ------
    ModelError
        If the coefficient bits are out of range, too few for a regressor's coefficients, a
        coefficient is not finite, or a sum would not fit 62 bits.
    """
    if not 2 <= coef_bits <= 16:
        raise ModelError(f"{coef_bits} coefficient bits are out of range", hint="Use 2 to 16")
    if isinstance(float_model, TreeModel):
        tree = quantize_tree(float_model, input_bits=quantizer.bits)
        return Quantized(tree, (), float(np.mean(tree.predict(X_train_int) == y_train)), 1)
    if isinstance(float_model, ForestModel):
        _check_finite(float_model.values, float_model.intercepts)
        forest, scale, n_tried = quantize_forest(
            float_model, input_bits=quantizer.bits, coef_bits=coef_bits,
            X_train_int=X_train_int, y_train=y_train,
        )  # fmt: skip
        accuracy = float(np.mean(forest.predict(X_train_int) == y_train))
        return Quantized(forest, (scale,), accuracy, n_tried)
    limit = 2 ** (coef_bits - 1) - 1
    if isinstance(float_model, LinearModel):
        _check_finite(float_model.weights, float_model.intercepts)
        candidates = _linear_candidates(float_model, quantizer.bits, limit)
    else:
        _check_finite(float_model.hidden_weights, float_model.hidden_intercepts)
        _check_finite(float_model.output_weights, float_model.output_intercepts)
        candidates = _mlp_candidates(float_model, quantizer.bits, limit)
    tried = []
    for network, scales in candidates:
        accuracy = float(np.mean(network.predict(X_train_int) == y_train))
        size = sum(int(np.abs(weight).sum()) for weight in network.weights)
        tried.append(((accuracy, -size), network, scales))
    (accuracy, _), network, scales = max(tried, key=lambda entry: entry[0])
    value_ranges(network)  # refuses sums beyond 62 bits
    return Quantized(network, scales, accuracy, len(tried))


Candidate = tuple[IntegerNetwork, tuple[FloatArray, ...]]


def _linear_candidates(model: LinearModel, bits: IntArray, limit: int) -> Iterator[Candidate]:
    weights = model.weights / np.exp2(bits)  # coefficient per step of the input integer
    if model.decision == "regression":
        for fraction_bits in _fraction_bits(weights, limit):
            scale = np.array([2.0**fraction_bits])
            yield _network(model, bits, [weights], [model.intercepts], [scale], fraction_bits)
        return
    peaks = _peaks(weights, model.intercepts, highest_input=_highest(bits))
    if model.decision == "argmax":
        peaks = np.full(len(peaks), peaks.max())
    peaks = _or_one(peaks)
    for share in SHARES:
        yield _network(model, bits, [weights], [model.intercepts], [share * limit / peaks], 0)


def _mlp_candidates(model: MlpModel, bits: IntArray, limit: int) -> Iterator[Candidate]:
    hidden = model.hidden_weights / np.exp2(bits)
    hidden_peaks = _or_one(_peaks(hidden, model.hidden_intercepts, highest_input=_highest(bits)))
    intercepts = [model.hidden_intercepts, model.output_intercepts]
    n_sums = len(model.output_weights)
    for hidden_share, floor in product(LAYER_SHARES, COLUMN_FLOORS):
        hidden_scales = _with_column_floor(
            hidden_share * limit / hidden_peaks, model.output_weights, floor
        )
        output = model.output_weights / hidden_scales
        if model.decision == "regression":
            for fraction_bits in _fraction_bits(output, limit):
                scales = [hidden_scales, np.array([2.0**fraction_bits])]
                yield _network(model, bits, [hidden, output], intercepts, scales, fraction_bits)
            continue
        highest_sum = limit * _highest(bits)
        peaks = _peaks(output, model.output_intercepts, highest_input=highest_sum)
        peak = _or_one(peaks.max())
        for share in LAYER_SHARES:
            scales = [hidden_scales, np.full(n_sums, share * limit / peak)]
            yield _network(model, bits, [hidden, output], intercepts, scales, 0)


def _highest(bits: IntArray) -> int:
    return int(2 ** bits.max())


def _peaks(weights: FloatArray, intercepts: FloatArray, *, highest_input: int) -> FloatArray:
    """Largest coefficient of each sum, never so small that the intercept would explode."""
    largest = np.abs(weights).max(axis=1)
    least = np.abs(intercepts) / (LARGEST_INTERCEPT_RATIO * highest_input)
    return np.maximum(largest, least)


def _with_column_floor(
    hidden_scales: FloatArray, output_weights: FloatArray, floor: float
) -> FloatArray:
    """Smaller scales for neurons whose output column would be below `floor` times the largest."""
    columns = np.abs(output_weights).max(axis=0) / hidden_scales
    lifted = np.maximum(columns, floor * columns.max())
    return np.where(columns > 0, hidden_scales * columns / _or_one(lifted), hidden_scales)


def _or_one(peaks: FloatArray) -> FloatArray:
    """Sums without any coefficient may have any scale."""
    return np.where(peaks > 0, peaks, 1.0)


def _fraction_bits(weights: FloatArray, limit: int) -> list[int]:
    """The largest power of two that keeps every coefficient within the limit, and two below."""
    peak = float(np.abs(weights).max())
    most = MOST_FRACTION_BITS if peak == 0 else int(np.floor(np.log2(limit / peak)))
    if most < 0:
        raise ModelError(
            f"a coefficient of {peak:.3g} does not fit a signed integer of at most {limit}",
            hint="Use more coefficient bits (--coef-bits)",
        )
    most = min(most, MOST_FRACTION_BITS)
    return list(range(most, max(most - 3, -1), -1))


def _network(
    model: LinearModel | MlpModel,
    bits: IntArray,
    weights: list[FloatArray],
    intercepts: list[FloatArray],
    scales: list[FloatArray],
    fraction_bits: int,
) -> Candidate:
    integer_weights, integer_intercepts = [], []
    for weight, intercept, scale in zip(weights, intercepts, scales, strict=True):
        rounded = np.round(weight * scale[:, None])
        constant = np.round(intercept * scale)
        if model.decision == "ovo":
            # A constant vote needs a sign only; keep its number small.
            constant = np.where((rounded == 0).all(axis=1), intercept > 0, constant)
        integer_weights.append(frozen(rounded, np.int64))
        integer_intercepts.append(frozen(constant, np.int64))
    network = IntegerNetwork(
        family=model.family,
        feature_names=model.feature_names,
        class_labels=model.class_labels,
        input_bits=frozen(bits, np.int64),
        weights=tuple(integer_weights),
        intercepts=tuple(integer_intercepts),
        decision=model.decision,
        fraction_bits=fraction_bits,
    )
    return network, tuple(frozen(scale, np.float64) for scale in scales)


def _check_finite(*arrays: FloatArray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise ModelError("a coefficient is not finite", hint="Train the model again")
