"""Liberty functions against plain Python evaluation."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printml.errors import LibertyError
from printml.liberty.function import (
    MAX_PARENTHESES,
    MAX_PINS,
    depends_on,
    is_monotone,
    sum_of_products,
    truth_table,
)

PINS = ("A", "B1", "c_n", "D")


def table_of(function: Callable[..., int], n_pins: int) -> int:
    """Truth table by calling `function` with 0 and 1 for every pin."""
    states = (tuple(state >> k & 1 for k in range(n_pins)) for state in range(1 << n_pins))
    return sum((function(*values) & 1) << state for state, values in enumerate(states))


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("A", lambda a, b: a),
        ("!A", lambda a, b: 1 - a),
        ("A'", lambda a, b: 1 - a),
        ("!A'", lambda a, b: a),
        ("!!A''", lambda a, b: a),
        ("A B", lambda a, b: a & b),
        ("A!B", lambda a, b: a & (1 - b)),
        ("A'B", lambda a, b: (1 - a) & b),
        ("(A)(B)", lambda a, b: a & b),
        ("(A) + (B)'", lambda a, b: a | (1 - b)),
        ("(!A) | (!B)", lambda a, b: (1 - a) | (1 - b)),
        ("A & B", lambda a, b: a & b),
        ("A + B A", lambda a, b: a),
        ("A ^ B * B", lambda a, b: (a ^ b) & b),
        ("A + B ^ 1", lambda a, b: a | (1 - b)),
        ("1", lambda a, b: 1),
        ("0 + 0", lambda a, b: 0),
        ("!(A*B + !A*!B)", lambda a, b: a ^ b),
    ],
)
def test_by_hand(text: str, function: Callable[..., int]) -> None:
    assert truth_table(text, ("A", "B")) == table_of(function, 2)


# An expression is (Liberty text, function of the state, binding strength of the text);
# strengths: 0 OR, 1 AND, 2 XOR, 3 operand. Parentheses are put only where binding needs them.
Expression = tuple[str, Callable[[int], int], int]


def inside(expression: Expression, strength: int) -> str:
    text, _, own = expression
    return text if own >= strength else f"({text})"


def join(symbols: tuple[str, ...], strength: int, combine: Callable[[int, int], int]):
    def build(left: Expression, right: Expression, symbol: str) -> Expression:
        text = f"{inside(left, strength)}{symbol}{inside(right, strength)}"
        return text, lambda s: combine(left[1](s), right[1](s)), strength

    return lambda children: st.builds(build, children, children, st.sampled_from(symbols))


def invert(expression: Expression, prefix: bool) -> Expression:
    text = inside(expression, 3)
    return (f"!{text}" if prefix else f"{text}'"), lambda s: 1 - expression[1](s), 3


pin_leaves = st.sampled_from(
    [(pin, lambda s, k=k: s >> k & 1, 3) for k, pin in enumerate(PINS)]
    + [("0", lambda s: 0, 3), ("1", lambda s: 1, 3)]
)
expressions = st.recursive(
    pin_leaves,
    lambda children: st.one_of(
        join(("*", " & ", " "), 1, lambda a, b: a & b)(children),
        join(("+", " | "), 0, lambda a, b: a | b)(children),
        join(("^", " ^ "), 2, lambda a, b: a ^ b)(children),
        st.builds(invert, children, st.booleans()),
    ),
    max_leaves=12,
)


@given(expressions)
def test_random_expressions(expression: Expression) -> None:
    text, function, _ = expression
    assert truth_table(text, PINS) == sum(function(state) << state for state in range(16))


@given(st.integers(1, 2**16 - 2), st.sampled_from([1, 2, 3, 4]))
def test_sum_of_products_round_trip(table: int, n_pins: int) -> None:
    everything = (1 << (1 << n_pins)) - 1
    table = table % (everything - 1) + 1  # not constant
    text = sum_of_products(table, PINS[:n_pins])
    assert truth_table(text, PINS[:n_pins]) == table
    verilog = sum_of_products(table, PINS[:n_pins], operators=("~", "&", "|"))
    assert verilog == text.replace("!", "~").replace("*", "&").replace("+", "|")


def test_sum_of_products_is_short() -> None:
    pins = ("A1", "A2", "B1", "B2")
    assert sum_of_products(0b01, pins[:1]) == "!A1"
    assert sum_of_products(0b0111, pins[:2]) == "!(A1 * A2)"
    assert sum_of_products(0b0001, pins[:2]) == "!(A1 + A2)"
    assert sum_of_products(0b1110, pins[:2]) == "A1 + A2"
    assert sum_of_products(0b0110, pins[:2]) == "(A1 * !A2) + (!A1 * A2)"
    table = truth_table("!(A1 A2 + B1 B2)", pins)
    assert sum_of_products(table, pins) == "!((A1 * A2) + (B1 * B2))"


@given(st.integers(0, 2**16 - 1), st.integers(0, 3))
def test_dependence_and_sense(table: int, pin: int) -> None:
    flips = {
        ((table >> state & 1), (table >> (state | 1 << pin) & 1))
        for state in range(16)
        if not state >> pin & 1
    }
    assert depends_on(table, pin, 4) == bool(flips & {(0, 1), (1, 0)})
    assert is_monotone(table, pin, 4, rising=True) == ((1, 0) not in flips)
    assert is_monotone(table, pin, 4, rising=False) == ((0, 1) not in flips)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "it ends"),
        ("   ", "it ends"),
        ("A +", "it ends"),
        ("+ A", r"found '\+'"),
        ("(A", "closing parenthesis"),
        ("A)", r"unexpected '\)'"),
        ("()", r"found '\)'"),
        ("X1", "unknown pin 'X1'.*The pins are A, B"),
        ("A % B", "unexpected character '%'"),
        ("10", "unexpected character"),
        ("__import__('os')", "unknown pin"),
        ("(" * (MAX_PARENTHESES + 1) + "A", "deeper"),
        ("(" * 100_000, "deeper"),
    ],
)
def test_errors(text: str, what: str) -> None:
    with pytest.raises(LibertyError, match=what) as caught:
        truth_table(text, ("A", "B"), where="lib.lib:7")
    assert caught.value.where == "lib.lib:7"


def test_long_expressions_do_not_recurse() -> None:
    assert truth_table(" * ".join(["!" * 1001 + "A"] * 5_000), ("A",)) == 0b01


def test_too_many_pins() -> None:
    with pytest.raises(LibertyError, match="more than"):
        truth_table("p0", [f"p{k}" for k in range(MAX_PINS + 1)])


@given(st.text(alphabet="AB01!'*&+|^() x%", max_size=20))
def test_any_text_is_a_table_or_a_liberty_error(text: str) -> None:
    try:
        table = truth_table(text, ("A", "B"))
    except LibertyError:
        return
    assert 0 <= table < 16


def test_all_two_pin_tables() -> None:
    for bits in product((0, 1), repeat=4):
        table = sum(bit << k for k, bit in enumerate(bits))
        if 0 < table < 15:
            assert truth_table(sum_of_products(table, ("A", "B")), ("A", "B")) == table
