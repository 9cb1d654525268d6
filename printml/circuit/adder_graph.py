"""Constant matrix-vector products with shared subexpressions.

Every coefficient is written in canonical signed digits, so each row of the matrix is a set
of shifted operands with signs. A pair of digits that occurs in several places (same operands,
same distance, same relation of signs, also across rows) is worth building once. As in
R. I. Hartley, IEEE TCAS-II 43 (1996), the best pair is taken, replaced by a new operand, and
so on until none pays; what a pair saves is counted in the bits it takes out of the bit heaps,
for in a heap each full adder removes one bit. Pairs that end up used once are inlined again.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from printml.arrays import IntArray
from printml.circuit.build import CircuitBuilder
from printml.circuit.heap import signed_digits
from printml.circuit.ir import Range, width

Digit = tuple[int, int]
"""An operand and the exponent it is shifted by."""

Pair = tuple[int, int, int, int]
"""first operand, second operand, exponent of the second less that of the first, sign product."""

HALF_ADDER_BITS = 0.55
"""What a shared adder costs beside its full adders: about one half adder, in full adders."""


@dataclass(frozen=True)
class AdderGraph:
    """Shared pairs, then one signed digit set per row.

    Attributes
    ----------
    pairs
        Operand `n_inputs + k` is `pairs[k]`: its two digits aligned so that the lower exponent
        is 0, the first digit positive.
    rows
        Per row the sign of each digit.
    """

    n_inputs: int
    pairs: tuple[Pair, ...]
    rows: tuple[dict[Digit, int], ...]


def shared_sums(
    builder: CircuitBuilder, operands: Sequence[int], matrix: IntArray, constants: IntArray
) -> list[int]:
    """`matrix @ operands + constants` as sums that share what pays.

    Parameters
    ----------
    operands
        Indices in `builder`, one per column.
    matrix, constants
        int64, shapes (n_rows, n_columns) and (n_rows,).

    Returns
    -------
    list of int
        Index of each row's sum in `builder`.
    """
    graph = adder_graph(matrix, [builder.ranges[k] for k in operands])
    uses = [0] * (len(operands) + len(graph.pairs))
    for row in graph.rows:
        for operand, _ in row:
            uses[operand] += 1
    for first, second, _, _ in graph.pairs:
        uses[first] += 1
        uses[second] += 1
    terms: list[list[tuple[int, int]]] = [[(1, index)] for index in operands]
    for k, (first, second, distance, sign) in enumerate(graph.pairs, start=len(operands)):
        low = min(distance, 0)
        expanded = _scaled(terms[first], 1 << -low)
        expanded += _scaled(terms[second], sign << (distance - low))
        terms.append(expanded if uses[k] == 1 else [(1, builder.sum(expanded, 0))])
    sums = []
    for row, constant in zip(graph.rows, constants, strict=True):
        expanded = []
        for (operand, exponent), sign in row.items():
            expanded += _scaled(terms[operand], sign << exponent)
        sums.append(builder.sum(expanded, int(constant)))
    return sums


def _scaled(terms: Sequence[tuple[int, int]], factor: int) -> list[tuple[int, int]]:
    return [(factor * coefficient, index) for coefficient, index in terms]


def adder_graph(matrix: IntArray, ranges: Sequence[Range]) -> AdderGraph:
    """Choose shared pairs for a constant matrix by greedy elimination.

    Parameters
    ----------
    matrix
        int64, shape (n_rows, n_columns).
    ranges
        Value range of each column's operand.
    """
    state = _Elimination(matrix, ranges)
    while (pair := state.best_pair()) is not None:
        state.substitute(pair)
    return AdderGraph(matrix.shape[1], tuple(state.pairs), tuple(state.rows))


class _Elimination:
    """Rows of digits, and where each pair of digits occurs."""

    def __init__(self, matrix: IntArray, ranges: Sequence[Range]) -> None:
        self.ranges = list(ranges)
        self.pairs: list[Pair] = []
        self.rows: list[dict[Digit, int]] = [
            {(k, e): sign for k, c in enumerate(row) for e, sign in signed_digits(int(c))}
            for row in matrix
        ]
        self.places: dict[Pair, set[tuple[int, Digit, Digit]]] = {}
        self.queue: list[tuple[float, Pair]] = []
        for r, row in enumerate(self.rows):
            digits = list(row)
            for k, digit in enumerate(digits):
                for other in digits[:k]:
                    self._add(r, digit, other)
        self._enqueue(list(self.places))

    def _pair(self, row: dict[Digit, int], x: Digit, y: Digit) -> tuple[Pair, Digit, Digit]:
        if x > y:
            x, y = y, x
        return (x[0], y[0], y[1] - x[1], row[x] * row[y]), x, y

    def _add(self, r: int, x: Digit, y: Digit) -> Pair:
        pair, x, y = self._pair(self.rows[r], x, y)
        self.places.setdefault(pair, set()).add((r, x, y))
        return pair

    def _remove_digit(self, r: int, digit: Digit) -> None:
        row = self.rows[r]
        for other in row:
            if other != digit:
                pair, x, y = self._pair(row, digit, other)
                self.places[pair].discard((r, x, y))
        del row[digit]

    def value_range(self, pair: Pair) -> Range:
        first, second, distance, sign = pair
        low = min(distance, 0)
        a_low, a_high = (end << -low for end in self.ranges[first])
        b_low, b_high = sorted(sign * end << (distance - low) for end in self.ranges[second])
        return a_low + b_low, a_high + b_high

    def saving(self, pair: Pair) -> float:
        """Full adders saved by building the pair once, if its places do not overlap."""
        n_places = len(self.places[pair])
        if n_places < 2:
            return 0.0
        bits = width(self.ranges[pair[0]]) + width(self.ranges[pair[1]])
        return (n_places - 1) * (bits - width(self.value_range(pair))) - HALF_ADDER_BITS

    def _enqueue(self, pairs: Sequence[Pair]) -> None:
        for pair in pairs:
            if (saving := self.saving(pair)) > 0:
                heapq.heappush(self.queue, (-saving, pair))

    def best_pair(self) -> Pair | None:
        """The pair that saves most; savings only shrink, so a stale entry is just put back."""
        while self.queue:
            saving, pair = heapq.heappop(self.queue)
            now = self.saving(pair)
            if now == -saving:
                if len(self._disjoint_places(pair)) >= 2:
                    return pair
            elif now > 0:
                heapq.heappush(self.queue, (-now, pair))
        return None

    def _disjoint_places(self, pair: Pair) -> list[tuple[int, Digit, Digit]]:
        """Places that share no digit (chains of one operand with itself can)."""
        used: set[tuple[int, Digit]] = set()
        chosen = []
        for r, x, y in sorted(self.places[pair]):
            if (r, x) not in used and (r, y) not in used:
                used |= {(r, x), (r, y)}
                chosen.append((r, x, y))
        return chosen

    def substitute(self, pair: Pair) -> None:
        """Replace every disjoint place of `pair` by a digit of a new operand."""
        places = self._disjoint_places(pair)
        new = len(self.ranges)
        self.ranges.append(self.value_range(pair))
        self.pairs.append(pair)
        touched: dict[Pair, None] = {}
        for r, x, y in places:
            sign = self.rows[r][x]
            self._remove_digit(r, x)
            self._remove_digit(r, y)
            digit = (new, min(x[1], y[1]))
            self.rows[r][digit] = sign
            for other in self.rows[r]:
                if other != digit:
                    touched[self._add(r, digit, other)] = None
        self._enqueue(list(touched))
