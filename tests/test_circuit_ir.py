"""Word-level circuits: ranges, folding, repr, and equality with the integer model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.build import CircuitBuilder
from printml.circuit.from_model import build_circuit, port_names
from printml.circuit.ir import Constant, Sum, width
from tests.models import all_inputs, network, random_network, random_tree


def test_repr_is_the_circuit_a_person_would_write() -> None:
    model = network([[[3, -2]]], [[5]], decision="regression", n_classes=3, bits=2, fraction_bits=2)
    assert repr(build_circuit(model, name="tiny")) == (
        "circuit tiny\n"
        "  %0 = input x0  [0, 3]\n"
        "  %1 = input x1  [0, 3]\n"
        "  %2 = sum +3*%0 -2*%1 +6  [0, 15]\n"
        "  %3 = clip(%2 >> 2, 0, 2)  [0, 2]\n"
        "  output class = %3"
    )


@pytest.mark.parametrize(
    ("value_range", "expected"),
    [
        ((0, 0), 1),
        ((0, 1), 1),
        ((0, 15), 4),
        ((0, 16), 5),
        ((-1, 0), 1),
        ((-8, 7), 4),
        ((-9, 7), 5),
        ((-1, 8), 5),
        ((-4, 3), 3),
    ],
)
def test_width_is_the_fewest_bits(value_range: tuple[int, int], expected: int) -> None:
    assert width(value_range) == expected


def test_equal_operations_are_built_once() -> None:
    builder = CircuitBuilder("c")
    x = builder.input("x", 4)
    assert builder.above(x, 7) == builder.above(x, 7)
    assert builder.sum([(1, x), (1, x)], 0) == builder.sum([(2, x)], 0)
    assert builder.sum([(1, x)], 0) == x


def test_what_cannot_vary_is_a_constant() -> None:
    builder = CircuitBuilder("c")
    x = builder.input("x", 2)
    assert builder.ops[builder.above(x, 3)] == Constant(0)
    assert builder.ops[builder.above(x, -1)] == Constant(1)
    assert builder.ops[builder.sum([(0, x)], 9)] == Constant(9)
    assert builder.ops[builder.argmax([builder.constant(4), x])] == Constant(0)


def test_a_candidate_that_never_wins_is_left_out() -> None:
    builder = CircuitBuilder("c")
    x = builder.input("x", 2)
    low = builder.sum([(1, x)], -4)
    other = builder.sum([(-1, x)], 3)
    winner = builder.argmax([low, x, other])
    assert builder.ops[winner].operands == (x, other)


def test_negative_one_vs_one_score_needs_only_its_sign() -> None:
    model = network([[[3]]], [[-5]], decision="ovo", n_classes=2)
    circuit = build_circuit(model, name="c")
    assert Sum(((3, 0),), -6) in circuit.ops


@pytest.mark.parametrize("keep_scores", [False, True])
@pytest.mark.parametrize("decision", ["ovo", "argmax", "regression"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_circuit_answers_as_the_network(decision: str, keep_scores: bool, seed: int) -> None:
    model = random_network(seed, decision=decision)
    circuit = build_circuit(model, name="c", keep_scores=keep_scores)
    X = all_inputs(model.n_features, 3)
    found = circuit.evaluate(X)
    np.testing.assert_array_equal(found["class"], model.predict(X))
    if keep_scores:
        scores = model.decision_values(X)
        for k in range(scores.shape[1]):
            np.testing.assert_array_equal(found[f"score_{k}"], scores[:, k])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_circuit_answers_as_the_tree(seed: int) -> None:
    tree = random_tree(seed)
    X = all_inputs(3, 3)
    circuit = build_circuit(tree, name="c")
    np.testing.assert_array_equal(circuit.predict(X), tree.predict(X))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ranges_hold_on_every_input(seed: int) -> None:
    model = random_network(seed, decision="argmax")
    circuit = build_circuit(model, name="c", keep_scores=True)
    found = circuit.evaluate(all_inputs(model.n_features, 3))
    for name, index in circuit.outputs:
        low, high = circuit.ranges[index]
        assert low <= found[name].min()
        assert found[name].max() <= high


def test_ports_are_the_features_as_far_as_verilog_allows() -> None:
    model = network([[[1, 1, 1, 1]]], [[0]], decision="regression", n_classes=2)
    names = ("alcohol", "class", "free sulfur", "free_sulfur")
    renamed = type(model)(**{**model.__dict__, "feature_names": names})
    assert port_names(renamed) == ["alcohol", "x_class", "free_sulfur", "free_sulfur_2"]
