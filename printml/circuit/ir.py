"""The word-level circuit: a small immutable list of integer operations.

Each operation is a frozen dataclass that knows its operands (indices of earlier
operations), the exact interval of its value, how to evaluate itself on numpy
columns and how it prints. Widths are derived from the intervals and never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray

Range = tuple[int, int]


@dataclass(frozen=True)
class Op:
    """Base of all operations."""

    @property
    def operands(self) -> tuple[int, ...]:
        """Indices of the operations this one reads."""
        return ()

    def value_range(self, ranges: Sequence[Range]) -> Range:
        """Smallest and largest value, from those of the operands."""
        raise NotImplementedError

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        """Value on every row, int64, shape (n_rows,), from the operands' columns."""
        raise NotImplementedError


@dataclass(frozen=True)
class Input(Op):
    """A sensor reading of `bits` bits, unsigned."""

    name: str
    bits: int

    def value_range(self, ranges: Sequence[Range]) -> Range:
        return 0, (1 << self.bits) - 1

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        raise TypeError("inputs are given, not computed")

    def __str__(self) -> str:
        return f"input {self.name}"


@dataclass(frozen=True)
class Constant(Op):
    """A fixed integer."""

    value: int

    def value_range(self, ranges: Sequence[Range]) -> Range:
        return self.value, self.value

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        return np.full(len(values[0]) if values else 1, self.value, dtype=np.int64)

    def __str__(self) -> str:
        return f"{self.value}"


@dataclass(frozen=True)
class Sum(Op):
    """`constant + sum(coefficient * operand)`; coefficients are not 0, operands are distinct."""

    terms: tuple[tuple[int, int], ...]
    """Pairs (coefficient, operand)."""
    constant: int

    @property
    def operands(self) -> tuple[int, ...]:
        return tuple(operand for _, operand in self.terms)

    def value_range(self, ranges: Sequence[Range]) -> Range:
        low = high = self.constant
        for coefficient, operand in self.terms:
            ends = (coefficient * ranges[operand][0], coefficient * ranges[operand][1])
            low += min(ends)
            high += max(ends)
        return low, high

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        total = np.full(len(values[self.terms[0][1]]), self.constant, dtype=np.int64)
        for coefficient, operand in self.terms:
            total += coefficient * values[operand]
        return total

    def __str__(self) -> str:
        terms = " ".join(f"{c:+d}*%{operand}" for c, operand in self.terms)
        return f"sum {terms} {self.constant:+d}"


@dataclass(frozen=True)
class Relu(Op):
    """`max(operand, 0)`."""

    operand: int

    @property
    def operands(self) -> tuple[int, ...]:
        return (self.operand,)

    def value_range(self, ranges: Sequence[Range]) -> Range:
        low, high = ranges[self.operand]
        return max(low, 0), max(high, 0)

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        return np.maximum(values[self.operand], 0)

    def __str__(self) -> str:
        return f"relu %{self.operand}"


@dataclass(frozen=True)
class Above(Op):
    """1 if `operand > threshold`, else 0."""

    operand: int
    threshold: int

    @property
    def operands(self) -> tuple[int, ...]:
        return (self.operand,)

    def value_range(self, ranges: Sequence[Range]) -> Range:
        low, high = ranges[self.operand]
        return int(low > self.threshold), int(high > self.threshold)

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        return (values[self.operand] > self.threshold).astype(np.int64)

    def __str__(self) -> str:
        return f"%{self.operand} > {self.threshold}"


@dataclass(frozen=True)
class Select(Op):
    """`if_true` where the 1-bit `condition` is 1, else `if_false`."""

    condition: int
    if_true: int
    if_false: int

    @property
    def operands(self) -> tuple[int, ...]:
        return (self.condition, self.if_true, self.if_false)

    def value_range(self, ranges: Sequence[Range]) -> Range:
        ends = (ranges[self.if_true], ranges[self.if_false])
        return min(low for low, _ in ends), max(high for _, high in ends)

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        chosen = np.where(values[self.condition] == 1, values[self.if_true], values[self.if_false])
        return chosen.astype(np.int64)

    def __str__(self) -> str:
        return f"%{self.condition} ? %{self.if_true} : %{self.if_false}"


@dataclass(frozen=True)
class ShiftClip(Op):
    """`clip(operand >> shift, low, high)`, the rounding of a regressor's decision value."""

    operand: int
    shift: int
    low: int
    high: int

    @property
    def operands(self) -> tuple[int, ...]:
        return (self.operand,)

    def value_range(self, ranges: Sequence[Range]) -> Range:
        low, high = ranges[self.operand]
        return (
            min(max(low >> self.shift, self.low), self.high),
            min(max(high >> self.shift, self.low), self.high),
        )

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        return np.clip(values[self.operand] >> self.shift, self.low, self.high)

    def __str__(self) -> str:
        return f"clip(%{self.operand} >> {self.shift}, {self.low}, {self.high})"


