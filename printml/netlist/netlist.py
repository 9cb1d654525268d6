"""A mapped netlist as flat integer arrays.

Net 0 is constant 0, net 1 is constant 1, then come the input bits port by port (least
significant bit first), then one net per gate: gate g drives net `first_gate_net + g`.
Gates are in topological order, so every fan-in of gate g is below `first_gate_net + g`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, Int32Array
from printml.liberty.library import Cell, CellLibrary


@dataclass(frozen=True)
class Port:
    """A named bus; `nets` lists its nets, least significant bit first."""

    name: str
    nets: tuple[int, ...]
    signed: bool = False

    @property
    def width(self) -> int:
        return len(self.nets)


@dataclass(frozen=True, eq=False)
class Netlist:
    """Gates of a mapped circuit.

    Attributes
    ----------
    name
        Verilog module name.
    inputs, outputs
        Ports; input nets are consecutive from 2, output nets are any nets.
    cell_names
        The library cells used; `kind` indexes it.
    kind
        int32, shape (n_gates,).
    fanin
        int32, shape (n_gates, max_inputs); pins in the order of the cell, unused pins are 0.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    cell_names: tuple[str, ...]
    kind: Int32Array
    fanin: Int32Array

    @property
    def n_gates(self) -> int:
        return int(self.kind.shape[0])

    @property
    def n_input_bits(self) -> int:
        return sum(port.width for port in self.inputs)

    @property
    def first_gate_net(self) -> int:
        return 2 + self.n_input_bits

    @property
    def n_nets(self) -> int:
        return self.first_gate_net + self.n_gates

    def cells(self, library: CellLibrary) -> tuple[Cell, ...]:
        """Library cells in the order of `cell_names`."""
        return tuple(library.cells[name] for name in self.cell_names)

    def cell_counts(self) -> dict[str, int]:
        """Number of gates of each cell, by name, in `cell_names` order."""
        counts = np.bincount(self.kind, minlength=len(self.cell_names))
        return {name: int(count) for name, count in zip(self.cell_names, counts, strict=True)}

    def area_cm2(self, library: CellLibrary) -> float:
        """Sum of the cell areas in square centimetres."""
        areas: FloatArray = np.array([cell.area_mm2 for cell in self.cells(library)])
        return float(areas[self.kind].sum() / 100.0) if self.n_gates else 0.0

    def __repr__(self) -> str:
        return f"Netlist({self.name!r}, {self.n_input_bits} input bits, {self.cell_counts()})"
