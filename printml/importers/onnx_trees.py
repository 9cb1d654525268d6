"""Tree ensembles of ONNX as trees that add to the scores of the classes, or to a prediction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError
from printml.importers.onnx_values import Sums, Trees

MOST_NODES = 1_000_000
MOST_VALUES = 10_000_000
"""Nodes times classes."""


def tree_classifier(said: dict[str, Any], before: Sums, n_classes: int) -> Trees:
    """Translate the attributes of a TreeEnsembleClassifier.

    Parameters
    ----------
    said
        Attributes of the node.
    before
        What it reads: each feature scaled on its own.

    Raises
    ------
    ModelError
        If a node compares in a way that is not supported, or the attributes do not form trees.
    """
    trees, place = _trees(said, before)
    values = _leaf_values(said, "class", place, n_classes)
    return _with_scores(trees, *_scores(said, values, n_classes))


def tree_regressor(said: dict[str, Any], before: Sums) -> Trees:
    """Translate the attributes of a TreeEnsembleRegressor; as `tree_classifier`."""
    if int(said.get("n_targets", 1)) != 1:
        raise ModelError("a regressor of several targets cannot be made a circuit")
    if _said_text(said, "post_transform", "NONE") != "NONE":
        raise ModelError("a tree regressor with a post_transform is not supported")
    trees, place = _trees(said, before)
    values = _leaf_values(said, "target", place, 1)
    how = _said_text(said, "aggregate_function", "SUM")
    if how not in ("SUM", "AVERAGE"):
        raise ModelError(
            f"trees whose {how} is the prediction cannot be made a circuit",
            hint="Supported: SUM, AVERAGE",
        )
    if how == "AVERAGE":
        values = values / len(trees.roots)
    base = np.asarray(said.get("base_values", ()), float)
    if len(base) > 1:
        raise ModelError(f"{len(base)} base values for one prediction")
    trees = _with_scores(trees, values, base if len(base) else np.zeros(1), True)
    return replace(trees, regressor=True)


def _with_scores(trees: Trees, values: FloatArray, intercepts: FloatArray, boosted: bool) -> Trees:
    if not (np.isfinite(values).all() and np.isfinite(intercepts).all()):
        raise ModelError("the value of a leaf is not a finite number")
    inner = trees.feature >= 0
    return replace(
        trees,
        values=np.where(inner[:, None], 0.0, values),
        intercepts=intercepts,
        boosted=boosted,
    )


Places = dict[tuple[int, int], int]
"""The index of a node by the number of its tree and its own."""


def _trees(said: dict[str, Any], before: Sums) -> tuple[Trees, Places]:
    """The trees without the values of their leaves."""
    factor = np.diag(before.weights).copy()
    if before.hidden is not None or not np.array_equal(before.weights, np.diag(factor)):
        raise ModelError("trees on mixed features cannot be made a circuit")
    tree_ids, node_ids, feature = (
        np.asarray(said[f"nodes_{name}"], np.int64) for name in ("treeids", "nodeids", "featureids")
    )
    n = len(tree_ids)
    if not 0 < n <= MOST_NODES:
        raise ModelError(f"{n} nodes are out of range")
    modes = [m.decode() if isinstance(m, bytes) else str(m) for m in said["nodes_modes"]]
    threshold = np.asarray(said["nodes_values"], float)
    place = {key: k for k, key in enumerate(zip(tree_ids.tolist(), node_ids.tolist(), strict=True))}
    inner = np.array([mode != "LEAF" for mode in modes])
    true, false = (
        np.array(
            [
                place[tree, int(child)] if is_inner else -1
                for tree, child, is_inner in zip(
                    tree_ids.tolist(), said[f"nodes_{name}nodeids"], inner, strict=True
                )
            ],
            np.int64,
        )
        for name in ("true", "false")
    )
    if (feature[inner] < 0).any() or (feature[inner] >= before.width).any():
        raise ModelError("a node compares a feature that does not exist")
    left, right, threshold = _by_greater(modes, true, false, threshold)
    roots = _roots(tree_ids, left, right)
    _no_loops(roots, left, right)
    if np.isnan(threshold[inner]).any():
        raise ModelError("a node compares with something that is not a number")
    trees = Trees(
        factor=factor,
        offset=before.intercepts.copy(),
        roots=roots,
        feature=np.where(inner, feature, -1),
        left=left,
        right=right,
        threshold=np.where(inner, threshold, 0.0),
        values=np.zeros((n, 0)),
        intercepts=np.zeros(0),
        boosted=False,
    )
    return trees, place


def _by_greater(
    modes: list[str], true: np.ndarray, false: np.ndarray, threshold: FloatArray
) -> tuple[np.ndarray, np.ndarray, FloatArray]:
    """Left, right and threshold such that `z > threshold` goes right.

    Readings are single precision, so `z < t` is `z <= t'` with the number below.
    """
    left, right, moved = true.copy(), false.copy(), threshold.copy()
    for k, mode in enumerate(modes):
        if mode in ("LEAF", "BRANCH_LEQ"):
            continue
        if mode in ("BRANCH_GT", "BRANCH_GTE"):
            left[k], right[k] = false[k], true[k]
        elif mode != "BRANCH_LT":
            raise ModelError(
                f"trees that compare by {mode} cannot be made a circuit",
                hint="Supported: BRANCH_LEQ, BRANCH_LT, BRANCH_GT, BRANCH_GTE",
            )
        if mode in ("BRANCH_LT", "BRANCH_GTE"):
            moved[k] = np.nextafter(np.float32(threshold[k]), np.float32(-np.inf))
    return left, right, moved


def _roots(tree_ids: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The node of each tree that no other leads to."""
    reached = np.zeros(len(tree_ids), bool)
    for child in (left, right):
        reached[child[child >= 0]] = True
    roots = np.flatnonzero(~reached)
    if len(roots) != len(np.unique(tree_ids)) or len(np.unique(tree_ids[roots])) != len(roots):
        raise ModelError("the nodes do not form one tree for each tree number")
    return roots