@dataclass(frozen=True)
class ArgMax(Op):
    """`labels[k]` of the largest candidate k; ties go to the first."""

    candidates: tuple[int, ...]
    labels: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        return self.candidates

    def value_range(self, ranges: Sequence[Range]) -> Range:
        return min(self.labels), max(self.labels)

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        winner = np.argmax(np.stack([values[k] for k in self.candidates]), axis=0)
        return np.array(self.labels, dtype=np.int64)[winner]

    def __str__(self) -> str:
        pairs = ", ".join(
            f"{label}: %{k}" for label, k in zip(self.labels, self.candidates, strict=True)
        )
        return f"argmax {{{pairs}}}"


@dataclass(frozen=True)
class DecisionTree(Op):
    """Class of the leaf that a row falls into; node 0 is the root, children follow their parent.

    An inner node goes right if its operand is above the threshold. One operation, not one per
    node, because what a comparison must answer depends on the comparisons above it.
    """

    inputs: tuple[int, ...]
    """Operands, the unsigned words that are compared."""
    feature: tuple[int, ...]
    """Place in `inputs` that each node compares, -1 for a leaf."""
    threshold: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaf_class: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        return self.inputs

    def value_range(self, ranges: Sequence[Range]) -> Range:
        classes = [c for c, f in zip(self.leaf_class, self.feature, strict=True) if f < 0]
        return min(classes), max(classes)

    def evaluate(self, values: Sequence[IntArray]) -> IntArray:
        feature, threshold, left, right, leaf_class = (
            np.array(column, dtype=np.int64)
            for column in (self.feature, self.threshold, self.left, self.right, self.leaf_class)
        )
        readings = np.stack([values[k] for k in self.inputs])
        node = np.zeros(readings.shape[1], dtype=np.int64)
        rows = np.flatnonzero(feature[node] >= 0)
        while len(rows):
            here = node[rows]
            above = readings[feature[here], rows] > threshold[here]
            node[rows] = np.where(above, right[here], left[here])
            rows = rows[feature[node[rows]] >= 0]
        return leaf_class[node]

    def __str__(self) -> str:
        n_leaves = self.feature.count(-1)
        reads = " ".join(f"%{k}" for k in self.inputs)
        return f"tree {reads}: {len(self.feature) - n_leaves} comparisons, {n_leaves} leaves"


@dataclass(frozen=True, eq=False)
class Circuit:
    """Operations in evaluation order, the inputs first, and named outputs.

    Attributes
    ----------
    name
        Verilog module name.
    ops
        Operation k reads operations below k only.
    ranges
        Exact interval of each operation's value, given independent operands.
    outputs
        Pairs (port name, index of the operation).
    """

    name: str
    ops: tuple[Op, ...]
    ranges: tuple[Range, ...]
    outputs: tuple[tuple[str, int], ...]

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(op for op in self.ops if isinstance(op, Input))

    def evaluate(self, X_int: IntArray) -> dict[str, IntArray]:
        """Value of each output port on each row.

        Parameters
        ----------
        X_int
            int64, shape (n_rows, n_inputs), columns in the order of `inputs`.
        """
        values: list[IntArray] = [X_int[:, k] for k in range(len(self.inputs))]
        for op in self.ops[len(values) :]:
            if isinstance(op, Constant):
                values.append(np.full(X_int.shape[0], op.value, dtype=np.int64))
            else:
                values.append(op.evaluate(values))
        return {name: values[index] for name, index in self.outputs}

    def predict(self, X_int: IntArray) -> IntArray:
        """Class index of each row, int64, shape (n_rows,)."""
        return self.evaluate(X_int)["class"]

    def __repr__(self) -> str:
        lines = [f"circuit {self.name}"]
        for index, (op, (low, high)) in enumerate(zip(self.ops, self.ranges, strict=True)):
            lines.append(f"  %{index} = {op}  [{low}, {high}]")
        lines += [f"  output {name} = %{index}" for name, index in self.outputs]
        return "\n".join(lines)


def is_signed(value_range: Range) -> bool:
    """Whether a word with this range needs a sign bit."""
    return value_range[0] < 0


def width(value_range: Range) -> int:
    """Bits of a word: two's complement if it can be negative, else plain binary; at least 1."""
    low, high = value_range
    if low < 0:
        return max((-low - 1).bit_length(), high.bit_length() if high > 0 else 0) + 1
    return max(high.bit_length(), 1)
