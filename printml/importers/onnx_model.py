"""A classifier from an ONNX graph: the circuit's float model, and the original beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.data.quantizer import InputQuantizer
from printml.errors import ModelError
from printml.importers.onnx_values import Label, Pairs, Sums, Trees
from printml.model.float_model import FloatModel, ForestModel, LinearModel, MlpModel, TreeModel


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """What a graph computes, and the file's content to run it by.

    Attributes
    ----------
    answer
        A label, scores, or the value that a regressor predicts.
    n_features
        Readings that it takes.
    content
        The part of the file that leads to the answer.
    """

    answer: Label | Sums | Trees
    n_features: int
    content: bytes

    @property
    def family(self) -> str:
        """The model family of the circuit."""
        scores = self.scores
        if isinstance(scores, Trees):
            alone = scores.roots.tolist() == [0]
            if scores.boosted and not (alone and scores.regressor):
                return "boost"
            return "tree" if alone else "forest"
        sums = scores.of if isinstance(scores, Pairs) else scores
        return f"{'mlp' if sums.hidden else 'svm'}-{'r' if self.is_regressor else 'c'}"

    @property
    def is_regressor(self) -> bool:
        """Whether a single number is rounded to the class, rather than the highest score taken."""
        answer = self.answer
        if isinstance(answer, Trees):
            return answer.regressor
        return isinstance(answer, Sums) and answer.width == 1 and not answer.squashed

    @property
    def scores(self) -> Sums | Trees | Pairs:
        """What is decided by."""
        return self.answer.of if isinstance(self.answer, Label) else self.answer

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes; None where the graph answers an index or a number."""
        return self.answer.names if isinstance(self.answer, Label) else None

    def predict(self, X: FloatArray) -> np.ndarray:
        """What ONNX's reference evaluator answers to raw readings, float64 (n_rows, n_features).

        A label of each row (text), or the number a regressor predicts.

        Raises
        ------
        ModelError
            If the evaluator cannot run the graph.
        """
        from onnx import TensorProto, load_model_from_string
        from onnx.reference import ReferenceEvaluator

        reading: Any = load_model_from_string(self.content).graph.input[0]
        double = reading.type.tensor_type.elem_type == TensorProto.DOUBLE
        readings = np.asarray(X, np.float64 if double else np.float32)
        try:
            found: Any = ReferenceEvaluator(self.content).run(None, {reading.name: readings})
        except Exception as error:  # the evaluator raises whatever a graph leads to
            raise ModelError(f"the ONNX graph cannot be run: {error}") from error
        answer = np.asarray(found[0])
        if self.is_regressor:
            return answer.reshape(len(X)).astype(float)
        if isinstance(self.answer, Label):
            return np.array([_text(label) for label in answer.reshape(len(X))])
        scores = answer.reshape(len(X), -1)
        if scores.shape[1] == 1:
            return (scores[:, 0] > 0.5).astype(np.int64).astype(str)
        return np.argmax(scores, axis=1).astype(str)

    def float_model(
        self,
        quantizer: InputQuantizer,
        *,
        feature_names: tuple[str, ...],
        class_labels: tuple[str, ...],
        first_label: float = 0.0,
    ) -> FloatModel:
        """As `float_model_of` for a scikit-learn estimator.

        Raises
        ------
        ModelError
            If features or classes are not as many as those given.
        """
        if self.n_features != len(feature_names):
            raise ModelError(
                f"the graph takes {self.n_features} features, the table has {len(feature_names)}",
                hint="Columns that never change over the training rows are left out",
            )
        names = {"feature_names": feature_names, "class_labels": class_labels}
        scores = self.scores
        width = 2 if isinstance(scores, Sums) and scores.width == 1 else scores.width
        if not self.is_regressor and width != len(class_labels):
            raise ModelError(f"the graph knows {width} classes, the table has {len(class_labels)}")
        if isinstance(scores, Trees):
            if scores.regressor:
                scores = _nearest_class(scores, first_label, len(class_labels))
            return _trees(scores, quantizer, names, self.family)
        if isinstance(scores, Pairs):
            weights, intercepts = _on_scaled(scores.of.weights, scores.of.intercepts, quantizer)
            return LinearModel("svm-c", **names, weights=weights, intercepts=intercepts,
                               decision="ovo")  # fmt: skip
        return _sums(scores, quantizer, names, self.family, first_label)


