"""What noise and flipped bits at the inputs cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.simulate.kernel import outputs

SIGMAS = (0.01, 0.02, 0.05, 0.1)
"""Sensor noise, standard deviation in share of the input's range."""
FLIP_RATES = (0.001, 0.01, 0.05)
"""Probability that an input bit is read wrong."""
N_REPEATS = 20


@dataclass(frozen=True)
class Disturbed:
    """Accuracy under one kind of disturbance, mean and worst over repeats."""

    kind: str
    level: float
    mean: float
    worst: float
    n_repeats: int


def disturbed_inputs(
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    y: IntArray,
    input_bits: IntArray,
    *,
    sigmas: Sequence[float] = SIGMAS,
    flip_rates: Sequence[float] = FLIP_RATES,
    n_repeats: int = N_REPEATS,
    seed: int = 0,
) -> list[Disturbed]:
    """Accuracy with Gaussian noise on the readings and with flipped input bits.

    Noise is added to the integer (plus a uniform offset within its step, as the reading had one
    before it was quantised), then rounded down and clipped, as an analog-digital converter does.

    Parameters
    ----------
    X_int, y, input_bits
        int64, shapes (n_rows, n_features), (n_rows,) and (n_features,).
    """
    rng = np.random.default_rng(seed)
    highest = (1 << input_bits) - 1
    found = []
    for sigma in sigmas:
        tries = []
        for _ in range(n_repeats):
            reading = X_int + rng.random(X_int.shape)
            reading += rng.normal(0.0, 1.0, X_int.shape) * sigma * (highest + 1)
            noisy = np.clip(np.floor(reading), 0, highest).astype(np.int64)
            tries.append(_accuracy(netlist, library, noisy, y))
        found.append(_summary("sensor noise", sigma, tries))
    for rate in flip_rates:
        tries = []
        for _ in range(n_repeats):
            flipped = X_int.copy()
            for column, bits in enumerate(input_bits.tolist()):
                flips = rng.random((len(X_int), bits)) < rate
                flipped[:, column] ^= flips @ (1 << np.arange(bits))
            tries.append(_accuracy(netlist, library, flipped, y))
        found.append(_summary("flipped input bits", rate, tries))
    return found


def _accuracy(netlist: Netlist, library: CellLibrary, X_int: IntArray, y: IntArray) -> float:
    return float(np.mean(outputs(netlist, library, X_int)["class"] == y))


def _summary(kind: str, level: float, tries: list[float]) -> Disturbed:
    return Disturbed(kind, level, float(np.mean(tries)), float(np.min(tries)), len(tries))
