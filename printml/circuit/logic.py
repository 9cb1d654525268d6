"""Bit-level logic between words and gates: two-input nodes with free inversion.

A literal is `2 * node + inverted`; literal 0 is constant 0 and literal 1 constant 1.
Node 0 is the constant, then the input bits, then AND, XOR and majority nodes in
topological order. Equal nodes are built once; what is constant is folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as Choice

import numpy as np

from printml.arrays import IntArray

FALSE, TRUE = 0, 1
Kind = Choice["and", "xor", "maj"]


@dataclass(frozen=True)
class Bus:
    """A named word of literals, least significant bit first."""

    name: str
    literals: tuple[int, ...]
    signed: bool = False


@dataclass(frozen=True, eq=False)
class Logic:
    """A finished bit-level network.

    Attributes
    ----------
    name
        Verilog module name.
    inputs
        Input words; their literals are those of nodes 1, 2, ... in order.
    nodes
        Node `first_node + k` is `nodes[k]`: kind and operand literals.
    outputs
        Output words, any literals.
    """

    name: str
    inputs: tuple[Bus, ...]
    nodes: tuple[tuple[Kind, tuple[int, ...]], ...]
    outputs: tuple[Bus, ...]

    @property
    def first_node(self) -> int:
        return 1 + sum(len(bus.literals) for bus in self.inputs)

    def evaluate(self, X_int: IntArray) -> dict[str, IntArray]:
        """Value of each output word on each row, by plain numpy; slow but obvious."""
        bits: list[np.ndarray] = [np.zeros(len(X_int), dtype=bool)]
        for column, bus in enumerate(self.inputs):
            bits += [X_int[:, column] >> k & 1 == 1 for k in range(len(bus.literals))]

        def read(literal: int) -> np.ndarray:
            return ~bits[literal >> 1] if literal & 1 else bits[literal >> 1]

        for kind, operands in self.nodes:
            a = [read(literal) for literal in operands]
            if kind == "and":
                bits.append(a[0] & a[1])
            elif kind == "xor":
                bits.append(a[0] ^ a[1])
            else:
                bits.append((a[0] & a[1]) | (a[2] & (a[0] | a[1])))
        words = {}
        for bus in self.outputs:
            total = np.zeros(len(X_int), dtype=np.int64)
            for k, literal in enumerate(bus.literals):
                weight = -1 if bus.signed and k == len(bus.literals) - 1 else 1
                total += read(literal) * np.int64(weight << k)
            words[bus.name] = total
        return words

    def __repr__(self) -> str:
        counts = {k: sum(kind == k for kind, _ in self.nodes) for k in ("and", "xor", "maj")}
        return f"Logic({self.name!r}, {counts})"


class LogicBuilder:
    """Builds a `Logic`; every method takes and returns literals."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._inputs: list[Bus] = []
        self._nodes: list[tuple[Kind, tuple[int, ...]]] = []
        self._index: dict[tuple[Kind, tuple[int, ...]], int] = {}
        self._n_input_bits = 0
        self.level: list[int] = [0]

    def input(self, name: str, bits: int) -> list[int]:
        assert not self._nodes, "inputs come first"
        literals = [2 * (1 + self._n_input_bits + k) for k in range(bits)]
        self._n_input_bits += bits
        self.level += [0] * bits
        self._inputs.append(Bus(name, tuple(literals)))
        return literals

    def _node(self, kind: Kind, operands: tuple[int, ...]) -> int:
        key = (kind, operands)
        if key not in self._index:
            self._index[key] = 1 + self._n_input_bits + len(self._nodes)
            self._nodes.append(key)
            self.level.append(1 + max(self.level[literal >> 1] for literal in operands))
        return 2 * self._index[key]

    def and_(self, a: int, b: int) -> int:
        a, b = min(a, b), max(a, b)
        if a == FALSE or a == b ^ 1:
            return FALSE
        return b if a in (TRUE, b) else self._node("and", (a, b))

    def or_(self, a: int, b: int) -> int:
        return self.and_(a ^ 1, b ^ 1) ^ 1

    def xor(self, a: int, b: int) -> int:
        inverted = (a ^ b) & 1
        a, b = min(a & ~1, b & ~1), max(a & ~1, b & ~1)
        if a == b:
            return inverted
        return (b if a == FALSE else self._node("xor", (a, b))) ^ inverted

    def majority(self, a: int, b: int, c: int) -> int:
        a, b, c = sorted((a, b, c))
        if a >> 1 == b >> 1:
            return a if a == b else c
        if b >> 1 == c >> 1:
            return b if b == c else a
        if a <= TRUE:
            return self.and_(b, c) if a == FALSE else self.or_(b, c)
        if sum(literal & 1 for literal in (a, b, c)) >= 2:
            return self._node("maj", (a ^ 1, b ^ 1, c ^ 1)) ^ 1
        return self._node("maj", (a, b, c))

    def select(self, condition: int, if_true: int, if_false: int) -> int:
        if if_true == if_false:
            return if_true
        if if_true == if_false ^ 1:
            return self.xor(condition, if_false)
        return self.or_(self.and_(condition, if_true), self.and_(condition ^ 1, if_false))

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Sum and carry of three bits."""
        return self.xor(self.xor(a, b), c), self.majority(a, b, c)

    def build(self, outputs: list[Bus]) -> Logic:
        """The network with unreachable nodes left out."""
        first = 1 + self._n_input_bits
        needed = {literal >> 1 for bus in outputs for literal in bus.literals}
        for index in range(len(self._nodes) - 1, -1, -1):
            if first + index in needed:
                needed.update(literal >> 1 for literal in self._nodes[index][1])
        place = {node: node for node in range(first)}
        nodes: list[tuple[Kind, tuple[int, ...]]] = []
        for index, (kind, operands) in enumerate(self._nodes):
            if first + index in needed:
                place[first + index] = first + len(nodes)
                moved = tuple(2 * place[literal >> 1] | literal & 1 for literal in operands)
                nodes.append((kind, moved))
        moved_outputs = tuple(
            Bus(
                bus.name,
                tuple(2 * place[literal >> 1] | literal & 1 for literal in bus.literals),
                bus.signed,
            )
            for bus in outputs
        )
        return Logic(self.name, tuple(self._inputs), tuple(nodes), moved_outputs)
