"""Integer models: the first rung of the ladder of meaning.

Everything downstream (circuit, netlist, Icarus) must answer exactly as
`predict` does here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from printml.arrays import IntArray

Decision = Literal["ovo", "argmax", "regression"]


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Linear SVM (one layer) or ReLU MLP (two layers) with integer coefficients.

    Attributes
    ----------
    family
        `svm-c`, `svm-r`, `mlp-c` or `mlp-r`.
    feature_names, class_labels
        As in `Dataset`.
    input_bits
        Bits of each input, int64, shape (n_features,); input i lies in 0..2**bits-1.
    weights
        One matrix per layer, int64, shape (n_sums, n_inputs_of_layer).
    intercepts
        One vector per layer, int64, shape (n_sums,), in the scale of the products.
    decision
        `ovo`: one sum per pair (i < j) in lexicographic order, above 0 votes for i, else for j,
        most votes win, ties go to the lower class. `argmax`: one sum per class, ties go to the
        lower class (one-vs-rest SVM, MLP classifier; a two-class `argmax` has two sums).
        `regression`: one sum; class index = ceil(sum / 2**fraction_bits - 0.5) - label_offset,
        clipped to 0..n_classes-1.
    fraction_bits, label_offset
        Only read by `regression`.
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    input_bits: IntArray
    weights: tuple[IntArray, ...]
    intercepts: tuple[IntArray, ...]
    decision: Decision
    fraction_bits: int = 0
    label_offset: int = 0

    @property
    def n_classes(self) -> int:
        return len(self.class_labels)

    @property
    def n_features(self) -> int:
        return len(self.feature_names)

    def scores(self, X_int: IntArray) -> IntArray:
        """Pre-decision sums, int64, shape (n_rows, n_sums)."""
        values = X_int
        for layer, (weight, intercept) in enumerate(
            zip(self.weights, self.intercepts, strict=True)
        ):
            if layer > 0:
                values = np.maximum(values, 0)
            values = values @ weight.T + intercept
        return values

    @property
    def rounding_constant(self) -> int:
        """What turns ceil(sum / 2**f - 0.5) - offset into a plain shift of the sum; 0 if none."""
        if self.decision != "regression":
            return 0
        half = 1 << self.fraction_bits >> 1
        below = 1 if self.fraction_bits else 0
        return half - below - (self.label_offset << self.fraction_bits)

    def decision_values(self, X_int: IntArray) -> IntArray:
        """Sums as the circuit forms them: `scores`, with the rounding constant of a regressor.

        int64, shape (n_rows, n_sums).
        """
        return self.scores(X_int) + self.rounding_constant

    def predict(self, X_int: IntArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        values = self.decision_values(X_int)
        if self.decision == "regression":
            return np.clip(values[:, 0] >> self.fraction_bits, 0, self.n_classes - 1)
        if self.decision == "ovo":
            values = ovo_votes(values, self.n_classes)
        return np.argmax(values, axis=1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class IntegerTree:
    """Binary decision tree on integer inputs: go right when `x > threshold`.

    Attributes
    ----------
    feature, threshold, left, right, leaf_class
        int64, shape (n_nodes,); node 0 is the root, children have larger indices than their
        parent; `feature` is -1 at a leaf, `leaf_class` is -1 at an inner node.

    Examples
    --------
    >>> tree = IntegerTree(
    ...     family="tree", feature_names=("a",), class_labels=("low", "high"),
    ...     input_bits=np.array([4]), feature=np.array([0, -1, -1]), threshold=np.array([7, 0, 0]),
    ...     left=np.array([1, -1, -1]), right=np.array([2, -1, -1]),
    ...     leaf_class=np.array([-1, 0, 1]),
    ... )
    >>> tree.predict(np.array([[7], [8]])).tolist()
    [0, 1]
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    input_bits: IntArray
    feature: IntArray
    threshold: IntArray
    left: IntArray
    right: IntArray
    leaf_class: IntArray

    @property
    def n_classes(self) -> int:
        return len(self.class_labels)

    @property
    def n_features(self) -> int:
        return len(self.feature_names)

    def predict(self, X_int: IntArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        node = np.zeros(X_int.shape[0], dtype=np.int64)
        rows = np.arange(X_int.shape[0])
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return self.leaf_class[node]
            above = X_int[rows, np.maximum(feature, 0)] > self.threshold[node]
            node = np.where(inner, np.where(above, self.right[node], self.left[node]), node)


@dataclass(frozen=True, eq=False)
class IntegerForest:
    """Trees whose leaves add to the scores of classes; the highest wins, ties to the lower class.

    Attributes
    ----------
    family
        `forest` (every leaf is one vote) or `boost`.
    roots
        int64, shape (n_trees,): first node of each tree.
    feature, threshold, left, right
        int64, shape (n_nodes,), as in `IntegerTree`, nodes of all trees one after the other.
    values
        int64, shape (n_nodes, n_classes): what a leaf adds to each score; 0 at inner nodes.
    intercepts
        int64, shape (n_classes,).
    """

    family: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    input_bits: IntArray
    roots: IntArray
    feature: IntArray
    threshold: IntArray
    left: IntArray
    right: IntArray
    values: IntArray
    intercepts: IntArray

    @property
    def n_classes(self) -> int:
        return len(self.class_labels)

    @property
    def n_features(self) -> int:
        return len(self.feature_names)

    def scores(self, X_int: IntArray) -> IntArray:
        """Score of each class, int64, shape (n_rows, n_classes)."""
        rows = np.arange(X_int.shape[0])
        total = np.tile(self.intercepts, (X_int.shape[0], 1))
        for root in self.roots:
            node = np.full(X_int.shape[0], root, dtype=np.int64)
            while (inner := self.feature[node] >= 0).any():
                reading = X_int[rows, np.maximum(self.feature[node], 0)]
                child = np.where(reading > self.threshold[node], self.right[node], self.left[node])
                node = np.where(inner, child, node)
            total += self.values[node]
        return total

    def predict(self, X_int: IntArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        return np.argmax(self.scores(X_int), axis=1).astype(np.int64)


IntegerModel = IntegerNetwork | IntegerTree | IntegerForest


def ovo_pairs(n_classes: int) -> list[tuple[int, int]]:
    """Class pairs (i < j) in the order of the one-vs-one sums."""
    return [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]


def ovo_votes(scores: IntArray, n_classes: int) -> IntArray:
    """Votes of each class, int64, shape (n_rows, n_classes), from the one-vs-one sums."""
    votes = np.zeros((scores.shape[0], n_classes), dtype=np.int64)
    for column, (i, j) in enumerate(ovo_pairs(n_classes)):
        first = scores[:, column] > 0
        votes[:, i] += first
        votes[:, j] += ~first
    return votes
