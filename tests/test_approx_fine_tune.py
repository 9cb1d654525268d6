"""Training towards few digits: the rounding by brute force, the training by what it must reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.approx.coefficient_search import search_coefficients
from printml.approx.fine_tune import _digit_counts, _round, fine_tuned
from printml.arrays import frozen
from printml.quantize.integer_model import IntegerNetwork
from tests.tiny_library import tiny_library


def digit_count(value: int) -> int:
    """Signed digits by the textbook: each run of ones is two digits."""
    count = 0
    while value:
        if value & 1:
            value -= 2 - (value & 3)
            count += 1
        value >>= 1
    return count


@settings(deadline=None)
@given(st.lists(st.floats(-31.0, 31.0), min_size=1, max_size=8), st.floats(0.0, 60.0))
def test_rounding_is_the_cheapest_integer(values: list[float], price: float) -> None:
    latent = np.array([values])
    rounded = np.empty_like(latent)
    _round(latent, price, _digit_counts(31), rounded)
    for value, found in zip(values, rounded[0], strict=True):
        costs = [(value - v) ** 2 + price * digit_count(v) for v in range(-31, 32)]
        assert (value - found) ** 2 + price * digit_count(int(found)) == pytest.approx(min(costs))


def toy() -> tuple[IntegerNetwork, np.ndarray, np.ndarray]:
    """Which of two inputs is larger, asked of a network that has not learned it."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 16, (2_000, 2))
    X = X[X[:, 0] != X[:, 1]]
    y = (X[:, 1] > X[:, 0]).astype(np.int64)
    model = IntegerNetwork(
        family="mlp-c",
        feature_names=("a", "b"),
        class_labels=("0", "1"),
        input_bits=frozen([4, 4], np.int64),
        weights=(
            frozen([[53, -11], [-27, 39]], np.int64),
            frozen([[45, -23], [-39, 57]], np.int64),
        ),
        intercepts=(frozen([9, -30], np.int64), frozen([21, 100], np.int64)),
        decision="argmax",
    )
    return model, X, y


def test_training_mends_the_network_while_digits_go() -> None:
    model, X, y = toy()
    found = fine_tuned(model, X, y, seed=0, epochs=40)
    right = [float(np.mean(network.predict(X) == y)) for network in found]
    before = float(np.mean(model.predict(X) == y))
    assert before < 0.9
    assert min(right) > 0.97

    def digits(network: IntegerNetwork) -> int:
        return sum(digit_count(int(v)) for w in network.weights for v in w.ravel())

    counts = [digits(network) for network in found]
    assert counts[-1] < counts[0] < digits(model)
    assert all(np.abs(w).max() <= 63 for network in found for w in network.weights)


def test_same_seed_same_networks() -> None:
    model, X, y = toy()
    first, again = (fine_tuned(model, X, y, seed=3, epochs=3) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        for a, b in zip(
            (*one.weights, *one.intercepts), (*other.weights, *other.intercepts), strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_large_tables_start_from_trained_networks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The front loses what it says against the model given, and reaches what descent does not."""
    model, X, y = toy()
    library = tiny_library()
    alone = search_coefficients(model, X, y, library, seed=0)
    monkeypatch.setattr("printml.approx.coefficient_search.FINE_TUNED_ROWS", 1_000)
    both = search_coefficients(model, X, y, library, seed=0)
    exact = np.mean(model.predict(X) == y)
    for loss, candidate in zip(both.loss, both.candidates, strict=True):
        assert exact - np.mean(candidate.predict(X) == y) == pytest.approx(loss)
    assert both.loss.min() < alone.loss.min()
    # A row that must stay right does, whatever training would have done.
    kept = search_coefficients(replace(model), X, y, library, seed=0, keep_right=True)
    right = model.predict(X) == y
    assert all((c.predict(X)[right] == y[right]).all() for c in kept.candidates)
