"""The ensemble that labels rows nobody has measured."""

from __future__ import annotations

import numpy as np

from printml.model.teacher import fit_teacher


def ring(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Readings of two sensors, 4 bits each, inside or outside of a ring, one label in ten wrong."""
    rng = np.random.default_rng(seed)
    X_int = rng.integers(0, 16, (n_rows, 2))
    y = (np.hypot(*(X_int - 7.5).T) < 5).astype(np.int64)
    return X_int, np.where(rng.random(n_rows) < 0.1, 1 - y, y)


BITS = np.array([4, 4])


def test_it_says_of_rows_it_never_saw_what_they_are() -> None:
    X_int, y = ring(800, seed=1)
    teacher = fit_teacher(X_int, y, BITS, seed=0)
    every = np.stack(np.meshgrid(np.arange(16), np.arange(16)), axis=-1).reshape(-1, 2)
    truth = np.hypot(*(every - 7.5).T) < 5
    found = teacher(every)
    assert found.dtype == np.int64
    assert found.shape == (256,)
    # A tenth of the labels that it saw is wrong.
    assert np.mean(found == truth) > 0.95


def test_the_same_rows_and_seed_make_the_same_teacher() -> None:
    X_int, y = ring(300, seed=2)
    unseen, _ = ring(500, seed=3)
    first, again = (fit_teacher(X_int, y, BITS, seed=5)(unseen) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_it_knows_only_the_classes_that_it_saw() -> None:
    X_int, y = ring(300, seed=2)
    teacher = fit_teacher(X_int, np.where(y == 1, 7, 3), BITS, seed=0)
    assert set(teacher(X_int)) == {3, 7}
