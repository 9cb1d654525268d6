"""Structural Verilog of any tool, mapped to cells of a library, as a `Netlist`.

The file is parsed (`verilog_syntax`), its hierarchy flattened (`flatten`), and the gates are
put into topological order here.
"""

from __future__ import annotations

import gc
import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.arrays import frozen
from printml.errors import InputError, NetlistError
from printml.files import read_text
from printml.liberty.library import CellLibrary
from printml.netlist.flatten import FlatDesign, flatten
from printml.netlist.netlist import Netlist, Port
from printml.netlist.verilog_syntax import Module, parse_modules
from printml.netlist.verilog_tokens import TokenText

LOOP_NAMES = 8
"""At most this many gates of a loop are listed."""


@dataclass(frozen=True, eq=False)
class VerilogNetlist:
    """A netlist and what its file called things.

    Attributes
    ----------
    netlist
        Gates in file order as far as that is a topological one. Nothing is dropped or added.
    instances
        Name of each gate, `block/U5` inside a submodule.
    modules
        The file's modules as written.
    """

    netlist: Netlist
    instances: tuple[str, ...]
    modules: Mapping[str, Module]


def read_verilog(path: Path, *, library: CellLibrary, top: str | None = None) -> VerilogNetlist:
    """Read a structural Verilog file; see `netlist_from_verilog`.

    Raises
    ------
    NetlistError
        If the file cannot be read or used; names file and line.

    Examples
    --------
    >>> import tempfile
    >>> from printml.liberty.locate import find_library
    >>> text = "module top (input a, b, output y); NAND2X1 g (.A1(a), .A2(b), .Y(y)); endmodule"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "top.v"
    ...     _ = path.write_text(text)
    ...     found = read_verilog(path, library=find_library("egfet", 1.0))
    >>> found.netlist.cell_counts()
    {'NAND2X1': 1}
    """
    try:
        text = read_text(path, what="Verilog netlist")
    except InputError as error:
        raise NetlistError(error.what, where=error.where, hint=error.hint) from error
    return netlist_from_verilog(text, library=library, top=top, name=str(path))


def netlist_from_verilog(
    text: str, *, library: CellLibrary, top: str | None = None, name: str = "netlist"
) -> VerilogNetlist:
    """Turn structural Verilog-2005 made of cells of `library` into a flat netlist.

    Understood are busses of either direction, escaped names, both port styles, assigns between
    nets and constants, concatenations and replications, named and positional connections (input
    pins in the library's order, then the output), open outputs, submodules. A module that is
    called like a cell of the library is taken for its model and skipped.

    Parameters
    ----------
    top
        The module to read; not needed if only one is not instantiated by others.
    name
        What the text is called in errors.

    Raises
    ------
    NetlistError
        With the line, if something else is in the file, a cell or pin is unknown, a net that is
        read has no driver or two, or gates form a loop.
    """
    with _garbage_kept():
        source = TokenText(text, name=name)
        modules = parse_modules(source, skip=library.cells)
        design = flatten(modules, library=library, top=top, source=source)
        order = _topological_order(design)
        return VerilogNetlist(
            netlist=_assemble(design, order, library),
            instances=tuple(design.gates[gate].name for gate in order),
            modules=modules,
        )


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Without Python's search for cycles, which takes half the time and finds nothing here."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _topological_order(design: FlatDesign) -> list[int]:
    """Gates so that each comes after those it reads, else in file order."""
    gates = design.gates
    readers: list[list[int]] = [[] for _ in gates]
    waiting = [0] * len(gates)
    for index, gate in enumerate(gates):
        for net in gate.fanins:
            if design.is_gate(net):
                readers[design.gate_of(net)].append(index)
                waiting[index] += 1
    ready = [index for index, count in enumerate(waiting) if count == 0]
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(gates):
        raise _loop_error(design, waiting)
    return order


def _loop_error(design: FlatDesign, waiting: list[int]) -> NetlistError:
    # Whatever still waits reads something that still waits: walk back until a gate repeats.
    index = next(i for i, count in enumerate(waiting) if count)
    walked: dict[int, int] = {}
    while index not in walked:
        walked[index] = len(walked)
        index = min(
            design.gate_of(net)
            for net in design.gates[index].fanins
            if design.is_gate(net) and waiting[design.gate_of(net)]
        )
    loop = [index, *reversed(list(walked)[walked[index] + 1 :])]
    names = [f"{design.gates[i].name} ({design.gates[i].cell.name})" for i in loop[:LOOP_NAMES]]
    names.append(f"... {len(loop)} gates in all" if len(loop) > LOOP_NAMES else names[0])
    return design.source.error(
        f"gates form a loop: {' -> '.join(names)}",
        min(design.gates[i].place for i in loop),
        hint="Only combinational circuits without feedback are supported",
    )


def _assemble(design: FlatDesign, order: list[int], library: CellLibrary) -> Netlist:
    n_input_bits = sum(bus.width for bus, _ in design.inputs)
    rank = np.zeros(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) + 2 + n_input_bits

    def final(net: int) -> int:
        return int(rank[design.gate_of(net)]) if design.is_gate(net) else net

    inputs = tuple(Port(bus.name, tuple(nets), bus.signed) for bus, nets in design.inputs)
    outputs = tuple(
        Port(bus.name, tuple(final(net) for net in nets), bus.signed)
        for bus, nets in design.outputs
    )
    used = {gate.cell.name for gate in design.gates}
    cell_names = tuple(cell for cell in library.cells if cell in used)
    kinds = {cell: kind for kind, cell in enumerate(cell_names)}
    n_columns = max((gate.cell.n_inputs for gate in design.gates), default=0)
    fanin = np.zeros((len(order), n_columns), dtype=np.int32)
    for row, index in enumerate(order):
        gate = design.gates[index]
        fanin[row, : gate.cell.n_inputs] = [final(net) for net in gate.fanins]
    return Netlist(
        name=design.top,
        inputs=inputs,
        outputs=outputs,
        cell_names=cell_names,
        kind=frozen([kinds[design.gates[index].cell.name] for index in order], np.int32),
        fanin=frozen(fanin, np.int32),
    )
