"""An AND-inverter graph straight through ABC, without Yosys and Verilog: for searches.

Many graphs go through one call. Final circuits take the way through Verilog instead, which the
proofs start from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from printml.circuit.logic import Logic
from printml.errors import ToolError
from printml.liberty.library import CellLibrary
from printml.liberty.views import genlib_view
from printml.netlist.build import ONE, ZERO, NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.netlist.transform import sweep
from printml.synth.abc import KEEP, MappingFlow, run_abc

CONSTANT_CELLS = {"_const0_": ZERO, "_const1_": ONE}
WIRE_CELL = "_buf_"


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
    with tempfile.TemporaryDirectory(prefix="printml-map-") as place:
        folder = Path(place)
        (folder / "cells.genlib").write_text(genlib_view(library), encoding="utf-8")
        script = ["read_genlib cells.genlib"]
        for k, logic in enumerate(logics):
            (folder / f"logic_{k}.blif").write_text(blif_text(logic), encoding="utf-8")
            script += [f"read_blif logic_{k}.blif", flow.script, f"write_blif mapped_{k}.blif"]
        run_abc(
            "; ".join(script),
            folder=folder,
            name="map",
            log_folder=folder,
            output=f"mapped_{len(logics) - 1}.blif",
            timeout_s=timeout_s,
        )
        return [
            _read_mapped((folder / f"mapped_{k}.blif").read_text(encoding="utf-8"), logic, library)
            for k, logic in enumerate(logics)
        ]


def blif_text(logic: Logic) -> str:
    """The graph in BLIF: inputs `i0` ..., outputs `o0` ... bit by bit in port order."""
    n_inputs = logic.first_node - 1
    names = ["zero", *(f"i{k}" for k in range(n_inputs))]
    names += [f"n{k}" for k in range(len(logic.nodes))]
    out = [literal for bus in logic.outputs for literal in bus.literals]
    lines = [
        ".model top",
        ".inputs " + " ".join(names[1 : n_inputs + 1]),
        ".outputs " + " ".join(f"o{k}" for k in range(len(out))),
        ".names zero",
    ]
    for k, (a, b) in enumerate(logic.nodes):
        lines.append(f".names {names[a >> 1]} {names[b >> 1]} n{k}")
        lines.append(f"{1 - (a & 1)}{1 - (b & 1)} 1")
    for k, literal in enumerate(out):
        lines += [f".names {names[literal >> 1]} o{k}", f"{1 - (literal & 1)} 1"]
    return "\n".join([*lines, ".end", ""])


def _read_mapped(text: str, logic: Logic, library: CellLibrary) -> Netlist:
    """ABC's mapped BLIF as a netlist; gates are put into topological order."""
    gates: dict[str, tuple[str, list[str]]] = {}
    aliases: dict[str, str] = {}
    n_inputs = logic.first_node - 1
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
    builder = NetlistBuilder(logic.name, library=library)
    for bus in logic.inputs:
        builder.add_input(bus.name, len(bus.literals), signed=bus.signed)

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
    for bus in logic.outputs:
        names = [f"o{first + k}" for k in range(len(bus.literals))]
        builder.add_output(bus.name, [place(name) for name in names], signed=bus.signed)
        first += len(names)
    return sweep(builder.build())
