"""Bit-parallel simulation: 64 vectors to a word, gates in topological order.

Vector v is bit v % 64 of word v // 64. The bits above the last vector (padding) are simulated
like any others, with inputs 0; readers and counters leave them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, Int32Array, IntArray, frozen
from printml.errors import DataError, NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.cell_tables import cell_tables, cells_of
from printml.netlist.netlist import Netlist, Port
from printml.simulate.words import WIDE, pack_words, read_bus_words, run_gates

BLOCK_BYTES = 512 * 1024
"""Values of one block of vectors: half of a usual second-level cache."""

MAX_BUS_BITS = 63
"""Busses are read as int64."""


@dataclass(frozen=True, eq=False)
class Program:
    """A netlist as the kernel runs it.

    Attributes
    ----------
    opcode
        int32, shape (n_gates,): the truth table of a cell of up to two inputs over two pins,
        -1 for a wider cell.
    kind, fanin
        As in `Netlist`, `fanin` with at least two columns.
    n_pins, truth_table
        As in `CellTables`.
    """

    n_input_bits: int
    n_nets: int
    opcode: Int32Array
    kind: Int32Array
    fanin: Int32Array
    n_pins: Int32Array
    truth_table: BitArray


def program_of(netlist: Netlist, library: CellLibrary) -> Program:
    """Prepare a netlist for `run_program`.

    Raises
    ------
    NetlistError
        If the library lacks a cell.
    """
    tables = cell_tables(cells_of(netlist, library))
    opcodes = [
        _opcode(int(table), int(n))
        for table, n in zip(tables.truth_table, tables.n_pins, strict=True)
    ]
    fanin = np.zeros((netlist.n_gates, max(2, netlist.fanin.shape[1])), dtype=np.int32)
    fanin[:, : netlist.fanin.shape[1]] = netlist.fanin
    return Program(
        n_input_bits=netlist.n_input_bits,
        n_nets=netlist.n_nets,
        opcode=frozen(np.array(opcodes, dtype=np.int32)[netlist.kind], np.int32),
        kind=netlist.kind,
        fanin=frozen(fanin, np.int32),
        n_pins=tables.n_pins,
        truth_table=tables.truth_table,
    )


def pack_inputs(netlist: Netlist, X_int: npt.ArrayLike) -> BitArray:
    """Input vectors as words, uint64, shape (n_input_bits, n_words).

    Parameters
    ----------
    X_int
        Integers, shape (n_vectors, n_features); column i feeds input port i.

    Raises
    ------
    DataError
        If the shape does not fit, the values are not integers, or one does not fit its port.
    """
    X = _checked_vectors(netlist, X_int)
    n_words = -(-len(X) // 64)
    packed = np.zeros((netlist.n_input_bits, n_words), dtype=np.uint64)
    pack_words(X, _input_widths(netlist), packed)
    return packed


def simulate(netlist: Netlist, library: CellLibrary, packed: BitArray) -> BitArray:
    """Value of every net on every vector, uint64, shape (n_nets, n_words).

    Parameters
    ----------
    packed
        From `pack_inputs`.

    Raises
    ------
    NetlistError
        If the library lacks a cell, or `packed` is not for this netlist.
    """
    if packed.ndim != 2 or packed.shape[0] != netlist.n_input_bits or packed.dtype != np.uint64:
        raise NetlistError(
            f"packed inputs have shape {packed.shape} and type {packed.dtype}; "
            f"expected ({netlist.n_input_bits}, n_words) and uint64",
            where=f"netlist {netlist.name}",
        )
    program = program_of(netlist, library)
    n_words = packed.shape[1]
    values = np.empty((netlist.n_nets, n_words), dtype=np.uint64)
    run_program(program, packed, values)
    return values


def run_program(program: Program, packed: BitArray, values: BitArray) -> None:
    """Simulate one block: fill `values`, uint64, shape (n_nets, n_words), from `packed`."""
    run_gates(
        program.opcode,
        program.kind,
        program.fanin,
        program.n_pins,
        program.truth_table,
        packed,
        values,
    )


def blocks(
    netlist: Netlist, library: CellLibrary, X_int: npt.ArrayLike
) -> Iterator[tuple[int, int, BitArray]]:
    """Simulate block after block: `(first vector, number of vectors, values)`.

    A block is as large as fits a processor cache. `values` is overwritten by the next one.

    Raises
    ------
    DataError, NetlistError
        As `pack_inputs` and `simulate` do.
    """
    X = _checked_vectors(netlist, X_int)
    program = program_of(netlist, library)
    widths = _input_widths(netlist)
    n_words = max(8, BLOCK_BYTES // (8 * netlist.n_nets) // 8 * 8)
    n_words = min(n_words, max(1, -(-len(X) // 64)))
    packed = np.empty((netlist.n_input_bits, n_words), dtype=np.uint64)
    values = np.empty((netlist.n_nets, n_words), dtype=np.uint64)
    for start in range(0, len(X), 64 * n_words):
        rows = X[start : start + 64 * n_words]
        packed[:] = 0
        pack_words(rows, widths, packed)
        run_program(program, packed, values)
        yield start, len(rows), values


def read_bus(values: BitArray, port: Port, *, n_vectors: int) -> IntArray:
    """Integer on a bus in each vector, int64, shape (n_vectors,); signed ports as signed.

    Raises
    ------
    NetlistError
        If the bus is too wide for int64.
    """
    if port.width > MAX_BUS_BITS:
        raise NetlistError(f"port {port.name} has {port.width} bits; at most 63 can be read")
    result = np.zeros(n_vectors, dtype=np.int64)
    read_bus_words(values, np.array(port.nets, dtype=np.int64), port.signed, result)
    return result


def outputs(netlist: Netlist, library: CellLibrary, X_int: npt.ArrayLike) -> dict[str, IntArray]:
    """Integer on every output port in each vector, int64, shape (n_vectors,) each.

    Raises
    ------
    DataError, NetlistError
        As `pack_inputs` and `simulate` do.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    >>> outputs(builder.build(), library, [[0], [1], [2], [3]])["class"].tolist()
    [1, 1, 1, 0]
    """
    n_vectors = len(np.asarray(X_int))
    result = {port.name: np.zeros(n_vectors, dtype=np.int64) for port in netlist.outputs}
    for start, n, values in blocks(netlist, library, X_int):
        for port in netlist.outputs:
            result[port.name][start : start + n] = read_bus(values, port, n_vectors=n)
    return result


def predict(netlist: Netlist, library: CellLibrary, X_int: npt.ArrayLike) -> IntArray:
    """What output port `class` says on each vector, int64, shape (n_vectors,).

    Raises
    ------
    NetlistError
        If there is no such port; else as `outputs` does.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    >>> predict(builder.build(), library, [[0], [3]]).tolist()
    [1, 0]
    """
    if all(port.name != "class" for port in netlist.outputs):
        names = ", ".join(port.name for port in netlist.outputs)
        raise NetlistError(
            "the netlist has no output port class",
            where=f"netlist {netlist.name}",
            hint=f"Its output ports are {names or 'none'}",
        )
    return outputs(netlist, library, X_int)["class"]


def _checked_vectors(netlist: Netlist, X_int: npt.ArrayLike) -> IntArray:
    X = np.asarray(X_int)
    n_ports = len(netlist.inputs)
    if X.ndim != 2 or X.shape[1] != n_ports:
        raise DataError(
            f"input vectors have shape {X.shape}; expected (n_vectors, {n_ports})",
            where=f"netlist {netlist.name}",
            hint="One column per input port, in the order of the ports",
        )
    if not np.issubdtype(X.dtype, np.integer):
        raise DataError(
            f"input vectors have type {X.dtype}; expected integers",
            where=f"netlist {netlist.name}",
        )
    for column, port in enumerate(netlist.inputs):
        if port.width > MAX_BUS_BITS:
            raise DataError(f"port {port.name} has {port.width} bits; at most 63 can be driven")
        low = -(1 << port.width - 1) if port.signed else 0
        high = low + (1 << port.width) - 1
        if len(X) and not (low <= X[:, column].min() and X[:, column].max() <= high):
            outside = (X[:, column] < low) | (X[:, column] > high)
            row = int(np.argmax(outside))
            raise DataError(
                f"row {row} has {X[row, column]} for port {port.name}; it takes {low} .. {high}",
                where=f"netlist {netlist.name}",
            )
    return np.ascontiguousarray(X, dtype=np.int64)


def _input_widths(netlist: Netlist) -> IntArray:
    return np.array([port.width for port in netlist.inputs], dtype=np.int64)


def _opcode(truth_table: int, n_pins: int) -> int:
    """The truth table over two pins; a pin that the cell lacks does not matter."""
    if n_pins > 2:
        return WIDE
    states = range(1 << n_pins)
    return sum((truth_table >> (s % len(states)) & 1) << s for s in range(4))
