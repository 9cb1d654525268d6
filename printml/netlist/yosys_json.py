"""Read the JSON of Yosys `write_json` of a flat module mapped to library cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import frozen
from printml.errors import NetlistError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.netlist import Netlist, Port

IGNORED_TYPES = frozenset({"$scopeinfo"})
"""Cells without logic: Yosys keeps one per flattened module."""

Bit = int | str

_CONSTANTS: dict[Bit, int] = {"0": 0, "1": 1, "x": 0}


@dataclass(frozen=True)
class _Gate:
    name: str
    cell: Cell
    fanins: tuple[Bit, ...]
    output: Bit


def from_yosys_json(data: Mapping[str, Any], *, library: CellLibrary, top: str) -> Netlist:
    """Turn module `top` into a `Netlist`.

    Gates are sorted by logic level, then by cell and fan-in nets, so that the result does not
    depend on the names that Yosys gave; equal gates are ordered by name. Nothing is dropped but
    gates without a connected output. A constant `x` is read as 0.

    Parameters
    ----------
    data
        The parsed JSON file.

    Raises
    ------
    NetlistError
        If the module is missing, a cell or pin is unknown, a net has no driver or two, or gates
        form a loop; the message names the cell or net.
    """
    modules = data.get("modules") if isinstance(data, Mapping) else None
    if not isinstance(modules, Mapping) or top not in modules:
        found = ", ".join(sorted(modules)) if isinstance(modules, Mapping) else "no modules at all"
        raise NetlistError(f"there is no module {top!r}", where="Yosys JSON", hint=f"Found {found}")
    module = modules[top]
    where = f"module {top}"
    names = _bit_names(module)
    gates = _gates(module, library, where)
    inputs, net_of = _inputs(module, names, where)
    driver = _drivers(gates, net_of, names, where)
    for gate in gates:
        for pin, bit in zip(gate.cell.inputs, gate.fanins, strict=True):
            if bit not in net_of and bit not in driver:
                raise NetlistError(
                    f"net {names.get(bit, bit)} has no driver; pin {pin} of cell {gate.name} "
                    f"reads it",
                    where=where,
                )
    order = _sorted_by_level(gates, driver, net_of, where)
    outputs = []
    for name, port in module.get("ports", {}).items():
        if port["direction"] != "output":
            continue
        for bit in port["bits"]:
            if bit not in net_of:
                raise NetlistError(
                    f"net {names.get(bit, bit)} has no driver; output port {name} reads it",
                    where=where,
                )
        nets = tuple(net_of[bit] for bit in port["bits"])
        outputs.append(Port(name, nets, bool(int(port.get("signed", 0)))))
    return _assemble(top, inputs, tuple(outputs), order, net_of, library)


def _bit_names(module: Mapping[str, Any]) -> dict[Bit, str]:
    """A readable name per net, public names first."""
    names: dict[Bit, str] = {}
    entries = sorted(
        module.get("netnames", {}).items(), key=lambda item: (item[1].get("hide_name", 0), item[0])
    )
    for name, entry in entries:
        for index, bit in enumerate(entry["bits"]):
            names.setdefault(bit, name if len(entry["bits"]) == 1 else f"{name}[{index}]")
    return names


def _gates(module: Mapping[str, Any], library: CellLibrary, where: str) -> list[_Gate]:
    gates = []
    for name in sorted(module.get("cells", {})):
        entry = module["cells"][name]
        if entry["type"] in IGNORED_TYPES:
            continue
        cell = library.cells.get(entry["type"])
        if cell is None:
            raise NetlistError(
                f"cell {name} is a {entry['type']}, which library {library.name} does not have",
                where=where,
                hint=f"It has {', '.join(library.cells)}",
            )
        pins = entry["connections"]
        unknown = sorted(set(pins) - {*cell.inputs, cell.output})
        if unknown:
            raise NetlistError(
                f"cell {name} connects pin {unknown[0]}, which {cell.name} does not have",
                where=where,
            )
        for pin in cell.inputs:
            if len(pins.get(pin, [])) != 1:
                raise NetlistError(
                    f"pin {pin} of cell {name} ({cell.name}) is not connected", where=where
                )
        output = pins.get(cell.output, [])
        if not output:
            continue
        if len(output) != 1:
            raise NetlistError(
                f"pin {cell.output} of cell {name} ({cell.name}) has {len(output)} nets",
                where=where,
            )
        gates.append(_Gate(name, cell, tuple(pins[pin][0] for pin in cell.inputs), output[0]))
    return gates


def _inputs(
    module: Mapping[str, Any], names: Mapping[Bit, str], where: str
) -> tuple[tuple[Port, ...], dict[Bit, int]]:
    """Input ports and the net of every bit known so far (constants and inputs)."""
    net_of: dict[Bit, int] = dict(_CONSTANTS)
    ports = []
    next_net = 2
    for name, port in module.get("ports", {}).items():
        if port["direction"] not in ("input", "output"):
            raise NetlistError(f"port {name} is {port['direction']}", where=where)
        if port["direction"] != "input":
            continue
        for bit in port["bits"]:
            if bit in net_of:
                raise NetlistError(
                    f"net {names.get(bit, bit)} has two drivers: input port {name} and "
                    f"{'a constant' if isinstance(bit, str) else 'an input port'}",
                    where=where,
                )
            net_of[bit] = next_net
            next_net += 1
        nets = tuple(net_of[bit] for bit in port["bits"])
        ports.append(Port(name, nets, bool(int(port.get("signed", 0)))))
    return tuple(ports), net_of


def _drivers(
    gates: list[_Gate], net_of: Mapping[Bit, int], names: Mapping[Bit, str], where: str
) -> dict[Bit, int]:
    """Index of the gate that drives each bit."""
    driver: dict[Bit, int] = {}
    for index, gate in enumerate(gates):
        bit = gate.output
        if bit in driver or bit in net_of or not isinstance(bit, int):
            other = f"cell {gates[driver[bit]].name}" if bit in driver else "a port or constant"
            raise NetlistError(
                f"net {names.get(bit, bit)} has two drivers: {other} and cell {gate.name}",
                where=where,
            )
        driver[bit] = index
    return driver


def _sorted_by_level(
    gates: list[_Gate], driver: Mapping[Bit, int], net_of: dict[Bit, int], where: str
) -> list[_Gate]:
    """Gates in topological order; gives every gate output its net in `net_of`."""
    waiting = [sum(bit in driver for bit in gate.fanins) for gate in gates]
    readers: list[list[int]] = [[] for _ in gates]
    for index, gate in enumerate(gates):
        for bit in gate.fanins:
            if bit in driver:
                readers[driver[bit]].append(index)
    order: list[_Gate] = []
    ready = [index for index, count in enumerate(waiting) if count == 0]
    # Input bits have the nets 2, 3, ...; "0", "1" and "x" are the other three keys.
    next_net = 2 + len(net_of) - len(_CONSTANTS)
    while ready:
        level = sorted(
            (gates[i].cell.name, tuple(net_of[bit] for bit in gates[i].fanins), gates[i].name, i)
            for i in ready
        )
        ready = []
        for *_, index in level:
            order.append(gates[index])
            net_of[gates[index].output] = next_net
            next_net += 1
            for reader in readers[index]:
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    ready.append(reader)
    if len(order) < len(gates):
        loop = _loop(gates, driver, waiting)
        raise NetlistError(
            f"gates form a loop: {' -> '.join(gate.name for gate in loop)}",
            where=where,
            hint="Only combinational circuits without feedback are supported",
        )
    return order


def _loop(gates: list[_Gate], driver: Mapping[Bit, int], waiting: list[int]) -> list[_Gate]:
    """Gates along one loop in signal direction; the first is repeated at the end."""
    # Whatever still waits has a fan-in that still waits: walk back until a gate repeats.
    index = next(i for i, count in enumerate(waiting) if count)
    walked: list[int] = []
    while index not in walked:
        walked.append(index)
        index = min(driver[b] for b in gates[index].fanins if b in driver and waiting[driver[b]])
    loop = [index, *reversed(walked[walked.index(index) + 1 :]), index]
    return [gates[i] for i in loop]


def _assemble(
    name: str,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    order: list[_Gate],
    net_of: Mapping[Bit, int],
    library: CellLibrary,
) -> Netlist:
    used = {gate.cell.name for gate in order}
    cell_names = tuple(cell for cell in library.cells if cell in used)
    kinds = {cell: kind for kind, cell in enumerate(cell_names)}
    n_columns = max((gate.cell.n_inputs for gate in order), default=0)
    fanin = np.zeros((len(order), n_columns), dtype=np.int32)
    for index, gate in enumerate(order):
        fanin[index, : gate.cell.n_inputs] = [net_of[bit] for bit in gate.fanins]
    return Netlist(
        name=name,
        inputs=inputs,
        outputs=outputs,
        cell_names=cell_names,
        kind=frozen([kinds[gate.cell.name] for gate in order], np.int32),
        fanin=frozen(fanin, np.int32),
    )
