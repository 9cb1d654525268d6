"""Ensembles of trees: as scikit-learn answers, as a circuit, as a file, and through the flow."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.arrays import frozen
from printml.circuit.estimate import estimate_area_mm2
from printml.circuit.from_model import build_circuit
from printml.circuit.ir import Above
from printml.circuit.lower import lower
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.errors import InputError, ModelError
from printml.explore.evaluate import points_of
from printml.flow.build import build
from printml.flow.recipe import Recipe
from printml.flow.run import read_json
from printml.model.ensemble import fit_ensemble
from printml.model.spec import Family, Spec, TreeOptions
from printml.model.train import train
from printml.quantize.integer_model import IntegerForest
from printml.quantize.model_file import from_json, to_json
from printml.quantize.quantize import quantize, quantize_with_scales
from tests.tiny_library import tiny_library


def spec(family: Family, n_classes: int, **limits: int) -> Spec:
    return Spec(
        family=family,
        feature_names=("a", "b", "c"),
        class_labels=tuple(f"k{k}" for k in range(n_classes)),
        seed=3,
        hidden=1,
        ovr=False,
        penalty="l2",
        tree=TreeOptions(**limits),  # type: ignore[arg-type]
    )


def table(n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n_classes)
    X = rng.integers(0, 16, (300, 3)) / 16
    y = (X @ [n_classes, 0.6, 0.3] + rng.normal(0, 0.2, 300)).astype(np.int64)
    return X, np.clip(y, 0, n_classes - 1)


def every_input(bits: np.ndarray) -> np.ndarray:
    grids = np.meshgrid(*(np.arange(1 << b) for b in bits), indexing="ij")
    return np.stack([grid.ravel() for grid in grids], axis=1).astype(np.int64)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_boosting_answers_as_scikit_learn(n_classes: int) -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    X, y = table(n_classes)
    found = fit_ensemble(
        spec("boost", n_classes, n_trees=7, max_depth=2), (("learning_rate", 0.5),), X, y
    )
    wanted = GradientBoostingClassifier(
        n_estimators=7, learning_rate=0.5, max_depth=2, random_state=3
    ).fit(X, y)
    assert np.array_equal(found.predict(X), wanted.predict(X))


def test_a_forest_votes_by_the_majority_of_its_leaves() -> None:
    from sklearn.ensemble import RandomForestClassifier

    X, y = table(3)
    found = fit_ensemble(spec("forest", 3, n_trees=5, max_leaf_nodes=6),
                         (("max_features", "sqrt"),), X, y)  # fmt: skip
    grown = RandomForestClassifier(
        n_estimators=5, max_leaf_nodes=6, max_features="sqrt", random_state=3
    ).fit(X, y)
    votes = np.stack([tree.predict(X).astype(int) for tree in grown.estimators_])
    wanted = [np.bincount(column, minlength=3).argmax() for column in votes.T]
    assert np.array_equal(found.predict(X), wanted)


def test_a_class_without_rows_never_wins() -> None:
    X, y = table(3)
    y[y == 1] = 2
    found = fit_ensemble(spec("boost", 3, n_trees=3), (("learning_rate", 1.0),), X, y)
    assert set(found.predict(X)) <= {0, 2}


@st.composite
def forests(draw: st.DrawFn) -> IntegerForest:
    """A few random trees on three inputs of one to three bits."""
    n_classes = draw(st.integers(2, 4))
    bits = np.array(draw(st.lists(st.integers(1, 3), min_size=3, max_size=3)))
    columns: list[list[int]] = []
    values: list[list[int]] = []
    roots = []
    scores = st.lists(st.integers(-5, 5), min_size=n_classes, max_size=n_classes)

    def grow(depth: int) -> int:
        node = len(columns)
        columns.append([-1, 0, -1, -1])
        values.append([0] * n_classes)
        if depth == 0 or draw(st.booleans()):
            values[node] = draw(scores)
            return node
        feature = draw(st.integers(0, 2))
        columns[node][:2] = feature, draw(st.integers(0, (1 << int(bits[feature])) - 1))
        columns[node][2] = grow(depth - 1)
        columns[node][3] = grow(depth - 1)
        return node

    for _ in range(draw(st.integers(1, 3))):
        roots.append(grow(3))
    arrays = (frozen(column, np.int64) for column in np.array(columns).T)
    feature, threshold, left, right = arrays
    return IntegerForest(
        "boost", ("a", "b", "c"), tuple("wxyz"[:n_classes]), frozen(bits, np.int64),
        frozen(roots, np.int64), feature, threshold, left, right,
        frozen(values, np.int64), frozen(draw(scores), np.int64),
    )  # fmt: skip


@given(forests())
@settings(max_examples=60, deadline=None)
def test_circuit_and_logic_answer_as_the_model_on_every_input(model: IntegerForest) -> None:
    X = every_input(model.input_bits)
    circuit = build_circuit(model, name="top")
    assert np.array_equal(circuit.predict(X), model.predict(X))
    again = from_json(json.loads(json.dumps(to_json(model))))
    assert isinstance(again, IntegerForest)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert estimate_area_mm2(model, tiny_library()) >= 0
    comparisons = [(op.operand, op.threshold) for op in circuit.ops if isinstance(op, Above)]
    assert len(set(comparisons)) == len(comparisons)
    assert np.array_equal(lower(circuit).evaluate(X)["class"], model.predict(X))


def test_leaf_values_get_the_fewest_bits_that_lose_no_training_accuracy() -> None:
    X, y = table(2)
    float_model = fit_ensemble(spec("boost", 2, n_trees=4), (("learning_rate", 1.0),), X, y)
    quantizer = InputQuantizer(np.zeros(3), np.ones(3), np.full(3, 4))
    X_int = (X * 16).astype(np.int64)
    found = quantize_with_scales(
        float_model, quantizer=quantizer, coef_bits=8, X_train_int=X_int, y_train=y
    )
    assert isinstance(found.model, IntegerForest)
    assert found.n_tried % 6 == 0
    assert found.accuracy_train >= np.mean(float_model.predict(X) == y) - 0.01
    votes = fit_ensemble(spec("forest", 2, n_trees=3), (("max_features", "all"),), X, y)
    kept = quantize_with_scales(
        votes, quantizer=quantizer, coef_bits=8, X_train_int=X_int, y_train=y
    )
    assert np.array_equal(kept.model.predict(X_int), votes.predict(X))


GOOD = {
    "format": "printml-model-1", "family": "boost", "feature_names": ["a"],
    "class_labels": ["x", "y"], "input_bits": [2], "roots": [0, 3],
    "feature": [0, -1, -1, -1], "threshold": [1, 0, 0, 0], "left": [1, -1, -1, -1],
    "right": [2, -1, -1, -1], "values": [[0, 0], [1, 0], [0, 1], [0, 2]], "intercepts": [0, 0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("roots", [], "roots"),
        ("roots", [1, 3], "roots begin at 0"),
        ("roots", [0, 4], "4 nodes only"),
        ("left", [3, -1, -1, -1], "after its parent"),
        ("values", [[1, 0], [1, 0], [0, 1], [0, 2]], "only leaves"),
        ("values", [[0, 0], [1, 0]], "rows"),
        ("intercepts", [0], "intercepts"),
    ],
)
def test_a_broken_file_is_refused(key: str, value: object, message: str) -> None:
    from_json(copy.deepcopy(GOOD))
    with pytest.raises(ModelError, match=message):
        from_json({**copy.deepcopy(GOOD), key: value})


def test_only_gate_pruning_approximates_ensembles() -> None:
    with pytest.raises(InputError, match="no approximation 'published'"):
        Recipe(dataset="seeds", model="boost", approx="published")


@pytest.mark.tools
@pytest.mark.parametrize("family", ["forest", "boost"])
def test_an_ensemble_through_the_whole_flow(family: Family, tmp_path: Path) -> None:
    recipe = Recipe(
        dataset="seeds", model=family, n_trees=3, input_bits=4, effort="fast", approx="full",
        max_loss=0.02, further_losses=(0.1,),
    )  # fmt: skip
    build(recipe, tmp_path / "run", n_jobs=2, progress=lambda step: None)
    metrics = read_json(tmp_path / "run" / "metrics.json")
    exact, pruned = metrics["stages"]
    assert exact["equivalence"]["headline"] == "proved"
    assert pruned["area_cm2"] < exact["area_cm2"]
    assert exact["accuracy_test"] > 0.8
    assert metrics["alternatives"][0]["area_cm2"] <= pruned["area_cm2"]
    stages = [point.stage for point in points_of(metrics, recipe, "0" * 40)]
    assert stages == ["exact", "pruned", "pruned-at-10"]
    both = points_of(metrics, recipe, "0" * 40, with_adc=True)
    assert both[0].area_cm2 > exact["area_cm2"]


def test_boosting_with_a_rare_class_keeps_the_others() -> None:
    """Leaves of a class with ten rows may be 1e53 where others are 0.1."""
    dataset = load_dataset("redwine")
    split = split_rows(dataset, seed=0)
    quantizer = InputQuantizer.fit(dataset.X[split.train], bits=8)
    trained = train(dataset, split, family="boost", quantizer=quantizer, seed=0)
    X_int = quantizer.transform(dataset.X)[split.train]
    y = dataset.y[split.train]
    model = quantize(trained.model, quantizer=quantizer, X_train_int=X_int, y_train=y)
    original = float(np.mean(trained.model.predict(quantizer.as_fraction(X_int)) == y))
    assert original > 0.5
    assert float(np.mean(model.predict(X_int) == y)) > original - 0.03
