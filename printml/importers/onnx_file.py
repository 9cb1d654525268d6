"""Classifiers from ONNX files, followed from the input to the answer without running them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from printml.errors import InputError, ModelError
from printml.importers.onnx_model import OnnxModel
from printml.importers.onnx_node import Node
from printml.importers.onnx_ops import FLOATING, apply
from printml.importers.onnx_values import MOST_SUMS, Constant, Label, Sums, Trees, Value

MOST_BYTES = 100_000_000
MOST_NODES = 1_000
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def load_onnx(path: Path) -> OnnxModel:
    """Read a classifier, or a regressor of ordered classes, from an `.onnx` file.

    Raises
    ------
    InputError
        If the file cannot be read or is too large, or the package onnx is not installed.
    ModelError
        If it holds something that no circuit can be made of.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise InputError(
            "reading ONNX files needs the package onnx",
            where=str(path),
            hint="Install printml[onnx]",
        ) from error
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"the file is larger than {MOST_BYTES / 1e6:g} MB", where=str(path))
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    try:
        model = onnx.load_model_from_string(content)
        answer, n_features = _walk(model.graph)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"not an ONNX file: {error}", where=str(path)) from error
    except ModelError as error:
        where = ", ".join(part for part in (str(path), error.where) if part)
        raise ModelError(error.what, where=where, hint=error.hint) from error
    return OnnxModel(answer, n_features, model.SerializeToString())


def _walk(graph: Any) -> tuple[Label | Sums | Trees, int]:
    """The graph's first output in terms of its one input; what that does not need is taken out."""
    known = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in known]
    if len(inputs) != 1 or not graph.output:
        raise ModelError(
            f"the graph has {len(inputs)} inputs and {len(graph.output)} outputs",
            hint="It needs one input, a table with a row per reading",
        )
    sizes = [part.dim_value for part in inputs[0].type.tensor_type.shape.dim]
    if len(sizes) != 2 or not 0 < sizes[1] <= MOST_SUMS:
        raise ModelError(
            f"the input has the shape {sizes}",
            hint=f"It needs a known number of features per row, at most {MOST_SUMS}",
        )
    values: dict[str, Value] = {
        inputs[0].name: Sums(np.eye(sizes[1]), np.zeros(sizes[1])),
        **{tensor.name: Constant(_array(tensor)) for tensor in graph.initializer},
    }
    needed = _needed(graph, graph.output[0].name, set(values))
    if len(needed) > MOST_NODES:
        raise ModelError(f"the graph has {len(needed)} nodes, more than {MOST_NODES}")
    del graph.node[:], graph.output[1:]
    graph.node.extend(needed)
    for node in needed:
        given = []
        for name in node.input:
            if name not in values:
                raise ModelError(f"the value {name!r} comes from nowhere, or from itself")
            given.append(values[name])
        attributes = {a.name: _attribute(a) for a in node.attribute}
        values |= zip(node.output, _outputs(node, attributes, tuple(given)), strict=False)
    answer = values.get(graph.output[0].name)
    if not isinstance(answer, (Label, Sums, Trees)):
        raise ModelError("the first output is neither a label nor a score nor a prediction")
    return answer, sizes[1]


def _needed(graph: Any, output: str, given: set[str]) -> list[Any]:
    """Nodes that the output depends on, in the order of the file."""
    makers: dict[str, int] = {}
    for k, node in enumerate(graph.node):
        for name in node.output:
            makers[name] = k
    if any(n > 1 for n in Counter(o for node in graph.node for o in node.output if o).values()):
        raise ModelError("a value of the graph is made twice")
    needed: set[int] = set()
    open_names = [output]
    while open_names:
        name = open_names.pop()
        if name in given or name not in makers or makers[name] in needed:
            continue
        needed.add(makers[name])
        open_names += graph.node[makers[name]].input
    return [graph.node[k] for k in sorted(needed)]


def _outputs(node: Any, attributes: dict[str, Any], given: tuple[Value, ...]) -> tuple[Value, ...]:
    if node.domain not in DOMAINS:
        # Its operators may share a name with the standard's and nothing else.
        raise ModelError(
            f"the operator {node.op_type} of the domain {node.domain!r} cannot be made a circuit",
            where=f"node {node.name!r}",
            hint=f"Supported are operators of {', '.join(DOMAINS[1:])}",
        )
    if node.op_type == "Constant":
        found = next(iter(attributes.values()), np.zeros(0))
        return (Constant(np.asarray(found)),)
    if given and isinstance(given[0], Constant) and node.op_type in ("Cast", "Identity"):
        if node.op_type == "Cast" and attributes.get("to") not in FLOATING:
            raise ModelError("Cast of a constant to whole numbers is not supported")
        return (given[0],)
    return apply(Node(node.op_type, node.name or node.op_type, attributes, given))


def _attribute(attribute: Any) -> Any:
    from onnx import AttributeProto
    from onnx.helper import get_attribute_value

    if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        raise ModelError("graphs inside of graphs are not supported")
    try:
        value = get_attribute_value(attribute)
    except ValueError as error:
        raise ModelError(f"the attribute {attribute.name!r} has no value") from error
    return _array(value) if attribute.type == AttributeProto.TENSOR else value


def _array(tensor: Any) -> np.ndarray:
    from onnx import TensorProto
    from onnx.numpy_helper import to_array

    if tensor.data_location == TensorProto.EXTERNAL:
        raise ModelError("a tensor lies in another file", hint="Save the model as one file")
    try:
        return np.asarray(to_array(tensor))
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise ModelError(f"the tensor {tensor.name!r} cannot be read: {error}") from error
