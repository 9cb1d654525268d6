"""Linear support vector machines (scikit-learn's LinearSVC and LinearSVR)."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.model.float_model import Decision, LinearModel
from printml.model.rows import one_row_per_class
from printml.model.spec import Params, Spec, quiet_and_serial

MAX_ITERATIONS = 2000


def svm_grid(spec: Spec) -> list[Params]:
    """Choices to cross-validate, the most regularised first (it wins ties)."""
    if spec.family == "svm-c":
        return [(("C", C),) for C in (0.01, 0.1, 1.0, 10.0, 100.0)]
    losses = ("squared_epsilon_insensitive", "epsilon_insensitive")
    return [(("C", C), ("loss", loss)) for C in (0.01, 0.1, 1.0, 10.0, 100.0) for loss in losses]


def fit_svm(spec: Spec, params: Params, X: FloatArray, y: IntArray) -> LinearModel:
    """Fit an SVM classifier (one-vs-one or one-vs-rest) or regressor of the class index.

    Parameters
    ----------
    X, y
        Scaled readings float64 (n_rows, n_features), class index int64 (n_rows,), with at least
        two classes.
    """
    with quiet_and_serial():
        if spec.family == "svm-r":
            weights, intercepts = _regressor(spec, params, X, y)
            decision: Decision = "regression"
        elif spec.ovr:
            weights, intercepts = _one_vs_rest(spec, params, X, y)
            decision = "argmax"
        else:
            weights, intercepts = _one_vs_one(spec, params, X, y)
            decision = "ovo"
    return LinearModel(
        spec.family,
        spec.feature_names,
        spec.class_labels,
        frozen(weights, np.float64),
        frozen(intercepts, np.float64),
        decision,
    )


def _regressor(
    spec: Spec, params: Params, X: FloatArray, y: IntArray
) -> tuple[FloatArray, FloatArray]:
    from sklearn.svm import LinearSVR

    chosen = dict(params)
    machine = LinearSVR(
        C=chosen["C"],
        loss=chosen["loss"],
        dual=chosen["loss"] == "epsilon_insensitive",  # liblinear has no primal solver for it
        max_iter=MAX_ITERATIONS,
        random_state=spec.seed,
    ).fit(X, y)
    return machine.coef_.reshape(1, -1), np.atleast_1d(machine.intercept_)


def _binary(
    spec: Spec, params: Params, X: FloatArray, positive: IntArray
) -> tuple[FloatArray, float]:
    """One separating plane; above 0 means positive. A side without rows gives a constant."""
    from sklearn.svm import LinearSVC

    if positive.all() or not positive.any():
        return np.zeros(X.shape[1]), 1.0 if positive.any() else -1.0
    machine = LinearSVC(
        C=dict(params)["C"],
        penalty=spec.penalty,
        dual=False,
        max_iter=MAX_ITERATIONS,
        random_state=spec.seed,
    ).fit(X, positive)
    return machine.coef_[0], float(machine.intercept_[0])


def _one_vs_one(
    spec: Spec, params: Params, X: FloatArray, y: IntArray
) -> tuple[FloatArray, FloatArray]:
    planes = []
    for i, j in combinations(range(spec.n_classes), 2):
        rows = (y == i) | (y == j)
        planes.append(_binary(spec, params, X[rows], y[rows] == i))
    return np.array([plane[0] for plane in planes]), np.array([plane[1] for plane in planes])


def _one_vs_rest(
    spec: Spec, params: Params, X: FloatArray, y: IntArray
) -> tuple[FloatArray, FloatArray]:
    present = np.unique(y)
    # Two classes need one plane; its sum belongs to the second class.
    targets = present[1:] if len(present) == 2 else present
    planes = [_binary(spec, params, X, y == k) for k in targets]
    return one_row_per_class(
        np.array([plane[0] for plane in planes]),
        np.array([plane[1] for plane in planes]),
        present=present,
        n_classes=spec.n_classes,
        highest_inputs=np.ones(X.shape[1]),
    )
