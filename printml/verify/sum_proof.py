"""Proof that a bit heap adds up: linear algebra over the adders it was built from.

Every full adder satisfies a + b + c = total + 2 carry. Taking the claimed sum minus its terms
and eliminating the totals one by one must leave 0 modulo 2**width. The adders' own identity is
checked on the graph, on all values of their inputs, so the builder is not trusted.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import product

from printml.circuit.ir import Circuit, Sum
from printml.circuit.logic import Adder, LogicBuilder
from printml.circuit.lower import Word

Polynomial = dict[int, int]
"""Coefficient of each node; node 0 stands for the constant 1."""


def unproved_sums(circuit: Circuit, logic: LogicBuilder, words: Sequence[Word]) -> list[int]:
    """Indices of the `Sum` operations whose words are not proved to be their sums.

    Parameters
    ----------
    circuit, logic, words
        As `lower_words` gives them.

    Returns
    -------
    list of int
        Empty if every sum is proved, for all inputs.
    """
    rules = elimination_rules(logic)
    failed = []
    for index, op in enumerate(circuit.ops):
        if not isinstance(op, Sum):
            continue
        modulus = 1 << len(words[index].bits)
        difference: Polynomial = {0: op.constant}
        for coefficient, operand in op.terms:
            _add_word(difference, words[operand], coefficient)
        _add_word(difference, words[index], -1)
        if not _vanishes(difference, rules, modulus):
            failed.append(index)
    return failed


def elimination_rules(logic: LogicBuilder) -> dict[int, Polynomial]:
    """Nodes that the adders express by others, each checked on the graph.

    A total is a + b + c - 2 carry. Where two adders share a total (the XNOR of two bits is that
    of their inverses), the later one's carry is half the difference of the two left sides.
    """
    first = logic.first_node
    nodes = dict(enumerate(logic.nodes, start=first))
    rules: dict[int, Polynomial] = {}
    for adder in logic.adders:
        inputs = {literal >> 1 for literal in adder[:3]}
        if adder.total >> 1 in inputs | {0} or not _identity_holds(adder, nodes, first):
            continue
        total = _polynomial([(1, adder.a), (1, adder.b), (1, adder.c), (-2, adder.carry)])
        if adder.total & 1:
            total = _inverse(total)
        known = rules.setdefault(adder.total >> 1, total)
        if known is not total:
            _add_carry_rule(rules, adder, known)
    return rules


def _add_carry_rule(rules: dict[int, Polynomial], adder: Adder, total: Polynomial) -> None:
    twice = _polynomial([(1, adder.a), (1, adder.b), (1, adder.c)])
    sign = 1 if adder.total & 1 else -1
    for node, factor in total.items():
        twice[node] = twice.get(node, 0) + sign * factor
    if adder.total & 1:
        twice[0] = twice.get(0, 0) - 1
    node = adder.carry >> 1
    if node in rules or twice.get(node, 0) or any(factor % 2 for factor in twice.values()):
        return
    carry = {other: factor // 2 for other, factor in twice.items()}
    rules[node] = _inverse(carry) if adder.carry & 1 else carry


def _identity_holds(adder: Adder, nodes: Mapping[int, tuple[int, int]], first: int) -> bool:
    inputs = sorted({literal >> 1 for literal in adder[:3]} - {0})
    # Nothing below the inputs can depend on them.
    lowest = max(first, min(inputs, default=first))
    for bits in product((0, 1), repeat=len(inputs)):
        values = dict(zip([0, *inputs], [0, *bits], strict=True))
        try:
            a, b, c, total, carry = (_read(literal, values, nodes, lowest) for literal in adder)
        except KeyError:
            # The cone reaches past the adder's inputs: not an adder of these.
            return False
        if a + b + c != total + 2 * carry:
            return False
    return True


def _read(
    literal: int,
    values: dict[int, int],
    nodes: Mapping[int, tuple[int, int]],
    lowest: int,
) -> int:
    """Value of a literal; KeyError at a node below `lowest` that has none."""
    node = literal >> 1
    if node not in values:
        if node < lowest:
            raise KeyError(node)
        a, b = nodes[node]
        values[node] = _read(a, values, nodes, lowest) & _read(b, values, nodes, lowest)
    return values[node] ^ literal & 1


def _add_word(polynomial: Polynomial, word: Word, factor: int) -> None:
    for k, literal in enumerate(word.bits):
        top = word.signed and k == len(word.bits) - 1
        _add_literal(polynomial, literal, (-factor if top else factor) << k)


def _add_literal(polynomial: Polynomial, literal: int, factor: int) -> None:
    """Add `factor * literal`, with not x as 1 - x."""
    node = literal >> 1
    if literal & 1:
        polynomial[0] = polynomial.get(0, 0) + factor
        factor = -factor
    if node:
        polynomial[node] = polynomial.get(node, 0) + factor


def _polynomial(terms: Sequence[tuple[int, int]]) -> Polynomial:
    polynomial: Polynomial = {}
    for factor, literal in terms:
        _add_literal(polynomial, literal, factor)
    return polynomial


def _inverse(polynomial: Polynomial) -> Polynomial:
    """One minus the polynomial."""
    inverse = {node: -factor for node, factor in polynomial.items()}
    inverse[0] = inverse.get(0, 0) + 1
    return inverse


def _vanishes(polynomial: Polynomial, rules: Mapping[int, Polynomial], modulus: int) -> bool:
    """Eliminate nodes that have a rule, last built first; True if nothing is left."""
    queue = [-node for node in polynomial if node in rules]
    heapq.heapify(queue)
    while queue:
        node = -heapq.heappop(queue)
        factor = polynomial.pop(node, 0) % modulus
        if factor == 0:
            continue
        for other, weight in rules[node].items():
            if other not in polynomial and other in rules:
                heapq.heappush(queue, -other)
            polynomial[other] = polynomial.get(other, 0) + factor * weight
    return all(coefficient % modulus == 0 for coefficient in polynomial.values())
