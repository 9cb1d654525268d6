"""Coefficients of few digits by training: what a coefficient costs is in the loop.

Latent real coefficients are trained by Adam (Kingma and Ba, ICLR 2015); every pass sees them
rounded to integers that are near and have few signed digits, and hands its gradient straight
through the rounding (Bengio, Leonard and Courville, arXiv:1308.3432). Each price of a digit starts
from where the one before it ended. One compiled loop, so that results do not depend on threads.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.circuit.eliminate import digits_of
from printml.compiled import compiled
from printml.quantize.integer_model import IntegerNetwork

DIGIT_PRICES = (5.0, 10.0, 20.0, 28.0, 36.0)
"""What a signed digit costs, in squared steps of the coefficient it would move."""
EPOCHS = 300
BATCH_ROWS = 128
FIRST_RATE, LAST_RATE = 0.5, 0.002
"""Steps of a coefficient per batch, falling as a cosine over the epochs of a price."""
INTERCEPT_RATE = 0.02
"""The same for intercepts, as share of their mean size."""
SHARPNESS = 8.0
"""Softmax sees sums in units of their standard deviation over this."""
MOMENTUM, VARIANCE = 0.9, 0.99


def fine_tuned(
    model: IntegerNetwork,
    X_int: IntArray,
    y: IntArray,
    *,
    seed: int,
    epochs: int = EPOCHS,
) -> tuple[IntegerNetwork, ...]:
    """A network of two layers and an arg-max, trained on with ever dearer digits.

    Parameters
    ----------
    X_int, y
        Training rows, int64, shapes (n_rows, n_features) and (n_rows,).

    Returns
    -------
    tuple
        One network for each of `DIGIT_PRICES`; coefficients keep the width of the model's.
    """
    rng = np.random.default_rng(seed)
    X = np.ascontiguousarray(X_int, float)
    latent = [array.astype(float) for array in (*model.weights, *model.intercepts)]
    w1, w2, c1, c2 = latent
    hidden = np.maximum(X @ w1.T + c1, 0.0)
    temperature = max(float((hidden @ w2.T + c2).std()), 1.0) / SHARPNESS
    largest = max(int(np.abs(w).max(initial=1)) for w in model.weights)
    largest = (1 << largest.bit_length()) - 1
    digits = _digit_counts(largest)
    moments = [np.zeros_like(array) for array in latent]
    variances = [np.zeros_like(array) for array in latent]
    rates = np.array(
        [1.0, 1.0, *(INTERCEPT_RATE * (1.0 + float(np.abs(c).mean())) for c in (c1, c2))]
    )
    found = []
    for price in DIGIT_PRICES:
        for epoch in range(epochs):
            rate = FIRST_RATE * 0.5 * (1.0 + np.cos(np.pi * epoch / epochs)) + LAST_RATE
            _train(
                rng.permutation(len(y)), X, y, rate * rates, price, digits, temperature,
                w1, w2, c1, c2, *moments, *variances,
            )  # fmt: skip
        q1, q2 = np.empty_like(w1), np.empty_like(w2)
        _round(w1, price, digits, q1)
        _round(w2, price, digits, q2)
        found.append(
            replace(
                model,
                weights=(frozen(q1, np.int64), frozen(q2, np.int64)),
                intercepts=(frozen(np.rint(c1), np.int64), frozen(np.rint(c2), np.int64)),
            )
        )
    return tuple(found)


def _digit_counts(largest: int) -> IntArray:
    """Signed digits of 0 .. `largest`, int64."""
    exponents, signs = np.zeros(80, np.int64), np.zeros(80, np.int64)
    counts = [digits_of(value, exponents, signs) for value in range(largest + 1)]
    return np.array(counts, np.int64)


@compiled
def _round(latent: FloatArray, price: float, digits: IntArray, rounded: FloatArray) -> None:
    """The integer of least squared distance plus price per digit; |latent| < digits.size."""
    largest = digits.shape[0] - 1
    for row in range(latent.shape[0]):
        for column in range(latent.shape[1]):
            size = abs(latent[row, column])
            nearest = int(np.rint(size))
            best, least = nearest, (size - nearest) ** 2 + price * digits[nearest]
            for sign in (-1, 1):
                value = nearest + sign
                while 0 <= value <= largest and (size - value) ** 2 < least:
                    cost = (size - value) ** 2 + price * digits[value]
                    if cost < least:
                        best, least = value, cost
                    value += sign
            rounded[row, column] = best if latent[row, column] >= 0 else -best


@compiled
def _train(
    order: IntArray, X: FloatArray, y: IntArray, rates: FloatArray, price: float,
    digits: IntArray, temperature: float,
    w1: FloatArray, w2: FloatArray, c1: FloatArray, c2: FloatArray,
    mean_w1: FloatArray, mean_w2: FloatArray, mean_c1: FloatArray, mean_c2: FloatArray,
    square_w1: FloatArray, square_w2: FloatArray, square_c1: FloatArray, square_c2: FloatArray,
) -> None:  # fmt: skip
    """One epoch in place: cross-entropy of the rounded network, gradient to the latent one."""
    n_hidden, n_in = w1.shape
    n_out = w2.shape[0]
    q1, q2 = np.empty_like(w1), np.empty_like(w2)
    g1, g2 = np.empty_like(w1), np.empty_like(w2)
    h1, h2 = np.empty_like(c1), np.empty_like(c2)
    hidden, sums, back = np.empty(n_hidden), np.empty(n_out), np.empty(n_hidden)
    limit = digits.shape[0] - 1.0
    for begin in range(0, order.shape[0], BATCH_ROWS):
        end = min(begin + BATCH_ROWS, order.shape[0])
        _round(w1, price, digits, q1)
        _round(w2, price, digits, q2)
        g1[:], g2[:], h1[:], h2[:] = 0.0, 0.0, 0.0, 0.0
        for k in range(begin, end):
            row = X[order[k]]
            for j in range(n_hidden):
                total = np.rint(c1[j])
                for i in range(n_in):
                    total += q1[j, i] * row[i]
                hidden[j] = max(total, 0.0)
            top = -np.inf
            for c in range(n_out):
                total = np.rint(c2[c])
                for j in range(n_hidden):
                    total += q2[c, j] * hidden[j]
                sums[c] = total
                top = max(top, total)
            norm = 0.0
            for c in range(n_out):
                sums[c] = np.exp((sums[c] - top) / temperature)
                norm += sums[c]
            back[:] = 0.0
            for c in range(n_out):
                error = (sums[c] / norm - (1.0 if c == y[order[k]] else 0.0)) / (end - begin)
                h2[c] += error
                for j in range(n_hidden):
                    g2[c, j] += error * hidden[j]
                    back[j] += error * q2[c, j]
            for j in range(n_hidden):
                if hidden[j] > 0.0:
                    h1[j] += back[j]
                    for i in range(n_in):
                        g1[j, i] += back[j] * row[i]
        _step(w1.reshape(-1), g1.reshape(-1), mean_w1.reshape(-1), square_w1.reshape(-1), rates[0])
        _step(w2.reshape(-1), g2.reshape(-1), mean_w2.reshape(-1), square_w2.reshape(-1), rates[1])
        _step(c1, h1, mean_c1, square_c1, rates[2])
        _step(c2, h2, mean_c2, square_c2, rates[3])
        np.clip(w1, -limit, limit, w1)
        np.clip(w2, -limit, limit, w2)


@compiled
def _step(
    values: FloatArray, gradient: FloatArray, mean: FloatArray, square: FloatArray, rate: float
) -> None:
    """Adam without the correction of its first steps; scale-free, so the loss's unit is none."""
    for k in range(values.shape[0]):
        mean[k] += (1.0 - MOMENTUM) * (gradient[k] - mean[k])
        square[k] += (1.0 - VARIANCE) * (gradient[k] ** 2 - square[k])
        if square[k] > 0.0:
            values[k] -= rate * mean[k] / np.sqrt(square[k])
