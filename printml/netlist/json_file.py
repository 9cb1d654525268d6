"""Our own JSON form of a netlist: one short line per gate.

    {"format": "printml netlist", "version": 1, "name": "top",
     "inputs":  [{"name": "a", "width": 2, "signed": false}],
     "outputs": [{"name": "class", "nets": [4], "signed": false}],
     "cells": ["NAND2X1"], "pins": 2,
     "gates": ["NAND2X1 2 3"]}

Nets are numbered as in `Netlist`: 0 and 1 are the constants, then the input bits, then the
gates in order. A gate lists `pins` nets; pins that its cell does not have are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from printml.arrays import frozen
from printml.errors import NetlistError
from printml.netlist.netlist import Netlist, Port

FORMAT = "printml netlist"
VERSION = 1


def netlist_to_json(netlist: Netlist) -> dict[str, Any]:
    """A JSON-ready dict from which `netlist_from_json` makes an equal netlist."""
    names = netlist.cell_names
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": netlist.name,
        "inputs": [
            {"name": port.name, "width": port.width, "signed": port.signed}
            for port in netlist.inputs
        ],
        "outputs": [
            {"name": port.name, "nets": list(port.nets), "signed": port.signed}
            for port in netlist.outputs
        ],
        "cells": list(names),
        "pins": int(netlist.fanin.shape[1]),
        "gates": [
            " ".join([names[kind], *map(str, fanin)])
            for kind, fanin in zip(netlist.kind.tolist(), netlist.fanin.tolist(), strict=True)
        ],
    }


def netlist_from_json(data: Any) -> Netlist:
    """Read what `netlist_to_json` made, checking everything.

    Raises
    ------
    NetlistError
        If it is not such a dict, or names a net, cell or pin that does not exist; the message
        names the entry.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NetlistError(
            "this is not a netlist of printml", hint=f'It should have "format": "{FORMAT}"'
        )
    if data.get("version") != VERSION:
        raise NetlistError(
            f"netlist format version {data.get('version')!r} is not supported",
            hint=f"This printml reads version {VERSION}",
        )
    name = _field(data, "name", str, "netlist")
    where = f"netlist {name}"
    inputs: list[Port] = []
    next_net = 2
    for entry in _field(data, "inputs", list, where):
        width = _field(entry, "width", int, f"{where}, inputs")
        if width < 1:
            raise NetlistError(f"an input has width {width}", where=where)
        inputs.append(_port(entry, range(next_net, next_net + width), where))
        next_net += width
    cell_names = tuple(_field(data, "cells", list, where))
    if not all(isinstance(cell, str) for cell in cell_names):
        raise NetlistError("cells must be names", where=where)
    kinds = {cell: kind for kind, cell in enumerate(cell_names)}
    if len(kinds) != len(cell_names):
        raise NetlistError("a cell is listed twice", where=where)
    n_pins = _field(data, "pins", int, where)
    rows = _field(data, "gates", list, where)
    kind = np.zeros(len(rows), dtype=np.int32)
    fanin = np.zeros((len(rows), max(n_pins, 0)), dtype=np.int32)
    for gate, row in enumerate(rows):
        kind[gate], fanin[gate] = _gate(
            row, kinds, n_pins, next_net + gate, f"{where}, gate {gate}"
        )
    n_nets = next_net + len(rows)
    outputs = []
    for entry in _field(data, "outputs", list, where):
        nets = _field(entry, "nets", list, f"{where}, outputs")
        for net in nets:
            if not isinstance(net, int) or not 0 <= net < n_nets:
                raise NetlistError(
                    f"an output reads net {net!r}, which does not exist", where=where
                )
        outputs.append(_port(entry, nets, where))
    names = [port.name for port in inputs + outputs]
    if len(set(names)) != len(names):
        raise NetlistError("two ports have the same name", where=where)
    return Netlist(
        name=name,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        cell_names=cell_names,
        kind=frozen(kind, np.int32),
        fanin=frozen(fanin, np.int32),
    )


def _field(entry: Any, key: str, kind: type, where: str) -> Any:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise NetlistError(f"{key!r} is missing or not of type {kind.__name__}", where=where)
    return value


def _port(entry: dict[str, Any], nets: Any, where: str) -> Port:
    name = _field(entry, "name", str, f"{where}, ports")
    return Port(name, tuple(nets), _field(entry, "signed", bool, f"{where}, port {name}"))


def _gate(
    row: Any, kinds: dict[str, int], n_pins: int, own_net: int, where: str
) -> tuple[int, list[int]]:
    """Kind and fan-in nets of one line; fan-ins must lie below the gate's own net."""
    words = row.split(" ") if isinstance(row, str) else []
    if len(words) != n_pins + 1 or not all(word.isdecimal() for word in words[1:]):
        raise NetlistError(f"{row!r} is not a cell and {n_pins} net numbers", where=where)
    if words[0] not in kinds:
        raise NetlistError(f"cell {words[0]!r} is not listed under cells", where=where)
    nets = [int(word) for word in words[1:]]
    if max(nets, default=0) >= own_net:
        raise NetlistError(
            f"{row!r} reads net {max(nets)}, which no earlier gate or input drives", where=where
        )
    return kinds[words[0]], nets
