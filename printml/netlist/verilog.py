"""A netlist as structural Verilog-2005."""

from __future__ import annotations

import re

from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist, Port
from printml.verilog_names import is_simple

WIRES_PER_LINE = 10


def net_names(netlist: Netlist) -> dict[int, str]:
    """Name of every net but the constants, as `to_verilog` writes it, without escapes.

    An input bit is `alcohol[2]` (`alcohol` if the port has one bit), a gate's net is `n12`.
    """
    names = {}
    for port in netlist.inputs:
        for bit, net in enumerate(port.nets):
            names[net] = port.name if port.width == 1 else f"{port.name}[{bit}]"
    prefix = _prefix("n", netlist)
    for net in range(netlist.first_gate_net, netlist.n_nets):
        names[net] = f"{prefix}{net}"
    return names


def to_verilog(netlist: Netlist, *, library: CellLibrary, header: str = "") -> str:
    """Structural Verilog-2005, the same bytes for the same netlist.

    Ports keep their names and are busses (scalars if they have one bit); the gate that drives
    net 12 is `g12` and its wire `n12`; output ports are assigned from nets.

    Parameters
    ----------
    header
        Text put above the module as comment lines.

    Raises
    ------
    NetlistError
        If the library lacks a cell, or a name cannot be written in Verilog at all.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> builder.add_output("y", [builder.add_gate("NAND2X1", [a, b])])
    >>> print(to_verilog(builder.build(), library=library), end="")
    module top (a, y);
      input [1:0] a;
      output y;
      wire n4;
      NAND2X1 g4 (.A1(a[0]), .A2(a[1]), .Y(n4));
      assign y = n4;
    endmodule
    """
    cells = cells_of(netlist, library)
    names = _references(netlist)
    lines = [f"// {' '.join(line.split())}".rstrip() for line in header.splitlines()]
    ports = ", ".join(escaped(port.name) for port in netlist.inputs + netlist.outputs)
    lines.append(f"module {escaped(netlist.name)} ({ports});")
    lines += [f"  input {_declared(port)};" for port in netlist.inputs]
    lines += [f"  output {_declared(port)};" for port in netlist.outputs]
    wires = [names[net] for net in range(netlist.first_gate_net, netlist.n_nets)]
    for start in range(0, len(wires), WIRES_PER_LINE):
        lines.append(f"  wire {', '.join(wires[start : start + WIRES_PER_LINE])};")
    instance = _prefix("g", netlist)
    heads = [escaped(cell.name) for cell in cells]
    pins = [[escaped(pin) for pin in (*cell.inputs, cell.output)] for cell in cells]
    rows = zip(netlist.kind.tolist(), netlist.fanin.tolist(), strict=True)
    for net, (kind, fanin) in enumerate(rows, start=netlist.first_gate_net):
        nets = [*fanin[: cells[kind].n_inputs], net]
        connections = ", ".join(
            f".{pin}({names[read]})" for pin, read in zip(pins[kind], nets, strict=True)
        )
        lines.append(f"  {heads[kind]} {instance}{net} ({connections});")
    lines += [f"  assign {_assigned(port, names)};" for port in netlist.outputs]
    return "\n".join([*lines, "endmodule", ""])


def escaped(name: str) -> str:
    r"""`name` as a Verilog identifier: as it is, or `\name ` with the blank that ends it.

    Raises
    ------
    NetlistError
        If it is empty or holds characters that no Verilog identifier can.
    """
    if is_simple(name):
        return name
    if not re.fullmatch(r"[!-~]+", name):
        raise NetlistError(
            f"{name!r} cannot be a Verilog name",
            hint="Use printable ASCII characters without blanks",
        )
    return f"\\{name} "


def _references(netlist: Netlist) -> dict[int, str]:
    """What stands for each net in an expression, constants included."""
    names = {0: "1'b0", 1: "1'b1"} | net_names(netlist)
    for port in netlist.inputs:
        for bit, net in enumerate(port.nets):
            name = escaped(port.name)
            names[net] = name if port.width == 1 else f"{name}[{bit}]"
    return names


def _declared(port: Port) -> str:
    sign = "signed " if port.signed else ""
    size = f"[{port.width - 1}:0] " if port.width > 1 else ""
    return f"{sign}{size}{escaped(port.name)}"


def _assigned(port: Port, names: dict[int, str]) -> str:
    read = [names[net] for net in reversed(port.nets)]
    value = read[0] if port.width == 1 else f"{{{', '.join(read)}}}"
    return f"{escaped(port.name)} = {value}"


def _prefix(letter: str, netlist: Netlist) -> str:
    """`letter`, lengthened until no port is called like a numbered wire or gate."""
    prefix = letter
    while any(re.fullmatch(rf"{prefix}[0-9]+", p.name) for p in netlist.inputs + netlist.outputs):
        prefix += "_"
    return prefix
