"""A node of an ONNX graph, and what its inputs and attributes must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError
from printml.importers.onnx_values import Constant, Sums, Value


@dataclass(frozen=True, eq=False)
class Node:
    """An operator with its attributes (numbers, texts, lists, arrays) and what it is given."""

    kind: str
    name: str
    attributes: dict[str, Any]
    inputs: tuple[Value, ...]


def sums_of(node: Node, k: int = 0) -> Sums:
    """An input that must be plain sums."""
    value = node.inputs[k]
    if not isinstance(value, Sums) or value.squashed:
        raise ModelError(f"{node.kind} of something other than weighted sums is not supported")
    return value


def numbers_of(node: Node, k: int) -> FloatArray:
    value = node.inputs[k]
    if not isinstance(value, Constant):
        raise ModelError(f"{node.kind} of two values that both depend on the readings")
    array = np.asarray(value.value, float)
    if not np.isfinite(array).all():
        raise ModelError(f"{node.kind} has a constant that is not finite")
    return array


def texts(names: Any) -> tuple[str, ...]:
    found = []
    for name in np.ravel(np.asarray(names, dtype=object)):
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        found.append(str(int(name)) if isinstance(name, (float, np.floating)) else str(name))
    return tuple(found)


def class_names(node: Node) -> tuple[str, ...]:
    said = node.attributes
    for key in ("classlabels_strings", "classlabels_ints", "classlabels_int64s"):
        if len(said.get(key, ())):
            return texts(said[key])
    raise ModelError(f"{node.kind} has no class labels")
