"""Trained models as plain arrays, independent of the library that trained them.

Inputs are min-max scaled readings, 0..1 on the training rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from printml.arrays import FloatArray, IntArray

Decision = Literal["ovo", "argmax", "regression"]


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Linear SVM: one weighted sum per class pair, per class, or one in all.

    Attributes
    ----------
    family
        `svm-c` or `svm-r`.
    feature_names, class_labels
        As in `Dataset`.
    weights
        float64, shape (n_sums, n_features).
    intercepts
        float64, shape (n_sums,).
    decision
        `ovo`, `argmax` or `regression`, as in `IntegerNetwork`; a regressor's sum is the class
        index itself.
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    weights: FloatArray
    intercepts: FloatArray
    decision: Decision

    def scores(self, X: FloatArray) -> FloatArray:
        """Sums before the decision, float64, shape (n_rows, n_sums)."""
        return X @ self.weights.T + self.intercepts

    def predict(self, X: FloatArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        return decide(self.scores(X), self.decision, len(self.class_labels))


@dataclass(frozen=True, eq=False)
class MlpModel:
    """One hidden ReLU layer.

    Attributes
    ----------
    family
        `mlp-c` or `mlp-r`.
    hidden_weights, hidden_intercepts
        float64, shapes (n_hidden, n_features) and (n_hidden,).
    output_weights, output_intercepts
        float64, shapes (n_sums, n_hidden) and (n_sums,).
    decision
        `argmax` or `regression`.
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    hidden_weights: FloatArray
    hidden_intercepts: FloatArray
    output_weights: FloatArray
    output_intercepts: FloatArray
    decision: Decision

    def scores(self, X: FloatArray) -> FloatArray:
        """Sums before the decision, float64, shape (n_rows, n_sums)."""
        hidden = np.maximum(X @ self.hidden_weights.T + self.hidden_intercepts, 0.0)
        return hidden @ self.output_weights.T + self.output_intercepts

    def predict(self, X: FloatArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        return decide(self.scores(X), self.decision, len(self.class_labels))


@dataclass(frozen=True, eq=False)
class TreeModel:
    """Binary decision tree: go right when `x > threshold`.

    Readings are compared in single precision, as scikit-learn does; readings of the form
    `x_int / 2**bits` are exact there.

    Attributes
    ----------
    feature, left, right, leaf_class
        int64, shape (n_nodes,), as in `IntegerTree`.
    threshold
        float64, shape (n_nodes,); 0 at a leaf.
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    leaf_class: IntArray

    def predict(self, X: FloatArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        values = np.asarray(X, dtype=np.float32)
        rows = np.arange(len(values))
        node = np.zeros(len(values), dtype=np.int64)
        while (inner := self.feature[node] >= 0).any():
            reading = values[rows, np.maximum(self.feature[node], 0)]
            child = np.where(reading > self.threshold[node], self.right[node], self.left[node])
            node = np.where(inner, child, node)
        return self.leaf_class[node]


@dataclass(frozen=True, eq=False)
class ForestModel:
    """Trees that each add the values of the leaf a row falls into to the scores of the classes.

    Attributes
    ----------
    roots
        int64, shape (n_trees,): first node of each tree.
    feature, left, right
        int64, shape (n_nodes,), as in `TreeModel`, nodes of all trees one after the other.
    threshold
        float64, shape (n_nodes,); 0 at a leaf.
    values
        float64, shape (n_nodes, n_classes); 0 at inner nodes.
    intercepts
        float64, shape (n_classes,).
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    roots: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    values: FloatArray
    intercepts: FloatArray

    def predict(self, X: FloatArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,); ties go to the lower class."""
        values = np.asarray(X, dtype=np.float32)
        rows = np.arange(len(values))
        scores = np.tile(self.intercepts, (len(values), 1))
        for root in self.roots:
            node = np.full(len(values), root, dtype=np.int64)
            while (inner := self.feature[node] >= 0).any():
                reading = values[rows, np.maximum(self.feature[node], 0)]
                child = np.where(reading > self.threshold[node], self.right[node], self.left[node])
                node = np.where(inner, child, node)
            scores += self.values[node]
        return np.argmax(scores, axis=1).astype(np.int64)


FloatModel = LinearModel | MlpModel | TreeModel | ForestModel


def decide(scores: FloatArray, decision: Decision, n_classes: int) -> IntArray:
    """Class index from the sums; the rules are those of `IntegerNetwork`."""
    if decision == "regression":
        index = np.ceil(scores[:, 0] - 0.5)
        return np.clip(index, 0, n_classes - 1).astype(np.int64)
    if decision == "ovo":
        votes = np.zeros((len(scores), n_classes), dtype=np.int64)
        for column, (i, j) in enumerate(combinations(range(n_classes), 2)):
            first = scores[:, column] > 0
            votes[:, i] += first
            votes[:, j] += ~first
        return np.argmax(votes, axis=1).astype(np.int64)
    return np.argmax(scores, axis=1).astype(np.int64)
