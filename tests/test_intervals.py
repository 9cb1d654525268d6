"""Intervals of a share, and the share that is surely enough."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printml.explore.search import with_margins
from printml.intervals import clopper_pearson, surely_at_least


def test_three_rows_by_hand() -> None:
    # All of three right: the interval begins where three in a row have a chance of 2.5 %.
    assert clopper_pearson(3, 3) == (pytest.approx(0.025 ** (1 / 3)), 1.0)
    assert clopper_pearson(0, 3) == (0.0, pytest.approx(1 - 0.025 ** (1 / 3)))
    assert surely_at_least(0.29, 3) == 1.0
    assert surely_at_least(0.09, 3) == pytest.approx(2 / 3)
    # Not even three of three are surely a third.
    assert surely_at_least(1 / 3, 3) == 1.0


@given(share=st.floats(0.0, 1.0), n_rows=st.integers(1, 400))
def test_one_row_fewer_is_not_surely_enough(share: float, n_rows: int) -> None:
    found = surely_at_least(share, n_rows)
    right = round(found * n_rows)
    assert found == pytest.approx(Fraction(right, n_rows))
    assert right == n_rows or clopper_pearson(right, n_rows)[0] >= share
    assert right == 0 or clopper_pearson(right - 1, n_rows)[0] < share


def test_margins_count_the_fewest_rows() -> None:
    assert with_margins([0.5], [100, 400]) == [0.5, 0.61]
    assert with_margins([0.5, 0.61], [100]) == pytest.approx([0.5, 0.61, 0.71])