Names = dict[str, tuple[str, ...]]


def _text(label: Any) -> str:
    if isinstance(label, bytes):
        return label.decode("utf-8", "replace")
    return str(int(label)) if isinstance(label, (float, np.floating)) else str(label)


def _on_scaled(
    weights: FloatArray, intercepts: FloatArray, quantizer: InputQuantizer
) -> tuple[FloatArray, FloatArray]:
    """The same sums of u, where the reading is `minimum + span * u`."""
    return (
        frozen(weights * quantizer.span, np.float64),
        frozen(intercepts + weights @ quantizer.minimum, np.float64),
    )


def _sums(
    scores: Sums, quantizer: InputQuantizer, names: Names, family: str, first_label: float
) -> FloatModel:
    regressor = family.endswith("-r")
    weights, intercepts = scores.weights, scores.intercepts - (first_label if regressor else 0.0)
    if not regressor and scores.width == 1:
        # A probability above one half means the second class.
        weights = np.vstack([np.zeros_like(weights), weights])
        intercepts = np.concatenate([[0.0], intercepts])
    decision: Any = "regression" if regressor else "argmax"
    if scores.hidden is None:
        weights, intercepts = _on_scaled(weights, intercepts, quantizer)
        return LinearModel(
            family, **names, weights=weights, intercepts=intercepts, decision=decision
        )
    hidden_weights, hidden_intercepts = _on_scaled(*scores.hidden, quantizer)
    return MlpModel(
        family,
        **names,
        hidden_weights=hidden_weights,
        hidden_intercepts=hidden_intercepts,
        output_weights=frozen(weights, np.float64),
        output_intercepts=frozen(intercepts, np.float64),
        decision=decision,
    )


def _nearest_class(scores: Trees, first_label: float, n_classes: int) -> Trees:
    """The same trees with a score per class, the highest where the prediction is nearest.

    The class k with the least (s - k)**2 has the highest k * s - k**2 / 2; halfway between two the
    lower one wins in both.
    """
    classes = np.arange(n_classes, dtype=float)
    base = float(scores.intercepts[0]) - first_label
    return replace(
        scores,
        values=scores.values * classes,
        intercepts=classes * base - classes**2 / 2,
        regressor=False,
    )


def _trees(scores: Trees, quantizer: InputQuantizer, names: Names, family: str) -> FloatModel:
    place = np.maximum(scores.feature, 0)
    factor = (scores.factor * quantizer.span)[place]
    offset = (scores.factor * quantizer.minimum + scores.offset)[place]
    if (scores.factor[scores.feature[scores.feature >= 0]] < 0).any():
        raise ModelError("trees on readings of reversed sign cannot be made a circuit")
    moves = factor > 0
    inside = (scores.threshold - offset) / np.where(moves, factor, 1.0)
    # A feature without span is decided: its threshold moves outside the range of u.
    threshold = np.where(moves, inside, np.where(offset > scores.threshold, -2.0, 2.0))
    inner = scores.feature >= 0
    thresholds = frozen(np.where(inner, threshold, 0.0), np.float64)
    if family == "tree":
        leaf = np.argmax(scores.values + scores.intercepts, axis=1)
        return TreeModel(
            family="tree",
            feature=frozen(scores.feature, np.int64),
            threshold=thresholds,
            left=frozen(scores.left, np.int64),
            right=frozen(scores.right, np.int64),
            leaf_class=frozen(np.where(inner, -1, leaf), np.int64),
            **names,
        )
    return ForestModel(
        family=family,
        roots=frozen(scores.roots, np.int64),
        feature=frozen(scores.feature, np.int64),
        left=frozen(scores.left, np.int64),
        right=frozen(scores.right, np.int64),
        threshold=thresholds,
        values=frozen(scores.values, np.float64),
        intercepts=frozen(scores.intercepts, np.float64),
        **names,
    )
