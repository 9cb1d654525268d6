"""Modules of structural Verilog to one flat list of gates, every net followed to its driver.

Bits are numbered as in `net_table`: the constants, then the top's input bits, so that these have
the numbers they keep in the `Netlist`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from printml.errors import NetlistError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.net_table import FIRST_GATE, NOTHING, NetTable
from printml.netlist.verilog_expression import MAX_BITS, Expression, Piece
from printml.netlist.verilog_hierarchy import top_module
from printml.netlist.verilog_syntax import Bus, Connection, Instance, Module
from printml.netlist.verilog_tokens import TokenText

_SEQUENTIAL = re.compile(r"dff|latch|flop|sdf|tsbuf|tbuf", re.IGNORECASE)


class FlatGate(NamedTuple):
    """An instance of a library cell; fan-ins are bits, then (once followed) their drivers."""

    name: str
    cell: Cell
    fanins: list[int]
    place: int


@dataclass(frozen=True, eq=False)
class FlatDesign:
    """Gates and ports; a net is 0, 1, an input bit's number, or stands for a gate (negative)."""

    top: str
    inputs: list[tuple[Bus, list[int]]]
    outputs: list[tuple[Bus, list[int]]]
    gates: list[FlatGate]
    source: TokenText

    def is_gate(self, net: int) -> bool:
        return net <= FIRST_GATE

    def gate_of(self, net: int) -> int:
        return FIRST_GATE - net


class _Scope(NamedTuple):
    """One use of a module: its path, and the first bit of every net."""

    module: Module
    path: str
    nets: dict[str, tuple[int, Bus]]


def flatten(
    modules: Mapping[str, Module], *, library: CellLibrary, top: str | None, source: TokenText
) -> FlatDesign:
    """Flatten module `top`, or the only one that no other module uses.

    Raises
    ------
    NetlistError
        If a name, a width or a driver is wrong; names file and line.
    """
    return _Flattener(modules, library, source).run(top_module(modules, top, source))


