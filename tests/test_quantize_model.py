"""Integer coefficients, ranges and trees."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.data.clean import prepare
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.errors import ModelError
from printml.model.float_model import LinearModel, MlpModel, TreeModel
from printml.model.spec import FAMILIES
from printml.model.train import train
from printml.quantize.integer_model import IntegerNetwork, IntegerTree
from printml.quantize.quantize import quantize, quantize_with_scales
from printml.quantize.ranges import value_ranges
from printml.quantize.tree import quantize_tree, simplify_tree


def unit_quantizer(n_features: int, bits: int) -> InputQuantizer:
    return InputQuantizer.fit(np.array([[0.0] * n_features, [1.0] * n_features]), bits)


def grid(bits: list[int]) -> np.ndarray:
    """Every input vector, int64, shape (2**sum(bits), n_features)."""
    return np.array(list(product(*(range(2**b) for b in bits))), dtype=np.int64)


def quantized(model, *, bits=4, coef_bits=8):
    n_features = len(model.feature_names)
    X_int = grid([bits] * n_features)
    y = model.predict(X_int / 2**bits)
    return quantize_with_scales(
        model,
        quantizer=unit_quantizer(n_features, bits),
        coef_bits=coef_bits,
        X_train_int=X_int,
        y_train=y,
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), decision=st.sampled_from(["ovo", "argmax", "regression"]))
def test_linear_models_keep_their_answers(seed, decision):
    rng = np.random.default_rng(seed)
    n_sums = 1 if decision == "regression" else 3
    model = LinearModel(
        "svm-r" if decision == "regression" else "svm-c",
        ("a", "b"),
        ("p", "q", "r"),
        rng.normal(size=(n_sums, 2)) * 10.0 ** rng.integers(-3, 2),
        rng.normal(size=n_sums),
        decision,
    )
    result = quantized(model)
    network = result.model
    assert np.abs(network.weights[0]).max() <= 127
    assert result.accuracy_train >= 0.9
    assert result.n_tried >= 1
    # a sum is its scale times the float sum, up to the rounding of each coefficient
    X_int = grid([4, 4])
    error = network.scores(X_int) - result.scales[0] * model.scores(X_int / 16)
    constant = (network.weights[0] == 0).all(axis=1)
    assert (np.abs(error[:, ~constant]) <= 0.5 * X_int.sum(axis=1, keepdims=True) + 0.5001).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n_sums=st.sampled_from([1, 2, 3]))
def test_networks_keep_their_answers(seed, n_sums):
    rng = np.random.default_rng(seed)
    model = MlpModel(
        "mlp-r" if n_sums == 1 else "mlp-c",
        ("a", "b"),
        ("p", "q", "r")[: max(n_sums, 2)],
        rng.normal(size=(2, 2)),
        rng.normal(size=2),
        rng.normal(size=(n_sums, 2)),
        rng.normal(size=n_sums),
        "regression" if n_sums == 1 else "argmax",
    )
    result = quantized(model)
    assert result.accuracy_train >= 0.85
    assert max(np.abs(weight).max() for weight in result.model.weights) <= 127


def test_two_class_network_with_a_zero_row_keeps_its_precision():
    model = MlpModel(
        "mlp-c",
        ("a", "b"),
        ("p", "q"),
        np.array([[2.0, -1.0], [0.5, 3.0]]),
        np.array([0.1, -1.0]),
        np.array([[0.0, 0.0], [1.5, -2.0]]),
        np.array([0.0, 0.2]),
        "argmax",
    )
    result = quantized(model)
    assert result.accuracy_train > 0.95
    assert np.abs(result.model.weights[1][1]).max() >= 63
    np.testing.assert_array_equal(result.model.weights[1][0], [0, 0])


def test_hand_checked_regressor():
    # 2 x_int / 16 + 0.5: the largest power of two with 2 / 16 * 2**f <= 127 is f = 9
    model = LinearModel(
        "svm-r", ("a",), ("p", "q", "r"), np.array([[2.0]]), np.array([0.5]), "regression"
    )
    result = quantized(model)
    network = result.model
    assert network.decision == "regression"
    # all choices are exact, so the smallest wins
    assert network.fraction_bits == 7
    np.testing.assert_array_equal(network.weights[0], [[16]])
    np.testing.assert_array_equal(network.intercepts[0], [64])
    assert result.n_tried == 3
    assert result.accuracy_train == 1.0


def test_constant_sums_stay_small_and_right():
    model = LinearModel(
        "svm-c", ("a",), ("p", "q", "r"), np.zeros((3, 1)), np.array([1.0, -1.0, 0.5]), "ovo"
    )
    network = quantized(model).model
    np.testing.assert_array_equal(network.intercepts[0], [1, 0, 1])
    flat = LinearModel("svm-r", ("a",), ("p", "q"), np.zeros((1, 1)), np.array([0.9]), "regression")
    assert quantized(flat).model.predict(np.array([[3]])).tolist() == [1]


def test_bits_per_feature_share_one_scale():
    model = LinearModel(
        "svm-c", ("a", "b"), ("p", "q"), np.array([[1.0, 1.0]]), np.array([-0.9]), "ovo"
    )
    quantizer = InputQuantizer.fit(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([2, 4]))
    X_int = grid([2, 4])
    y = model.predict(quantizer.as_fraction(X_int))
    network = quantize(model, quantizer=quantizer, X_train_int=X_int, y_train=y)
    ratio = network.weights[0][0, 0] / network.weights[0][0, 1]
    assert ratio == pytest.approx(4, rel=0.05)
    np.testing.assert_array_equal(network.predict(X_int), y)


def test_quantize_refuses_what_does_not_fit():
    model = LinearModel(
        "svm-r", ("a",), ("p", "q"), np.array([[3000.0]]), np.array([0.0]), "regression"
    )
    with pytest.raises(ModelError, match="does not fit a signed integer of at most 127"):
        quantized(model)
    assert quantized(model, coef_bits=16).accuracy_train == 1.0
    for coef_bits in (1, 17):
        with pytest.raises(ModelError, match="coefficient bits are out of range"):
            quantized(model, coef_bits=coef_bits)
    broken = LinearModel(
        "svm-r", ("a",), ("p", "q"), np.array([[np.nan]]), np.array([0.0]), "regression"
    )
    with pytest.raises(ModelError, match="not finite"):
        quantize(
            broken,
            quantizer=unit_quantizer(1, 4),
            X_train_int=grid([4]),
            y_train=np.zeros(16, dtype=np.int64),
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_quantized_accuracy_is_close_to_the_float_model(family):
    dataset = load_dataset("seeds")
    split = split_rows(dataset, seed=0)
    dataset = prepare(dataset, split)
    quantizer = InputQuantizer.fit(dataset.X[split.train], 8 if family == "tree" else 4)
    trained = train(dataset, split, family=family, quantizer=quantizer, seed=0)
    X_int, y = quantizer.transform(dataset.X), dataset.y
    result = quantize_with_scales(
        trained.model, quantizer=quantizer, X_train_int=X_int[split.train], y_train=y[split.train]
    )
    predicted = result.model.predict(X_int)
    of_float = trained.model.predict(quantizer.as_fraction(X_int))
    assert result.accuracy_train == np.mean((predicted == y)[split.train])
    assert np.mean(predicted == of_float) >= (1.0 if family == "tree" else 0.95)


networks = st.builds(
    lambda seed, layers: _random_network(np.random.default_rng(seed), layers),
    st.integers(0, 10**6),
    st.integers(1, 2),
)


def _random_network(rng, layers) -> IntegerNetwork:
    bits = rng.integers(1, 4, 2)
    sizes = [2, *([2] if layers == 2 else []), 2]
    weights = [rng.integers(-9, 10, (m, n)) for n, m in pairwise(sizes)]
    return IntegerNetwork(
        "mlp-c",
        ("a", "b"),
        ("p", "q"),
        bits,
        tuple(weights),
        tuple(rng.integers(-20, 21, len(weight)) for weight in weights),
        "argmax",
    )


@settings(max_examples=80, deadline=None)
@given(networks)
def test_ranges_contain_every_sum_and_are_reached_in_the_first_layer(network):
    ranges = value_ranges(network)
    X_int = grid([int(b) for b in network.input_bits])
    first = X_int @ network.weights[0].T + network.intercepts[0]
    np.testing.assert_array_equal(ranges[0][0], first.min(axis=0))
    np.testing.assert_array_equal(ranges[0][1], first.max(axis=0))
    scores = network.scores(X_int)
    assert (ranges[-1][0] <= scores.min(axis=0)).all()
    assert (ranges[-1][1] >= scores.max(axis=0)).all()


def test_ranges_refuse_sums_beyond_63_bits():
    huge = np.full((1, 1), 2**31 - 1)
    network = IntegerNetwork(
        "mlp-r",
        ("a",),
        ("p", "q"),
        np.array([16]),
        (huge, huge),
        (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)),
        "regression",
    )
    with pytest.raises(ModelError, match="layer 2 could reach"):
        value_ranges(network)


def _random_tree(rng, depth: int, n_features: int, highest: int) -> IntegerTree:
    nodes: list[list[int]] = []

    def grow(level: int) -> int:
        node = len(nodes)
        if level == 0 or rng.random() < 0.2:
            nodes.append([-1, 0, -1, -1, int(rng.integers(0, 2))])
            return node
        feature, threshold = int(rng.integers(0, n_features)), int(rng.integers(-1, highest + 1))
        nodes.append([feature, threshold, -1, -1, -1])
        nodes[node][2] = grow(level - 1)
        nodes[node][3] = grow(level - 1)
        return node

    grow(depth)
    columns = [np.array(column, dtype=np.int64) for column in zip(*nodes, strict=True)]
    names = tuple(f"f{k}" for k in range(n_features))
    bits = np.full(n_features, int(highest + 1).bit_length() - 1)
    return IntegerTree("tree", names, ("p", "q"), bits, *columns)


def _walk(tree: IntegerTree, row, node: int = 0) -> int:
    """The definition, one row at a time."""
    if tree.feature[node] < 0:
        return int(tree.leaf_class[node])
    above = row[tree.feature[node]] > tree.threshold[node]
    return _walk(tree, row, int(tree.right[node] if above else tree.left[node]))


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), depth=st.integers(0, 6))
def test_trees_predict_like_a_recursive_walk_and_survive_simplification(seed, depth):
    tree = _random_tree(np.random.default_rng(seed), depth, n_features=2, highest=7)
    X_int = grid([3, 3])
    walked = [_walk(tree, row) for row in X_int]
    np.testing.assert_array_equal(tree.predict(X_int), walked)
    simple = simplify_tree(tree)
    np.testing.assert_array_equal(simple.predict(X_int), walked)
    assert len(simple.feature) <= len(tree.feature)
    inner = simple.feature >= 0
    node = np.arange(len(simple.feature))
    assert (simple.left[inner] > node[inner]).all()
    assert (simple.right[inner] > node[inner]).all()
    assert ((simple.leaf_class >= 0) == ~inner).all()
    # nothing is left to simplify: siblings differ, no comparison is decided by those above
    leaf_pairs = inner & (simple.feature[simple.left] < 0) & (simple.feature[simple.right] < 0)
    left, right = simple.left[leaf_pairs], simple.right[leaf_pairs]
    assert (simple.leaf_class[left] != simple.leaf_class[right]).all()
    again = simplify_tree(simple)
    np.testing.assert_array_equal(again.feature, simple.feature)
    np.testing.assert_array_equal(again.threshold, simple.threshold)


def test_thresholds_are_floored():
    model = TreeModel(
        "tree",
        ("a",),
        ("p", "q"),
        np.array([0, -1, -1]),
        np.array([5.5 / 16, 0, 0]),
        np.array([1, -1, -1]),
        np.array([2, -1, -1]),
        np.array([-1, 0, 1]),
    )
    tree = quantize_tree(model, input_bits=np.array([4]))
    assert tree.threshold.tolist() == [5, 0, 0]
    assert tree.predict(np.array([[5], [6]])).tolist() == [0, 1]


def test_tree_deeper_than_the_recursion_limit():
    n = 3000
    inner = np.arange(n) * 2  # a chain: left child is a leaf, right child goes on
    size = 2 * n + 1
    columns = {name: np.full(size, -1) for name in ("feature", "left", "right", "leaf_class")}
    threshold = np.zeros(size, dtype=np.int64)
    columns["feature"][inner] = 0
    columns["left"][inner], columns["right"][inner] = inner + 1, inner + 2
    threshold[inner] = np.arange(n)
    columns["leaf_class"][inner + 1] = np.arange(n) % 2
    columns["leaf_class"][-1] = 0
    tree = IntegerTree(
        "tree", ("a",), ("p", "q"), np.array([12]), columns["feature"], threshold,
        columns["left"], columns["right"], columns["leaf_class"],
    )  # fmt: skip
    X_int = np.arange(4096)[:, None]
    np.testing.assert_array_equal(simplify_tree(tree).predict(X_int), tree.predict(X_int))
