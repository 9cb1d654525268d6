"""`model.json`: an integer model as a file, read back strictly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.errors import ModelError
from printml.files import write_json_atomic
from printml.quantize.integer_model import (
    Decision,
    IntegerForest,
    IntegerModel,
    IntegerNetwork,
    IntegerTree,
)
from printml.quantize.json_checks import Place, load_json
from printml.quantize.ranges import LARGEST_SUM, value_ranges

FORMAT = "printml-model-1"
MOST_INPUT_BITS = 16

_COMMON = ("format", "family", "feature_names", "class_labels", "input_bits")
_NETWORK = ("decision", "fraction_bits", "label_offset", "weights", "intercepts")
_TREE = ("feature", "threshold", "left", "right", "leaf_class")
_FOREST = ("roots", "feature", "threshold", "left", "right", "values", "intercepts")
_KEYS = {"tree": _TREE, "forest": _FOREST, "boost": _FOREST}


def to_json(model: IntegerModel, *, scales: Sequence[FloatArray] = ()) -> dict[str, Any]:
    """Plain lists and numbers, keys in a fixed order.

    Parameters
    ----------
    scales
        Per layer, integer sum over float sum (`Quantized.scales`); kept for the reader of the
        file, not read back.
    """
    common = {
        "format": FORMAT,
        "family": model.family,
        "feature_names": list(model.feature_names),
        "class_labels": list(model.class_labels),
        "input_bits": model.input_bits.tolist(),
    }
    if not isinstance(model, IntegerNetwork):
        return {**common, **{key: getattr(model, key).tolist() for key in _KEYS[model.family]}}
    written: dict[str, Any] = {
        **common,
        "decision": model.decision,
        "fraction_bits": model.fraction_bits,
        "label_offset": model.label_offset,
        "weights": [weight.tolist() for weight in model.weights],
        "intercepts": [intercept.tolist() for intercept in model.intercepts],
    }
    if scales:
        written["scales"] = [scale.tolist() for scale in scales]
    return written


def from_json(value: Any, *, file: str = "model.json") -> IntegerModel:
    """The model of a parsed `model.json`.

    Parameters
    ----------
    file
        Named in errors.

    Raises
    ------
    ModelError
        If anything is missing, of the wrong type or shape, or out of range; the message has the
        path inside the file.
    """
    place = Place(value, file=file)
    said = value.get("family") if isinstance(value, dict) else None
    keys = _KEYS.get(said, _NETWORK) if isinstance(said, str) else _NETWORK
    place.object(required=(*_COMMON, *keys), optional=("scales",))
    place["format"].text(among=[FORMAT])
    feature_names = _names(place["feature_names"], at_least=1)
    class_labels = _names(place["class_labels"], at_least=2)
    bits = place["input_bits"].integers(length=len(feature_names), low=1, high=MOST_INPUT_BITS)
    if keys is _TREE:
        return _tree(place, feature_names, class_labels, bits)
    if keys is _FOREST:
        return _forest(place, str(said), feature_names, class_labels, bits)
    family = place["family"].text(among=("svm-c", "svm-r", "mlp-c", "mlp-r", *_KEYS))
    decision = place["decision"].text(among=get_args(Decision))
    if (decision == "regression") != family.endswith("-r") or (
        decision == "ovo" and family != "svm-c"
    ):
        raise place["decision"].error(f"`{decision}` does not go with {family}")
    weights, intercepts = read_layers(
        place["weights"].items(),
        place["intercepts"].items(),
        n_features=len(feature_names),
        n_sums=n_sums(decision, len(class_labels)),
        n_layers=2 if family.startswith("mlp") else 1,
        place=place,
    )
    return checked_ranges(
        IntegerNetwork(
            family=family,
            feature_names=feature_names,
            class_labels=class_labels,
            input_bits=bits,
            weights=weights,
            intercepts=intercepts,
            decision=decision,  # type: ignore[arg-type]  # checked against Decision above
            fraction_bits=place["fraction_bits"].integer(low=0, high=48),
            label_offset=place["label_offset"].integer(),
        ),
        place,
    )


def write_model(path: Path, model: IntegerModel, *, scales: Sequence[FloatArray] = ()) -> None:
    """Write `model.json`, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from printml.quantize.integer_model import IntegerNetwork
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=np.array([4, 4]), weights=(np.array([[3, -5]]),),
    ...     intercepts=(np.array([2]),), decision="ovo",
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_model(Path(folder) / "model.json", model)
    ...     back = read_model(Path(folder) / "model.json")
    >>> back.weights[0].tolist()
    [[3, -5]]
    """
    write_json_atomic(path, to_json(model, scales=scales))


def read_model(path: Path) -> IntegerModel:
    """Read a `model.json`.

    Raises
    ------
    InputError
        If the file cannot be read.
    ModelError
        As `from_json`.
    """
    return from_json(load_json(path, what="model file"), file=str(path))


def n_sums(decision: str, n_classes: int) -> int:
    """Number of sums that a decision needs."""
    if decision == "ovo":
        return n_classes * (n_classes - 1) // 2
    return n_classes if decision == "argmax" else 1


def read_layers(
    weights: Sequence[Place],
    intercepts: Sequence[Place],
    *,
    n_features: int,
    n_sums: int,
    n_layers: int,
    place: Place,
) -> tuple[tuple[IntArray, ...], tuple[IntArray, ...]]:
    """Matrices and vectors of all layers, shapes checked against each other.

    Raises
    ------
    ModelError
        Naming the first value that does not fit.
    """
    for name, layers in (("weights", weights), ("intercepts", intercepts)):
        if len(layers) != n_layers:
            raise place[name].error(f"expected {n_layers} layers, found {len(layers)}")
    matrices: list[IntArray] = []
    vectors: list[IntArray] = []
    n_inputs = n_features
    for layer in range(n_layers):
        rows = n_sums if layer == n_layers - 1 else None
        matrix = weights[layer].matrix(rows=rows, columns=n_inputs)
        vectors.append(
            intercepts[layer].integers(length=len(matrix), low=-LARGEST_SUM, high=LARGEST_SUM)
        )
        matrices.append(matrix)
        n_inputs = len(matrix)
    return tuple(matrices), tuple(vectors)


def checked_ranges(model: IntegerNetwork, place: Place) -> IntegerNetwork:
    """The model, if no sum can leave 63 bits."""
    try:
        value_ranges(model)
    except ModelError as error:
        raise place["weights"].error(error.what, error.hint) from error
    return model


def _names(place: Place, *, at_least: int) -> tuple[str, ...]:
    names = tuple(item.text() for item in place.items())
    if len(names) < at_least:
        raise place.error(f"expected at least {at_least} names, found {len(names)}")
    if len(set(names)) < len(names):
        raise place.error("a name occurs twice")
    return names


def _tree(
    place: Place, feature_names: tuple[str, ...], class_labels: tuple[str, ...], bits: IntArray
) -> IntegerTree:
    feature, threshold, left, right = _nodes(place, len(feature_names), roots=[0])
    n = len(feature)
    leaf_class = place["leaf_class"].integers(length=n, low=-1, high=len(class_labels) - 1)
    for node in range(n):
        if (feature[node] < 0) != (leaf_class[node] >= 0):
            raise place["leaf_class"][node].error("exactly the leaves have a class")
    return IntegerTree(
        family="tree",
        feature_names=feature_names,
        class_labels=class_labels,
        input_bits=frozen(bits, np.int64),
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        leaf_class=leaf_class,
    )


def _forest(
    place: Place,
    family: str,
    feature_names: tuple[str, ...],
    class_labels: tuple[str, ...],
    bits: IntArray,
) -> IntegerForest:
    roots = place["roots"].integers(low=0)
    if len(roots) == 0 or roots[0] != 0 or (np.diff(roots) <= 0).any():
        raise place["roots"].error("roots begin at 0 and rise")
    feature, threshold, left, right = _nodes(place, len(feature_names), roots=roots.tolist())
    n_classes = len(class_labels)
    values = place["values"].matrix(rows=len(feature), columns=n_classes)
    intercepts = place["intercepts"].integers(length=n_classes, low=-LARGEST_SUM, high=LARGEST_SUM)
    largest = np.abs(values).astype(float).sum(axis=0) + np.abs(intercepts)
    if largest.max() >= LARGEST_SUM:
        raise place["values"].error("a sum could pass 62 bits", "Use smaller leaf values")
    for node in np.flatnonzero((feature >= 0) & (values != 0).any(axis=1)):
        raise place["values"][int(node)].error("only leaves add to the scores")
    return IntegerForest(
        family=family,
        feature_names=feature_names,
        class_labels=class_labels,
        input_bits=frozen(bits, np.int64),
        roots=roots,
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        values=values,
        intercepts=intercepts,
    )


def _nodes(
    place: Place, n_features: int, *, roots: list[int]
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Feature, threshold, left and right of trees that stand one after the other."""
    feature = place["feature"].integers(low=-1, high=n_features - 1)
    n = len(feature)
    if n == 0:
        raise place["feature"].error("a tree needs at least one node")
    if roots[-1] >= n:
        raise place["roots"].error(f"there are {n} nodes only")
    threshold = place["threshold"].integers(length=n)
    left = place["left"].integers(length=n, low=-1, high=n - 1)
    right = place["right"].integers(length=n, low=-1, high=n - 1)
    ends = [*roots[1:], n]
    for root, end in zip(roots, ends, strict=True):
        for node in range(root, end):
            for name, child in (("left", left[node]), ("right", right[node])):
                is_leaf = feature[node] < 0
                if is_leaf != (child < 0) or (not is_leaf and not node < child < end):
                    raise place[name][node].error(
                        "a child comes after its parent, and a leaf has none (-1)"
                    )
    children = np.concatenate([left[left >= 0], right[right >= 0]])
    if sorted(children.tolist()) != sorted(set(range(n)) - set(roots)):
        raise place["left"].error("every node but a root needs exactly one parent")
    return feature, threshold, left, right
