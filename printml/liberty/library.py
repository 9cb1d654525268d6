"""A printed cell library at one supply voltage, as the rest of the street sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from printml.arrays import FloatArray

Sense = Literal["positive_unate", "negative_unate", "non_unate"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One combinational cell with one output.

    Input state s (0 .. 2**n_inputs-1) has input pin i at bit i. Delays and energies that the
    Liberty file does not give are NaN (the CNT-TFT figures hold no delays);
    `printml.liberty.reader.require_timing` and `require_energy` raise where they are needed.

    Attributes
    ----------
    inputs, output
        Pin names, inputs in the order of the Liberty file.
    truth_table
        Bit s is the output in input state s.
    leakage_nw
        Static power per input state, float64, shape (2**n_inputs,).
    input_cap_pf
        Load that each input pin puts on its net, float64, shape (n_inputs,).
    rise_t0_ms, rise_k_ms_per_pf, fall_t0_ms, fall_k_ms_per_pf
        Delay from each input pin to an output rise or fall, `t0 + k * load`, float64, (n_inputs,).
    sense
        Per input pin.
    rise_energy_pj, fall_energy_pj
        Energy drawn from VDD by one output rise or fall caused by each input pin,
        float64, shape (n_inputs,); the mean over the side-input states that the file lists.
    """

    name: str
    area_mm2: float
    inputs: tuple[str, ...]
    output: str
    truth_table: int
    leakage_nw: FloatArray
    input_cap_pf: FloatArray
    rise_t0_ms: FloatArray
    rise_k_ms_per_pf: FloatArray
    fall_t0_ms: FloatArray
    fall_k_ms_per_pf: FloatArray
    sense: tuple[Sense, ...]
    rise_energy_pj: FloatArray
    fall_energy_pj: FloatArray

    @property
    def n_inputs(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class CellLibrary:
    """The combinational cells of a Liberty file.

    Attributes
    ----------
    name
        Library name in the file (`egfet_1p0V`).
    vdd
        Supply in volts.
    cells
        Cell name to cell, in file order; at least an inverter and a NAND2 or NOR2.
    notes
        Cautions that a report must repeat (e.g. order-of-magnitude figures).
    path, sha256
        The Liberty file read, and the digest of its bytes.
    """

    name: str
    vdd: float
    cells: Mapping[str, Cell]
    notes: tuple[str, ...]
    path: str
    sha256: str
