"""Weighted sums as bit heaps, compressed by full and half adders.

A heap holds bits of positive weight and one constant, all modulo 2**width, so that
negative digits are inverted bits whose correction joins the constant
(two's complement without a subtractor).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from printml.circuit.logic import FALSE, TRUE, LogicBuilder


def signed_digits(value: int) -> list[tuple[int, int]]:
    """Canonical signed digits of `value` as pairs (exponent, +1 or -1), fewest non-zero digits.

    The recoding of G. W. Reitwiesner, "Binary arithmetic", 1960: no two neighbours non-zero.
    """
    digits = []
    exponent = 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            digits.append((exponent, digit))
            value -= digit
        value >>= 1
        exponent += 1
    return digits


class BitHeap:
    """Bits to add up modulo 2**width."""

    def __init__(self, logic: LogicBuilder, width: int) -> None:
        self.logic = logic
        self.width = width
        self.constant = 0
        self.columns: list[list[int]] = [[] for _ in range(width)]

    def add_bit(self, literal: int, exponent: int, sign: int) -> None:
        """Add `sign * literal * 2**exponent`."""
        if exponent >= self.width:
            return
        if sign < 0:
            literal ^= 1
            self.constant -= 1 << exponent
        if literal == TRUE:
            self.constant += 1 << exponent
        elif literal != FALSE:
            self.columns[exponent].append(literal)

    def add_word(self, bits: Sequence[int], signed: bool, coefficient: int) -> None:
        """Add `coefficient * word`, one shifted copy of the word per signed digit."""
        for exponent, digit in signed_digits(coefficient):
            for k, literal in enumerate(bits):
                top = signed and k == len(bits) - 1
                self.add_bit(literal, exponent + k, -digit if top else digit)

    def compress(self) -> list[int]:
        """The `width` bits of the total, least significant first.

        Columns go from the least significant up; in each the earliest bits meet first, by full
        adders as long as three are left, so the number of adders is the smallest possible and
        a half adder stands only where a count is even. A constant bit takes the place of the
        missing third bit, or inverts the last one for nothing.
        """
        total = []
        for exponent in range(self.width):
            carries = self._cancel_pairs(exponent)
            bit, more = self._compress_column(exponent)
            total.append(bit)
            for carry in carries + more:
                self.add_bit(carry, exponent + 1, +1)
        return total

    def _cancel_pairs(self, exponent: int) -> list[int]:
        """Turn b + b into a carry (returned) and b + not b into a constant bit."""
        carries = []
        kept: list[int] = []
        for literal in self.columns[exponent]:
            if literal in kept:
                kept.remove(literal)
                carries.append(literal)
            elif literal ^ 1 in kept:
                kept.remove(literal ^ 1)
                self.constant += 1 << exponent
            else:
                kept.append(literal)
        self.columns[exponent] = kept
        return carries

    def _compress_column(self, exponent: int) -> tuple[int, list[int]]:
        """The one bit left of a column, and its carries."""
        level = self.logic.level
        queue = [(level[bit >> 1], k, bit) for k, bit in enumerate(self.columns[exponent])]
        heapq.heapify(queue)
        one = self.constant >> exponent & 1
        carries: list[int] = []
        while len(queue) + one > 1:
            a = heapq.heappop(queue)[2]
            if not queue:
                b, c, one = TRUE, FALSE, 0
            elif one and len(queue) % 2 == 1:
                b, c, one = heapq.heappop(queue)[2], TRUE, 0
            elif len(queue) == 1:
                b, c = heapq.heappop(queue)[2], FALSE
            else:
                b, c = heapq.heappop(queue)[2], heapq.heappop(queue)[2]
            bit, carry = self.logic.full_adder(a, b, c)
            carries.append(carry)
            heapq.heappush(queue, (level[bit >> 1], len(level) + len(carries), bit))
        return (queue[0][2] if queue else one), carries
