"""Bit-level logic between words and gates: an AND-inverter graph.

A literal is `2 * node + inverted`; literal 0 is constant 0 and literal 1 constant 1.
Node 0 is the constant, then the input bits, then two-input ANDs in topological order.
Equal nodes are built once; what is constant is folded. Adders are built in the form that
is smallest in NAND gates, which a mapper without restructuring then keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from printml.arrays import IntArray

FALSE, TRUE = 0, 1


class Adder(NamedTuple):
    """Literals with a + b + c = total + 2 * carry."""

    a: int
    b: int
    c: int
    total: int
    carry: int


@dataclass(frozen=True)
class Bus:
    """A named word of literals, least significant bit first."""

    name: str
    literals: tuple[int, ...]
    signed: bool = False


@dataclass(frozen=True, eq=False)
class Logic:
    """A finished AND-inverter graph.

    Attributes
    ----------
    name
        Verilog module name.
    inputs
        Input words; their literals are those of nodes 1, 2, ... in order.
    nodes
        Node `first_node + k` is the AND of the two literals `nodes[k]`.
    outputs
        Output words, any literals.
    """

    name: str
    inputs: tuple[Bus, ...]
    nodes: tuple[tuple[int, int], ...]
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

        for a, b in self.nodes:
            bits.append(read(a) & read(b))
        words = {}
        for bus in self.outputs:
            total = np.zeros(len(X_int), dtype=np.int64)
            for k, literal in enumerate(bus.literals):
                weight = -1 if bus.signed and k == len(bus.literals) - 1 else 1
                total += read(literal) * np.int64(weight << k)
            words[bus.name] = total
        return words

    def __repr__(self) -> str:
        n_bits = self.first_node - 1
        return f"Logic({self.name!r}, {n_bits} input bits, {len(self.nodes)} ANDs)"


class LogicBuilder:
    """Builds a `Logic`; every method takes and returns literals."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._inputs: list[Bus] = []
        self._nodes: list[tuple[int, int]] = []
        self._index: dict[tuple[int, int], int] = {}
        self._n_input_bits = 0
        self.level: list[int] = [0]
        self.adders: list[Adder] = []

    @property
    def nodes(self) -> tuple[tuple[int, int], ...]:
        """All ANDs so far; node `first_node + k` is the AND of the literals `nodes[k]`."""
        return tuple(self._nodes)

    @property
    def first_node(self) -> int:
        return 1 + self._n_input_bits

    def input(self, name: str, bits: int) -> list[int]:
        assert not self._nodes, "inputs come first"
        literals = [2 * (1 + self._n_input_bits + k) for k in range(bits)]
        self._n_input_bits += bits
        self.level += [0] * bits
        self._inputs.append(Bus(name, tuple(literals)))
        return literals

    def and_(self, a: int, b: int) -> int:
        a, b = min(a, b), max(a, b)
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        if (a, b) not in self._index:
            self._index[a, b] = 1 + self._n_input_bits + len(self._nodes)
            self._nodes.append((a, b))
            self.level.append(1 + max(self.level[a >> 1], self.level[b >> 1]))
        return 2 * self._index[a, b]

    def nand(self, a: int, b: int) -> int:
        return self.and_(a, b) ^ 1

    def or_(self, a: int, b: int) -> int:
        return self.and_(a ^ 1, b ^ 1) ^ 1

    def xor(self, a: int, b: int) -> int:
        """Four NANDs, one of which is the NAND that a half adder's carry needs."""
        if a >> 1 == b >> 1:
            return (a ^ b) & 1
        if min(a, b) <= TRUE:
            return max(a, b) ^ min(a, b)
        both = self.nand(a, b)
        return self.nand(self.nand(a, both), self.nand(b, both))

    def xnor(self, a: int, b: int) -> int:
        """An OR and two NANDs; the OR is the carry of a + b + 1."""
        return (
            self.nand(self.or_(a, b), self.nand(a, b)) if min(a, b) > TRUE else self.xor(a, b) ^ 1
        )

    def majority(self, a: int, b: int, c: int) -> int:
        a, b, c = sorted((a, b, c))
        if a >> 1 == b >> 1:
            return a if a == b else c
        if b >> 1 == c >> 1:
            return b if b == c else a
        if a <= TRUE:
            return self.and_(b, c) if a == FALSE else self.or_(b, c)
        return self.nand(self.nand(a, b), self.nand(c, self.or_(a, b)))

    def select(self, condition: int, if_true: int, if_false: int) -> int:
        if if_true == if_false:
            return if_true
        if if_true == if_false ^ 1:
            return self.xor(condition, if_false)
        return self.nand(self.nand(condition, if_true), self.nand(condition ^ 1, if_false))

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Sum and carry of three bits: nine NANDs, or fewer with a constant or equal bits."""
        total, carry = self._full_adder(*sorted((a, b, c)))
        self.adders.append(Adder(a, b, c, total, carry))
        return total, carry

    def _full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        if a >> 1 == b >> 1 or b >> 1 == c >> 1:
            return self.xor(self.xor(a, b), c), self.majority(a, b, c)
        if a == FALSE:
            return self.xor(b, c), self.and_(b, c)
        if a == TRUE:
            return self.xnor(b, c), self.or_(b, c)
        both = self.nand(a, b)
        half = self.nand(self.nand(a, both), self.nand(b, both))
        through = self.nand(half, c)
        return (
            self.nand(self.nand(half, through), self.nand(c, through)),
            self.nand(both, through),
        )

    def build(self, outputs: list[Bus]) -> Logic:
        """The graph with unreachable nodes left out."""
        first = 1 + self._n_input_bits
        needed = {literal >> 1 for bus in outputs for literal in bus.literals}
        for index in range(len(self._nodes) - 1, -1, -1):
            if first + index in needed:
                needed.update(literal >> 1 for literal in self._nodes[index])
        place = {node: node for node in range(first)}

        def moved(literal: int) -> int:
            return 2 * place[literal >> 1] | literal & 1

        nodes: list[tuple[int, int]] = []
        for index, (a, b) in enumerate(self._nodes):
            if first + index in needed:
                place[first + index] = first + len(nodes)
                nodes.append((moved(a), moved(b)))
        moved_outputs = tuple(
            Bus(bus.name, tuple(moved(literal) for literal in bus.literals), bus.signed)
            for bus in outputs
        )
        return Logic(self.name, tuple(self._inputs), tuple(nodes), moved_outputs)
