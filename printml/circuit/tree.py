"""Decision trees as logic: cheap comparisons first, then the choice of the class.

Most of a tree's area is its comparisons. Three things make them small:

* A comparison matters only where its nodes are reached, and there the comparisons of the same
  input above it have narrowed the input to an interval. Outside that interval it may answer
  anything, which usually leaves two to four bits of the input to look at instead of eight.
* `x > t` is a chain of AND and OR: `f = s and g` may be written wherever s covers f, and g then
  matters only where s is 1; `f = s or g` wherever f covers s, and g matters only where s is 0.
* The links s are bits of the input or any function of it built before: a neighbouring comparison,
  or the inner part of its chain. A dense row of thresholds costs little more than a link each.

The classes are then chosen bit by bit from the leaves to the root, equal functions built once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from printml.circuit.ir import DecisionTree
from printml.circuit.logic import FALSE, TRUE, LogicBuilder

BEAM = 24
"""Partial chains kept at each length."""
MOST_BITS = 10
"""Wider inputs get plain chains: truth tables have 2**bits entries."""


class Comparison(NamedTuple):
    """`x > threshold`, needed on the values of x whose bits are set in `care`."""

    threshold: int
    care: int


class Link(NamedTuple):
    """One gate on an input: AND or OR of two functions, all given as truth tables."""

    is_and: bool
    first: int
    second: int

    @property
    def truth(self) -> int:
        return self.first & self.second if self.is_and else self.first | self.second


class ComparisonPlan(NamedTuple):
    """Gates in order and, for each threshold, the truth table of what answers it."""

    links: tuple[Link, ...]
    answers: dict[int, int]


def reached_comparisons(tree: DecisionTree, bits: Sequence[int]) -> list[list[Comparison]]:
    """The distinct comparisons of each operand of `tree`, thresholds rising.

    Parameters
    ----------
    tree
        Nodes are numbered so that children come after their parent.
    bits
        Width of each operand, at most `MOST_BITS` for those whose care matters.
    """
    care: list[dict[int, int]] = [{} for _ in tree.inputs]
    whole = {k: (0, (1 << n) - 1) for k, n in enumerate(bits)}
    intervals: dict[int, dict[int, tuple[int, int]]] = {0: whole}
    for node, operand in enumerate(tree.feature):
        reach = intervals.pop(node, None)
        if operand < 0 or reach is None:
            continue
        low, high = reach[operand]
        threshold = tree.threshold[node]
        mask = (1 << high + 1) - (1 << low) if low <= high else 0
        care[operand][threshold] = care[operand].get(threshold, 0) | mask
        intervals[tree.left[node]] = {**reach, operand: (low, min(high, threshold))}
        intervals[tree.right[node]] = {**reach, operand: (max(low, threshold + 1), high)}
    return [[Comparison(t, mask) for t, mask in sorted(found.items())] for found in care]


def bit_truth(bit: int, n_bits: int) -> int:
    """Truth table of one bit of an `n_bits` wide input: bit v is its value where x is v."""
    ones = ((1 << (1 << bit)) - 1) << (1 << bit)
    period = 2 << bit
    repeat = ((1 << (1 << n_bits)) - 1) // ((1 << period) - 1)
    return ones * repeat


def above_truth(threshold: int, n_bits: int) -> int:
    """Truth table of `x > threshold`."""
    n_values = 1 << n_bits
    start = min(max(threshold + 1, 0), n_values)
    return (1 << n_values) - (1 << start)


def plan_comparisons(comparisons: Sequence[Comparison], n_bits: int) -> ComparisonPlan:
    """Chains for all comparisons of one input, in the order of building that needs fewest gates."""
    rising = list(comparisons)
    orders = [
        rising,
        rising[::-1],
        sorted(rising, key=lambda c: (-c.care.bit_count(), c.threshold)),
        sorted(rising, key=lambda c: (c.care.bit_count(), c.threshold)),
        _middle_out(rising),
    ]
    plans = [_plan_in_order(order, n_bits) for order in orders]
    return min(plans, key=lambda plan: _cost(plan.links))


def _middle_out(items: Sequence[Comparison]) -> list[Comparison]:
    if not items:
        return []
    middle = len(items) // 2
    rest = (_middle_out(items[:middle]), _middle_out(items[middle + 1 :]))
    return [items[middle], *rest[0], *rest[1]]


def _cost(links: Iterable[Link]) -> float:
    """Gates in NANDs. AND after AND and OR after OR need an inverter more than a change does."""
    kind: dict[int, bool] = {}
    total = 0.0
    for link in links:
        same = sum(kind.get(part) == link.is_and for part in (link.first, link.second))
        total += 1 + 0.8 * same
        kind[link.truth] = link.is_and
    return total


def _plan_in_order(comparisons: Sequence[Comparison], n_bits: int) -> ComparisonPlan:
    everywhere = (1 << (1 << n_bits)) - 1
    signals = [bit_truth(k, n_bits) for k in range(n_bits)]
    known = {0, everywhere, *signals}
    links: list[Link] = []
    answers: dict[int, int] = {}
    for threshold, care in comparisons:
        target = above_truth(threshold, n_bits)
        steps, truth = _chain(target, care, signals, everywhere)
        for is_and, signal in reversed(steps):
            link = Link(is_and, signal, truth)
            truth = link.truth
            if truth not in known:
                known.add(truth)
                signals.append(truth)
                links.append(link)
        answers[threshold] = truth
    return ComparisonPlan(tuple(links), answers)


def _chain(
    target: int, care: int, signals: Sequence[int], everywhere: int
) -> tuple[tuple[tuple[bool, int], ...], int]:
    """Shortest found chain `s1 op (s2 op (... last))` that equals `target` on `care`.

    A beam search over what is left to care about after each link. It ends, because the chain of
    all input bits from the most significant down always exists.
    """
    beam: list[tuple[int, tuple[tuple[bool, int], ...]]] = [(care, ())]
    while True:
        for left, steps in beam:
            for signal in (0, everywhere, *signals):
                if not (signal ^ target) & left:
                    return steps, signal
        longer: dict[int, tuple[tuple[bool, int], ...]] = {}
        for left, steps in beam:
            on, off = target & left, left & ~target
            for signal in signals:
                if not on & ~signal:
                    rest, is_and = left & signal, True
                elif not off & signal:
                    rest, is_and = left & ~signal, False
                else:
                    continue
                if rest != left and rest not in longer:
                    longer[rest] = (*steps, (is_and, signal))
        beam = sorted(longer.items(), key=lambda item: (item[0].bit_count(), item[0]))[:BEAM]


def build_comparisons(
    logic: LogicBuilder, bits: Sequence[int], comparisons: Sequence[Comparison]
) -> dict[int, int]:
    """Literal that answers each threshold where it is needed, for an input with these literals."""
    if len(bits) > MOST_BITS:
        return {c.threshold: plain_above(logic, bits, c.threshold) for c in comparisons}
    n_bits = len(bits)
    plan = plan_comparisons(comparisons, n_bits)
    literals = {0: FALSE, (1 << (1 << n_bits)) - 1: TRUE}
    literals |= {bit_truth(k, n_bits): bit for k, bit in enumerate(bits)}
    for link in plan.links:
        a, b = literals[link.first], literals[link.second]
        literals[link.truth] = logic.and_(a, b) if link.is_and else logic.or_(a, b)
    return {threshold: literals[truth] for threshold, truth in plan.answers.items()}


GATE_COST = {"inv": 0.92, "nand": 1.0, "nor": 1.61, "and": 1.75, "or": 2.27}
"""Areas of the EGFET cells in NAND2; what counts is that NAND and inverter are cheap."""


class _Part(NamedTuple):
    """A function and what it and its inverse cost."""

    literal: int
    cost: float
    cost_inverted: float


def plain_above(logic: LogicBuilder, bits: Sequence[int], threshold: int) -> int:
    """`x > threshold` of an unsigned word, each bit read at most once.

    From the least significant bit, OR where the threshold's bit is 0 and AND where it is 1. Bits
    in a row with the same operation may be joined in any order: the cheapest is taken, over all
    groupings and polarities.
    """
    if threshold < 0:
        return TRUE
    if threshold >> len(bits):
        return FALSE
    above: tuple[_Part, ...] = ()  # none while constant 0: below the first bit that is 0
    run: list[_Part] = []
    for k, bit in enumerate(bits):
        is_and = threshold >> k & 1 == 1
        if not above and is_and and not run:
            continue
        run.append(_Part(bit, 0.0, GATE_COST["inv"]))
        if k + 1 == len(bits) or (threshold >> k + 1 & 1 == 1) != is_and:
            above = _joined(logic, run, above, is_and=is_and)
            run = []
    return min(above, key=lambda part: part.cost).literal if above else FALSE


def _joined(
    logic: LogicBuilder, run: Sequence[_Part], rest: tuple[_Part, ...], *, is_and: bool
) -> tuple[_Part, ...]:
    """AND (or OR) of equally cheap bits and one dearer part, grouped for least cost.

    Parts that compute the same are alternatives: the cheapest as is and the cheapest inverted.

    An AND of two functions is an AND gate or the NOR of their inverses, its inverse a NAND gate
    or the OR of the inverses; for OR the gates swap.
    """
    names = ("and", "nor", "nand", "or") if is_and else ("or", "nand", "nor", "and")
    plain, crossed, plain_inverted, crossed_inverted = (GATE_COST[name] for name in names)
    operation = logic.and_ if is_and else logic.or_
    inverter = GATE_COST["inv"]

    def pair(a: _Part, b: _Part) -> tuple[float, float]:
        both, inverted = a.cost + b.cost, a.cost_inverted + b.cost_inverted
        cost = min(both + plain, inverted + crossed)
        cost_inverted = min(both + plain_inverted, inverted + crossed_inverted)
        return min(cost, cost_inverted + inverter), min(cost_inverted, cost + inverter)

    # Bits differ in nothing but their literal, so a group of them is given by first and last.
    items = [(bit,) for bit in run] + ([rest] if rest else [])
    groups = {(k, k + 1): item for k, item in enumerate(items)}
    n = len(items)
    for size in range(2, n + 1):
        for first in range(n - size + 1):
            options = []
            for middle in range(first + 1, first + size):
                for a in groups[first, middle]:
                    for b in groups[middle, first + size]:
                        options.append((*pair(a, b), a, b))
            kept = [min(options, key=lambda o: (o[k], o[1 - k])) for k in (0, 1)]
            groups[first, first + size] = tuple(
                _Part(operation(a.literal, b.literal), cost, inverted)
                for cost, inverted, a, b in kept[: 1 if kept[0] == kept[1] else 2]
            )
    return groups[0, n]


def choose(logic: LogicBuilder, condition: int, if_true: int, if_false: int) -> int:
    """A multiplexer, or the AND or OR that is left of it when a branch is constant."""
    if if_true <= TRUE and if_false <= TRUE:
        return if_true if if_true == if_false else condition ^ if_false
    if if_true <= TRUE:
        if if_true == TRUE:
            return logic.or_(condition, if_false)
        return logic.and_(condition ^ 1, if_false)
    if if_false <= TRUE:
        if if_false == TRUE:
            return logic.or_(condition ^ 1, if_true)
        return logic.and_(condition, if_true)
    return logic.select(condition, if_true, if_false)


def lower_tree(
    logic: LogicBuilder, tree: DecisionTree, inputs: Sequence[Sequence[int]], n_bits: int
) -> tuple[int, ...]:
    """The `n_bits` literals of the class, from the literals of the operands."""
    found = reached_comparisons(tree, [len(bits) for bits in inputs])
    above = [
        build_comparisons(logic, bits, comparisons)
        for bits, comparisons in zip(inputs, found, strict=True)
    ]
    words: dict[int, tuple[int, ...]] = {}
    for node in range(len(tree.feature) - 1, -1, -1):
        operand = tree.feature[node]
        if operand < 0:
            value = tree.leaf_class[node]
            words[node] = tuple(TRUE if value >> k & 1 else FALSE for k in range(n_bits))
            continue
        condition = above[operand].get(tree.threshold[node])
        left, right = words.pop(tree.left[node]), words.pop(tree.right[node])
        words[node] = (
            left  # a node that nothing reaches
            if condition is None
            else tuple(choose(logic, condition, a, b) for a, b in zip(right, left, strict=True))
        )
    return words[0]
