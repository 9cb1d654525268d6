"""Structural Verilog as a syntax tree: modules, declarations, assigns and instances.

Only what a netlist needs is understood; behavioural code is refused with its line.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from printml.netlist.verilog_expression import MAX_BITS, Expression, ExpressionReader, Piece
from printml.netlist.verilog_tokens import TokenText, is_name, name_of

NET_TYPES = frozenset({"wire", "tri"})
DIRECTIONS = frozenset({"input", "output"})
SUPPLIES = {"supply0": "0", "supply1": "1"}
STRENGTHS = frozenset(kind + bit for kind in ("strong", "pull", "weak", "highz") for bit in "01")


class Connection(NamedTuple):
    """A pin and what it is connected to; positional connections have no pin name."""

    pin: str | None
    value: Expression
    place: int


class Instance(NamedTuple):
    cell: str
    name: str
    connections: list[Connection]
    place: int


@dataclass
class Bus:
    """A declared net: `left` and `right` are the bounds of its range, None for a scalar."""

    name: str
    left: int | None
    right: int | None
    place: int
    direction: str = ""
    signed: bool = False
    constant: str = ""

    @property
    def width(self) -> int:
        return 1 if self.left is None or self.right is None else abs(self.left - self.right) + 1

    def offset(self, index: int) -> int | None:
        """Distance of a bit from the least significant one; None if there is no such bit."""
        if self.left is None or self.right is None:
            return None
        place = index - self.right if self.left >= self.right else self.right - index
        return place if 0 <= place < self.width else None


@dataclass
class Module:
    """A module as written; `ports` is the order of its header."""

    name: str
    place: int
    ports: list[str] = field(default_factory=list)
    buses: dict[str, Bus] = field(default_factory=dict)
    assigns: list[tuple[Expression, Expression, int]] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)


def parse_modules(source: TokenText, *, skip: Collection[str] = ()) -> dict[str, Module]:
    """All modules of a file by name, but those named in `skip` (models of library cells).

    Raises
    ------
    NetlistError
        At the first thing that is not structural Verilog; names file and line.
    """
    return _Parser(source, skip).modules()


class _Parser(ExpressionReader):
    """Recursive descent without recursion: the grammar of a netlist is flat."""

    def __init__(self, source: TokenText, skip: Collection[str]) -> None:
        super().__init__(source)
        self.skip = skip
        self.module = Module("", 0)

    def modules(self) -> dict[str, Module]:
        found: dict[str, Module] = {}
        while self.tokens[self.at]:
            place = self.at
            if self.tokens[self.at] not in ("module", "macromodule"):
                raise self.unexpected("a module")
            self.at += 1
            name = self.name("the name of the module")
            if name in self.skip:
                self._skip_module(name, place)
                continue
            if name in found:
                first = self.source.line(found[name].place)
                raise self.source.error(
                    f"module {name} is defined twice, first on line {first}", place
                )
            self.module = Module(name, place)
            self._header()
            self._body()
            found[name] = self.module
        return found

    def _skip_module(self, name: str, place: int) -> None:
        while self.tokens[self.at] != "endmodule":
            if self.tokens[self.at] in ("", "module"):
                raise self.source.error(f"module {name} has no endmodule", place)
            self.at += 1
        self.at += 1

    def _header(self) -> None:
        if self.tokens[self.at] == "#":
            raise self.source.error("module parameters are not supported", self.at)
        if self.took("(") and not self.took(")"):
            if self.tokens[self.at] in DIRECTIONS or self.tokens[self.at] == "inout":
                self._ansi_ports()
            else:
                self._plain_ports()
        self.take(";")

    def _plain_ports(self) -> None:
        while True:
            place = self.at
            if self.tokens[place] in (".", "{"):
                raise self.source.error("port expressions are not supported", place)
            self._add_port(self.name("a port name"), place)
            if not self.more(")"):
                return

    def _ansi_ports(self) -> None:
        template = Bus("", None, None, self.at)
        while True:
            if self.tokens[self.at] in DIRECTIONS or self.tokens[self.at] == "inout":
                template = self._declaration_head()
            place = self.at
            name = self.name("a port name")
            self._add_port(name, place)
            self._declare(name, template, place)
            if not self.more(")"):
                return

    def _add_port(self, name: str, place: int) -> None:
        if name in self.module.ports:
            raise self.source.error(f"port {name} is listed twice", place)
        self.module.ports.append(name)

    def _body(self) -> None:
        tokens = self.tokens
        while True:
            token = tokens[self.at]
            if is_name(token):
                self._instances()
            elif token in DIRECTIONS or token in NET_TYPES or token in SUPPLIES:
                self._declaration()
            elif token == "assign":
                self._assign()
            elif token == "endmodule":
                self._check_ports()
                self.at += 1
                return
            elif token in ("", "module", "macromodule"):
                raise self.source.error(
                    f"module {self.module.name} has no endmodule",
                    self.at,
                    hint=f"It starts on line {self.source.line(self.module.place)}",
                )
            elif token == ";":
                self.at += 1
            else:
                raise self.unexpected("a declaration, an assign or an instance")

    def _check_ports(self) -> None:
        for name in self.module.ports:
            if name not in self.module.buses or not self.module.buses[name].direction:
                raise self.source.error(
                    f"port {name} of module {self.module.name} is neither input nor output",
                    self.module.place,
                )

    def _declaration_head(self) -> Bus:
        """Direction, net type, sign and range in front of declared names."""
        place = self.at
        direction, constant = "", ""
        if self.tokens[self.at] == "inout":
            raise self.source.error("inout ports are not supported", place)
        if self.tokens[self.at] in DIRECTIONS:
            direction = self.tokens[self.at]
            self.at += 1
        if self.tokens[self.at] in NET_TYPES:
            self.at += 1
        elif self.tokens[self.at] in SUPPLIES:
            constant = SUPPLIES[self.tokens[self.at]]
            self.at += 1
        signed = self.took("signed")
        if not signed:
            self.took("unsigned")
        left, right = None, None
        if self.took("["):
            left = self.index()
            self.take(":")
            right = self.index()
            self.take("]")
            if abs(left - right) >= MAX_BITS:
                raise self.source.error(f"a bus has more than {MAX_BITS} bits", place)
        return Bus("", left, right, place, direction, signed, constant)

    def _declaration(self) -> None:
        template = self._declaration_head()
        while True:
            place = self.at
            name = self.name("a net name")
            if self.tokens[self.at] == "[":
                raise self.source.error("arrays of nets are not supported", self.at)
            self._declare(name, template, place)
            if self.took("="):
                self.module.assigns.append(((Piece(name, None, None, place),), self.value(), place))
            if not self.more(";"):
                return

    def _declare(self, name: str, like: Bus, place: int) -> None:
        """Enter a net, or complete an earlier declaration (`output y; wire y;`)."""
        bus = self.module.buses.get(name)
        if like.direction and name not in self.module.ports:
            raise self.source.error(
                f"{like.direction} {name} is not in the port list of module {self.module.name}",
                place,
            )
        if bus is None:
            self.module.buses[name] = Bus(
                name, like.left, like.right, place, like.direction, like.signed, like.constant
            )
            return
        first = self.source.line(bus.place)
        if bool(like.direction) == bool(bus.direction) or like.constant or bus.constant:
            raise self.source.error(f"{name} is declared twice, first on line {first}", place)
        if (like.left, like.right) != (bus.left, bus.right):
            raise self.source.error(f"{name} has another range on line {first}", place)
        bus.direction = bus.direction or like.direction
        bus.signed = bus.signed or like.signed

    def _assign(self) -> None:
        self.at += 1
        self._refuse_delay()
        while True:
            place = self.at
            target = self.value()
            self.take("=")
            self.module.assigns.append((target, self.value(), place))
            if not self.more(";"):
                return

    def _instances(self) -> None:
        cell = name_of(self.tokens[self.at])
        place = self.at
        self.at += 1
        self._refuse_delay()
        while True:
            if self.tokens[self.at] == "(":
                raise self.source.error(f"an instance of {cell} has no name", self.at)
            name = self.name(f"the name of an instance of {cell}")
            if self.tokens[self.at] == "[":
                raise self.source.error("arrays of instances are not supported", self.at)
            self.take("(")
            self.module.instances.append(Instance(cell, name, self._connections(), place))
            if not self.more(";"):
                return
            place = self.at

    def _connections(self) -> list[Connection]:
        """Everything up to the closing bracket of an instance."""
        tokens = self.tokens
        result: list[Connection] = []
        if self.took(")"):
            return result
        named = tokens[self.at] == "."
        while True:
            place = self.at
            plain = named and tokens[place : place + 5 : 2] == [".", "(", ")"]
            if plain and is_name(tokens[place + 3]):
                # Nearly every pin of a netlist: `.A1(n7)`.
                self.at += 1
                pin = self.name("a pin name")
                self.at += 3
                net = Piece(name_of(tokens[place + 3]), None, None, place + 3)
                result.append(Connection(pin, (net,), place))
            elif named:
                self.take(".")
                pin = self.name("a pin name")
                self.take("(")
                value = () if tokens[self.at] == ")" else self.value()
                self.take(")")
                result.append(Connection(pin, value, place))
            else:
                value = () if tokens[self.at] in (",", ")") else self.value()
                result.append(Connection(None, value, place))
            if not self.more(")"):
                return result

    def _refuse_delay(self) -> None:
        if self.tokens[self.at] == "#":
            raise self.source.error("delays and parameters are not supported", self.at)
        if self.tokens[self.at] == "(" and self.tokens[self.at + 1] in STRENGTHS:
            raise self.source.error("drive strengths are not supported", self.at)
