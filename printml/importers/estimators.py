"""A fitted scikit-learn estimator as a float model on the circuit's scaled readings.

The estimator knows raw readings x (or what its scalers make of them); the circuit's readings are
u = (x - minimum) / span. Coefficients, intercepts and thresholds are carried over exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.data.quantizer import InputQuantizer
from printml.errors import ModelError
from printml.importers.onnx_model import OnnxModel
from printml.importers.scalers import SCALERS, Affine, unwrapped
from printml.model.float_model import (
    Decision,
    FloatModel,
    ForestModel,
    LinearModel,
    MlpModel,
    TreeModel,
)


def supported_estimators() -> tuple[str, ...]:
    """Names of the estimator classes that `float_model_of` takes."""
    return tuple(sorted(_CONVERTERS))


def family_of(estimator: Any) -> str:
    """The family that `float_model_of` would give.

    Raises
    ------
    ModelError
        If the estimator is not supported.
    """
    if isinstance(estimator, OnnxModel):
        return estimator.family
    while type(estimator).__name__ == "Pipeline":
        estimator = estimator.steps[-1][1]
    kind = type(estimator).__name__
    if kind not in _FAMILIES:
        raise unsupported(kind)
    return _FAMILIES[kind]


def unsupported(kind: str) -> ModelError:
    """The error for an estimator that no circuit can be made of."""
    return ModelError(
        f"{kind} cannot be made a circuit",
        hint=f"Supported: {', '.join(supported_estimators())}, alone or in a Pipeline after "
        f"{', '.join(SCALERS)}",
    )


def float_model_of(
    estimator: Any,
    quantizer: InputQuantizer,
    *,
    feature_names: tuple[str, ...],
    class_labels: tuple[str, ...],
    first_label: float = 0.0,
) -> FloatModel:
    """Convert a fitted estimator or a Pipeline of scalers and one.

    Parameters
    ----------
    estimator
        Fitted on raw readings, features in the order of `feature_names`; or an `OnnxModel`.
    quantizer
        Range of each reading.
    first_label
        Value that a regressor predicts for class 0; the classes are this far and 1 apart.

    Raises
    ------
    ModelError
        If the estimator is not supported, not fitted, or its classes are not those given.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> quantizer = InputQuantizer.fit(X, bits=8)
    >>> model = float_model_of(
    ...     tree, quantizer, feature_names=("sl", "sw", "pl", "pw"), class_labels=("0", "1", "2")
    ... )
    >>> bool((model.predict(quantizer.scale(X)) == tree.predict(X)).all())
    True
    """
    if isinstance(estimator, OnnxModel):
        return estimator.float_model(
            quantizer,
            feature_names=feature_names,
            class_labels=class_labels,
            first_label=first_label,
        )
    last, affine = unwrapped(estimator, len(feature_names))
    kind = type(last).__name__
    if kind not in _CONVERTERS:
        raise unsupported(kind)
    n_in = getattr(last, "n_features_in_", None)
    if n_in is None:
        raise ModelError(f"the {kind} is not fitted", hint="Call fit first")
    if n_in != len(feature_names):
        raise ModelError(f"the {kind} takes {n_in} features, the table has {len(feature_names)}")
    known = getattr(last, "classes_", None)
    if known is not None and len(known) != len(class_labels):
        raise ModelError(
            f"the {kind} knows {len(known)} classes, the table has {len(class_labels)}",
            hint="Fit it on rows of every class",
        )
    # z = factor * (minimum + span * u) + offset; a feature without span stays at its minimum.
    readings = Affine(
        affine.factor * quantizer.span, affine.factor * quantizer.minimum + affine.offset
    )
    names = {"feature_names": feature_names, "class_labels": class_labels}
    return _CONVERTERS[kind](last, readings, first_label, names)


Names = dict[str, tuple[str, ...]]


def _linear(
    weights: FloatArray,
    intercepts: FloatArray,
    readings: Affine,
    decision: Decision,
    names: Names,
    family: str,
) -> LinearModel:
    return LinearModel(
        family=family,
        weights=frozen(weights * readings.factor, np.float64),
        intercepts=frozen(intercepts + weights @ readings.offset, np.float64),
        decision=decision,
        **names,
    )


def _linear_classifier(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    """One sum per class, or a single one whose sign decides between two."""
    weights, intercepts = np.atleast_2d(last.coef_), np.atleast_1d(last.intercept_)
    if len(intercepts) < len(weights):
        intercepts = np.full(len(weights), float(intercepts[0]))
    if len(weights) == 1:
        # Above 0 is class 1 there; in a one-vs-one decision above 0 is the first class.
        return _linear(-weights, -intercepts, readings, "ovo", names, "svm-c")
    return _linear(weights, intercepts, readings, "argmax", names, "svm-c")


def _svc(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    if last.kernel != "linear":
        raise ModelError(
            f"an SVC with the kernel {last.kernel!r} cannot be made a circuit",
            hint="Fit it with kernel='linear'",
        )
    weights, intercepts = np.asarray(last.coef_), last.intercept_
    if hasattr(weights, "toarray"):
        weights = weights.toarray()
    if len(names["class_labels"]) == 2:
        weights, intercepts = -weights, -intercepts
    return _linear(weights, intercepts, readings, "ovo", names, "svm-c")


def _linear_regressor(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    weights = np.atleast_2d(last.coef_)
    if len(weights) != 1:
        raise ModelError("a regressor of several targets cannot be made a circuit")
    intercepts = np.atleast_1d(last.intercept_).astype(float) - first
    return _linear(weights, intercepts, readings, "regression", names, "svm-r")


def _mlp(last: Any, readings: Affine, names: Names, family: str, first: float) -> MlpModel:
    if last.activation != "relu" or len(last.coefs_) != 2:
        raise ModelError(
            f"an MLP with {len(last.coefs_) - 1} hidden layers and the activation "
            f"{last.activation!r} cannot be made a circuit",
            hint="Use one hidden layer and activation='relu'",
        )
    hidden, output = last.coefs_[0].T, last.coefs_[1].T
    output_intercepts = np.array(last.intercepts_[1], float)
    decision: Decision = "argmax"
    if family == "mlp-r":
        if len(output) != 1:
            raise ModelError("a regressor of several targets cannot be made a circuit")
        decision, output_intercepts = "regression", output_intercepts - first
    elif len(output) == 1:
        # A logistic output above one half means class 1: its sum against 0.
        output = np.vstack([np.zeros_like(output), output])
        output_intercepts = np.concatenate([[0.0], output_intercepts])
    return MlpModel(
        family=family,
        hidden_weights=frozen(hidden * readings.factor, np.float64),
        hidden_intercepts=frozen(last.intercepts_[0] + hidden @ readings.offset, np.float64),
        output_weights=frozen(output, np.float64),
        output_intercepts=frozen(output_intercepts, np.float64),
        decision=decision,
        **names,
    )


def _mlp_classifier(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    return _mlp(last, readings, names, "mlp-c", first)


def _mlp_regressor(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    return _mlp(last, readings, names, "mlp-r", first)


def _decision_tree(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    nodes = last.tree_
    inner = nodes.children_left >= 0
    majority = np.argmax(nodes.value[:, 0, :], axis=1)
    feature, threshold, left, right = _nodes(nodes, readings, 0)
    return TreeModel(
        family="tree",
        feature=frozen(feature, np.int64),
        threshold=frozen(threshold, np.float64),
        left=frozen(left, np.int64),
        right=frozen(right, np.int64),
        leaf_class=frozen(np.where(inner, -1, majority), np.int64),
        **names,
    )


def _nodes(
    nodes: Any, readings: Affine, first_node: int
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Feature, threshold on u, left and right of a scikit-learn tree.

    Scalers have positive factors, so `z > t` is `u > (t - offset) / factor`. A feature without
    span is decided: its threshold moves outside the range of u.
    """
    inner = nodes.children_left >= 0
    feature = np.where(inner, nodes.feature, -1)
    place = np.maximum(feature, 0)
    factor, offset = readings.factor[place], readings.offset[place]
    moves = factor > 0
    inside = (nodes.threshold - offset) / np.where(moves, factor, 1.0)
    decided = np.where(offset > nodes.threshold, -2.0, 2.0)
    threshold = np.where(inner, np.where(moves, inside, decided), 0.0)
    left = np.where(inner, nodes.children_left + first_node, -1)
    right = np.where(inner, nodes.children_right + first_node, -1)
    return feature, threshold, left, right


