"""Stuck-at faults: every single one exactly, double ones sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, FloatArray, IntArray, frozen
from printml.errors import NetlistError
from printml.faults.kernel import judge_faults
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.simulate.kernel import pack_inputs, program_of, simulate


@dataclass(frozen=True, eq=False)
class FaultCampaign:
    """Accuracy under each fault.

    Attributes
    ----------
    nets, stuck
        int64, shape (n_faults, n_at_once): the nets that are stuck and at what.
    accuracy
        Share of rows that are right under the fault, float64, shape (n_faults,).
    changed
        Share of rows whose answer differs from the fault-free one, float64, shape (n_faults,).
    accuracy_without
        Without a fault.
    n_rows
        Rows that each fault was judged on.
    """

    nets: IntArray
    stuck: IntArray
    accuracy: FloatArray
    changed: FloatArray
    accuracy_without: float
    n_rows: int


def single_faults(netlist: Netlist) -> tuple[IntArray, IntArray]:
    """Stuck-at-0 and stuck-at-1 of every input bit and gate output, int64, shape (2 * n, 1)."""
    nets = np.repeat(np.arange(2, netlist.n_nets), 2)[:, None]
    stuck = np.tile([0, 1], netlist.n_nets - 2)[:, None]
    return nets.astype(np.int64), stuck.astype(np.int64)


def double_faults(netlist: Netlist, *, n_faults: int, seed: int) -> tuple[IntArray, IntArray]:
    """Pairs of different nets, uniformly drawn, each stuck at 0 or 1, int64, shape (n, 2)."""
    n = netlist.n_nets - 2
    if n < 2:
        return np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64)
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n, n_faults)
    second = (first + rng.integers(1, n, n_faults)) % n
    return np.stack([first, second], axis=1) + 2, rng.integers(0, 2, (n_faults, 2))


def run_faults(
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    y: IntArray,
    faults: tuple[IntArray, IntArray],
) -> FaultCampaign:
    """Judge faults on rows, bit-parallel and exact.

    Parameters
    ----------
    X_int, y
        int64, shapes (n_rows, n_features) and (n_rows,), at least one row.
    faults
        Nets and values, as `single_faults` gives them.

    Raises
    ------
    NetlistError
        If there is no output port `class` or the library lacks a cell.
    DataError
        If the rows do not fit the inputs.
    """
    port = next((p for p in netlist.outputs if p.name == "class"), None)
    if port is None:
        raise NetlistError("the netlist has no output port class", where=f"netlist {netlist.name}")
    nets, stuck = faults
    program = program_of(netlist, library)
    good = simulate(netlist, library, pack_inputs(netlist, X_int))
    label_bits, valid, reachable = _packed_labels(y, port.width, good.shape[1])
    n_right, n_changed = np.zeros(len(nets), np.int64), np.zeros(len(nets), np.int64)
    none = np.full((1, nets.shape[1]), -1, np.int64)
    right_without = np.zeros(1, np.int64)
    for chosen, values, right, changed in (
        (none, np.zeros_like(none), right_without, np.zeros(1, np.int64)),
        (nets, stuck, n_right, n_changed),
    ):
        judge_faults(
            program.opcode, program.kind, program.fanin, program.n_pins, program.truth_table,
            netlist.first_gate_net, good, chosen, values, np.array(port.nets, np.int64),
            label_bits, valid, reachable, right, changed,
        )  # fmt: skip
    return FaultCampaign(
        nets=frozen(nets, np.int64),
        stuck=frozen(stuck, np.int64),
        accuracy=frozen(n_right / len(y), np.float64),
        changed=frozen(n_changed / len(y), np.float64),
        accuracy_without=float(right_without[0]) / len(y),
        n_rows=len(y),
    )


def _packed_labels(y: IntArray, n_bits: int, n_words: int) -> tuple[BitArray, BitArray, BitArray]:
    """Bits of the labels, a one for each row, and a one for each row whose label fits the port."""
    padded = np.zeros(64 * n_words, np.int64)
    padded[: len(y)] = y
    present = np.arange(64 * n_words) < len(y)

    def packed(bits: IntArray | npt.NDArray[np.bool_]) -> BitArray:
        return np.packbits(bits.astype(np.uint8), bitorder="little").view(np.uint64)

    rows = [packed(padded >> bit & 1) for bit in range(n_bits)]
    return np.stack(rows), packed(present), packed(present & (padded < 1 << n_bits))
