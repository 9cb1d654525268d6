"""The rows closest to a class boundary: one sensor a few steps off, another class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.simulate.kernel import outputs

CHUNK = 1 << 17


@dataclass(frozen=True)
class Nearest:
    """Smallest change of one input that turns `before` into `after` on a row.

    `share` is the change in share of the input's range, `steps` in quantisation steps (signed).
    """

    before: int
    after: int
    row: int
    feature: int
    steps: int
    share: float


def nearest_boundaries(
    netlist: Netlist, library: CellLibrary, X_int: IntArray, input_bits: IntArray
) -> list[Nearest]:
    """For each ordered pair of classes that occurs, the row with the smallest such change.

    Every value of every single input is tried on every row, the others left as they are.

    Parameters
    ----------
    X_int, input_bits
        int64, shapes (n_rows, n_features) and (n_features,).
    """
    answered = outputs(netlist, library, X_int)["class"]
    best: dict[tuple[int, int], Nearest] = {}
    for feature, bits in enumerate(input_bits.tolist()):
        n_values = 1 << bits
        rows_at_once = max(1, CHUNK // n_values)
        for start in range(0, len(X_int), rows_at_once):
            rows = X_int[start : start + rows_at_once]
            tried = np.repeat(rows, n_values, axis=0)
            tried[:, feature] = np.tile(np.arange(n_values), len(rows))
            found = outputs(netlist, library, tried)["class"].reshape(len(rows), n_values)
            steps = np.arange(n_values) - rows[:, feature, None]
            here = answered[start : start + len(rows)]
            row, value = np.nonzero(found != here[:, None])
            before, after, step = here[row], found[row, value], steps[row, value]
            order = np.lexsort((row, np.abs(step), after, before))
            pairs = np.stack([before[order], after[order]])
            is_first = np.ones(len(order), bool)
            is_first[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
            for k in order[is_first]:
                pair = int(before[k]), int(after[k])
                share = abs(int(step[k])) / n_values
                if pair not in best or share < best[pair].share:
                    best[pair] = Nearest(*pair, start + int(row[k]), feature, int(step[k]), share)
    return [best[pair] for pair in sorted(best)]
