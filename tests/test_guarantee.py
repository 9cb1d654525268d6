"""Guarantees against brute force and known figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.arrays import frozen
from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.guarantee.boundary import nearest_boundaries
from printml.guarantee.paired import paired_loss
from printml.guarantee.space import space_difference
from printml.guarantee.sums import sum_changes
from printml.intervals import wilson
from printml.synth.direct import map_logics
from tests.models import all_inputs, network, random_network
from tests.tiny_library import tiny_library


def test_paired_loss_of_a_published_table() -> None:
    """Newcombe 1998, table II row 1: a, b, c, d = 36, 12, 2, 0 gives 0.2 [0.0569, 0.3404]."""
    y = np.ones(50, np.int64)
    exact = np.array([1] * 48 + [0] * 2)
    approximate = np.array([1] * 36 + [0] * 12 + [1] * 2)
    found = paired_loss(exact, approximate, y)
    assert (found.only_exact, found.only_approximate) == (12, 2)
    assert found.loss == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=2e-4)
    # McNemar, exact: 2 * P(at most 2 of 14 heads).
    assert found.p_value == pytest.approx(2 * (1 + 14 + 91) / 2**14)


def test_paired_loss_without_a_difference() -> None:
    y = np.arange(10)
    found = paired_loss(y, y, y)
    assert (found.loss, found.p_value) == (0.0, 1.0)
    assert found.low < 0 < found.high


def test_wilson_by_hand() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998a, table I


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_the_largest_change_of_each_sum_is_that_of_brute_force(seed: int) -> None:
    exact = random_network(seed, decision="argmax")
    rng = np.random.default_rng(seed)
    approximate = replace(
        exact,
        weights=tuple(frozen(w + rng.integers(-2, 3, w.shape), np.int64) for w in exact.weights),
        intercepts=tuple(
            frozen(c + rng.integers(-5, 6, c.shape), np.int64) for c in exact.intercepts
        ),
    )
    X = all_inputs(exact.n_features, int(exact.input_bits[0]))
    wanted = np.abs(approximate.scores(X) - exact.scores(X)).max(axis=0)
    found = sum_changes(exact, approximate)
    assert [change.bound for change in found] == wanted.tolist()
    assert all(change.proved for change in found)
    # Without time to split, the bound still holds and the gap is told.
    for change, largest in zip(sum_changes(exact, approximate, most_boxes=1), wanted, strict=True):
        assert change.reached <= largest <= change.bound


def test_the_input_space_is_counted_where_it_is_small() -> None:
    library = tiny_library()
    exact = network([[[1, 1]]], [[-6]], decision="ovo", n_classes=2, bits=3)
    other = replace(exact, intercepts=(frozen([-7], np.int64),))
    netlist = map_logics([lower(build_circuit(other, name="top"))], library, timeout_s=60)[0]
    found = space_difference(exact, netlist, library)
    # x + y > 6 against x + y > 7: they differ where x + y is 7, on 8 of 64 vectors.
    assert (found.how, found.n_vectors, found.n_different) == ("counted", 64, 8)
    assert (found.low, found.high) == (0.125, 0.125)


def test_a_large_input_space_is_sampled_with_its_interval() -> None:
    library = tiny_library()
    exact = network([[[1] * 7]], [[-28]], decision="ovo", n_classes=2)
    netlist = map_logics([lower(build_circuit(exact, name="top"))], library, timeout_s=60)[0]
    found = space_difference(exact, netlist, library)
    assert (found.how, found.n_different, found.low) == ("sampled", 0, 0.0)
    assert 0 < found.high < 1e-5


def test_the_nearest_boundary_by_hand() -> None:
    library = tiny_library()
    model = network([[[1, 1]]], [[-6]], decision="ovo", n_classes=2, bits=3)
    netlist = map_logics([lower(build_circuit(model, name="top"))], library, timeout_s=60)[0]
    X = np.array([[0, 0], [2, 3], [7, 7]])
    found = nearest_boundaries(netlist, library, X, model.input_bits)
    # Class 0 is x + y > 6; (2, 3) lacks two steps, (7, 7) needs eight and has seven.
    assert [(n.before, n.after, n.row, n.steps) for n in found] == [(1, 0, 1, 2)]
    assert found[0].share == 0.25
