"""Training on tiny tables, and the bookkeeping around it."""

import numpy as np
import pytest

from printml.data.dataset import Dataset, Split
from printml.data.quantizer import InputQuantizer
from printml.errors import DataError, ModelError
from printml.model.float_model import LinearModel, MlpModel, TreeModel, decide
from printml.model.rows import one_row_per_class
from printml.model.search import Trial, best, deal_folds
from printml.model.spec import FAMILIES, default_hidden
from printml.model.train import train


def clusters(n_classes: int, *, n_per_class: int = 20, seed: int = 0) -> Dataset:
    """Classes in a row along the first feature; the second one is noise."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_classes), n_per_class)
    X = np.column_stack([3.0 * y + rng.uniform(-1, 1, len(y)), rng.uniform(0, 1, len(y))])
    return Dataset("clusters", ("a", "b"), tuple("pqrstu"[:n_classes]), X, y.astype(np.int64))


def whole(dataset: Dataset) -> Split:
    rows = np.arange(dataset.n_rows)
    return Split(rows, rows, "stratified", 0)


def train_on(dataset, split=None, *, bits=4, family, **options):
    split = split or whole(dataset)
    quantizer = InputQuantizer.fit(dataset.X[split.train], bits)
    return train(dataset, split, family=family, quantizer=quantizer, seed=0, **options), quantizer


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_family_learns_separated_classes(family, n_classes):
    dataset = clusters(n_classes)
    trained, quantizer = train_on(dataset, family=family)
    seen = quantizer.as_fraction(quantizer.transform(dataset.X))
    assert np.mean(trained.model.predict(seen) == dataset.y) >= 0.95
    assert np.mean(trained.reference_predict(dataset.X) == dataset.y) >= 0.95
    assert trained.model.family == family
    assert trained.model.feature_names == ("a", "b")


def test_one_vs_rest_has_one_sum_per_class():
    for n_classes in (2, 4):
        dataset = clusters(n_classes)
        trained, quantizer = train_on(dataset, family="svm-c", ovr=True)
        assert trained.model.decision == "argmax"
        assert trained.model.weights.shape == (n_classes, 2)
        seen = quantizer.as_fraction(quantizer.transform(dataset.X))
        # the inner classes of a row are not linearly separable from the rest
        assert np.mean(trained.model.predict(seen) == dataset.y) >= 2 / n_classes - 0.05
    two, _ = train_on(clusters(2), family="svm-c", ovr=True)
    np.testing.assert_array_equal(two.model.weights[0], [0, 0])


def test_search_is_recorded_and_the_best_is_chosen():
    trained, _ = train_on(clusters(3), family="svm-c")
    assert len(trained.search) == 5
    chosen = [trial for trial in trained.search if trial.params == trained.params]
    assert chosen[0].mean == max(trial.mean for trial in trained.search)
    params, mean, std = trained.search[0]
    assert params == (("C", 0.01),)
    assert 0 <= mean <= 1
    assert std >= 0


def test_ties_go_to_the_trial_listed_first():
    trials = [Trial((("C", 1.0),), 0.5, 0.0), Trial((("C", 2.0),), 0.5, 0.0)]
    assert best(trials, otherwise=()) == (("C", 1.0),)
    assert best([], otherwise=(("C", 9.0),)) == (("C", 9.0),)


def test_training_is_repeatable_and_does_not_depend_on_the_number_of_jobs():
    dataset = clusters(3, n_per_class=8)
    first, _ = train_on(dataset, family="mlp-c", hidden=2)
    again, _ = train_on(dataset, family="mlp-c", hidden=2)
    parallel, _ = train_on(dataset, family="mlp-c", hidden=2, n_jobs=2)
    for other in (again, parallel):
        np.testing.assert_array_equal(first.model.hidden_weights, other.model.hidden_weights)
        np.testing.assert_array_equal(first.model.output_weights, other.model.output_weights)
        assert first.search == other.search


def test_test_rows_do_not_influence_training():
    dataset = clusters(3)
    split = Split(np.arange(0, 60, 2), np.arange(1, 60, 2), "stratified", 0)
    X, y = dataset.X.copy(), dataset.y.copy()
    X[split.test] = 99.0
    y[split.test] = 0
    spoiled = Dataset("clusters", ("a", "b"), dataset.class_labels, X, y)
    for family in FAMILIES:
        clean_model, _ = train_on(dataset, split, family=family)
        spoiled_model, _ = train_on(spoiled, split, family=family)
        np.testing.assert_array_equal(
            clean_model.reference_predict(dataset.X), spoiled_model.reference_predict(dataset.X)
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_class_without_training_rows_is_never_predicted_nor_breaks(family):
    dataset = clusters(4)
    train_rows = np.flatnonzero(dataset.y != 3)
    split = Split(train_rows, np.flatnonzero(dataset.y == 3), "published", 42)
    trained, quantizer = train_on(dataset, split, family=family)
    seen = quantizer.as_fraction(quantizer.transform(dataset.X))
    predicted = trained.model.predict(seen)
    assert np.mean(predicted[train_rows] == dataset.y[train_rows]) > 0.6
    if not family.endswith("-r"):
        assert 3 not in predicted
    if family == "svm-c":
        ovr, _ = train_on(dataset, split, family=family, ovr=True)
        assert 3 not in ovr.model.predict(seen)


def test_two_training_rows_are_enough_to_answer():
    dataset = Dataset("two", ("a",), ("p", "q"), np.array([[0.0], [1.0]]), np.array([0, 1]))
    for family in FAMILIES:
        trained, _ = train_on(dataset, family=family)
        assert trained.search == ()
        if family != "tree":
            assert trained.notes == ("no hyperparameter search: too few training rows",)


def test_tree_is_fully_grown_by_default_and_its_limits_act():
    rng = np.random.default_rng(1)
    X = rng.uniform(size=(80, 3))
    dataset = Dataset("noise", ("a", "b", "c"), ("p", "q"), X, rng.integers(0, 2, 80))
    full, quantizer = train_on(dataset, bits=8, family="tree")
    seen = quantizer.as_fraction(quantizer.transform(X))
    np.testing.assert_array_equal(full.model.predict(seen), dataset.y)
    assert full.search == ()
    leaves = {}
    for option in ({"max_depth": 2}, {"max_leaf_nodes": 3}, {"min_samples_leaf": 20}):
        limited, _ = train_on(dataset, bits=8, family="tree", **option)
        leaves[next(iter(option))] = int((limited.model.feature < 0).sum())
    assert leaves["max_depth"] <= 4
    assert leaves["max_leaf_nodes"] == 3
    assert leaves["min_samples_leaf"] <= 4
    pruned, _ = train_on(dataset, bits=8, family="tree", ccp_alpha=1.0)
    assert len(pruned.model.feature) == 1
    searched, _ = train_on(dataset, bits=8, family="tree", search=True)
    assert 2 <= len(searched.search) <= 10
    assert len(searched.model.feature) <= len(full.model.feature)


def test_sparse_penalty_is_the_default_for_many_features():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    X = rng.uniform(size=(40, 101))
    X[:, 0] += y
    names = tuple(f"f{k}" for k in range(101))
    dataset = Dataset("wide", names, ("p", "q"), X, y)
    sparse, _ = train_on(dataset, family="svm-c")
    dense, _ = train_on(dataset, family="svm-c", penalty="l2")
    assert (sparse.model.weights != 0).sum() < 40 < (dense.model.weights != 0).sum()
    assert sparse.notes == ("sparse l1 penalty: a hardwired coefficient costs area",)
    assert dense.notes == ()


def test_default_hidden_neurons():
    assert [default_hidden(n, 6) for n in ("redwine", "whitewine", "cardio", "pendigits")] == [
        2,
        4,
        3,
        5,
    ]
    assert [default_hidden("mine", n) for n in (2, 6, 7, 13)] == [3, 3, 4, 7]


def test_bad_requests():
    dataset = clusters(2)
    for options, message in (
        ({"family": "mlp"}, "unknown model family `mlp`.*Did you mean `mlp-"),
        ({"family": "mlp-c", "hidden": 0}, "0 hidden neurons"),
        ({"family": "mlp-c", "hidden": 65}, "65 hidden neurons"),
        ({"family": "svm-c", "penalty": "l3"}, "unknown penalty `l3`"),
        ({"family": "tree", "max_depth": 0}, "limit of the tree"),
        ({"family": "tree", "min_samples_leaf": 0}, "limit of the tree"),
        ({"family": "tree", "ccp_alpha": -1.0}, "limit of the tree"),
        ({"family": "tree", "max_leaf_nodes": 1}, "at least 2 leaves"),
    ):
        with pytest.raises(ModelError, match=message):
            train_on(dataset, **options)
    quantizer = InputQuantizer.fit(dataset.X, 4)
    with pytest.raises(ModelError, match="seed -1"):
        train(dataset, whole(dataset), family="tree", quantizer=quantizer, seed=-1)
    narrow = Dataset("n", ("a",), ("p", "q"), dataset.X[:, :1], dataset.y)
    with pytest.raises(ModelError, match="2 inputs, the data 1"):
        train(narrow, whole(narrow), family="tree", quantizer=quantizer, seed=0)
    with pytest.raises(ModelError, match="a single class"):
        train_on(dataset, Split(np.arange(20), np.arange(20, 40), "published", 42), family="tree")
    gaps = Dataset("g", ("a", "b"), ("p", "q"), np.full((40, 2), np.nan), dataset.y)
    with pytest.raises(DataError, match="missing or not finite"):
        train(gaps, whole(gaps), family="tree", quantizer=quantizer, seed=0)


def test_training_shows_no_raw_warnings(recwarn):
    for family in FAMILIES:
        train_on(clusters(3, n_per_class=6), family=family)
    assert [str(w.message) for w in recwarn] == []


def test_folds_are_disjoint_stratified_and_fewer_for_tiny_classes():
    y = np.array([0] * 50 + [1] * 10)
    folds = deal_folds(y, seed=3)
    assert len(folds) == 5
    np.testing.assert_array_equal(np.sort(np.concatenate([held for _, held in folds])), range(60))
    for train_rows, held in folds:
        assert not set(train_rows) & set(held)
        assert np.bincount(y[held]).tolist() == [10, 2]
    assert len(deal_folds(np.array([0] * 50 + [1, 1]), seed=0)) == 3
    assert len(deal_folds(np.array([0, 1]), seed=0)) == 2


def test_float_models_on_hand_checked_numbers():
    pairs = LinearModel(
        "svm-c", ("a",), ("p", "q", "r"), np.array([[1.0], [0.0], [-1.0]]), np.zeros(3), "ovo"
    )
    # x = 1: p beats q, r beats p (0 is not above 0), r beats q; x = -1: q beats p and r
    np.testing.assert_array_equal(pairs.predict(np.array([[1.0], [-1.0]])), [2, 1])
    mlp = MlpModel(
        "mlp-r",
        ("a",),
        ("p", "q", "r"),
        np.array([[1.0], [-1.0]]),
        np.array([0.0, 1.0]),
        np.array([[2.0, 0.5]]),
        np.array([0.1]),
        "regression",
    )
    np.testing.assert_allclose(mlp.scores(np.array([[0.5], [2.0]]))[:, 0], [1.35, 4.1])
    np.testing.assert_array_equal(mlp.predict(np.array([[0.5], [2.0]])), [1, 2])
    tree = TreeModel(
        "tree",
        ("a",),
        ("p", "q"),
        np.array([0, -1, -1]),
        np.array([0.5, 0, 0]),
        np.array([1, -1, -1]),
        np.array([2, -1, -1]),
        np.array([-1, 0, 1]),
    )
    np.testing.assert_array_equal(tree.predict(np.array([[0.5], [0.51]])), [0, 1])


def test_decisions_break_ties_towards_the_lower_class():
    assert decide(np.array([[2.0, 2.0]]), "argmax", 2) == [0]
    assert decide(np.array([[0.5], [0.51], [-3.0], [9.0]]), "regression", 3).tolist() == [
        0,
        1,
        0,
        2,
    ]
    # every class wins once
    assert decide(np.array([[1.0, -1.0, 1.0]]), "ovo", 3) == [0]


def test_absent_class_stays_below_the_others_everywhere():
    weights, intercepts = one_row_per_class(
        np.array([[1.0, -2.0], [0.5, 3.0]]),
        np.array([0.0, -1.0]),
        present=np.array([0, 2]),
        n_classes=3,
        highest_inputs=np.ones(2),
    )
    inputs = np.random.default_rng(0).uniform(size=(200, 2))
    scores = inputs @ weights.T + intercepts
    assert (scores[:, 1] < scores[:, [0, 2]].max(axis=1)).all()
