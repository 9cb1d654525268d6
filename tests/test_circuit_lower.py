"""Bit-level logic equals the word-level circuit; heaps, digits and comparators by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.build import CircuitBuilder
from printml.circuit.from_model import build_circuit
from printml.circuit.heap import signed_digits
from printml.circuit.ir import Circuit, Range, Relu, ShiftClip
from printml.circuit.logic import FALSE, TRUE, Bus, LogicBuilder
from printml.circuit.lower import Word, above_constant, above_word, lower
from tests.models import all_inputs, network, random_network, random_tree


@given(st.integers(-(10**6), 10**6))
def test_signed_digits_add_up_and_no_two_are_neighbours(value: int) -> None:
    digits = signed_digits(value)
    assert sum(sign << exponent for exponent, sign in digits) == value
    exponents = [exponent for exponent, _ in digits]
    assert all(b - a >= 2 for a, b in pairwise(exponents))


def test_seven_is_eight_minus_one() -> None:
    assert signed_digits(7) == [(0, -1), (3, 1)]


def assert_same(circuit: Circuit, n_features: int, bits: int) -> None:
    X = all_inputs(n_features, bits)
    expected, found = circuit.evaluate(X), lower(circuit).evaluate(X)
    assert expected.keys() == found.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("keep_scores", [False, True])
@pytest.mark.parametrize("decision", ["ovo", "argmax", "regression"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_logic_equals_circuit_of_networks(decision: str, keep_scores: bool, seed: int) -> None:
    model = random_network(seed, decision=decision)
    assert_same(build_circuit(model, name="c", keep_scores=keep_scores), model.n_features, 3)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_logic_equals_circuit_of_trees(seed: int) -> None:
    assert_same(build_circuit(random_tree(seed), name="c"), 3, 3)


@given(
    terms=st.lists(st.integers(-70, 70), min_size=1, max_size=3),
    constant=st.integers(-500, 500),
    low=st.integers(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_sums_relu_and_rounding(terms: list[int], constant: int, low: int) -> None:
    builder = CircuitBuilder("c")
    inputs = [builder.input(f"x{k}", 3) for k in range(len(terms))]
    total = builder.sum(zip(terms, inputs, strict=True), constant)
    positive = builder.relu(total)
    builder.output("total", total)
    builder.output("twice", builder.sum([(-3, positive), (5, inputs[0])], low))
    builder.output("class", builder.shift_clip(total, shift=3, low=0, high=5))
    assert_same(builder.build(), len(terms), 3)


@pytest.mark.parametrize("value_range", [(0, 15), (-8, 7), (-3, 12)])
@pytest.mark.parametrize("threshold", [-20, -9, -8, -3, -1, 0, 1, 6, 7, 11, 15, 40])
def test_above_constant(value_range: Range, threshold: int) -> None:
    builder = CircuitBuilder("c")
    x = builder.input("x", 4)
    shifted = builder.sum([(1, x)], value_range[0])
    builder.output("class", builder.above(shifted, threshold))
    assert_same(builder.build(), 1, 4)


@pytest.mark.parametrize(("a_signed", "b_signed"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_above_word_of_every_pair(a_signed: int, b_signed: int) -> None:
    logic = LogicBuilder("c")
    a = Word(tuple(logic.input("a", 3)), bool(a_signed))
    b = Word(tuple(logic.input("b", 2)), bool(b_signed))
    found = logic.build([Bus("out", (above_word(logic, a, b),))])
    X = np.array([(p, q) for p in range(8) for q in range(4)])
    p = np.where((X[:, 0] >= 4) & bool(a_signed), X[:, 0] - 8, X[:, 0])
    q = np.where((X[:, 1] >= 2) & bool(b_signed), X[:, 1] - 4, X[:, 1])
    np.testing.assert_array_equal(found.evaluate(X)["out"], (p > q).astype(int))


def test_comparator_needs_one_gate_per_bit_above_trailing_ones() -> None:
    logic = LogicBuilder("c")
    x = Word(tuple(logic.input("x", 8)))
    built = logic.build([Bus("out", (above_constant(logic, x, 0b10110111),))])
    assert len(built.nodes) == 4


def test_full_adder_folds_constants() -> None:
    logic = LogicBuilder("c")
    a, b = logic.input("a", 2)
    assert logic.full_adder(a, FALSE, FALSE) == (a, FALSE)
    assert logic.full_adder(a, TRUE, FALSE) == (a ^ 1, a)
    assert logic.full_adder(a, a, b) == (b, a)
    assert logic.full_adder(a, a ^ 1, b) == (b ^ 1, b)


def test_a_full_adder_is_nine_nands_and_a_half_adder_shares_one() -> None:
    logic = LogicBuilder("c")
    a, b, c = logic.input("a", 3)
    built = logic.build([Bus("out", logic.full_adder(a, b, c))])
    assert len(built.nodes) == 9
    logic = LogicBuilder("c")
    a, b = logic.input("a", 2)
    assert len(logic.build([Bus("out", logic.full_adder(a, b, FALSE))]).nodes) == 4
    logic = LogicBuilder("c")
    a, b = logic.input("a", 2)
    assert len(logic.build([Bus("out", logic.full_adder(a, b, TRUE))]).nodes) == 3


def test_seven_bits_are_counted_by_four_full_adders() -> None:
    model = network([[[1] * 7]], [[0]], decision="regression", n_classes=8, bits=1)
    built = lower(build_circuit(model, name="c", keep_scores=True))
    assert len(built.nodes) == 4 * 9


def test_relu_and_clip_have_a_repr() -> None:
    assert str(Relu(3)) == "relu %3"
    assert str(ShiftClip(2, 4, 0, 5)) == "clip(%2 >> 4, 0, 5)"
