"""Boolean functions of Liberty (`!(A1 * A2)`, `A' + B`, `A ^ B`) as truth tables.

A truth table is an int: bit s is the value in input state s, and state s has pin i at bit i.
Binding strength as in the Liberty manual: inversion, then XOR, then AND, then OR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import combinations, product
from operator import or_

from printml.errors import LibertyError
from printml.liberty.tree import clip

MAX_PINS = 12
MAX_PARENTHESES = 64

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_.\[\]]*)|([01])(?![A-Za-z0-9_])|([!'*&+|^()]))")


def truth_table(expression: str, pins: Sequence[str], *, where: str = "") -> int:
    """Truth table of a Liberty function over `pins`.

    Parameters
    ----------
    expression
        `!` before or `'` after for NOT; `^` XOR; `*`, `&` or a space for AND; `+` or `|` for OR;
        parentheses; the constants 0 and 1.
    pins
        Pin i is bit i of the state; at most 12. Pins that the expression leaves out are allowed.
    where
        Place named in errors.

    Raises
    ------
    LibertyError
        If the expression is empty or malformed, names an unknown pin, or nests too deeply.
    """
    if len(pins) > MAX_PINS:
        raise LibertyError(f"functions of more than {MAX_PINS} pins are not supported", where=where)
    return _Expression(expression, pins, where).value()


def pin_pattern(pin: int, n_pins: int) -> int:
    """Truth table of the function that is pin `pin` itself."""
    ones = (1 << (1 << pin)) - 1
    return sum(ones << start for start in range(1 << pin, 1 << n_pins, 2 << pin))


def depends_on(table: int, pin: int, n_pins: int) -> bool:
    """Whether the pin changes the function in some state."""
    low, high = _cofactors(table, pin, n_pins)
    return low != high


def is_monotone(table: int, pin: int, n_pins: int, *, rising: bool) -> bool:
    """Whether a rise of the pin can only make the output rise (or only fall)."""
    low, high = _cofactors(table, pin, n_pins)
    return (low & ~high == 0) if rising else (high & ~low == 0)


def sum_of_products(
    table: int,
    pins: Sequence[str],
    *,
    operators: tuple[str, str, str] = ("!", "*", "+"),
) -> str:
    """A short, deterministic expression of a truth table; inverted where that is shorter.

    Parameters
    ----------
    table
        Of a function that is not constant.
    pins
        Names, pin i is bit i of the state; meant for up to four.
    operators
        Text for NOT, AND and OR.
    """
    not_sign, and_sign, or_sign = operators
    everything = (1 << (1 << len(pins))) - 1
    direct = _minimal_cover(table, len(pins))
    inverted = _minimal_cover(everything & ~table, len(pins))
    invert = _cost(inverted) + 1 < _cost(direct)
    best = inverted if invert else direct
    terms = []
    for cube in best:
        literals = [
            pin if value else f"{not_sign}{pin}"
            for pin, value in zip(pins, cube, strict=True)
            if value is not None
        ]
        text = f" {and_sign} ".join(literals)
        terms.append(f"({text})" if len(literals) > 1 and len(best) > 1 else text)
    body = f" {or_sign} ".join(terms)
    return f"{not_sign}({body})" if invert else body


_Cube = tuple[int | None, ...]


def _cost(cubes: Sequence[_Cube]) -> int:
    """Literals plus inversions."""
    return sum((2, 1)[value] for cube in cubes for value in cube if value is not None)


def _minimal_cover(table: int, n_pins: int) -> tuple[_Cube, ...]:
    """Fewest prime implicants that cover the table; by trying all sets, as n_pins is small."""
    cubes = [
        (cube, states)
        for cube in product((1, 0, None), repeat=n_pins)
        if (states := _states(cube)) & ~table == 0
    ]
    primes = [
        (cube, states)
        for cube, states in cubes
        if not any(states != other and states & ~other == 0 for _, other in cubes)
    ]
    for size in range(1, len(primes) + 1):
        covers = [
            tuple(cube for cube, _ in chosen)
            for chosen in combinations(primes, size)
            if reduce(or_, (states for _, states in chosen), 0) == table
        ]
        if covers:
            return min(covers, key=_cost)
    return ()


def _states(cube: _Cube) -> int:
    n_pins = len(cube)
    states = (1 << (1 << n_pins)) - 1
    for pin, value in enumerate(cube):
        if value is not None:
            pattern = pin_pattern(pin, n_pins)
            states &= pattern if value else ~pattern
    return states


def _cofactors(table: int, pin: int, n_pins: int) -> tuple[int, int]:
    """The table where the pin is 0 and where it is 1, both at the states with the pin at 0."""
    zero = ~pin_pattern(pin, n_pins) & ((1 << (1 << n_pins)) - 1)
    return table & zero, (table >> (1 << pin)) & zero


class _Expression:
    """Recursive descent, one method per binding strength; values are truth tables."""

    def __init__(self, text: str, pins: Sequence[str], where: str) -> None:
        self._text = text
        self._where = where
        self._everything = (1 << (1 << len(pins))) - 1
        self._patterns = {pin: pin_pattern(k, len(pins)) for k, pin in enumerate(pins)}
        self._tokens = self._split(text)
        self._position = 0
        self._depth = 0

    def value(self) -> int:
        result = self._or()
        if self._position < len(self._tokens):
            raise self._error(f"unexpected {self._tokens[self._position]!r}")
        return result

    def _or(self) -> int:
        result = self._and()
        while self._peek() in ("+", "|"):
            self._position += 1
            result |= self._and()
        return result

    def _and(self) -> int:
        result = self._xor()
        while (token := self._peek()) not in ("", "+", "|", ")"):
            if token in ("*", "&"):
                self._position += 1
            result &= self._xor()
        return result

    def _xor(self) -> int:
        result = self._inversion()
        while self._peek() == "^":
            self._position += 1
            result ^= self._inversion()
        return result

    def _inversion(self) -> int:
        inverted = False
        while self._peek() == "!":
            self._position += 1
            inverted = not inverted
        result = self._operand()
        while self._peek() == "'":
            self._position += 1
            inverted = not inverted
        return result ^ self._everything if inverted else result

    def _operand(self) -> int:
        token = self._peek()
        self._position += 1
        if token == "(":
            self._depth += 1
            if self._depth > MAX_PARENTHESES:
                raise self._error(f"parentheses nest deeper than {MAX_PARENTHESES}")
            result = self._or()
            if self._peek() != ")":
                raise self._error("a closing parenthesis is missing")
            self._position += 1
            self._depth -= 1
            return result
        if token in ("0", "1"):
            return self._everything if token == "1" else 0
        if token in self._patterns:
            return self._patterns[token]
        if token == "":
            raise self._error("it ends where a pin is expected")
        if token[0].isalpha() or token[0] == "_":
            known = ", ".join(self._patterns)
            raise self._error(f"unknown pin {clip(token)}", hint=f"The pins are {known}")
        raise self._error(f"expected a pin, found {token!r}")

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _split(self, text: str) -> list[str]:
        tokens, position, end = [], 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(f"unexpected character {text[position:].lstrip()[0]!r}")
            tokens.append(match.group().strip())
            position = match.end()
        return tokens

    def _error(self, what: str, *, hint: str = "") -> LibertyError:
        return LibertyError(
            f"function {clip(self._text) or 'of no text'}: {what}", where=self._where, hint=hint
        )
