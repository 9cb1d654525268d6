"""Trees of several shapes from the same rows, as starts for a search of smaller ones."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.errors import InputError
from printml.model.float_model import TreeModel
from printml.model.spec import quiet_and_serial

DEPTHS = (2, 3, 4, 5, 6, 8)
LEAVES = (3, 4, 6, 8, 12, 16, 24, 32)
N_ALPHAS = 6


def start_trees(
    X: FloatArray,
    y: IntArray,
    *,
    feature_names: tuple[str, ...],
    class_labels: tuple[str, ...],
    seed: int,
) -> tuple[TreeModel, ...]:
    """Depth-limited, leaf-limited and cost-complexity-pruned trees, by Gini impurity and entropy.

    Parameters
    ----------
    X, y
        Training rows only: scaled readings, float64 (n_rows, n_features), and class indices.
    seed
        Of scikit-learn's choice between equally good splits.

    Returns
    -------
    tuple of TreeModel
        Without repeats, in a fixed order.

    Raises
    ------
    InputError
        If there are no rows.
    """
    from sklearn.tree import DecisionTreeClassifier

    if len(y) == 0:
        raise InputError("no rows to grow trees from", hint="Give training rows")
    found: dict[tuple[bytes, ...], TreeModel] = {}
    with quiet_and_serial():
        for criterion in ("gini", "entropy"):
            whole = DecisionTreeClassifier(criterion=criterion, random_state=seed)
            alphas = np.maximum(whole.cost_complexity_pruning_path(X, y).ccp_alphas, 0.0)
            inner = np.unique(alphas)[:-1]
            picked = (
                inner[np.unique(np.linspace(0, len(inner) - 1, N_ALPHAS).astype(int))]
                if (len(inner))
                else inner
            )
            choices: list[tuple[int | None, int | None, float]] = [
                *((depth, None, 0.0) for depth in DEPTHS),
                *((None, leaves, 0.0) for leaves in LEAVES),
                *((None, None, float(alpha)) for alpha in picked),
            ]
            for depth, leaves, alpha in choices:
                grown = DecisionTreeClassifier(
                    criterion=criterion,
                    max_depth=depth,
                    max_leaf_nodes=leaves,
                    ccp_alpha=alpha,
                    random_state=seed,
                ).fit(X, y)
                tree = _as_model(grown, feature_names, class_labels)
                key = (tree.feature.tobytes(), tree.threshold.tobytes(), tree.leaf_class.tobytes())
                found.setdefault(key, tree)
    return tuple(found.values())


def _as_model(
    grown: object, feature_names: tuple[str, ...], class_labels: tuple[str, ...]
) -> TreeModel:
    nodes, classes = grown.tree_, grown.classes_  # type: ignore[attr-defined]
    inner = nodes.children_left >= 0
    majority = classes[np.argmax(nodes.value[:, 0, :], axis=1)]
    return TreeModel(
        "tree",
        feature_names,
        class_labels,
        frozen(np.where(inner, nodes.feature, -1), np.int64),
        frozen(np.where(inner, nodes.threshold, 0.0), np.float64),
        frozen(nodes.children_left, np.int64),
        frozen(nodes.children_right, np.int64),
        frozen(np.where(inner, -1, majority), np.int64),
    )
