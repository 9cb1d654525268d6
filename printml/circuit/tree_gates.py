"""The compiled AND-inverter graph of the tree estimate, and its gates by polarity.

Literals are those of `logic`: 2 * node + inverted, 0 and 1 are constant. A `graph` is an int64
array of shape (n, 3): the two literals of each AND (-1 at inputs), and a hash table of places;
`size[0]` is the number of nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.compiled import compiled

TREE_GATES = ("inverter", "nand", "nor", "and", "or")
"""Kinds of gates, in the order of the count and area vectors of trees."""
INVERTER, NAND, NOR, AND, OR = range(len(TREE_GATES))


class Graph(NamedTuple):
    """First and second literal of each node (-1 at inputs), hash places, and the size."""

    first: IntArray
    second: IntArray
    places: IntArray
    size: IntArray


@compiled
def new_graph(n_most: int) -> Graph:
    """An empty graph with room for `n_most` nodes; node 0 is the constant."""
    n_places = 64
    while n_places < 2 * n_most:
        n_places *= 2
    first, second = np.empty(n_most + 1, np.int64), np.empty(n_most + 1, np.int64)
    first[0] = second[0] = -1
    return Graph(first, second, np.zeros(n_places, np.int64), np.ones(1, np.int64))


@compiled
def graph_input(graph: Graph) -> int:
    """Literal of a new input."""
    node = graph.size[0]
    graph.first[node] = graph.second[node] = -1
    graph.size[0] += 1
    return 2 * node


@compiled
def graph_and(graph: Graph, a: int, b: int) -> int:
    """Literal of a AND b, folded and shared as in `LogicBuilder.and_`."""
    if a > b:
        a, b = b, a
    if a == 0 or a == (b ^ 1):
        return 0
    if a == 1 or a == b:
        return b
    mask = graph.places.size - 1
    place = (a * 0x9E3779B1 + b * 0x85EBCA6B) >> 7 & mask
    while graph.places[place] != 0:
        node = graph.places[place]
        if graph.first[node] == a and graph.second[node] == b:
            return 2 * node
        place = place + 1 & mask
    node = graph.size[0]
    graph.places[place] = node
    graph.first[node], graph.second[node] = a, b
    graph.size[0] += 1
    return 2 * node


@compiled
def graph_or(graph: Graph, a: int, b: int) -> int:
    return graph_and(graph, a ^ 1, b ^ 1) ^ 1


@compiled
def graph_choose(graph: Graph, condition: int, one: int, zero: int) -> int:
    """As `tree.choose`: `one` where the condition holds."""
    if one == zero:
        return one
    if one <= 1 and zero <= 1:
        return condition ^ zero
    if one <= 1:
        if one == 1:
            return graph_or(graph, condition, zero)
        return graph_and(graph, condition ^ 1, zero)
    if zero <= 1:
        if zero == 1:
            return graph_or(graph, condition ^ 1, one)
        return graph_and(graph, condition, one)
    if one == zero ^ 1:
        both = graph_and(graph, condition, zero) ^ 1
        left, right = graph_and(graph, condition, both) ^ 1, graph_and(graph, zero, both) ^ 1
        return graph_and(graph, left, right) ^ 1
    taken = graph_and(graph, condition, one) ^ 1
    other = graph_and(graph, condition ^ 1, zero) ^ 1
    return graph_and(graph, taken, other) ^ 1


@compiled
def _extra(graph: Graph, needs: IntArray, areas: FloatArray, literal: int) -> float:
    """What it costs more to have this literal, given what is needed already."""
    node, bit = literal >> 1, 1 + (literal & 1)
    if needs[node] & bit or node == 0:
        return 0.0
    if graph.first[node] < 0:
        return areas[INVERTER] if bit == 2 else 0.0
    if needs[node]:
        return areas[INVERTER]
    return areas[NAND] if bit == 2 else min(areas[AND], areas[NOR], areas[NAND] + areas[INVERTER])


@compiled
def count_gates(graph: Graph, outputs: IntArray, areas: FloatArray, counts: IntArray) -> None:
    """Add the gates of the cones of `outputs` to `counts`, order of `TREE_GATES`.

    From the outputs to the inputs each AND becomes the gate that, with the polarities its inputs
    are needed in already, costs least: NAND or OR for the inverse, AND or NOR for itself.
    """
    # Bit 1: needed as it is, bit 2: inverted.
    needs = np.zeros(graph.size[0], np.int64)
    for literal in outputs:
        needs[literal >> 1] |= 1 + (literal & 1)
    for node in range(graph.size[0] - 1, 0, -1):
        need = needs[node]
        if need == 0:
            continue
        a, b = graph.first[node], graph.second[node]
        if a < 0:
            counts[INVERTER] += need >> 1
            continue
        plain = _extra(graph, needs, areas, a) + _extra(graph, needs, areas, b)
        crossed = _extra(graph, needs, areas, a ^ 1) + _extra(graph, needs, areas, b ^ 1)
        least, gate = np.inf, NAND
        for kind in range(NAND, OR + 1):
            wanted = 2 if kind in (NAND, OR) else 1
            cost = areas[kind] + (plain if kind in (NAND, AND) else crossed)
            if need & ~wanted:
                cost += areas[INVERTER]
            if cost < least:
                least, gate = cost, kind
        counts[gate] += 1
        if need & ~(2 if gate in (NAND, OR) else 1):
            counts[INVERTER] += 1
        flip = 0 if gate in (NAND, AND) else 1
        needs[a >> 1] |= 1 + (a & 1 ^ flip)
        needs[b >> 1] |= 1 + (b & 1 ^ flip)
