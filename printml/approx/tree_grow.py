"""Trees grown for small hardware: splits that separate classes well and cost few gates.

A split's worth is its impurity decrease less `price` times its comparison's gates. Where earlier
splits have narrowed an input to an interval, a threshold at the half, quarter, ... of what is
left is a bit or two of the input; a threshold that the tree has already is free.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from printml.arrays import IntArray, frozen
from printml.compiled import compiled
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import simplify_tree

PRICES = (0.0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
"""Impurity, as a share of all rows, that one gate must be worth."""
LEAF_LIMITS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64)


def cheap_trees(
    X_int: IntArray,
    y: IntArray,
    like: IntegerTree,
    *,
    prices: Sequence[float] = PRICES,
    leaf_limits: Sequence[int] = LEAF_LIMITS,
    min_support: int = 1,
) -> list[IntegerTree]:
    """CART-like trees, best split first, for each price, impurity and leaf limit.

    Parameters
    ----------
    X_int, y
        Search rows, int64, shapes (n_rows, n_features) and (n_rows,).
    like
        Gives names, classes and input bits.
    prices
        As `PRICES`; 0 is plain CART on the integers.
    leaf_limits
        Each grown tree is also given cut to so many leaves.
    min_support
        Fewest rows on either side of a split.

    Returns
    -------
    list of IntegerTree
        Simplified; without repeats; in a fixed order.
    """
    trees: dict[tuple[bytes, ...], IntegerTree] = {}
    x = np.ascontiguousarray(X_int)
    for entropy in (False, True):
        for price in prices:
            grown = _grow(
                x, y, like.input_bits, like.n_classes, price, entropy, max(leaf_limits), min_support
            )
            n_leaves = (len(grown[0]) + 1) // 2
            for limit in leaf_limits:
                tree = _cut(like, grown, min(limit, n_leaves))
                key = tuple(a.tobytes() for a in (tree.feature, tree.threshold, tree.leaf_class))
                trees.setdefault(key, tree)
    return list(trees.values())


def _cut(like: IntegerTree, grown: tuple[IntArray, ...], n_leaves: int) -> IntegerTree:
    """Nodes come in the order of splitting: the first `2 n - 1` are the tree of n leaves."""
    n = 2 * n_leaves - 1
    feature, threshold, left, majority = (array[:n] for array in grown)
    inner = (feature >= 0) & (left + 1 < n)
    return simplify_tree(
        IntegerTree(
            family=like.family,
            feature_names=like.feature_names,
            class_labels=like.class_labels,
            input_bits=like.input_bits,
            feature=frozen(np.where(inner, feature, -1), np.int64),
            threshold=frozen(np.where(inner, threshold, 0), np.int64),
            left=frozen(np.where(inner, left, -1), np.int64),
            right=frozen(np.where(inner, left + 1, -1), np.int64),
            leaf_class=frozen(np.where(inner, -1, majority), np.int64),
        )
    )


@compiled
def comparison_gates(low: int, high: int, threshold: int) -> int:
    """Gates of `x > threshold` where low <= x <= high: bits from the top that do not decide."""
    gates, value = 0, threshold + 1
    while True:
        bit = 1
        while (low ^ high) >> bit:
            bit += 1
        # The highest bit that varies between low and high, and where it changes.
        middle = high >> (bit - 1) << (bit - 1)
        if value == middle:
            return gates
        gates += 1
        if value > middle:
            low = middle
        else:
            high = middle - 1
        if value <= low or value > high:
            return gates


@compiled
def _impurity(counts: IntArray, n: int, entropy: bool) -> float:
    """Gini impurity or halved entropy in bits, times the rows."""
    if n == 0:
        return 0.0
    total = 0.0
    for count in counts:
        if count > 0:
            share = count / n
            total += -0.5 * share * np.log2(share) if entropy else share * (1.0 - share)
    return total * n


@compiled
def _best_split(
    x: IntArray,
    y: IntArray,
    rows: IntArray,
    low: IntArray,
    high: IntArray,
    taken: IntArray,
    n_classes: int,
    price: float,
    entropy: bool,
    min_support: int,
) -> tuple[float, int, int]:
    """Worth, input and threshold of the best split of these rows; worth -1 if there is none."""
    n, n_all = rows.size, y.size
    total = np.zeros(n_classes, np.int64)
    for r in rows:
        total[y[r]] += 1
    before = _impurity(total, n, entropy)
    best, best_feature, best_threshold = -1.0, -1, 0
    if before <= 1e-9 or n < 2 * min_support:
        return best, best_feature, best_threshold
    side = np.empty(n_classes, np.int64)
    for f in range(x.shape[1]):
        first, last = low[f], high[f]
        counts = np.zeros((last - first + 1, n_classes), np.int64)
        for r in rows:
            counts[x[r, f] - first, y[r]] += 1
        side[:] = 0
        n_left = 0
        for t in range(first, last):
            n_left += counts[t - first].sum()
            side += counts[t - first]
            if n_left < min_support or n - n_left < min_support:
                continue
            after = _impurity(side, n_left, entropy) + _impurity(total - side, n - n_left, entropy)
            if before - after <= 1e-9:
                continue
            gates = 0 if taken[f, t] else comparison_gates(first, last, t)
            worth = (before - after) / n_all - price * (gates + 1)
            # Within a gap of the rows the first cheapest threshold is taken.
            if worth > best + 1e-12:
                best, best_feature, best_threshold = worth, f, t
    return best, best_feature, best_threshold


@compiled
def _grow(
    x: IntArray,
    y: IntArray,
    input_bits: IntArray,
    n_classes: int,
    price: float,
    entropy: bool,
    most_leaves: int,
    min_support: int,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Feature, threshold, left child (right is the next) and majority class of each node."""
    n_most, n_features = 2 * most_leaves - 1, x.shape[1]
    feature, threshold = np.full(n_most, -1, np.int64), np.zeros(n_most, np.int64)
    left, majority = np.full(n_most, -1, np.int64), np.zeros(n_most, np.int64)
    low = np.zeros((n_most, n_features), np.int64)
    high = np.zeros((n_most, n_features), np.int64)
    high[0] = (1 << input_bits) - 1
    taken = np.zeros((n_features, 1 << input_bits.max()), np.int64)
    worth = np.full(n_most, -1.0)
    split = np.zeros((n_most, 2), np.int64)
    place = np.zeros(y.size, np.int64)
    n_nodes = 0
    fresh = np.zeros(1, np.int64)
    while True:
        for node in fresh:
            rows = np.flatnonzero(place == node)
            counts = np.zeros(n_classes, np.int64)
            for r in rows:
                counts[y[r]] += 1
            majority[node] = np.argmax(counts)
            worth[node], split[node, 0], split[node, 1] = _best_split(
                x, y, rows, low[node], high[node], taken, n_classes, price, entropy, min_support
            )
        n_nodes += fresh.size
        chosen = np.argmax(worth[:n_nodes])
        if worth[chosen] <= 0.0 or n_nodes + 2 > n_most:
            break
        f, t = split[chosen]
        feature[chosen], threshold[chosen], left[chosen] = f, t, n_nodes
        worth[chosen] = -1.0
        taken[f, t] = 1
        low[n_nodes], high[n_nodes] = low[chosen], high[chosen]
        low[n_nodes + 1], high[n_nodes + 1] = low[chosen], high[chosen]
        high[n_nodes, f], low[n_nodes + 1, f] = t, t + 1
        for row in range(y.size):
            if place[row] == chosen:
                place[row] = n_nodes if x[row, f] <= t else n_nodes + 1
        fresh = np.array([n_nodes, n_nodes + 1])
    return feature[:n_nodes], threshold[:n_nodes], left[:n_nodes], majority[:n_nodes]
