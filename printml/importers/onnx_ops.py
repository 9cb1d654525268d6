"""The operators of ONNX that a circuit can be made of, each as a function on `Value`s.

Source: the operator specifications of ai.onnx and ai.onnx.ml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError
from printml.importers.onnx_linear import (
    linear_classifier,
    linear_regressor,
    svm_classifier,
    svm_regressor,
)
from printml.importers.onnx_node import Node, class_names, numbers_of, sums_of, texts
from printml.importers.onnx_trees import tree_classifier, tree_regressor
from printml.importers.onnx_values import Constant, Label, Pairs, Sums, Trees, Value

FLOATING = (1, 10, 11, 16)
"""float32, float16, float64 and bfloat16 by their numbers in TensorProto.DataType."""


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


def _per_sum(array: FloatArray, width: int) -> FloatArray:
    """A constant that is added to or multiplied with each sum, shape (width,)."""
    if array.size not in (1, width) or (array.size > 1 and array.shape[-1] != width):
        raise ModelError(f"a constant of shape {array.shape} does not fit {width} sums")
    return np.broadcast_to(array.reshape(-1), (width,))


def _gemm(node: Node) -> tuple[Value, ...]:
    said = node.attributes
    before, weights = sums_of(node), numbers_of(node, 1)
    if said.get("transA", 0):
        raise ModelError("Gemm with transA is not supported")
    weights = weights if said.get("transB", 0) else weights.T
    intercepts = np.zeros(len(weights))
    if len(node.inputs) > 2:
        intercepts = said.get("beta", 1.0) * _per_sum(numbers_of(node, 2), len(weights))
    return (before.dense(said.get("alpha", 1.0) * weights, intercepts),)


def _matmul(node: Node) -> tuple[Value, ...]:
    weights = numbers_of(node, 1)
    if weights.ndim != 2:
        raise ModelError("MatMul needs a matrix")
    return (sums_of(node).dense(weights.T, np.zeros(weights.shape[1])),)


def _both(node: Node) -> tuple[Sums, FloatArray, bool]:
    """The sums, the constant for each, and whether the constant came first."""
    first = isinstance(node.inputs[0], Constant)
    sums = sums_of(node, 1 if first else 0)
    return sums, _per_sum(numbers_of(node, 0 if first else 1), sums.width), first


def _add(node: Node) -> tuple[Value, ...]:
    sums, numbers, _ = _both(node)
    return (replace(sums, intercepts=sums.intercepts + numbers),)


def _subtract(node: Node) -> tuple[Value, ...]:
    squashed = node.inputs[1]
    if isinstance(squashed, Sums) and squashed.squashed and squashed.width == 1:
        # 1 - sigmoid(s) is sigmoid(-s).
        if not np.array_equal(np.ravel(numbers_of(node, 0)), [1.0]):
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
    sums = sums_of(node)
    offset = _per_sum(np.asarray(node.attributes.get("offset", [0.0]), float), sums.width)
    scale = _per_sum(np.asarray(node.attributes.get("scale", [1.0]), float), sums.width)
    return (_scaled(replace(sums, intercepts=sums.intercepts - offset), scale),)


def _relu(node: Node) -> tuple[Value, ...]:
    return (sums_of(node).rectified(),)


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
        return (Label(label.of, texts(names.value)),)
    raise ModelError(f"{node.kind} is supported for the names of classes only")


def _pass(node: Node) -> tuple[Value, ...]:
    return (node.inputs[0],)


def _cast(node: Node) -> tuple[Value, ...]:
    """Scores that become integers are not the same scores any more."""
    if not isinstance(node.inputs[0], Label) and node.attributes.get("to") not in FLOATING:
        raise ModelError("Cast of scores to something other than floating point is not supported")
    return (node.inputs[0],)


def _width(value: Value) -> int:
    if isinstance(value, Constant):
        raise ModelError("a constant in place of scores is not supported")
    return 1 if isinstance(value, Label) else value.width


def _flatten(node: Node) -> tuple[Value, ...]:
    if node.attributes.get("axis", 1) not in (1, -1):
        raise ModelError("Flatten of rows is not supported")
    return (node.inputs[0],)


def _squeeze(node: Node) -> tuple[Value, ...]:
    """A column of one value per row, or the row of these values."""
    if _width(node.inputs[0]) != 1:
        raise ModelError(f"{node.kind} of several values per row is not supported")
    return (node.inputs[0],)


def _reshape(node: Node) -> tuple[Value, ...]:
    """A row stays a row: its values may not be dealt out anew."""
    value = node.inputs[0]
    width = _width(value)
    shape = [int(size) for size in numbers_of(node, 1).reshape(-1)]
    rows, columns = shape if len(shape) == 2 else (-1, 1)
    if len(shape) not in (1, 2) or rows not in (-1, 0) or columns not in (-1, width):
        raise ModelError(f"Reshape to {shape} is supported only where it changes nothing")
    if len(shape) == 1 and (width != 1 or shape != [-1]):
        raise ModelError(f"Reshape of {width} values per row to {shape} is not supported")
    return (value,)


def _trees(node: Node) -> tuple[Value, ...]:
    names = class_names(node)
    trees = tree_classifier(node.attributes, sums_of(node), len(names))
    return Label(trees, names), trees


def _tree_regressor(node: Node) -> tuple[Value, ...]:
    return (tree_regressor(node.attributes, sums_of(node)),)


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
    "Cast": _cast,
    "Dropout": _pass,
    "Flatten": _flatten,
    "Identity": _pass,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _squeeze,
    "ZipMap": _pass,
    "LinearClassifier": linear_classifier,
    "LinearRegressor": linear_regressor,
    "SVMClassifier": svm_classifier,
    "SVMRegressor": svm_regressor,
    "TreeEnsembleClassifier": _trees,
    "TreeEnsembleRegressor": _tree_regressor,
}
