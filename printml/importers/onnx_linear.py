"""Linear models and linear SVMs of ONNX as weighted sums."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError
from printml.importers.onnx_node import Node, class_names, sums_of
from printml.importers.onnx_values import Label, Pairs, Sums, Value

MOST_PAIR_WEIGHTS = 20_000_000


def linear_classifier(node: Node) -> tuple[Value, ...]:
    names = class_names(node)
    weights, intercepts = _coefficients(node, sums_of(node))
    if len(weights) == 1 and len(names) == 2:
        weights, intercepts = (
            np.vstack([-weights, weights]),
            np.concatenate([-intercepts, intercepts]),
        )
    if len(weights) != len(names):
        raise ModelError(f"{len(weights)} sums for {len(names)} classes")
    scores = sums_of(node).dense(weights, intercepts)
    return Label(scores, names), replace(scores, squashed=True)


def _coefficients(node: Node, before: Sums) -> tuple[FloatArray, FloatArray]:
    weights = np.asarray(node.attributes["coefficients"], float).reshape(-1, before.width)
    intercepts = np.asarray(node.attributes.get("intercepts", ()), float)
    if not len(intercepts):
        intercepts = np.zeros(len(weights))
    if len(intercepts) != len(weights):
        raise ModelError(f"{len(intercepts)} intercepts for {len(weights)} sums")
    return weights, intercepts


def _plain_output(node: Node) -> None:
    transform = node.attributes.get("post_transform", b"NONE")
    if transform not in ("NONE", b"NONE"):
        raise ModelError(f"{node.kind} with the post_transform {transform!r} is not supported")


def linear_regressor(node: Node) -> tuple[Value, ...]:
    _plain_output(node)
    weights, intercepts = _coefficients(node, sums_of(node))
    return (sums_of(node).dense(weights, intercepts),)


def _vectors(node: Node, before: Sums) -> FloatArray:
    if node.attributes.get("kernel_type", b"LINEAR") not in ("LINEAR", b"LINEAR"):
        raise ModelError(
            f"{node.kind} with the kernel {node.attributes['kernel_type']!r} cannot be made a "
            "circuit",
            hint="Fit it with a linear kernel",
        )
    return np.asarray(node.attributes.get("support_vectors", ()), float).reshape(-1, before.width)


def svm_regressor(node: Node) -> tuple[Value, ...]:
    _plain_output(node)
    before = sums_of(node)
    vectors = _vectors(node, before)
    coefficients = np.asarray(node.attributes["coefficients"], float)
    weights = coefficients @ vectors if len(vectors) else coefficients
    rho = np.asarray(node.attributes["rho"], float)[:1]
    if node.attributes.get("one_class", 0):
        raise ModelError("a one-class SVM is no classifier of several classes")
    return (before.dense(weights.reshape(1, -1), rho),)


def svm_classifier(node: Node) -> tuple[Value, ...]:
    """One sum per pair of classes, from the support vectors of the two."""
    before, names = sums_of(node), class_names(node)
    vectors = _vectors(node, before)
    if len(names) ** 2 * before.width > MOST_PAIR_WEIGHTS:
        raise ModelError(f"an SVMClassifier of {len(names)} classes is too large")
    per_class = np.asarray(node.attributes.get("vectors_per_class", ()), np.int64)
    if len(per_class) != len(names) or per_class.sum() != len(vectors) or (per_class < 0).any():
        raise ModelError("SVMClassifier without support vectors of every class")
    coefficients = np.asarray(node.attributes["coefficients"], float)
    coefficients = coefficients.reshape(len(names) - 1, len(vectors))
    rho = np.asarray(node.attributes["rho"], float)
    ends = np.cumsum(per_class)
    own = [slice(end - n, end) for n, end in zip(per_class, ends, strict=True)]
    weights = [
        coefficients[j - 1, own[i]] @ vectors[own[i]] + coefficients[i, own[j]] @ vectors[own[j]]
        for i, j in combinations(range(len(names)), 2)
    ]
    scores = Pairs(before.dense(np.array(weights), rho[: len(weights)]), len(names))
    return (Label(scores, names),)
