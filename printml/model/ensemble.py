"""Small forests and boosted stumps (scikit-learn), as trees that add to the scores of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.model.float_model import ForestModel
from printml.model.spec import Params, Spec, quiet_and_serial

DEFAULT_TREES = {"forest": 5, "boost": 8}
"""Trees of a forest; rounds of boosting, each a tree per class (one for two classes)."""
DEFAULT_LEAVES = 16
"""Leaves of a forest's trees, where neither depth nor leaves are given."""


def ensemble_grid(spec: Spec) -> list[Params]:
    """Choices to cross-validate."""
    if spec.family == "forest":
        return [(("max_features", share),) for share in ("sqrt", "all")]
    return [(("learning_rate", rate),) for rate in (0.3, 0.6, 1.0)]


def fit_ensemble(spec: Spec, params: Params, X: FloatArray, y: IntArray) -> ForestModel:
    """Fit on scaled readings, float64 (n_rows, n_features), and class indices.

    A forest's trees vote for the majority of their leaf, one vote each (scikit-learn averages
    probabilities instead). Boosting is scikit-learn's GradientBoostingClassifier with the log
    loss; its scores are sums of leaf values, which a circuit adds as they are.
    """
    chosen = dict(params)
    n_trees = spec.tree.n_trees or DEFAULT_TREES[spec.family]
    with quiet_and_serial():
        if spec.family == "forest":
            return _forest(spec, chosen, n_trees, X, y)
        return _boosted(spec, chosen, n_trees, X, y)


def _forest(
    spec: Spec, chosen: dict[str, Any], n_trees: int, X: FloatArray, y: IntArray
) -> ForestModel:
    from sklearn.ensemble import RandomForestClassifier

    limited = spec.tree.max_depth is not None or spec.tree.max_leaf_nodes is not None
    found = RandomForestClassifier(
        n_estimators=n_trees,
        max_depth=spec.tree.max_depth,
        max_leaf_nodes=spec.tree.max_leaf_nodes if limited else DEFAULT_LEAVES,
        max_features=None if chosen["max_features"] == "all" else chosen["max_features"],
        random_state=spec.seed,
    ).fit(X, y)
    parts = []
    for estimator in found.estimators_:
        nodes = estimator.tree_
        majority = found.classes_[np.argmax(nodes.value[:, 0, :], axis=1)]
        parts.append((nodes, np.eye(spec.n_classes)[majority]))
    return _joined(spec, parts, np.zeros(spec.n_classes))


def _boosted(
    spec: Spec, chosen: dict[str, Any], n_rounds: int, X: FloatArray, y: IntArray
) -> ForestModel:
    from sklearn.ensemble import GradientBoostingClassifier

    limited = spec.tree.max_depth is not None or spec.tree.max_leaf_nodes is not None
    rate = float(chosen["learning_rate"])
    found = GradientBoostingClassifier(
        n_estimators=n_rounds,
        learning_rate=rate,
        max_depth=spec.tree.max_depth if limited else 1,
        max_leaf_nodes=spec.tree.max_leaf_nodes,
        random_state=spec.seed,
    ).fit(X, y)
    share = np.bincount(y, minlength=spec.n_classes) / len(y)
    intercepts = np.where(share > 0, np.log(np.maximum(share, 1e-300)), -np.inf)
    if found.estimators_.shape[1] == 1:
        first, second = found.classes_
        intercepts[second] -= intercepts[first]
        intercepts[first] = 0.0
    parts = []
    for estimators in found.estimators_:
        for column, estimator in enumerate(estimators):
            place = found.classes_[column if len(estimators) > 1 else 1]
            values = np.zeros((estimator.tree_.node_count, spec.n_classes))
            values[:, place] = rate * estimator.tree_.value[:, 0, 0]
            parts.append((estimator.tree_, values))
    # A class that no training row has never wins.
    lowest = intercepts[np.isfinite(intercepts)].min() - 2 * sum(abs(v).max() for _, v in parts)
    return _joined(spec, parts, np.where(np.isfinite(intercepts), intercepts, lowest))


def _joined(spec: Spec, parts: list[tuple[Any, FloatArray]], intercepts: FloatArray) -> ForestModel:
    """One set of arrays for all trees; children of a later tree are moved behind the earlier."""
    sizes = [nodes.node_count for nodes, _ in parts]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    inner = [nodes.children_left >= 0 for nodes, _ in parts]

    def moved(name: str) -> IntArray:
        columns = [getattr(nodes, name) for nodes, _ in parts]
        return np.concatenate(
            [np.where(i, c + r, -1) for i, c, r in zip(inner, columns, roots, strict=True)]
        )

    return ForestModel(
        family=spec.family,
        feature_names=spec.feature_names,
        class_labels=spec.class_labels,
        roots=frozen(roots, np.int64),
        feature=frozen(
            np.concatenate(
                [np.where(i, n.feature, -1) for i, (n, _) in zip(inner, parts, strict=True)]
            ),
            np.int64,
        ),
        threshold=frozen(
            np.concatenate(
                [np.where(i, n.threshold, 0.0) for i, (n, _) in zip(inner, parts, strict=True)]
            ),
            np.float64,
        ),
        left=frozen(moved("children_left"), np.int64),
        right=frozen(moved("children_right"), np.int64),
        values=frozen(
            np.concatenate(
                [np.where(i[:, None], 0.0, v) for i, (_, v) in zip(inner, parts, strict=True)]
            ),
            np.float64,
        ),
        intercepts=frozen(intercepts, np.float64),
    )
