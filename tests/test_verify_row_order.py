"""The order in which benches drive rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from printml.arrays import IntArray
from printml.verify import row_order
from printml.verify.row_order import gentle_order


def changes(X_int: IntArray) -> int:
    return int(np.bitwise_count((X_int[1:] ^ X_int[:-1]).astype(np.uint64)).sum())


def test_each_row_is_followed_by_the_nearest_one_left() -> None:
    X = np.array([[0, 0], [7, 7], [1, 0], [7, 3], [1, 2]])
    # One bit each to [1, 0], [1, 2]; then three to [7, 3] and one to [7, 7].
    assert gentle_order(X).tolist() == [0, 2, 4, 3, 1]
    assert changes(X) == 6 + 5 + 4 + 3
    assert changes(X[gentle_order(X)]) == 1 + 1 + 3 + 1


@given(
    X=arrays(
        np.int64, st.tuples(st.integers(0, 30), st.integers(1, 20)), elements=st.integers(0, 300)
    ),
    most=st.integers(1, 40),
)
def test_every_row_is_driven_once(X: IntArray, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_order, "MOST_TOGETHER", most)
        order = gentle_order(X)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(len(X)))


def test_rows_of_many_features_too() -> None:
    X = np.random.default_rng(0).integers(0, 16, (200, 40))
    assert changes(X[gentle_order(X)]) < 0.95 * changes(X)
