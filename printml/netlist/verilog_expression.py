"""Names, numbers and expressions of structural Verilog, token by token.

Nested concatenations are walked with a stack of our own, so no input can be too deep.
"""

from __future__ import annotations

from typing import NamedTuple

from printml.errors import NetlistError
from printml.netlist.verilog_tokens import TokenText, is_name, name_of

MAX_BITS = 1 << 16
"""Widest bus and expression; wider ones are taken for typing errors."""
_BEHAVIOUR_TEXT = """
    always initial reg integer real realtime time event parameter localparam defparam function
    task generate genvar if else case casex casez for while repeat forever begin fork specify
    posedge negedge deassign force release
"""
_PRIMITIVE_TEXT = """
    and nand or nor xor xnor not buf bufif0 bufif1 notif0 notif1 pullup pulldown cmos nmos pmos
    tran
"""
BEHAVIOUR = frozenset(_BEHAVIOUR_TEXT.split())
PRIMITIVES = frozenset(_PRIMITIVE_TEXT.split())
OPERATORS = frozenset("+-*/%&|^~!<>?=")
MAP_HINT = "Map the design onto cells of the library first"
MAX_DECIMAL_DIGITS = 1000
MAX_INDEX_DIGITS = 9
_BASES = {"b": 1, "o": 3, "h": 4}


class Piece(NamedTuple):
    """A part of an expression, at token `place`.

    A net has a `name`, and `left` and `right` if bits of it are selected. A constant has an
    empty name and `bits`, most significant first; `sized` tells `4'd3` from `3`.
    """

    name: str
    left: int | None
    right: int | None
    place: int
    bits: str = ""
    signed: bool = False
    sized: bool = True


Expression = tuple[Piece, ...]
"""Pieces from the most significant to the least."""


class ExpressionReader:
    """A place in a file's tokens, and how to read on from it.

    Every method raises a `NetlistError` that names the line if it finds something else.
    """

    def __init__(self, source: TokenText) -> None:
        self.source = source
        self.tokens = source.tokens
        self.at = 0

    def value(self) -> Expression:
        """A net, a select, a constant, or a concatenation of these, replications included."""
        if self.tokens[self.at] != "{":
            return (self._piece(),)
        # One entry per open brace: pieces so far, and how often to repeat them (0: a plain one).
        stack: list[tuple[list[Piece], int]] = []
        tokens = self.tokens
        while True:
            if self.took("{"):
                stack.append(([], 0))
                if _is_number(tokens[self.at]) and tokens[self.at + 1] == "{":
                    times = self.index()
                    if times < 1:
                        raise self.source.error("a replication needs a count above 0", self.at - 1)
                    self.at += 1
                    stack.append(([], times))
                continue
            stack[-1][0].append(self._piece())
            while self.took("}"):
                pieces, times = stack.pop()
                if len(pieces) * max(times, 1) > MAX_BITS:
                    raise self.source.error(f"an expression exceeds {MAX_BITS} bits", self.at - 1)
                pieces = pieces * max(times, 1)
                if not stack:
                    return tuple(pieces)
                stack[-1][0].extend(pieces)
                if times and tokens[self.at] != "}":
                    raise self.unexpected("'}'")
            self.take(",")

    def _piece(self) -> Piece:
        token, place = self.tokens[self.at], self.at
        if not is_name(token):
            return self._constant()
        self.at += 1
        left, right = None, None
        if self.took("["):
            left = right = self.index()
            if self.took(":"):
                right = self.index()
            self.take("]")
        return Piece(name_of(token), left, right, place)

    def _constant(self) -> Piece:
        token, place = self.tokens[self.at], self.at
        if not token.isascii() or not (token[:1].isdigit() or token[:1] == "'" != token):
            raise self.unexpected("a net or a constant")
        if "'" not in token:
            return Piece("", None, None, place, f"{self.index():b}", False, False)
        self.at += 1
        size, _, rest = "".join(token.replace("_", "").split()).lower().partition("'")
        signed = rest[:1] == "s"
        rest = rest.lstrip("s")
        base, digits = rest[:1], rest[1:]
        if not digits:
            raise self.source.error(f"constant {token} has no digits", place)
        if set(digits) & set("xz?"):
            raise self.source.error(
                f"constant {token} has bits without a value",
                place,
                hint="Printed logic has no x or z; choose 0 or 1 in the tool that wrote the file",
            )
        if len(digits) > MAX_BITS or len(size) > len(str(MAX_BITS)):
            raise self.source.error(f"an expression exceeds {MAX_BITS} bits", place)
        bits = self._bits(base, digits, token, place)
        if not size:
            return Piece("", None, None, place, bits, False, False)
        width = int(size)
        if not 1 <= width <= MAX_BITS:
            raise self.source.error(f"constant {token} has {width} bits", place)
        return Piece("", None, None, place, bits.zfill(width)[-width:], signed, True)

    def _bits(self, base: str, digits: str, token: str, place: int) -> str:
        """Digits of base b, o, d or h as bits, most significant first."""
        try:
            if base == "d":
                if len(digits) > MAX_DECIMAL_DIGITS:
                    raise self.source.error(f"constant {token[:20]}... is too long", place)
                return f"{int(digits):b}"
            size = _BASES[base]
            return "".join(f"{int(digit, 1 << size):0{size}b}" for digit in digits)
        except ValueError as error:
            raise self.source.error(
                f"constant {token} has digits that base {base} does not have", place
            ) from error

    def index(self) -> int:
        token, place = self.tokens[self.at], self.at
        if not _is_number(token):
            raise self.unexpected("a whole number")
        digits = token.replace("_", "")
        if len(digits) > MAX_INDEX_DIGITS:
            raise self.source.error(f"number {digits[:20]} is too large", place)
        self.at += 1
        return int(digits)

    def name(self, what: str) -> str:
        token = self.tokens[self.at]
        if not is_name(token):
            raise self.unexpected(what)
        self.at += 1
        return name_of(token)

    def took(self, token: str) -> bool:
        if self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def take(self, token: str) -> None:
        if self.tokens[self.at] != token:
            raise self.unexpected(f"'{token}'")
        self.at += 1

    def more(self, end: str) -> bool:
        """Whether a list goes on with a comma; False once its `end` was read."""
        if self.took(","):
            return True
        if not self.took(end):
            raise self.unexpected(f"',' or '{end}'")
        return False

    def unexpected(self, wanted: str) -> NetlistError:
        """The error for the token at hand, in words that fit it."""
        token = self.tokens[self.at]
        if not token:
            return self.source.error(f"the file ends where {wanted} should be", self.at)
        if token[0] == "`":
            return self.source.error(
                f"directive {token} is not supported",
                self.at,
                hint="Run the file through a preprocessor first, e.g. `iverilog -E`",
            )
        if token in PRIMITIVES:
            return self.source.error(
                f"gate primitive {token} is not a cell of the library", self.at, hint=MAP_HINT
            )
        if token in BEHAVIOUR:
            return self.source.error(f"{token!r} is behavioural code", self.at, hint=MAP_HINT)
        if token in OPERATORS:
            return self.source.error(
                f"operator {token!r} is behavioural code; found where {wanted} should be",
                self.at,
                hint=MAP_HINT,
            )
        return self.source.error(f"found {token[:40]!r} where {wanted} should be", self.at)


def _is_number(token: str) -> bool:
    return token.isascii() and token[:1].isdigit() and "'" not in token