def _no_loops(roots: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Every node is reached once, from its root."""
    seen = np.zeros(len(left), np.int64)
    front = roots
    while len(front):
        np.add.at(seen, front, 1)
        if (seen > 1).any():
            break
        children = np.concatenate([left[front], right[front]])
        front = children[children >= 0]
    if (seen != 1).any():
        raise ModelError("the nodes do not form trees: one is reached twice or never")


def _leaf_values(said: dict[str, Any], of: str, place: Places, n_columns: int) -> FloatArray:
    """What each node adds, float64, shape (n_nodes, n_columns); `of` is `class` or `target`."""
    if len(place) * n_columns > MOST_VALUES:
        raise ModelError(f"{len(place)} nodes of {n_columns} classes are too many")
    values = np.zeros((len(place), n_columns))
    for tree, node, column, weight in zip(
        *(said[f"{of}_{part}"] for part in ("treeids", "nodeids", "ids", "weights")), strict=True
    ):
        if not 0 <= column < n_columns:
            raise ModelError(f"a leaf has a value for a {of} that does not exist")
        values[place[int(tree), int(node)], column] += weight
    return values


def _said_text(said: dict[str, Any], key: str, default: str) -> str:
    text = said.get(key, default)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _scores(
    said: dict[str, Any], values: FloatArray, n_classes: int
) -> tuple[FloatArray, FloatArray, bool]:
    """Values of leaves (n_nodes, n_classes), base of each class, and whether they are sums."""
    ids, weights = np.asarray(said["class_ids"], np.int64), np.asarray(said["class_weights"], float)
    base = np.asarray(said.get("base_values", ()), float)
    transform = _said_text(said, "post_transform", "NONE")
    if transform == "SOFTMAX_ZERO":
        # It leaves scores of 0 as they are, so a negative one may win over them.
        raise ModelError("trees with the post_transform SOFTMAX_ZERO are not supported")
    boosted = transform != "NONE" or len(base) > 0
    intercepts = np.zeros(n_classes)
    if n_classes == 2 and len(np.unique(ids)) == 1:
        # A single score decides between two classes: a share against one half, a sum against 0.
        column = int(ids[0])
        values[:, 1] = values[:, column]
        values[:, 0] = 0.0
        share = transform in ("NONE", "PROBIT") and (weights >= 0).all()
        intercepts[0] = 0.5 if share else 0.0
        intercepts[1] = float(base[0]) if len(base) == 1 else float(base[-1]) if len(base) else 0.0
    elif len(base):
        if len(base) != n_classes:
            raise ModelError(f"{len(base)} base values for {n_classes} classes")
        intercepts += base
    return values, intercepts, boosted
