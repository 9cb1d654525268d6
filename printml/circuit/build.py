"""Collect operations once each, folding what is constant on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from printml.circuit.ir import (
    Above,
    ArgMax,
    Circuit,
    Constant,
    DecisionTree,
    Input,
    Op,
    Range,
    Relu,
    Select,
    ShiftClip,
    Sum,
)


class CircuitBuilder:
    """Adds operations with hash-consing: the same operation twice is one index.

    Every method returns the index of an operation that has the value asked for,
    which need not be a new one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ops: list[Op] = []
        self.ranges: list[Range] = []
        self._index: dict[Op, int] = {}
        self._outputs: list[tuple[str, int]] = []

    def add(self, op: Op) -> int:
        """Index of `op`; a value that cannot vary becomes a constant."""
        low, high = op.value_range(self.ranges)
        if low == high and not isinstance(op, Input):
            op = Constant(low)
        if op not in self._index:
            self._index[op] = len(self.ops)
            self.ops.append(op)
            self.ranges.append((low, high))
        return self._index[op]

    def input(self, name: str, bits: int) -> int:
        return self.add(Input(name, bits))

    def constant(self, value: int) -> int:
        return self.add(Constant(value))

    def sum(self, terms: Iterable[tuple[int, int]], constant: int) -> int:
        """`constant + sum(coefficient * operand)` with zero and constant terms folded."""
        merged: dict[int, int] = {}
        for coefficient, operand in terms:
            op = self.ops[operand]
            if isinstance(op, Constant):
                constant += coefficient * op.value
            else:
                merged[operand] = merged.get(operand, 0) + coefficient
        kept = tuple((c, operand) for operand, c in sorted(merged.items()) if c != 0)
        if len(kept) == 1 and kept[0][0] == 1 and constant == 0:
            return kept[0][1]
        return self.add(Sum(kept, constant))

    def relu(self, operand: int) -> int:
        return operand if self.ranges[operand][0] >= 0 else self.add(Relu(operand))

    def above(self, operand: int, threshold: int) -> int:
        """`operand > threshold`; a bit compared with 0 is itself."""
        if self.ranges[operand] == (0, 1) and threshold == 0:
            return operand
        return self.add(Above(operand, threshold))

    def select(self, condition: int, if_true: int, if_false: int) -> int:
        op = self.ops[condition]
        if isinstance(op, Constant):
            return if_true if op.value else if_false
        return if_true if if_true == if_false else self.add(Select(condition, if_true, if_false))

    def shift_clip(self, operand: int, *, shift: int, low: int, high: int) -> int:
        return self.add(ShiftClip(operand, shift, low, high))

    def argmax(self, candidates: list[int]) -> int:
        """Index of the largest candidate, without those that can never win.

        A candidate loses always if an earlier one's minimum reaches its maximum, or a
        later one's minimum exceeds it.
        """
        ranges = [self.ranges[k] for k in candidates]
        alive = [
            k
            for k, (_, high) in enumerate(ranges)
            if not any(
                low >= high if other < k else low > high
                for other, (low, _) in enumerate(ranges)
                if other != k
            )
        ]
        if len(alive) == 1:
            return self.constant(alive[0])
        return self.add(ArgMax(tuple(candidates[k] for k in alive), tuple(alive)))

    def output(self, name: str, index: int) -> None:
        self._outputs.append((name, index))

    def build(self) -> Circuit:
        """The circuit with operations that no output needs left out; inputs always stay."""
        needed = {index for _, index in self._outputs}
        for index in range(len(self.ops) - 1, -1, -1):
            if index in needed:
                needed.update(self.ops[index].operands)
        kept = [k for k, op in enumerate(self.ops) if k in needed or isinstance(op, Input)]
        place = {old: new for new, old in enumerate(kept)}
        return Circuit(
            self.name,
            tuple(renumber(self.ops[k], place) for k in kept),
            tuple(self.ranges[k] for k in kept),
            tuple((name, place[index]) for name, index in self._outputs),
        )


def renumber(op: Op, place: dict[int, int]) -> Op:
    """`op` with each operand k replaced by `place[k]`."""
    match op:
        case Sum(terms, constant):
            return Sum(tuple((c, place[k]) for c, k in terms), constant)
        case Relu(operand):
            return Relu(place[operand])
        case Above(operand, threshold):
            return Above(place[operand], threshold)
        case Select(condition, if_true, if_false):
            return Select(place[condition], place[if_true], place[if_false])
        case ShiftClip(operand, shift, low, high):
            return ShiftClip(place[operand], shift, low, high)
        case ArgMax(candidates, labels):
            return ArgMax(tuple(place[k] for k in candidates), labels)
        case DecisionTree(inputs):
            return replace(op, inputs=tuple(place[k] for k in inputs))
        case _:
            return op