def _ensemble(
    trees: list[tuple[Any, FloatArray]],
    intercepts: FloatArray,
    readings: Affine,
    names: Names,
    family: str,
) -> ForestModel:
    roots = np.concatenate([[0], np.cumsum([t.node_count for t, _ in trees])[:-1]])
    columns = [_nodes(t, readings, int(r)) for (t, _), r in zip(trees, roots, strict=True)]
    feature, threshold, left, right = (
        np.concatenate([column[k] for column in columns]) for k in range(4)
    )
    values = np.concatenate([v for _, v in trees])
    return ForestModel(
        family=family,
        roots=frozen(roots, np.int64),
        feature=frozen(feature, np.int64),
        threshold=frozen(threshold, np.float64),
        left=frozen(left, np.int64),
        right=frozen(right, np.int64),
        values=frozen(np.where((feature >= 0)[:, None], 0.0, values), np.float64),
        intercepts=frozen(intercepts, np.float64),
        **names,
    )


def _forest(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    """Averaged class probabilities; their sum has the same winner."""
    trees = []
    for estimator in last.estimators_:
        counts = estimator.tree_.value[:, 0, :]
        trees.append((estimator.tree_, counts / counts.sum(axis=1, keepdims=True)))
    return _ensemble(trees, np.zeros(len(names["class_labels"])), readings, names, "forest")


def _boosted(last: Any, readings: Affine, first: float, names: Names) -> FloatModel:
    if last.loss != "log_loss" or not (last.init is None or last.init == "zero"):
        raise ModelError(
            "boosting with this loss or initial estimator cannot be made a circuit",
            hint="Use loss='log_loss' and init=None",
        )
    n_classes = len(names["class_labels"])
    intercepts = np.zeros(n_classes)
    if last.init is None:
        share = np.asarray(last.init_.class_prior_)
        intercepts = np.log(np.clip(share, 1e-12, 1.0))
    two = last.estimators_.shape[1] == 1
    if two:
        intercepts = np.array([0.0, intercepts[1] - intercepts[0]])
    trees = []
    for estimators in last.estimators_:
        for column, estimator in enumerate(estimators):
            values = np.zeros((estimator.tree_.node_count, n_classes))
            values[:, 1 if two else column] = last.learning_rate * estimator.tree_.value[:, 0, 0]
            trees.append((estimator.tree_, values))
    return _ensemble(trees, intercepts, readings, names, "boost")


_CONVERTERS: dict[str, Callable[[Any, Affine, float, Names], FloatModel]] = {
    "LinearSVC": _linear_classifier,
    "LogisticRegression": _linear_classifier,
    "Perceptron": _linear_classifier,
    "RidgeClassifier": _linear_classifier,
    "SGDClassifier": _linear_classifier,
    "SVC": _svc,
    "LinearSVR": _linear_regressor,
    "Ridge": _linear_regressor,
    "MLPClassifier": _mlp_classifier,
    "MLPRegressor": _mlp_regressor,
    "DecisionTreeClassifier": _decision_tree,
    "RandomForestClassifier": _forest,
    "ExtraTreesClassifier": _forest,
    "GradientBoostingClassifier": _boosted,
}

_FAMILIES = {
    "LinearSVC": "svm-c",
    "LogisticRegression": "svm-c",
    "Perceptron": "svm-c",
    "RidgeClassifier": "svm-c",
    "SGDClassifier": "svm-c",
    "SVC": "svm-c",
    "LinearSVR": "svm-r",
    "Ridge": "svm-r",
    "MLPClassifier": "mlp-c",
    "MLPRegressor": "mlp-r",
    "DecisionTreeClassifier": "tree",
    "RandomForestClassifier": "forest",
    "ExtraTreesClassifier": "forest",
    "GradientBoostingClassifier": "boost",
}
