"""Share of printed circuits that work at a defect rate per cell, by sampling printed circuits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.faults.stuck_at import run_faults
from printml.intervals import clopper_pearson
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist

RATES = (1e-4, 1e-3, 1e-2)
"""Defects per cell."""
N_CIRCUITS = 2_000


@dataclass(frozen=True)
class Yield:
    """Of circuits printed with random defects, how many lose at most `tolerance` accuracy.

    Attributes
    ----------
    rate
        Probability that a cell is defective: its output stuck at 0 or 1 alike.
    works, low, high
        Share that works, with its 95 % interval (Clopper and Pearson) for the sample drawn.
    mean_accuracy
        Over all circuits drawn.
    """

    rate: float
    tolerance: float
    works: float
    low: float
    high: float
    mean_accuracy: float
    n_circuits: int


def estimate_yield(
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    y: IntArray,
    *,
    rate: float,
    tolerance: float = 0.01,
    n_circuits: int = N_CIRCUITS,
    seed: int = 0,
) -> Yield:
    """Draw circuits whose cells fail independently and judge each on all rows.

    Parameters
    ----------
    X_int, y
        int64, shapes (n_rows, n_features) and (n_rows,).
    rate
        Probability that a cell is defective, 0 to 1.
    """
    rng = np.random.default_rng(seed)
    n_defects = rng.binomial(netlist.n_gates, rate, n_circuits)
    most = max(1, int(n_defects.max()))
    nets = np.full((n_circuits, most), -1, np.int64)
    for k, n in enumerate(n_defects.tolist()):
        nets[k, :n] = netlist.first_gate_net + rng.choice(netlist.n_gates, n, replace=False)
    stuck = rng.integers(0, 2, nets.shape)
    campaign = run_faults(netlist, library, X_int, y, (nets, stuck))
    works = int((campaign.accuracy >= campaign.accuracy_without - tolerance - 1e-12).sum())
    low, high = clopper_pearson(works, n_circuits)
    return Yield(
        rate, tolerance, works / n_circuits, low, high,
        float(campaign.accuracy.mean()), n_circuits,
    )  # fmt: skip
