"""Decision trees on integers, without the comparisons that cannot matter."""

from __future__ import annotations

import numpy as np

from printml.arrays import IntArray, frozen
from printml.model.float_model import TreeModel
from printml.quantize.integer_model import IntegerForest, IntegerTree


def quantize_tree(model: TreeModel, *, input_bits: IntArray) -> IntegerTree:
    """`x > t` on scaled readings becomes `x_int > floor(t * 2**bits)`, then `simplify_tree`."""
    levels = np.exp2(input_bits)
    threshold = np.floor(model.threshold * levels[np.maximum(model.feature, 0)])
    # Thresholds outside the input range decide like the nearest one just outside.
    highest = levels[np.maximum(model.feature, 0)] - 1
    return simplify_tree(
        IntegerTree(
            family=model.family,
            feature_names=model.feature_names,
            class_labels=model.class_labels,
            input_bits=frozen(input_bits, np.int64),
            feature=frozen(model.feature, np.int64),
            threshold=frozen(
                np.where(model.feature >= 0, np.clip(threshold, -1, highest), 0), np.int64
            ),
            left=frozen(model.left, np.int64),
            right=frozen(model.right, np.int64),
            leaf_class=frozen(model.leaf_class, np.int64),
        )
    )


def simplify_tree(tree: IntegerTree) -> IntegerTree:
    """The same function with fewer nodes.

    A comparison decided by the ones above it is replaced by the branch that is taken; a node
    whose branches answer the same class becomes a leaf. Nodes are numbered depth first, left
    before right.
    """
    # Walk with explicit stacks: a grown tree can be deeper than Python's recursion limit.
    high = [int(2 ** int(bits)) - 1 for bits in tree.input_bits]
    target: dict[int, int] = {}  # node -> node that stands in for it
    order: list[int] = []
    stack: list[tuple[int, dict[int, tuple[int, int]]]] = [(0, {})]
    while stack:
        node, ranges = stack.pop()
        order.append(node)
        feature, threshold = int(tree.feature[node]), int(tree.threshold[node])
        if feature < 0:
            continue
        low, top = ranges.get(feature, (0, high[feature]))
        left, right = int(tree.left[node]), int(tree.right[node])
        if top <= threshold or low > threshold:
            target[node] = left if top <= threshold else right
            stack.append((target[node], ranges))
            continue
        stack.append((left, {**ranges, feature: (low, threshold)}))
        stack.append((right, {**ranges, feature: (threshold + 1, top)}))
    answer: dict[int, int] = {}  # node -> its class when it has only one
    for node in reversed(order):
        if tree.feature[node] < 0:
            answer[node] = int(tree.leaf_class[node])
        elif node in target:
            if target[node] in answer:
                answer[node] = answer[target[node]]
        elif (one := answer.get(int(tree.left[node]))) is not None and one == answer.get(
            int(tree.right[node])
        ):
            answer[node] = one
    return _renumbered(tree, target, answer)


def subtree_arrays(
    forest: IntegerForest, root: int, leaf_values: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Feature, threshold, left, right and leaf value of one tree of a forest, root first."""
    later = forest.roots[forest.roots > root]
    nodes = slice(root, int(later.min()) if len(later) else len(forest.feature))
    inner = forest.feature[nodes] >= 0
    return (
        frozen(forest.feature[nodes], np.int64),
        frozen(forest.threshold[nodes], np.int64),
        frozen(np.where(inner, forest.left[nodes] - root, -1), np.int64),
        frozen(np.where(inner, forest.right[nodes] - root, -1), np.int64),
        frozen(np.where(inner, -1, leaf_values[nodes]), np.int64),
    )


def _renumbered(tree: IntegerTree, target: dict[int, int], answer: dict[int, int]) -> IntegerTree:
    columns: list[list[int]] = []  # feature, threshold, left, right, leaf_class of each new node
    stack: list[tuple[int, int, int]] = [(0, -1, 0)]  # node, new parent, column of the parent
    while stack:
        node, parent, side = stack.pop()
        while node in target:
            node = target[node]
        if parent >= 0:
            columns[parent][side] = len(columns)
        if node in answer:
            columns.append([-1, 0, -1, -1, answer[node]])
            continue
        stack.append((int(tree.right[node]), len(columns), 3))
        stack.append((int(tree.left[node]), len(columns), 2))
        columns.append([int(tree.feature[node]), int(tree.threshold[node]), -1, -1, -1])
    feature, threshold, left, right, leaf_class = (
        frozen(column, np.int64) for column in zip(*columns, strict=True)
    )
    return IntegerTree(
        family=tree.family,
        feature_names=tree.feature_names,
        class_labels=tree.class_labels,
        input_bits=tree.input_bits,
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        leaf_class=leaf_class,
    )
