"""The operators of ONNX that a circuit can be made of, each as a function on `Value`s.

Source: the operator specifications of ai.onnx and ai.onnx.ml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError
from printml.importers.onnx_trees import tree_classifier
from printml.importers.onnx_values import Constant, Label, Pairs, Sums, Trees, Value


@dataclass(frozen=True, eq=False)
class Node:
    """An operator with its attributes (numbers, texts, lists, arrays) and what it is given."""

    kind: str
    name: str
    attributes: dict[str, Any]
    inputs: tuple[Value, ...]


def apply(node: Node) -> tuple[Value, ...]:
    """The outputs of a node; those that no circuit needs may be left out.

    Raises
    ------
    ModelError
        If the operator, or what it does here, is not supported; the message names the node.
    """
    if node.kind not in _OPERATORS:
        raise ModelError(
            f"the operator {node.kind} cannot be made a circuit",
            where=f"node {node.name!r}",
            hint=f"Supported: {', '.join(supported_operators())}",
        )
    try:
        return _OPERATORS[node.kind](node)
    except ModelError as error:
        raise ModelError(error.what, where=f"node {node.name!r}", hint=error.hint) from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError) as error:
        raise ModelError(
            f"{node.kind} is not as its specification says: {error}", where=f"node {node.name!r}"
        ) from error


def supported_operators() -> tuple[str, ...]:
    """Names of the operators."""
    return tuple(sorted(_OPERATORS))


def _sums(node: Node, k: int = 0) -> Sums:
    """An input that must be plain sums."""
    value = node.inputs[k]
    if not isinstance(value, Sums) or value.squashed:
        raise ModelError(f"{node.kind} of something other than weighted sums is not supported")
    return value


def _numbers(node: Node, k: int) -> FloatArray:
    value = node.inputs[k]
    if not isinstance(value, Constant):
        raise ModelError(f"{node.kind} of two values that both depend on the readings")
    array = np.asarray(value.value, float)
    if not np.isfinite(array).all():
        raise ModelError(f"{node.kind} has a constant that is not finite")
    return array


def _per_sum(array: FloatArray, width: int) -> FloatArray:
    """A constant that is added to or multiplied with each sum, shape (width,)."""
    if array.size not in (1, width) or (array.size > 1 and array.shape[-1] != width):
        raise ModelError(f"a constant of shape {array.shape} does not fit {width} sums")
    return np.broadcast_to(array.reshape(-1), (width,))


def _gemm(node: Node) -> tuple[Value, ...]:
    said = node.attributes
    before, weights = _sums(node), _numbers(node, 1)
    if said.get("transA", 0):
        raise ModelError("Gemm with transA is not supported")
    weights = weights if said.get("transB", 0) else weights.T
    intercepts = np.zeros(len(weights))
    if len(node.inputs) > 2:
        intercepts = said.get("beta", 1.0) * _per_sum(_numbers(node, 2), len(weights))
    return (before.dense(said.get("alpha", 1.0) * weights, intercepts),)


def _matmul(node: Node) -> tuple[Value, ...]:
    weights = _numbers(node, 1)
    if weights.ndim != 2:
        raise ModelError("MatMul needs a matrix")
    return (_sums(node).dense(weights.T, np.zeros(weights.shape[1])),)


def _both(node: Node) -> tuple[Sums, FloatArray, bool]:
    """The sums, the constant for each, and whether the constant came first."""
    first = isinstance(node.inputs[0], Constant)
    sums = _sums(node, 1 if first else 0)
    return sums, _per_sum(_numbers(node, 0 if first else 1), sums.width), first


def _add(node: Node) -> tuple[Value, ...]:
    sums, numbers, _ = _both(node)
    return (replace(sums, intercepts=sums.intercepts + numbers),)


def _subtract(node: Node) -> tuple[Value, ...]:
    squashed = node.inputs[1]
    if isinstance(squashed, Sums) and squashed.squashed and squashed.width == 1:
        # 1 - sigmoid(s) is sigmoid(-s).
        if not np.array_equal(np.ravel(_numbers(node, 0)), [1.0]):
            raise ModelError("Sub of a probability from something other than 1")
        return (replace(squashed, weights=-squashed.weights, intercepts=-squashed.intercepts),)
    sums, numbers, first = _both(node)
    if first:
        return (replace(sums, weights=-sums.weights, intercepts=numbers - sums.intercepts),)
    return (replace(sums, intercepts=sums.intercepts - numbers),)


def _multiply(node: Node) -> tuple[Value, ...]:
    sums, numbers, _ = _both(node)
    return (_scaled(sums, numbers),)


def _divide(node: Node) -> tuple[Value, ...]:
    sums, numbers, first = _both(node)
    if first or (numbers == 0).any():
        raise ModelError("Div is supported by constants other than 0 only")
    return (_scaled(sums, 1.0 / numbers),)


def _scaled(sums: Sums, factor: FloatArray) -> Sums:
    return replace(
        sums, weights=sums.weights * factor[:, None], intercepts=sums.intercepts * factor
    )


def _scaler(node: Node) -> tuple[Value, ...]:
    sums = _sums(node)
    offset = _per_sum(np.asarray(node.attributes.get("offset", [0.0]), float), sums.width)
    scale = _per_sum(np.asarray(node.attributes.get("scale", [1.0]), float), sums.width)
    return (_scaled(replace(sums, intercepts=sums.intercepts - offset), scale),)


def _relu(node: Node) -> tuple[Value, ...]:
    return (_sums(node).rectified(),)


def _squash(node: Node) -> tuple[Value, ...]:
    """Sigmoids and norms keep which score is the highest."""
    value = node.inputs[0]
    if isinstance(value, Sums):
        if value.width == 1 and node.kind != "Sigmoid":
            raise ModelError(f"{node.kind} of a single score")
        return (replace(value, squashed=True),)
    if not isinstance(value, (Trees, Pairs)):
        raise ModelError(f"{node.kind} of a label")
    return (value,)


def _concatenate(node: Node) -> tuple[Value, ...]:
    if node.attributes.get("axis", 1) not in (1, -1):
        raise ModelError("Concat of rows")
    parts = [part for part in node.inputs if isinstance(part, Sums)]
    if len(parts) != len(node.inputs):
        raise ModelError("Concat of something other than weighted sums")
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.beside(part)
    return (joined,)


def _argmax(node: Node) -> tuple[Value, ...]:
    value = node.inputs[0]
    if node.attributes.get("axis", 0) not in (1, -1) or node.attributes.get("select_last_index"):
        raise ModelError("ArgMax is supported over the scores of a row, the first one winning")
    if not isinstance(value, (Sums, Trees)) or value.width < 2:
        raise ModelError("ArgMax of something other than scores")
    return (Label(value, None),)


def _lookup(node: Node) -> tuple[Value, ...]:
    """Names of classes picked by the index of the class."""
    names, label = node.inputs
    if isinstance(names, Constant) and isinstance(label, Label) and label.names is None:
        if names.value.size != label.of.width:
            raise ModelError(f"{names.value.size} names for {label.of.width} classes")
        return (Label(label.of, _texts(names.value)),)
    raise ModelError(f"{node.kind} is supported for the names of classes only")


def _pass(node: Node) -> tuple[Value, ...]:
    return (node.inputs[0],)


def _texts(names: Any) -> tuple[str, ...]:
    found = []
    for name in np.ravel(np.asarray(names, dtype=object)):
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        found.append(str(int(name)) if isinstance(name, (float, np.floating)) else str(name))
    return tuple(found)


def _class_names(node: Node) -> tuple[str, ...]:
    said = node.attributes
    for key in ("classlabels_strings", "classlabels_ints", "classlabels_int64s"):
        if len(said.get(key, ())):
            return _texts(said[key])
    raise ModelError(f"{node.kind} has no class labels")


def _linear_classifier(node: Node) -> tuple[Value, ...]:
    names = _class_names(node)
    weights, intercepts = _coefficients(node, _sums(node))
    if len(weights) == 1 and len(names) == 2:
        weights, intercepts = (
            np.vstack([-weights, weights]),
            np.concatenate([-intercepts, intercepts]),
        )
    if len(weights) != len(names):
        raise ModelError(f"{len(weights)} sums for {len(names)} classes")
    scores = _sums(node).dense(weights, intercepts)
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


def _linear_regressor(node: Node) -> tuple[Value, ...]:
    _plain_output(node)
    weights, intercepts = _coefficients(node, _sums(node))
    return (_sums(node).dense(weights, intercepts),)


def _vectors(node: Node, before: Sums) -> FloatArray:
    if node.attributes.get("kernel_type", b"LINEAR") not in ("LINEAR", b"LINEAR"):
        raise ModelError(
            f"{node.kind} with the kernel {node.attributes['kernel_type']!r} cannot be made a "
            "circuit",
            hint="Fit it with a linear kernel",
        )
    return np.asarray(node.attributes.get("support_vectors", ()), float).reshape(-1, before.width)


def _svm_regressor(node: Node) -> tuple[Value, ...]:
    _plain_output(node)
    before = _sums(node)
    vectors = _vectors(node, before)
    coefficients = np.asarray(node.attributes["coefficients"], float)
    weights = coefficients @ vectors if len(vectors) else coefficients
    rho = np.asarray(node.attributes["rho"], float)[:1]
    if node.attributes.get("one_class", 0):
        raise ModelError("a one-class SVM is no classifier of several classes")
    return (before.dense(weights.reshape(1, -1), rho),)


def _svm_classifier(node: Node) -> tuple[Value, ...]:
    """One sum per pair of classes, from the support vectors of the two."""
    before, names = _sums(node), _class_names(node)
    vectors = _vectors(node, before)
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


def _trees(node: Node) -> tuple[Value, ...]:
    names = _class_names(node)
    trees = tree_classifier(node.attributes, _sums(node), len(names))
    return Label(trees, names), trees


_OPERATORS: dict[str, Callable[[Node], tuple[Value, ...]]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Sub": _subtract,
    "Mul": _multiply,
    "Div": _divide,
    "Scaler": _scaler,
    "Relu": _relu,
    "Sigmoid": _squash,
    "Softmax": _squash,
    "LogSoftmax": _squash,
    "Normalizer": _squash,
    "Concat": _concatenate,
    "ArgMax": _argmax,
    "ArrayFeatureExtractor": _lookup,
    "Gather": _lookup,
    "Cast": _pass,
    "Dropout": _pass,
    "Flatten": _pass,
    "Identity": _pass,
    "Reshape": _pass,
    "Squeeze": _pass,
    "Unsqueeze": _pass,
    "ZipMap": _pass,
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
    "SVMClassifier": _svm_classifier,
    "SVMRegressor": _svm_regressor,
    "TreeEnsembleClassifier": _trees,
}
