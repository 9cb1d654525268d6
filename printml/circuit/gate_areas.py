"""Areas of the gates that the estimate counts, from a library's own cells."""

from __future__ import annotations

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.circuit.estimate_kernels import KINDS
from printml.errors import LibertyError
from printml.liberty.library import CellLibrary

INVERTERS_LEFT = 0.5
"""Share of the inverters that the mapper cannot merge into the gates around them (measured)."""


def gate_areas_mm2(library: CellLibrary) -> FloatArray:
    """Area in mm2 of each of `KINDS`, float64: the smallest form in the library's cells.

    A full adder is nine NANDs, or two XORs and three NANDs if that is smaller. Inverters, also
    those inside a half adder or of an OR beside NANDs, count in part, as `INVERTERS_LEFT` says.

    Raises
    ------
    LibertyError
        If the library lacks an inverter or both two-input NAND and NOR.
    """
    smallest: dict[tuple[int, int], float] = {}
    for cell in library.cells.values():
        key = cell.n_inputs, cell.truth_table
        smallest[key] = min(cell.area_mm2, smallest.get(key, np.inf))

    def area(table: int) -> float:
        return smallest.get((2, table), np.inf)

    inverter = smallest.get((1, 0b01), np.inf)
    nand = min(area(0b0111), area(0b0001) + 3 * inverter)
    if not np.isfinite(nand + inverter):
        raise LibertyError(
            "an inverter and a two-input NAND or NOR are needed",
            where=library.path,
            hint="Add the missing cell to the library",
        )
    both = min(area(0b1000), nand + inverter)
    either = min(area(0b1110), area(0b0001) + inverter, nand + 2 * inverter)
    left = INVERTERS_LEFT * inverter
    merged_or = nand + INVERTERS_LEFT * max(0.0, either - nand)
    xor = min(area(0b0110), 4 * nand)
    xnor = min(area(0b1001), either + 2 * nand, xor + inverter)
    areas = {
        "full_adder": min(9 * nand, 2 * xor + 3 * nand),
        "half_adder": min(4 * nand + left, xor + both),
        "half_adder_plus_one": min(merged_or + 2 * nand, xnor + either),
        "sum_of_three": 2 * xor,
        "xor": xor,
        "majority": min(merged_or + 3 * nand, 6 * nand),
        "and": both,
        "or": either,
        "nand": nand,
        "inverter": left,
        "select": 3 * nand,
    }
    return frozen([areas[kind] for kind in KINDS], np.float64)
