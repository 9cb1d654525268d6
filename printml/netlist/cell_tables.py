"""Cells of a library as arrays that compiled loops can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array, frozen
from printml.errors import NetlistError
from printml.liberty.library import Cell, CellLibrary
from printml.netlist.netlist import Netlist

MAX_PINS = 6
"""A truth table of six pins still fits one 64-bit word."""


@dataclass(frozen=True, eq=False)
class CellTables:
    """What the kernels need to know of each cell; arrays of shape (n_cells,).

    Attributes
    ----------
    n_pins
        Input pins, int32.
    truth_table
        uint64, bit s is the output in input state s.
    area_mm2
        float64.
    """

    n_pins: Int32Array
    truth_table: BitArray
    area_mm2: FloatArray


def cells_of(netlist: Netlist, library: CellLibrary) -> tuple[Cell, ...]:
    """The library's cells in the order of `netlist.cell_names`.

    Raises
    ------
    NetlistError
        If the library lacks one of them, or one has more pins than `netlist.fanin` has columns.
    """
    cells = []
    for name in netlist.cell_names:
        cell = library.cells.get(name)
        if cell is None:
            raise NetlistError(
                f"library {library.name} has no cell {name!r}",
                where=f"netlist {netlist.name}",
                hint=f"Use the library it was mapped to; this one has {', '.join(library.cells)}",
            )
        if netlist.n_gates and cell.n_inputs > netlist.fanin.shape[1]:
            raise NetlistError(
                f"cell {name!r} of library {library.name} has {cell.n_inputs} input pins, "
                f"the netlist connects at most {netlist.fanin.shape[1]}",
                where=f"netlist {netlist.name}",
                hint="Use the library it was mapped to",
            )
        cells.append(cell)
    return tuple(cells)


def cell_tables(cells: Sequence[Cell]) -> CellTables:
    """Arrays of the given cells.

    Raises
    ------
    NetlistError
        If a cell has more than `MAX_PINS` inputs.
    """
    for cell in cells:
        if cell.n_inputs > MAX_PINS:
            raise NetlistError(
                f"cell {cell.name!r} has {cell.n_inputs} inputs; at most {MAX_PINS} are supported"
            )
    return CellTables(
        n_pins=frozen([cell.n_inputs for cell in cells], np.int32),
        truth_table=frozen([cell.truth_table for cell in cells], np.uint64),
        area_mm2=frozen([cell.area_mm2 for cell in cells], np.float64),
    )
