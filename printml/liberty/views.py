"""A cell library in the forms that ABC and Verilog tools read."""

from __future__ import annotations

import math

import numpy as np

from printml.arrays import FloatArray
from printml.liberty.cell import PSEUDO_CELLS
from printml.liberty.function import sum_of_products
from printml.liberty.library import Cell, CellLibrary

_PHASE = {"positive_unate": "NONINV", "negative_unate": "INV", "non_unate": "UNKNOWN"}
_BUFFER_INVERTERS = 3
"""Area of the pseudo buffer in inverters: above two, so that it never pays."""


def genlib_view(library: CellLibrary, *, delay: bool = True) -> str:
    """The library in ABC's genlib format.

    ABC compares areas and delays with fixed tolerances around 0.001 and loses its way in large
    numbers, so both come in a power of ten of mm2 and ms that keeps them near 1 (1 mm2 and
    1 ms for EGFET); loads are in nF. Beside the cells there are `_const0_` and `_const1_`
    without area, and a buffer `_buf_` larger than two inverters, which ABC needs to exist.

    Parameters
    ----------
    library
        From `read_library`.
    delay
        Write the delays of the cells. If False, or if any cell has none, every pin gets the
        delay 1, so that ABC counts levels; the first line says which.
    """
    cells = list(library.cells.values())
    figures = np.concatenate([_delay_figures(cell) for cell in cells])
    timed = delay and not np.isnan(figures).any()
    inverter = min(
        cell.area_mm2 for cell in cells if cell.n_inputs == 1 and cell.truth_table == 0b01
    )
    area_unit = _power_of_ten(inverter) * 10
    delay_unit = _power_of_ten(float(figures.max())) if timed else 1.0
    const0, const1, buffer = PSEUDO_CELLS
    lines = [
        f"# {library.name}: area in {area_unit:g} mm2, load in nF, "
        + (f"delay in {delay_unit:g} ms" if timed else "every delay 1 (levels)"),
        f"GATE {const0} 0 Y=CONST0;",
        f"GATE {const1} 0 Y=CONST1;",
        f"GATE {buffer} {_number(_BUFFER_INVERTERS * inverter / area_unit)} Y=A;",
        "  PIN * NONINV 1 999 1 0 1 0",
    ]
    for cell in cells:
        expression = sum_of_products(cell.truth_table, cell.inputs)
        area = _number(cell.area_mm2 / area_unit)
        lines.append(f"GATE {cell.name} {area} {cell.output}={expression};")
        lines += [
            _pin_line(cell, pin, delay_unit if timed else None) for pin in range(cell.n_inputs)
        ]
    return "\n".join(lines) + "\n"


def verilog_cells(library: CellLibrary) -> str:
    """Zero-delay Verilog-2005 models of all cells, pins as in the library."""
    lines = [
        f"// Functional models of the cells of {library.name}, without delays.",
        "`timescale 1ns/1ps",
    ]
    for cell in library.cells.values():
        lines += [
            "",
            "`celldefine",
            f"module {cell.name} ({', '.join((*cell.inputs, cell.output))});",
            *(f"  input {pin};" for pin in cell.inputs),
            f"  output {cell.output};",
            f"  {_verilog_body(cell)};",
            "endmodule",
            "`endcelldefine",
        ]
    return "\n".join(lines) + "\n"


_PRIMITIVES = {
    (1, 0b01): "not",
    (1, 0b10): "buf",
    (2, 0b1000): "and",
    (2, 0b0111): "nand",
    (2, 0b1110): "or",
    (2, 0b0001): "nor",
    (2, 0b0110): "xor",
    (2, 0b1001): "xnor",
}
"""Gate primitives by number of inputs and truth table; Icarus runs them twice as fast."""


def _verilog_body(cell: Cell) -> str:
    primitive = _PRIMITIVES.get((cell.n_inputs, cell.truth_table))
    if primitive is not None:
        return f"{primitive} ({', '.join((cell.output, *cell.inputs))})"
    expression = sum_of_products(cell.truth_table, cell.inputs, operators=("~", "&", "|"))
    return f"assign {cell.output} = {expression}"


def _pin_line(cell: Cell, pin: int, delay_unit: float | None) -> str:
    figures = ["1", "0", "1", "0"]
    if delay_unit is not None:
        figures = [
            _number(cell.rise_t0_ms[pin] / delay_unit),
            _number(cell.rise_k_ms_per_pf[pin] * 1000 / delay_unit),
            _number(cell.fall_t0_ms[pin] / delay_unit),
            _number(cell.fall_k_ms_per_pf[pin] * 1000 / delay_unit),
        ]
    load = _number(cell.input_cap_pf[pin] / 1000)
    return f"  PIN {cell.inputs[pin]} {_PHASE[cell.sense[pin]]} {load} 999 {' '.join(figures)}"


def _delay_figures(cell: Cell) -> FloatArray:
    """All delays of a cell without load, and NaN if it lacks any figure."""
    lines = (cell.rise_t0_ms, cell.fall_t0_ms, cell.rise_k_ms_per_pf, cell.fall_k_ms_per_pf)
    if np.isnan(np.concatenate(lines)).any():
        return np.array([np.nan])
    return np.concatenate(lines[:2])


def _power_of_ten(value: float) -> float:
    """The largest power of ten not above `value`; 1 if there is none."""
    return 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0


def _number(value: float) -> str:
    """Twelve digits: more than ABC keeps."""
    return f"{value:.12g}"
