"""Folds of the training rows: what rows that are there twice weigh."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.flow.folds import held_weights


def test_repeated_rows_weigh_what_the_whole_will_meet() -> None:
    """Ten rows, six of them in pairs: each new row meets a known one in 6 of 10 cases. The fold
    left out four rows and met one of them: it counts as 0.6 of them, the three others as 0.4."""
    X_int = np.array([[0], [0], [1], [1], [2], [2], [3], [4], [5], [6]])
    found = held_weights(X_int, np.array([0, 2, 3, 4, 5, 6]), np.array([1, 7, 8, 9]))
    np.testing.assert_allclose(found, 4 * np.array([0.6, 0.4 / 3, 0.4 / 3, 0.4 / 3]))


def test_where_nothing_is_repeated_all_rows_weigh_the_same() -> None:
    X_int = np.arange(60)[:, None]
    assert (held_weights(X_int, np.arange(30), np.arange(30, 60)) == 1.0).all()
    # One pair in sixty rows is no reason either, nor a fold that meets nothing or nothing else.
    X_int[31] = X_int[0]
    assert (held_weights(X_int, np.arange(30), np.arange(30, 60)) == 1.0).all()
    pairs = np.repeat(np.arange(20), 2)[:, None]
    assert (held_weights(pairs, np.arange(0, 20), np.arange(20, 40)) == 1.0).all()
    assert (held_weights(pairs, np.arange(0, 40, 2), np.arange(1, 40, 2)) == 1.0).all()


@settings(deadline=None)
@given(st.integers(0, 2**16), st.integers(2, 30))
def test_weights_have_mean_1_and_two_values(seed: int, n_kinds: int) -> None:
    rng = np.random.default_rng(seed)
    X_int = rng.integers(0, n_kinds, (60, 1))
    search, held = np.arange(40), np.arange(40, 60)
    found = held_weights(X_int, search, held)
    assert found.shape == (20,)
    assert np.isclose(found.mean(), 1.0)
    repeats = np.isin(X_int[held, 0], X_int[search, 0])
    assert len(np.unique(found[repeats])) <= 1
    assert len(np.unique(found[~repeats])) <= 1
