"""CART decision trees (scikit-learn's DecisionTreeClassifier)."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.model.float_model import TreeModel
from printml.model.spec import Params, Spec, quiet_and_serial

MOST_ALPHAS = 10


def tree_grid(spec: Spec, X: FloatArray, y: IntArray) -> list[Params]:
    """Pruning strengths to cross-validate, strongest first (it wins ties).

    Without `search` the one strength asked for. With it, at most ten, spread evenly over the
    breakpoints of the fully grown tree's own pruning path, and 0.
    """
    if not spec.tree.search:
        return [(("ccp_alpha", spec.tree.ccp_alpha),)]
    from sklearn.tree import DecisionTreeClassifier

    path = DecisionTreeClassifier(random_state=spec.seed).cost_complexity_pruning_path(X, y)
    alphas = np.unique(np.maximum(path.ccp_alphas, 0.0))
    # The last breakpoint prunes everything but the root.
    inner = alphas[1:-1]
    picked = inner[np.unique(np.linspace(0, len(inner) - 1, MOST_ALPHAS - 1).astype(int))]
    return [(("ccp_alpha", float(alpha)),) for alpha in (*picked[::-1], 0.0)]


def fit_tree(spec: Spec, params: Params, X: FloatArray, y: IntArray) -> TreeModel:
    """Grow a tree on scaled readings, float64 (n_rows, n_features), and class indices."""
    from sklearn.tree import DecisionTreeClassifier

    with quiet_and_serial():
        grown = DecisionTreeClassifier(
            max_depth=spec.tree.max_depth,
            max_leaf_nodes=spec.tree.max_leaf_nodes,
            min_samples_leaf=spec.tree.min_samples_leaf,
            ccp_alpha=dict(params)["ccp_alpha"],
            random_state=spec.seed,
        ).fit(X, y)
    nodes = grown.tree_
    inner = nodes.children_left >= 0
    majority = grown.classes_[np.argmax(nodes.value[:, 0, :], axis=1)]
    return TreeModel(
        spec.family,
        spec.feature_names,
        spec.class_labels,
        frozen(np.where(inner, nodes.feature, -1), np.int64),
        frozen(np.where(inner, nodes.threshold, 0.0), np.float64),
        frozen(nodes.children_left, np.int64),
        frozen(nodes.children_right, np.int64),
        frozen(np.where(inner, -1, majority), np.int64),
    )
