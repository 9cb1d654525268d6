"""The mapped area of a decision tree without Yosys and ABC, in microseconds.

The tree is built as `circuit.tree` builds it (comparisons narrowed by the ones above, chains
shared between thresholds, classes chosen bit by bit) as a small graph, whose ANDs then become
the gates that cost least. What the mapper restructures beyond that is not seen.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.circuit.tree import MOST_BITS
from printml.circuit.tree_gates import (
    TREE_GATES,
    Graph,
    count_gates,
    graph_and,
    graph_choose,
    graph_input,
    graph_or,
    new_graph,
)
from printml.circuit.tree_plan import set_interval
from printml.circuit.tree_plans import IGNORE, InputPlans, new_plans, plan_or_reuse
from printml.compiled import compiled
from printml.errors import LibertyError, ModelError
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import IntegerTree

ORDERS = 4
"""Orders of building that are tried for the comparisons of an input."""


def tree_gate_areas_mm2(library: CellLibrary) -> FloatArray:
    """Area in mm2 of each of `TREE_GATES`, float64: the smallest form in the library's cells.

    Raises
    ------
    LibertyError
        If the library lacks an inverter or both two-input NAND and NOR.
    """
    smallest: dict[tuple[int, int], float] = {}
    for cell in library.cells.values():
        key = cell.n_inputs, cell.truth_table
        smallest[key] = min(cell.area_mm2, smallest.get(key, np.inf))
    inverter = smallest.get((1, 0b01), np.inf)
    nand = smallest.get((2, 0b0111), np.inf)
    nor = smallest.get((2, 0b0001), np.inf)
    if not np.isfinite(inverter + min(nand, nor)):
        raise LibertyError(
            "an inverter and a two-input NAND or NOR are needed",
            where=library.path,
            hint="Add the missing cell to the library",
        )
    both, either = smallest.get((2, 0b1000), np.inf), smallest.get((2, 0b1110), np.inf)
    either = min(either, nor + inverter, nand + 2 * inverter)
    both = min(both, nand + inverter, nor + 2 * inverter)
    nand, nor = min(nand, both + inverter), min(nor, either + inverter)
    return frozen([inverter, nand, nor, both, either], np.float64)


def tree_area_mm2(tree: IntegerTree, gate_areas: FloatArray) -> float:
    """Estimated mapped area in mm2 of a decision tree; `gate_areas` from `tree_gate_areas_mm2`.

    Raises
    ------
    ModelError
        If `gate_areas` has not one figure for each of `TREE_GATES`.
    """
    return float(tree_counts(tree, gate_areas) @ gate_areas)


def tree_counts(tree: IntegerTree, gate_areas: FloatArray) -> IntArray:
    """Gates of each of `TREE_GATES`, int64; arguments and errors as `tree_area_mm2`."""
    if gate_areas.shape != (len(TREE_GATES),):
        raise ModelError(f"the gate areas have shape {gate_areas.shape}, not {(len(TREE_GATES),)}")
    counts = np.zeros(len(TREE_GATES), np.int64)
    plans = new_plans(tree.feature[:0], tree.input_bits, MOST_BITS)
    count_tree(
        tree.feature, tree.threshold, tree.left, tree.right, tree.leaf_class, tree.input_bits,
        tree.n_classes, gate_areas, ORDERS, plans, IGNORE, counts,
    )  # fmt: skip
    return counts


@compiled
def count_tree(
    feature: IntArray,
    threshold: IntArray,
    left: IntArray,
    right: IntArray,
    leaf_class: IntArray,
    input_bits: IntArray,
    n_classes: int,
    areas: FloatArray,
    n_orders: int,
    plans: InputPlans,
    mode: int,
    counts: IntArray,
) -> None:
    """Add the gates of a tree, which need not be simplified, to `counts`.

    Arrays as in `IntegerTree`: children have larger indices than their parent. Of the orders of
    building an input's comparisons the best of `n_orders` (1 to 4) is taken. `mode` says whether
    `plans` are kept or used.
    """
    n_nodes = feature.size
    low, high, live = reachable(feature, threshold, left, right, leaf_class, input_bits)
    nodes = np.flatnonzero(live == 1)
    if nodes.size == 0:
        return
    keys = feature[nodes] << 32 | (threshold[nodes] + 1)
    order = np.argsort(keys)
    n_class_bits = 1
    while n_classes - 1 >> n_class_bits:
        n_class_bits += 1
    most = nodes.size * (2 + input_bits.max() + 4 * n_class_bits) + input_bits.sum()
    graph = new_graph(most)
    condition = np.zeros(n_nodes, np.int64)
    start = 0
    while start < order.size:
        end, operand = start, feature[nodes[order[start]]]
        while end < order.size and feature[nodes[order[end]]] == operand:
            end += 1
        _build_input(
            graph, nodes[order[start:end]], threshold, low, high, operand, input_bits[operand],
            n_orders, plans, mode, condition,
        )  # fmt: skip
        start = end
    word = np.empty((n_nodes, n_class_bits), np.int64)
    for node in range(n_nodes - 1, -1, -1):
        if live[node] == 0:
            continue
        for b in range(n_class_bits):
            if live[node] >= 4:
                word[node, b] = live[node] - 4 >> b & 1
            elif live[node] == 2:
                word[node, b] = word[left[node], b]
            elif live[node] == 3:
                word[node, b] = word[right[node], b]
            else:
                word[node, b] = graph_choose(
                    graph, condition[node], word[right[node], b], word[left[node], b]
                )
    count_gates(graph, word[0], areas, counts)


@compiled
def reachable(
    feature: IntArray,
    threshold: IntArray,
    left: IntArray,
    right: IntArray,
    leaf_class: IntArray,
    input_bits: IntArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """The interval of each node's input, and what becomes of the node.

    Returns
    -------
    low, high
        Values of its input that reach an inner node, int64, (n_nodes,).
    live
        0: never matters; 1: a comparison; 2: decided, goes left; 3: decided, goes right;
        4 + c: class c.
    """
    n_nodes = feature.size
    parent = np.full(n_nodes, -1, np.int64)
    low, high = np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64)
    live = np.zeros(n_nodes, np.int64)
    live[0] = 1
    for node in range(n_nodes):
        if live[node] == 0:
            continue
        operand = feature[node]
        if operand < 0:
            live[node] = 4 + leaf_class[node]
            continue
        a, b = 0, (1 << input_bits[operand]) - 1
        child, above = node, parent[node]
        while above >= 0:
            if feature[above] == operand:
                if child == left[above]:
                    b = min(b, threshold[above])
                else:
                    a = max(a, threshold[above] + 1)
            child, above = above, parent[above]
        low[node], high[node] = a, b
        go_left, go_right = a <= threshold[node], b > threshold[node]
        live[node] = 1 if go_left and go_right else 2 if go_left else 3
        if go_left:
            live[left[node]], parent[left[node]] = 1, node
        if go_right:
            live[right[node]], parent[right[node]] = 1, node
    for node in range(n_nodes - 1, -1, -1):
        if feature[node] < 0 or live[node] == 0:
            continue
        if live[node] == 2 and live[left[node]] >= 4:
            live[node] = live[left[node]]
        elif live[node] == 3 and live[right[node]] >= 4:
            live[node] = live[right[node]]
        elif live[node] == 1 and live[left[node]] >= 4 and live[left[node]] == live[right[node]]:
            live[node] = live[left[node]]
    # Below a node that became a class nothing matters any more.
    for node in range(n_nodes):
        if feature[node] >= 0 and (live[node] == 0 or live[node] >= 4):
            live[left[node]] = live[right[node]] = 0
    return low, high, live


@compiled
def _build_input(
    graph: Graph,
    nodes: IntArray,
    threshold: IntArray,
    low: IntArray,
    high: IntArray,
    operand: int,
    n_bits: int,
    n_orders: int,
    plans: InputPlans,
    mode: int,
    condition: IntArray,
) -> None:
    """Give each of the comparing nodes of one input, thresholds rising, its condition."""
    bits = np.empty(n_bits, np.int64)
    for k in range(n_bits):
        bits[k] = graph_input(graph)
    which = np.empty(nodes.size, np.int64)
    n = 0
    for i in range(nodes.size):
        if i > 0 and threshold[nodes[i]] != threshold[nodes[i - 1]]:
            n += 1
        which[i] = n
    n += 1
    distinct = np.empty(n, np.int64)
    for i in range(nodes.size):
        distinct[which[i]] = threshold[nodes[i]]
    if n_bits > MOST_BITS:
        for i in range(nodes.size):
            above = 0
            for k in range(n_bits):
                if threshold[nodes[i]] >> k & 1:
                    above = graph_and(graph, bits[k], above)
                else:
                    above = graph_or(graph, bits[k], above)
            condition[nodes[i]] = above
        return
    care = np.zeros((n, max(1, 1 << n_bits >> 6)), np.uint64)
    for i in range(nodes.size):
        set_interval(care[which[i]], low[nodes[i]], high[nodes[i]])
    links = np.empty((n * n_bits, 3), np.int64)
    answers = np.empty(n, np.int64)
    n_links = plan_or_reuse(plans, mode, operand, distinct, care, n_bits, n_orders, links, answers)
    literal = np.empty(2 + n_bits + n_links, np.int64)
    literal[0], literal[1], literal[2 : 2 + n_bits] = 0, 1, bits
    for k in range(n_links):
        a, b = literal[links[k, 1]], literal[links[k, 2]]
        literal[2 + n_bits + k] = graph_and(graph, a, b) if links[k, 0] else graph_or(graph, a, b)
    for i in range(nodes.size):
        condition[nodes[i]] = literal[answers[which[i]]]
