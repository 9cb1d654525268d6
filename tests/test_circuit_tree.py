"""Decision trees: the operation, comparisons with don't-cares, and equality on all inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.from_model import build_circuit
from printml.circuit.ir import DecisionTree
from printml.circuit.logic import FALSE, TRUE, Bus, LogicBuilder
from printml.circuit.lower import lower
from printml.circuit.tree import (
    MOST_BITS,
    Comparison,
    above_truth,
    bit_truth,
    build_comparisons,
    choose,
    plain_above,
    plan_comparisons,
    reached_comparisons,
)
from printml.circuit.verilog import behavioural_verilog
from tests.models import all_inputs, random_tree

THREE_LEVELS = DecisionTree(
    inputs=(0, 1),
    feature=(0, -1, 0, 1, -1, -1, -1),
    threshold=(3, 0, 5, 2, 0, 0, 0),
    left=(1, 0, 3, 4, 0, 0, 0),
    right=(2, 0, 6, 5, 0, 0, 0),
    leaf_class=(-1, 2, -1, -1, 0, 1, 0),
)
"""x > 3 ? (x > 5 ? 0 : (y > 2 ? 1 : 0)) : 2."""


def table(values: np.ndarray) -> int:
    return sum(int(bit) << k for k, bit in enumerate(values))


def test_evaluate_follows_the_branches() -> None:
    x = np.array([0, 3, 4, 5, 6, 4, 5])
    y = np.array([7, 7, 2, 3, 7, 3, 0])
    assert THREE_LEVELS.evaluate([x, y]).tolist() == [2, 2, 0, 1, 0, 1, 0]
    assert THREE_LEVELS.value_range([(0, 7), (0, 7)]) == (0, 2)
    assert str(THREE_LEVELS) == "tree %0 %1: 3 comparisons, 4 leaves"


def test_comparisons_are_needed_only_where_their_nodes_are_reached() -> None:
    x, y = reached_comparisons(THREE_LEVELS, [3, 3])
    assert x == [Comparison(3, 0b11111111), Comparison(5, 0b11110000)]
    assert y == [Comparison(2, 0b11111111)]


@pytest.mark.parametrize("n_bits", [1, 3, 5])
def test_truth_tables(n_bits: int) -> None:
    x = np.arange(1 << n_bits)
    for bit in range(n_bits):
        assert bit_truth(bit, n_bits) == table(x >> bit & 1)
    for threshold in range(-2, (1 << n_bits) + 2):
        assert above_truth(threshold, n_bits) == table(x > threshold)


def test_a_comparison_on_half_the_range_looks_at_fewer_bits() -> None:
    # x > 5 needs three bits; where x > 3 is known, the top bit is known too.
    assert len(plan_comparisons([Comparison(5, 0xFF)], 3).links) == 1
    assert plan_comparisons([Comparison(5, 0xF0)], 3).answers[5] == bit_truth(1, 3)
    # x > 4 is x2 and (x1 or x0), and on 4 .. 7 the or alone.
    assert len(plan_comparisons([Comparison(4, 0xFF)], 3).links) == 2
    assert len(plan_comparisons([Comparison(4, 0xF0)], 3).links) == 1


def test_neighbours_share() -> None:
    whole = (1 << 256) - 1
    alone = sum(len(plan_comparisons([Comparison(t, whole)], 8).links) for t in range(96, 112))
    shared = len(plan_comparisons([Comparison(t, whole) for t in range(96, 112)], 8).links)
    assert shared < 0.8 * alone


@settings(max_examples=40, deadline=None)
@given(
    n_bits=st.integers(1, 6),
    wanted=st.dictionaries(
        st.integers(-1, 64), st.integers(0, (1 << 64) - 1), min_size=1, max_size=8
    ),
)
def test_plans_answer_wherever_it_matters(n_bits: int, wanted: dict[int, int]) -> None:
    mask = (1 << (1 << n_bits)) - 1
    comparisons = [Comparison(t, care & mask) for t, care in sorted(wanted.items())]
    logic = LogicBuilder("t")
    answers = build_comparisons(logic, logic.input("x", n_bits), comparisons)
    names = {c.threshold: f"y{k}" for k, c in enumerate(comparisons)}
    built = logic.build([Bus(names[t], (literal,)) for t, literal in answers.items()])
    x = np.arange(1 << n_bits)
    values = built.evaluate(x[:, None])
    for threshold, care in comparisons:
        matters = np.array([care >> k & 1 == 1 for k in range(len(x))])
        np.testing.assert_array_equal(
            values[names[threshold]][matters], (x > threshold)[matters].astype(int)
        )


def test_wide_inputs_get_plain_chains() -> None:
    n_bits = MOST_BITS + 2
    logic = LogicBuilder("wide")
    answers = build_comparisons(logic, logic.input("x", n_bits), [Comparison(1234, 0)])
    x = np.arange(1 << n_bits)
    y = logic.build([Bus("y", (answers[1234],))]).evaluate(x[:, None])["y"]
    np.testing.assert_array_equal(y, x > 1234)


@pytest.mark.parametrize("n_bits", [1, 2, 8])
def test_plain_chains_are_exact_and_read_each_bit_once(n_bits: int) -> None:
    x = np.arange(1 << n_bits)
    for threshold in range(-1, (1 << n_bits) + 1):
        logic = LogicBuilder("t")
        literal = plain_above(logic, logic.input("x", n_bits), threshold)
        built = logic.build([Bus("y", (literal,))])
        np.testing.assert_array_equal(built.evaluate(x[:, None])["y"], x > threshold)
        trailing_ones = ((threshold ^ (threshold + 1)).bit_length() - 1) if threshold >= 0 else 0
        assert len(built.nodes) <= max(n_bits - trailing_ones - 1, 0)


def test_choose_is_a_gate_when_a_branch_is_constant() -> None:
    logic = LogicBuilder("t")
    (c, a, b) = (*logic.input("c", 1), *logic.input("a", 1), *logic.input("b", 1))
    assert choose(logic, c, TRUE, FALSE) == c
    assert choose(logic, c, FALSE, TRUE) == c ^ 1
    assert choose(logic, c, FALSE, FALSE) == FALSE
    assert choose(logic, c, TRUE, a) == logic.or_(c, a)
    assert choose(logic, c, FALSE, a) == logic.and_(c ^ 1, a)
    assert choose(logic, c, a, TRUE) == logic.or_(c ^ 1, a)
    assert choose(logic, c, a, FALSE) == logic.and_(c, a)
    assert choose(logic, c, a, b) == logic.select(c, a, b)


@pytest.mark.parametrize("n_inner", [0, 1, 3, 12, 60])
@pytest.mark.parametrize("seed", range(8))
def test_tree_circuit_and_logic_agree_on_all_inputs(seed: int, n_inner: int) -> None:
    model = random_tree(seed, bits=4, n_inner=n_inner)
    circuit = build_circuit(model, name="tree")
    X_int = all_inputs(3, 4)
    expected = model.predict(X_int)
    np.testing.assert_array_equal(circuit.predict(X_int), expected)
    np.testing.assert_array_equal(lower(circuit).evaluate(X_int)["class"], expected)


def test_eight_bit_tree_on_many_inputs() -> None:
    model = random_tree(3, bits=8, n_inner=150)
    X_int = np.random.default_rng(0).integers(0, 256, size=(20_000, 3))
    logic = lower(build_circuit(model, name="tree"))
    np.testing.assert_array_equal(logic.evaluate(X_int)["class"], model.predict(X_int))


def test_verilog_is_one_nested_choice() -> None:
    text = behavioural_verilog(build_circuit(random_tree(2, n_inner=12), name="tree"))
    circuit = build_circuit(random_tree(2, n_inner=12), name="tree")
    (tree,) = (op for op in circuit.ops if isinstance(op, DecisionTree))
    assert text.count("?") == sum(k >= 0 for k in tree.feature)
    assert "tree_w" in text
