"""A hand-made cell library with round figures near those of EGFET at 1.0 V."""

from __future__ import annotations

import numpy as np

from printml.arrays import frozen
from printml.liberty.library import Cell, CellLibrary, Sense

NEGATIVE: Sense = "negative_unate"
POSITIVE: Sense = "positive_unate"
NON: Sense = "non_unate"


def make_cell(
    name: str,
    *,
    area_mm2: float,
    truth_table: int,
    leakage_nw: list[float],
    sense: Sense,
    rise_t0_ms: float = 1.0,
    rise_k: float = 0.01,
    fall_t0_ms: float = 0.5,
    fall_k: float = 0.002,
    cap_pf: float = 100.0,
    rise_energy_pj: float = 10_000.0,
    fall_energy_pj: float = 20_000.0,
) -> Cell:
    """A cell with the same figures at every pin; one pin is called A, several A1, A2 ..."""
    n = int(np.log2(len(leakage_nw)))
    pins = ("A",) if n == 1 else tuple(f"A{i + 1}" for i in range(n))

    def each(value: float) -> np.ndarray:
        return frozen([value] * n, np.float64)

    return Cell(
        name=name,
        area_mm2=area_mm2,
        inputs=pins,
        output="Y",
        truth_table=truth_table,
        leakage_nw=frozen(leakage_nw, np.float64),
        input_cap_pf=each(cap_pf),
        rise_t0_ms=each(rise_t0_ms),
        rise_k_ms_per_pf=each(rise_k),
        fall_t0_ms=each(fall_t0_ms),
        fall_k_ms_per_pf=each(fall_k),
        sense=(sense,) * n,
        rise_energy_pj=each(rise_energy_pj),
        fall_energy_pj=each(fall_energy_pj),
    )


def make_library(*cells: Cell) -> CellLibrary:
    return CellLibrary("tiny", 1.0, {cell.name: cell for cell in cells}, (), "tiny.lib", "0" * 64)


INV = make_cell(
    "INVX1", area_mm2=0.22842, truth_table=0b01, leakage_nw=[500.0, 19_000.0], sense=NEGATIVE
)
NAND2 = make_cell(
    "NAND2X1",
    area_mm2=0.24786,
    truth_table=0b0111,
    leakage_nw=[250.0, 400.0, 500.0, 18_500.0],
    sense=NEGATIVE,
    cap_pf=90.0,
)
NOR2 = make_cell(
    "NOR2X1",
    area_mm2=0.3995,
    truth_table=0b0001,
    leakage_nw=[1_000.0, 19_300.0, 19_300.0, 19_600.0],
    sense=NEGATIVE,
)
AND2 = make_cell(
    "AND2X1",
    area_mm2=0.4335,
    truth_table=0b1000,
    leakage_nw=[19_500.0, 19_600.0, 19_700.0, 19_100.0],
    sense=POSITIVE,
    rise_t0_ms=1.5,
)
OR2 = make_cell(
    "OR2X1",
    area_mm2=0.56353,
    truth_table=0b1110,
    leakage_nw=[20_200.0, 19_800.0, 19_800.0, 20_100.0],
    sense=POSITIVE,
    rise_t0_ms=1.4,
)
XOR2 = make_cell(
    "XOR2X1",
    area_mm2=1.0428,
    truth_table=0b0110,
    leakage_nw=[19_600.0, 19_900.0, 19_800.0, 38_000.0],
    sense=NON,
    rise_t0_ms=3.0,
    fall_t0_ms=4.0,
    cap_pf=190.0,
)
XNOR2 = make_cell(
    "XNOR2X1",
    area_mm2=1.347557,
    truth_table=0b1001,
    leakage_nw=[39_000.0, 20_000.0, 20_000.0, 39_000.0],
    sense=NON,
    rise_t0_ms=3.0,
    fall_t0_ms=4.0,
    cap_pf=190.0,
)
NAND3 = make_cell(
    "NAND3X1",
    area_mm2=0.3,
    truth_table=0b0111_1111,
    leakage_nw=[200.0, 300.0, 300.0, 400.0, 300.0, 400.0, 400.0, 18_000.0],
    sense=NEGATIVE,
)
MUX2 = make_cell(
    "MUX2X1",
    area_mm2=0.9,
    # A1 if A3 is 0, else A2.
    truth_table=0b1100_1010,
    leakage_nw=[10_000.0 + 100 * state for state in range(8)],
    sense=NON,
)
AOI22 = make_cell(
    "AOI22X1",
    area_mm2=0.6,
    truth_table=sum(1 << s for s in range(16) if not ((s & 3) == 3 or (s >> 2) == 3)),
    leakage_nw=[5_000.0 + 100 * state for state in range(16)],
    sense=NEGATIVE,
)


def tiny_library() -> CellLibrary:
    """INV, NAND2, NOR2, AND2, OR2, XOR2 and XNOR2: the combinational cells of EGFET."""
    return make_library(INV, NAND2, NOR2, AND2, OR2, XOR2, XNOR2)


def wide_library() -> CellLibrary:
    """`tiny_library` with cells of three and four inputs."""
    return make_library(INV, NAND2, NOR2, AND2, OR2, XOR2, XNOR2, NAND3, MUX2, AOI22)
