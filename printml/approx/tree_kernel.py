"""Many variants of one decision tree, judged on all rows at once: accuracy and area.

Rows are bits of 64-bit words. For every threshold of every input that the tree reads there is a
word row "x > t", so a node's rows are one AND per word, and a leaf's score a count of ones.
A variant has the topology of the tree, thresholds of its own, and nodes that became leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from printml.arrays import BitArray, FloatArray, IntArray, frozen
from printml.circuit.tree import MOST_BITS
from printml.circuit.tree_estimate import count_tree
from printml.circuit.tree_gates import TREE_GATES
from printml.circuit.tree_plan import popcount
from printml.circuit.tree_plans import REUSE, STORE, new_plans
from printml.compiled import compiled
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import simplify_tree


@dataclass(frozen=True, eq=False)
class RowBits:
    """The search rows as bits.

    Attributes
    ----------
    above
        Bit r of `above[f, t + 1]` is x[r, f] > t, for t = -1 .. 2**bits - 1; uint64, shape
        (n_features, n_levels, n_words); empty for inputs that were left out.
    classes
        Bit r of `classes[c]` is y[r] == c, uint64, shape (n_classes, n_words).
    n_rows
        Rows; the bits behind them are 0 in `classes` and in `all_rows`.
    """

    slot: IntArray
    above: BitArray
    classes: BitArray
    all_rows: BitArray
    n_rows: int


@dataclass(frozen=True, eq=False)
class Judged:
    """What `judge` says of P variants of a tree with n nodes.

    Attributes
    ----------
    n_right
        Rows with the right class, int64, shape (P,).
    area_mm2
        Estimated area, float64, shape (P,).
    feature, threshold, leaf_class
        The variants as in `IntegerTree`, int64, shape (P, n); not simplified.
    """

    n_right: IntArray
    area_mm2: FloatArray
    feature: IntArray
    threshold: IntArray
    leaf_class: IntArray

    def tree(self, base: IntegerTree, k: int) -> IntegerTree:
        """Variant `k`, simplified."""
        return simplify_tree(
            replace(
                base,
                feature=frozen(self.feature[k], np.int64),
                threshold=frozen(self.threshold[k], np.int64),
                leaf_class=frozen(self.leaf_class[k], np.int64),
            )
        )


def pack_rows(
    X_int: IntArray, y: IntArray, input_bits: IntArray, n_classes: int, features: IntArray
) -> RowBits:
    """Rows as bits, with the comparisons of the given inputs only.

    Parameters
    ----------
    X_int, y
        int64, shapes (n_rows, n_features) and (n_rows,).
    features
        Inputs that the trees to judge may read.
    """
    n_rows, n_words = len(y), -(-len(y) // 64)
    features = np.unique(features)
    slot = np.full(len(input_bits), -1, np.int64)
    slot[features] = np.arange(len(features))
    n_levels = int(2 ** input_bits[features].max(initial=0)) + 1

    def packed(flags: np.ndarray) -> BitArray:
        padded = np.zeros((len(flags), 64 * n_words), bool)
        padded[:, :n_rows] = flags
        return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)

    levels = np.arange(n_levels)[:, None]
    above = np.zeros((max(1, len(features)), n_levels, n_words), np.uint64)
    for k, feature in enumerate(features):
        above[k] = packed(X_int[:, feature][None, :] >= levels)
    classes = packed(y[None, :] == np.arange(n_classes)[:, None])
    return RowBits(slot, above, classes, packed(np.ones((1, n_rows), bool))[0], n_rows)


def judge(
    base: IntegerTree,
    rows: RowBits,
    gate_areas: FloatArray,
    threshold: IntArray,
    collapse: IntArray,
    *,
    relabel: bool,
    min_support: int = 0,
) -> Judged:
    """Right answers and area of many variants of one tree.

    Parameters
    ----------
    threshold
        Of each variant and node, int64, shape (P, n), -1 .. 2**bits - 1; read at inner nodes.
    collapse
        1 where a node becomes a leaf of its majority class, int64, shape (P, n).
    relabel
        Leaves take the class of most of their rows, ties to the class they had.
    min_support
        A branch that fewer search rows reach is cut, its rows go the other way (needs `relabel`).
    """
    n_variants, n_nodes = threshold.shape
    result = Judged(
        np.zeros(n_variants, np.int64),
        np.zeros(n_variants),
        np.empty((n_variants, n_nodes), np.int64),
        np.empty((n_variants, n_nodes), np.int64),
        np.empty((n_variants, n_nodes), np.int64),
    )
    _judge(
        base.feature, base.left, base.right, base.leaf_class, base.input_bits, gate_areas,
        rows.slot, rows.above, rows.classes, rows.all_rows, threshold, collapse, relabel,
        min_support, result.n_right, result.area_mm2, result.feature, result.threshold,
        result.leaf_class,
    )  # fmt: skip
    return result


@compiled
def _judge(
    feature: IntArray, left: IntArray, right: IntArray, leaf_class: IntArray,
    input_bits: IntArray, gate_areas: FloatArray, slot: IntArray, above: BitArray,
    classes: BitArray, all_rows: BitArray, threshold: IntArray, collapse: IntArray,
    relabel: bool, min_support: int, n_right: IntArray, area: FloatArray,
    new_feature: IntArray, new_threshold: IntArray, new_class: IntArray,
) -> None:  # fmt: skip
    n_nodes, n_words = feature.size, all_rows.size
    reach = np.empty((n_nodes, n_words), np.uint64)
    reached = np.zeros(n_nodes, np.bool_)
    # What the first variant has at each node; others differ from it below one node, mostly.
    first_reach, first_reached = reach, reached
    right_at = np.zeros(n_nodes, np.int64)
    size = _subtree_sizes(feature, left, right)
    counts = np.zeros(len(TREE_GATES), np.int64)
    plans = new_plans(feature, input_bits, MOST_BITS)
    for p in range(threshold.shape[0]):
        top = 0 if p == 0 else _only_difference(threshold, collapse, p, size)
        if p == 1:
            reach, reached = np.empty_like(first_reach), np.zeros_like(first_reached)
        if top == 0:
            new_feature[p], new_threshold[p], new_class[p] = feature, threshold[p], leaf_class
            reached[:] = False
            reached[0] = True
            reach[0] = all_rows
        else:
            below = slice(top, top + size[top])
            new_feature[p], new_class[p] = new_feature[0], new_class[0]
            new_threshold[p] = new_threshold[0]
            new_feature[p, below], new_class[p, below] = feature[below], leaf_class[below]
            new_threshold[p, below] = threshold[p, below]
            n_right[p] = n_right[0] - right_at[below].sum()
            reached[below] = False
            reached[top] = first_reached[top]
            reach[top] = first_reach[top]
        for node in range(top, top + size[top]):
            inner = feature[node] >= 0
            if inner and collapse[p, node]:
                new_feature[p, node], new_threshold[p, node] = -1, 0
                inner = False
            if not reached[node]:
                if not inner and new_class[p, node] < 0:
                    new_class[p, node] = 0
                continue
            if not inner:
                found = _label(reach[node], classes, relabel, new_class[p], node)
                n_right[p] += found
                if p == 0:
                    right_at[node] = found
                continue
            go_right = above[slot[feature[node]], threshold[p, node] + 1]
            n_left = n_above = 0
            a, b = left[node], right[node]
            for w in range(n_words):
                reach[a, w] = reach[node, w] & ~go_right[w]
                reach[b, w] = reach[node, w] & go_right[w]
                if min_support > 0:
                    n_left += popcount(reach[a, w])
                    n_above += popcount(reach[b, w])
            reached[a] = reached[b] = True
            if n_left < min_support and n_left <= n_above:
                new_threshold[p, node], reached[a], reach[b] = -1, False, reach[node]
            elif n_above < min_support:
                highest = (1 << input_bits[feature[node]]) - 1
                new_threshold[p, node], reached[b], reach[a] = highest, False, reach[node]
        counts[:] = 0
        count_tree(
            new_feature[p], new_threshold[p], left, right, new_class[p], input_bits,
            classes.shape[0], gate_areas, 1, plans, STORE if p == 0 else REUSE, counts,
        )  # fmt: skip
        for k in range(counts.size):
            area[p] += counts[k] * gate_areas[k]


@compiled
def _subtree_sizes(feature: IntArray, left: IntArray, right: IntArray) -> IntArray:
    """Nodes below each, itself included, where they follow it without a gap; else 0."""
    n_nodes = feature.size
    size, last = np.ones(n_nodes, np.int64), np.arange(n_nodes)
    for node in range(n_nodes - 1, -1, -1):
        if feature[node] >= 0:
            for child in (left[node], right[node]):
                size[node] += size[child]
                last[node] = max(last[node], last[child])
    for node in range(1, n_nodes):
        if last[node] - node + 1 != size[node]:
            size[node] = 0
    size[0] = n_nodes
    return size


@compiled
def _only_difference(threshold: IntArray, collapse: IntArray, p: int, size: IntArray) -> int:
    """The node under which alone variant `p` is not the first; 0, the root, if in doubt."""
    top = 0
    for node in range(threshold.shape[1]):
        if threshold[p, node] != threshold[0, node] or collapse[p, node] != collapse[0, node]:
            if top == 0:
                if node == 0 or size[node] == 0:
                    return 0
                top = node
            elif node >= top + size[top]:
                return 0
    return top


@compiled
def _label(
    reach: BitArray, classes: BitArray, relabel: bool, leaf_class: IntArray, node: int
) -> int:
    """Give a leaf its class if it may choose or has none; return its right answers."""
    old = leaf_class[node]
    if old >= 0 and not relabel:
        n = 0
        for w in range(reach.size):
            n += popcount(reach[w] & classes[old, w])
        return n
    most, chosen = -1, 0
    for c in range(classes.shape[0]):
        n = 0
        for w in range(reach.size):
            n += popcount(reach[w] & classes[c, w])
        if n > most or (n == most and c == old):
            most, chosen = n, c
    leaf_class[node] = chosen
    return most
