"""Integer model to word-level circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printml.arrays import frozen
from printml.circuit.adder_graph import shared_sums
from printml.circuit.build import CircuitBuilder
from printml.circuit.ir import Circuit, DecisionTree, Sum
from printml.quantize.integer_model import (
    IntegerForest,
    IntegerModel,
    IntegerNetwork,
    IntegerTree,
    ovo_pairs,
)
from printml.quantize.tree import simplify_tree, subtree_arrays
from printml.verilog_names import identifiers


def build_circuit(model: IntegerModel, *, name: str, keep_scores: bool = False) -> Circuit:
    """The circuit that answers `class` exactly as `model.predict`.

    Parameters
    ----------
    model
        Integer SVM, MLP, tree or ensemble of trees.
    name
        Verilog module name.
    keep_scores
        Also output the sums before the decision as `score_0`, `score_1` ..., the way published
        circuits do. A regressor's `score_0` is its decision value: the sum with the rounding
        constant and the label offset folded in, so that the class is `score_0 >> fraction_bits`
        clipped to the class range. Ignored for trees and their ensembles.

    Examples
    --------
    >>> from printml.arrays import frozen
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=frozen([4, 4], np.int64), weights=(frozen([[3, -5]], np.int64),),
    ...     intercepts=(frozen([2], np.int64),), decision="ovo", fraction_bits=0, label_offset=0,
    ... )
    >>> X_int = np.array([[9, 1], [1, 9]])
    >>> build_circuit(model, name="top").predict(X_int).tolist(), model.predict(X_int).tolist()
    ([0, 1], [0, 1])
    """
    builder = CircuitBuilder(name)
    inputs = [
        builder.input(port, int(bits))
        for port, bits in zip(port_names(model), model.input_bits, strict=True)
    ]
    if isinstance(model, IntegerTree):
        builder.output("class", _tree(builder, model, inputs))
        return builder.build()
    if isinstance(model, IntegerForest):
        builder.output("class", _forest(builder, model, inputs))
        return builder.build()
    scores = _layers(builder, model, inputs)
    builder.output("class", _decide(builder, model, scores, keep_scores=keep_scores))
    if keep_scores:
        for k, score in enumerate(scores):
            builder.output(f"score_{k}", score)
    return builder.build()


def port_names(model: IntegerModel) -> list[str]:
    """Verilog name of each input port: the feature's name as far as Verilog allows it."""
    n_scores = len(model.weights[-1]) if isinstance(model, IntegerNetwork) else 0
    outputs = ["class", *(f"score_{k}" for k in range(n_scores))]
    return identifiers(model.feature_names, reserved=outputs)


def _tree(builder: CircuitBuilder, model: IntegerTree, inputs: list[int]) -> int:
    tree = simplify_tree(model)
    used = sorted({int(k) for k in tree.feature if k >= 0})
    if not used:
        return builder.constant(int(tree.leaf_class[0]))
    place = {feature: k for k, feature in enumerate(used)}
    return builder.add(
        DecisionTree(
            inputs=tuple(inputs[k] for k in used),
            feature=tuple(place.get(k, -1) for k in tree.feature.tolist()),
            threshold=tuple(tree.threshold.tolist()),
            left=tuple(tree.left.tolist()),
            right=tuple(tree.right.tolist()),
            leaf_class=tuple(tree.leaf_class.tolist()),
        )
    )


def _forest(builder: CircuitBuilder, model: IntegerForest, inputs: list[int]) -> int:
    """Each distinct comparison once, for all trees; a sum per class of what the trees add."""
    terms: list[list[tuple[int, int]]] = [[] for _ in range(model.n_classes)]
    constants = model.intercepts.tolist()
    for root in model.roots.tolist():
        for k in range(model.n_classes):
            least, step, tree = _one_score(model, root, k)
            constants[k] += least
            if tree is not None:
                terms[k].append((step, _on_bits(builder, tree, inputs)))
    return builder.argmax(
        [builder.sum(own, constant) for own, constant in zip(terms, constants, strict=True)]
    )


def _one_score(model: IntegerForest, root: int, k: int) -> tuple[int, int, IntegerTree | None]:
    """What a tree adds to class k, as `least + step * leaf`; None if it always adds the same."""
    tree = simplify_tree(
        IntegerTree(
            model.family,
            model.feature_names,
            model.class_labels,
            model.input_bits,
            *subtree_arrays(model, root, model.values[:, k] - model.values[:, k].min()),
        )
    )
    leaves = tree.leaf_class[tree.feature < 0]
    low, step = int(leaves.min()), int(np.gcd.reduce(leaves - leaves.min()))
    least = low + int(model.values[:, k].min())
    if step == 0:
        return least, 0, None
    scaled = np.where(tree.feature < 0, (tree.leaf_class - low) // step, -1)
    return least, step, replace(tree, leaf_class=frozen(scaled, np.int64))


def _on_bits(builder: CircuitBuilder, tree: IntegerTree, inputs: list[int]) -> int:
    """The tree on the answers of its comparisons, which are words of their own."""
    answers = [
        builder.above(inputs[feature], threshold) if feature >= 0 else -1
        for feature, threshold in zip(tree.feature.tolist(), tree.threshold.tolist(), strict=True)
    ]
    used = sorted({bit for bit in answers if bit >= 0})
    place = {bit: k for k, bit in enumerate(used)}
    if len(tree.feature) == 3 and tree.leaf_class.tolist() == [-1, 0, 1]:
        return answers[0]
    return builder.add(
        DecisionTree(
            inputs=tuple(used),
            feature=tuple(place.get(bit, -1) for bit in answers),
            threshold=(0,) * len(answers),
            left=tuple(tree.left.tolist()),
            right=tuple(tree.right.tolist()),
            leaf_class=tuple(tree.leaf_class.tolist()),
        )
    )


def _layers(builder: CircuitBuilder, model: IntegerNetwork, inputs: list[int]) -> list[int]:
    words = inputs
    for layer, (weight, intercept) in enumerate(zip(model.weights, model.intercepts, strict=True)):
        if layer > 0:
            words = [builder.relu(word) for word in words]
        rounding = model.rounding_constant if layer == len(model.weights) - 1 else 0
        words = shared_sums(builder, words, weight, intercept + rounding)
    return words


def _above(builder: CircuitBuilder, score: int, threshold: int, *, keep_scores: bool) -> int:
    """`score > threshold`; where only the answer matters, the sign bit of a shifted sum."""
    op = builder.ops[score]
    if keep_scores or not isinstance(op, Sum):
        return builder.above(score, threshold)
    return builder.above(builder.sum(op.terms, op.constant - threshold - 1), -1)


def _decide(
    builder: CircuitBuilder, model: IntegerNetwork, scores: list[int], *, keep_scores: bool
) -> int:
    if model.decision == "regression":
        return builder.shift_clip(
            scores[0], shift=model.fraction_bits, low=0, high=model.n_classes - 1
        )
    if model.decision == "argmax":
        return builder.argmax(scores)
    wins = [_above(builder, score, 0, keep_scores=keep_scores) for score in scores]
    votes = []
    for k in range(model.n_classes):
        terms: list[tuple[int, int]] = []
        lost_as_second = 0
        for win, (first, second) in zip(wins, ovo_pairs(model.n_classes), strict=True):
            if k == first:
                terms.append((1, win))
            elif k == second:
                terms.append((-1, win))
                lost_as_second += 1
        votes.append(builder.sum(terms, lost_as_second))
    return builder.argmax(votes)
