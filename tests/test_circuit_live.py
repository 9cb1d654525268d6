"""Dead sums and classes: small cases by hand, and against every input of tiny networks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.live import live_rows, sum_ranges, winners
from printml.quantize.integer_model import IntegerNetwork
from tests.models import random_network


def can_win(rows: list[list[int]], constants: list[int], highest: int) -> list[bool]:
    weight = np.array(rows, np.int64)
    high = np.full(weight.shape[1], highest, np.int64)
    return winners(weight, np.array(constants, np.int64), np.zeros_like(high), high).tolist()


def test_ranges_overlap_but_the_difference_decides() -> None:
    # x and x + 1 have ranges that overlap, and the second is always above.
    assert can_win([[1], [1]], [0, 1], 15) == [False, True]


def test_two_rows_together_beat_a_third() -> None:
    # 7 is above x and above 15 - x at some x each, but never above both.
    assert can_win([[1], [-1], [0]], [0, 15, 7], 15) == [True, True, False]
    # In real numbers 8 is above both at 7.5, which is enough to keep the class.
    assert can_win([[1], [-1], [0]], [0, 15, 9], 15) == [True, True, True]


def test_ties_go_to_the_first() -> None:
    assert can_win([[1], [1]], [0, 0], 15) == [True, False]
    assert can_win([[0]], [0], 15) == [True]


def test_huge_scores_are_left_alone() -> None:
    assert can_win([[1 << 52], [0]], [1, 0], 1) == [True, True]


def liveness(model: IntegerNetwork):  # type: ignore[no-untyped-def]
    constants = (*model.intercepts[:-1], model.intercepts[-1] + model.rounding_constant)
    return live_rows(
        model.weights, constants, model.input_bits, model.decision, model.n_classes,
        shift=model.fraction_bits,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["argmax", "ovo", "regression"]))
def test_every_answer_is_among_the_classes(seed: int, decision: str) -> None:
    model = random_network(seed, decision=decision, bits=2)
    X = np.array(
        list(itertools.product(*(range(1 << int(b)) for b in model.input_bits[:6]))), np.int64
    )
    X = np.pad(X, ((0, 0), (0, len(model.input_bits) - X.shape[1])))
    assert set(np.unique(model.predict(X))) <= set(liveness(model).classes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_a_class_without_a_win_on_a_fine_grid_is_found_dead(seed: int) -> None:
    """Completeness in one dimension: classes that lose by a clear margin everywhere go."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-20, 21, (5, 1)).astype(np.int64)
    constant = rng.integers(-200, 201, 5).astype(np.int64)
    alive = winners(weight, constant, np.array([0]), np.array([15]))
    scores = weight * np.linspace(0, 15, 3001) + constant[:, None]
    behind = (scores.max(axis=0) - scores).min(axis=1)
    assert not alive[behind > 5].any()
    assert alive[np.argmax(weight * np.arange(16) + constant[:, None], axis=0)].all()


def test_sum_ranges_are_the_ends() -> None:
    low, high = sum_ranges(
        np.array([[2, -3]], np.int64),
        np.array([1], np.int64),
        np.array([0, 1], np.int64),
        np.array([5, 2], np.int64),
    )
    assert (low.tolist(), high.tolist()) == ([-5], [8])


@pytest.mark.parametrize("seed", range(5))
def test_sums_that_count_as_dead_change_no_answer(seed: int) -> None:
    model = random_network(seed, decision="argmax")
    live = liveness(model)
    X = np.random.default_rng(seed).integers(0, 1 << model.input_bits, (300, len(model.input_bits)))
    words = X
    for layer, (weight, constant) in enumerate(zip(model.weights, model.intercepts, strict=True)):
        words = words @ weight.T + constant
        if layer < len(model.weights) - 1:
            words = np.where(live.rows[layer], np.maximum(words, 0), live.fixed[layer])
    answer = np.array(live.classes)[np.argmax(words[:, list(live.classes)], axis=1)]
    assert (answer == model.predict(X)).all()
