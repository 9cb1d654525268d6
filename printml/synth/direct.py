"""Graphs and netlists straight through ABC, without Yosys and Verilog: for searches.

Final circuits take the way through Verilog instead, which the proofs start from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from printml.circuit.logic import Logic
from printml.errors import ToolError
from printml.liberty.library import CellLibrary
from printml.liberty.views import genlib_view
from printml.netlist.build import ONE, ZERO, NetlistBuilder
from printml.netlist.cell_tables import cells_of
from printml.netlist.netlist import Netlist
from printml.netlist.transform import sweep
from printml.synth.abc import KEEP, MappingFlow, run_abc

CONSTANT_CELLS = {"_const0_": ZERO, "_const1_": ONE}
WIRE_CELL = "_buf_"


@dataclass(frozen=True)
class _Ports:
    """Name of a module, and name, width and sign of each of its ports."""

    name: str
    inputs: tuple[tuple[str, int, bool], ...]
    outputs: tuple[tuple[str, int, bool], ...]


def map_logics(
    logics: Sequence[Logic],
    library: CellLibrary,
    *,
    flow: MappingFlow = KEEP,
    timeout_s: float = 300.0,
) -> list[Netlist]:
    """Map graphs onto the cells of `library` for least area, in one call of ABC.

    Raises
    ------
    ToolError
        If ABC fails or takes too long.
    """
    works = []
    for logic in logics:
        inputs, outputs = (
            tuple((bus.name, len(bus.literals), bus.signed) for bus in buses)
            for buses in (logic.inputs, logic.outputs)
        )
        works.append((blif_text(logic), _Ports(logic.name, inputs, outputs)))
    return _map(works, library, flow=flow, timeout_s=timeout_s)


def map_netlist(
    netlist: Netlist,
    library: CellLibrary,
    *,
    flow: MappingFlow = KEEP,
    timeout_s: float = 300.0,
) -> Netlist:
    """Map the function of a netlist again; the result may be larger.

    Raises
    ------
    NetlistError
        If the library lacks a cell of the netlist.
    ToolError
        If ABC fails or takes too long.
    """
    inputs, outputs = (
        tuple((port.name, port.width, port.signed) for port in ports)
        for ports in (netlist.inputs, netlist.outputs)
    )
    ports = _Ports(netlist.name, inputs, outputs)
    return _map(
        [(_netlist_blif(netlist, library), ports)], library, flow=flow, timeout_s=timeout_s
    )[0]


def _map(
    works: Sequence[tuple[str, _Ports]],
    library: CellLibrary,
    *,
    flow: MappingFlow,
    timeout_s: float,
) -> list[Netlist]:
    with tempfile.TemporaryDirectory(prefix="printml-map-") as place:
        folder = Path(place)
        (folder / "cells.genlib").write_text(genlib_view(library), encoding="utf-8")
        script = ["read_genlib cells.genlib"]
        for k, (text, _) in enumerate(works):
            (folder / f"logic_{k}.blif").write_text(text, encoding="utf-8")
            script += [f"read_blif logic_{k}.blif", flow.script, f"write_blif mapped_{k}.blif"]
        run_abc(
            "; ".join(script),
            folder=folder,
            name="map",
            log_folder=folder,
            output=f"mapped_{len(works) - 1}.blif",
            timeout_s=timeout_s,
        )
        return [
            _read_mapped((folder / f"mapped_{k}.blif").read_text(encoding="utf-8"), ports, library)
            for k, (_, ports) in enumerate(works)
        ]


def blif_text(logic: Logic) -> str:
    """The graph in BLIF: inputs `i0` ..., outputs `o0` ... bit by bit in port order."""
    n_inputs = logic.first_node - 1
    names = ["zero", *(f"i{k}" for k in range(n_inputs))]
    names += [f"n{k}" for k in range(len(logic.nodes))]
    lines = [".names zero"]
    for k, (a, b) in enumerate(logic.nodes):
        lines.append(f".names {names[a >> 1]} {names[b >> 1]} n{k}")
        lines.append(f"{1 - (a & 1)}{1 - (b & 1)} 1")
    out = [literal for bus in logic.outputs for literal in bus.literals]
    for k, literal in enumerate(out):
        lines += [f".names {names[literal >> 1]} o{k}", f"{1 - (literal & 1)} 1"]
    return _blif(n_inputs, len(out), lines)


def _netlist_blif(netlist: Netlist, library: CellLibrary) -> str:
    first = netlist.first_gate_net
    names = ["zero", "one", *(f"i{k}" for k in range(first - 2))]
    names += [f"n{k}" for k in range(netlist.n_gates)]
    lines = [".names zero", ".names one", "1"]
    cells = cells_of(netlist, library)
    for k, (kind, fanin) in enumerate(
        zip(netlist.kind.tolist(), netlist.fanin.tolist(), strict=True)
    ):
        n_pins, table = cells[kind].n_inputs, cells[kind].truth_table
        lines.append(" ".join([".names", *(names[net] for net in fanin[:n_pins]), f"n{k}"]))
        for state in range(1 << n_pins):
            if table >> state & 1:
                lines.append("".join(str(state >> pin & 1) for pin in range(n_pins)) + " 1")
    nets = [net for port in netlist.outputs for net in port.nets]
    for k, net in enumerate(nets):
        lines += [f".names {names[net]} o{k}", "1 1"]
    return _blif(first - 2, len(nets), lines)


def _blif(n_inputs: int, n_outputs: int, lines: Iterable[str]) -> str:
    head = [
        ".model top",
        " ".join([".inputs", *(f"i{k}" for k in range(n_inputs))]),
        " ".join([".outputs", *(f"o{k}" for k in range(n_outputs))]),
    ]
    return "\n".join([*head, *lines, ".end", ""])


def _read_mapped(text: str, ports: _Ports, library: CellLibrary) -> Netlist:
    """ABC's mapped BLIF as a netlist; gates are put into topological order."""
    gates: dict[str, tuple[str, list[str]]] = {}
    aliases: dict[str, str] = {}
    n_inputs = sum(width for _, width, _ in ports.inputs)
    nets = {f"i{k}": 2 + k for k in range(n_inputs)}
    lines = text.replace("\\\n", " ").splitlines()
    for number, line in enumerate(lines):
        if line.startswith(".names"):
            # A constant, or an output that is an input.
            *read, name = line.split()[1:]
            table = lines[number + 1].split() if number + 1 < len(lines) else []
            if not read:
                nets[name] = ONE if table == ["1"] else ZERO
            elif len(read) == 1 and table == ["1", "1"]:
                aliases[name] = read[0]
            else:
                raise ToolError(f"ABC left a function in the mapped netlist: {line}")
        elif line.startswith(".gate"):
            _, cell, *pins = line.split()
            connected = dict(pin.split("=") for pin in pins)
            if cell in CONSTANT_CELLS:
                nets[connected.popitem()[1]] = CONSTANT_CELLS[cell]
            elif cell == WIRE_CELL:
                (source, name) = connected.values()
                aliases[name] = source
            else:
                known = library.cells[cell]
                gates[connected[known.output]] = cell, [connected[p] for p in known.inputs]
    builder = NetlistBuilder(ports.name, library=library)
    for port, width, signed in ports.inputs:
        builder.add_input(port, width, signed=signed)

    def place(target: str) -> int:
        stack = [target]
        while stack:
            name = stack[-1]
            if name in nets:
                stack.pop()
                continue
            read = [aliases[name]] if name in aliases else gates[name][1]
            missing = [net for net in read if net not in nets]
            if missing:
                stack += missing
                continue
            stack.pop()
            if name in aliases:
                nets[name] = nets[aliases[name]]
            else:
                nets[name] = builder.add_gate(gates[name][0], [nets[net] for net in read])
        return nets[target]

    first = 0
    for port, width, signed in ports.outputs:
        names = [f"o{first + k}" for k in range(width)]
        builder.add_output(port, [place(name) for name in names], signed=signed)
        first += len(names)
    return sweep(builder.build())