class _Flattener:
    def __init__(
        self, modules: Mapping[str, Module], library: CellLibrary, source: TokenText
    ) -> None:
        self.modules = modules
        self.library = library
        self.source = source
        self.nets = NetTable(source)
        self.gates: list[FlatGate] = []
        self.pins = {
            name: {pin: index for index, pin in enumerate((*cell.inputs, cell.output))}
            for name, cell in library.cells.items()
        }

    def run(self, top: Module) -> FlatDesign:
        scope = self._open(top, "")
        ports = [scope.nets[name] for name in top.ports]
        inputs = [(bus, self._bits_of(first, bus)) for first, bus in ports if _is_input(bus)]
        for _, bits in inputs:
            self.nets.make_roots(bits)
        waiting = [scope]
        while waiting:
            scope = waiting.pop()
            seen: dict[str, int] = {}
            for target, value, place in scope.module.assigns:
                self._assign(scope, target, value, place)
            for instance in scope.module.instances:
                if instance.name in seen:
                    first_line = self.source.line(seen[instance.name])
                    raise self.source.error(
                        f"two instances are called {instance.name}, the first on line {first_line}",
                        instance.place,
                    )
                seen[instance.name] = instance.place
                cell = self.library.cells.get(instance.cell)
                if cell is not None:
                    self._gate(scope, instance, cell)
                elif instance.cell in self.modules:
                    waiting.append(self._submodule(scope, instance))
                else:
                    raise self._unknown_cell(instance)
        return self._followed(top, inputs, [entry for entry in ports if not _is_input(entry[1])])

    def _open(self, module: Module, path: str) -> _Scope:
        """Number the bits of a module's nets, inputs first."""
        scope = _Scope(module, path, {})
        ports = [module.buses[name] for name in module.ports]
        first = [bus for bus in ports if _is_input(bus)]
        taken = {bus.name for bus in first}
        for bus in first + [bus for bus in module.buses.values() if bus.name not in taken]:
            self._add(scope, bus)
        return scope

    def _add(self, scope: _Scope, bus: Bus) -> int:
        first = self.nets.add(scope.path, bus)
        scope.nets[bus.name] = (first, bus)
        return first

    def _assign(self, scope: _Scope, target: Expression, value: Expression, place: int) -> None:
        targets = self._bits(scope, target, implicit=True)
        values = self._fitted(scope, self._bits(scope, value), value, len(targets))
        for bit, source in zip(targets, values, strict=True):
            self.nets.drive(bit, source, place)

    def _gate(self, scope: _Scope, instance: Instance, cell: Cell) -> None:
        pins = self.pins[cell.name]
        nets = [NOTHING] * len(pins)
        bound: set[str] = set()
        for connection, pin in self._bound(instance, list(pins)):
            index = pins.get(pin)
            if index is None:
                raise self._unknown_pin(instance, pin, connection, list(pins))
            if pin in bound:
                raise self.source.error(
                    f"pin {pin} of {instance.name} is connected twice", connection.place
                )
            bound.add(pin)
            if connection.value:
                nets[index] = self._pin_bits(scope, instance, pin, connection, 1)[0]
        *fanins, output = nets
        if NOTHING in fanins:
            raise self.source.error(
                f"input pin {cell.inputs[fanins.index(NOTHING)]} of {instance.name} ({cell.name}) "
                f"is not connected",
                instance.place,
            )
        if output != NOTHING:
            self.nets.drive(output, FIRST_GATE - len(self.gates), instance.place)
        self.gates.append(FlatGate(scope.path + instance.name, cell, fanins, instance.place))

    def _submodule(self, scope: _Scope, instance: Instance) -> _Scope:
        module = self.modules[instance.cell]
        inner = self._open(module, f"{scope.path}{instance.name}/")
        bound: set[str] = set()
        for connection, port in self._bound(instance, module.ports):
            if port not in module.ports:
                raise self._unknown_pin(instance, port, connection, module.ports)
            if port in bound:
                raise self.source.error(
                    f"port {port} of {instance.name} is connected twice", connection.place
                )
            bound.add(port)
            if not connection.value:
                continue
            first, bus = inner.nets[port]
            outer = self._pin_bits(scope, instance, port, connection, bus.width)
            for near, far in zip(self._bits_of(first, bus), outer, strict=True):
                if _is_input(bus):
                    self.nets.drive(near, far, connection.place)
                else:
                    self.nets.drive(far, near, connection.place)
        return inner

    def _bound(self, instance: Instance, pins: list[str]) -> list[tuple[Connection, str]]:
        """Connections with their pins; positional ones by the order of `pins`."""
        connections = instance.connections
        if connections and connections[0].pin is None and len(connections) > len(pins):
            raise self.source.error(
                f"{instance.name} ({instance.cell}) has {len(pins)} pins and "
                f"{len(connections)} connections",
                instance.place,
            )
        return [
            (connection, pins[index] if connection.pin is None else connection.pin)
            for index, connection in enumerate(connections)
        ]

    def _pin_bits(
        self, scope: _Scope, instance: Instance, pin: str, connection: Connection, width: int
    ) -> list[int]:
        piece = connection.value[0]
        entry = scope.nets.get(piece.name)
        if entry and width == len(connection.value) == 1 and entry[1].left is piece.left is None:
            # Nearly every pin of a netlist; what follows would find the same.
            return [entry[0]]
        bits = self._bits(scope, connection.value, implicit=True)
        if len(connection.value) == 1 and not connection.value[0].sized:
            bits = self._fitted(scope, bits, connection.value, width)
        if len(bits) != width:
            raise self.source.error(
                f"pin {pin} of {instance.name} ({instance.cell}) has {width} "
                f"{'bit' if width == 1 else 'bits'} and is connected to {len(bits)}",
                connection.place,
            )
        return bits

    def _fitted(self, scope: _Scope, bits: list[int], value: Expression, width: int) -> list[int]:
        """Cut or extended to `width` by Verilog's rules, with the sign if there is one."""
        if len(bits) >= width:
            return bits[:width]
        piece = value[0]
        signed = piece.signed
        if piece.name and piece.left is None:
            signed = scope.nets[piece.name][1].signed
        filler = bits[-1] if signed and len(value) == 1 else 0
        return bits + [filler] * (width - len(bits))

    def _bits(self, scope: _Scope, value: Expression, *, implicit: bool = False) -> list[int]:
        """Bits of an expression, least significant first; may declare a scalar net."""
        result: list[int] = []
        for piece in reversed(value):
            if piece.name:
                result += self._net_bits(scope, piece, implicit)
            elif not piece.sized and len(value) > 1:
                raise self.source.error("a constant inside {} needs a size", piece.place)
            else:
                result += [int(bit) for bit in reversed(piece.bits)]
            if len(result) > MAX_BITS:
                raise self.source.error(f"an expression exceeds {MAX_BITS} bits", piece.place)
        return result

    def _net_bits(self, scope: _Scope, piece: Piece, implicit: bool) -> list[int]:
        entry = scope.nets.get(piece.name)
        if entry is None:
            if not implicit or piece.left is not None:
                near = difflib.get_close_matches(piece.name, scope.nets, n=1)
                raise self.source.error(
                    f"net {piece.name} is not declared",
                    piece.place,
                    hint=f"Did you mean {near[0]}" if near else "",
                )
            return [self._add(scope, Bus(piece.name, None, None, piece.place))]
        first, bus = entry
        if piece.left is None or piece.right is None:
            return self._bits_of(first, bus)
        high, low = bus.offset(piece.left), bus.offset(piece.right)
        if high is None or low is None or high < low:
            bounds = "no range" if bus.left is None else f"the range [{bus.left}:{bus.right}]"
            chosen = f"{piece.left}:{piece.right}" if piece.left != piece.right else piece.left
            raise self.source.error(
                f"there is no {piece.name}[{chosen}]; {piece.name} has {bounds}", piece.place
            )
        return list(range(first + low, first + high + 1))

    def _bits_of(self, first: int, bus: Bus) -> list[int]:
        return list(range(first, first + bus.width))

    def _followed(
        self,
        top: Module,
        inputs: list[tuple[Bus, list[int]]],
        output_ports: list[tuple[int, Bus]],
    ) -> FlatDesign:
        """Replace every bit that is read by its driver."""
        for gate in self.gates:
            for index, bit in enumerate(gate.fanins):
                net = self.nets.follow(bit, gate.place)
                if net == NOTHING:
                    pin = gate.cell.inputs[index]
                    raise self.source.error(
                        f"net {self.nets.name(bit)} has no driver; pin {pin} of {gate.name} "
                        f"({gate.cell.name}) reads it",
                        gate.place,
                    )
                gate.fanins[index] = net
        outputs = []
        for first, bus in output_ports:
            nets = [self.nets.follow(bit, bus.place) for bit in self._bits_of(first, bus)]
            if NOTHING in nets:
                name = self.nets.name(first + nets.index(NOTHING))
                raise self.source.error(f"output {name} has no driver", bus.place)
            outputs.append((bus, nets))
        return FlatDesign(top.name, inputs, outputs, self.gates, self.source)

    def _unknown_pin(
        self, instance: Instance, pin: str, connection: Connection, pins: list[str]
    ) -> NetlistError:
        near = difflib.get_close_matches(pin, pins, n=1)
        return self.source.error(
            f"{instance.cell} has no pin {pin}; {instance.name} connects it",
            connection.place,
            hint=(f"Did you mean {near[0]}? " if near else "") + f"It has {', '.join(pins)}",
        )

    def _unknown_cell(self, instance: Instance) -> NetlistError:
        name, library = instance.cell, self.library
        if _is_left_out(name, library) or _SEQUENTIAL.search(name):
            return self.source.error(
                f"cell {name} of {instance.name} is sequential or three-state",
                instance.place,
                hint="Only combinational cells are supported",
            )
        near = difflib.get_close_matches(name, [*library.cells, *self.modules], n=1)
        return self.source.error(
            f"library {library.name} has no cell {name}; {instance.name} uses it",
            instance.place,
            hint=(f"Did you mean {near[0]}? " if near else "")
            + f"It has {', '.join(library.cells)}",
        )


def _is_input(bus: Bus) -> bool:
    return bus.direction == "input"


def _is_left_out(name: str, library: CellLibrary) -> bool:
    """Whether the Liberty file has the cell, though `CellLibrary` does not."""
    try:
        text = Path(library.path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(re.search(rf'\bcell\s*\(\s*"?{re.escape(name)}"?\s*\)', text))
