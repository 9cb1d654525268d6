"""Area-cheap coefficients as published (Armeniakos et al., DATE 2022).

Each coefficient w may become the value with the smallest bespoke multiplier in [w - e, w] or the
one in [w, w + e]; per weighted sum the combination whose errors cancel best is taken. The best
combination is found exactly, by dynamic programming over the sum of the errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from printml.approx.multiplier_table import multiplier_areas_mm2
from printml.arrays import FloatArray, IntArray, frozen
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import IntegerNetwork
from printml.quantize.ranges import value_ranges


@dataclass(frozen=True)
class Change:
    """One coefficient that was moved."""

    layer: int
    sum: int
    input: int
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class CoefficientChange:
    """The approximated model and exactly the coefficients in which it differs."""

    model: IntegerNetwork
    changed: tuple[Change, ...]


def approximate_published(
    model: IntegerNetwork, library: CellLibrary, *, e: int = 4, cache: Path | None = None
) -> CoefficientChange:
    """Move every coefficient by at most `e`; intercepts stay.

    Raises
    ------
    ToolError
        If a multiplier cannot be mapped.
    """
    weights = []
    changed: list[Change] = []
    for layer, matrix in enumerate(model.weights):
        bits = _operand_bits(model, layer)
        # 8-bit coefficients share one table for all models.
        largest = max(131, int(np.abs(matrix).max(initial=0)) + e)
        tables = {
            int(b): multiplier_areas_mm2(int(b), largest, library, cache=cache)
            for b in np.unique(bits[bits > 0])
        }
        none = np.zeros(2 * largest + 1)
        rows = []
        for row, coefficients in enumerate(matrix):
            areas = [tables.get(int(b), none) for b in bits]
            moved = best_combination(coefficients, areas, e=e)
            rows.append(moved)
            changed += [
                Change(layer, row, int(k), int(coefficients[k]), int(moved[k]))
                for k in np.flatnonzero(moved != coefficients)
            ]
        weights.append(frozen(np.array(rows), np.int64))
    return CoefficientChange(replace(model, weights=tuple(weights)), tuple(changed))


def best_combination(coefficients: IntArray, areas: list[FloatArray], *, e: int) -> IntArray:
    """The candidates whose errors add up closest to 0; of equal sums the smallest area.

    Parameters
    ----------
    coefficients
        int64, shape (n,).
    areas
        Per coefficient the area of every multiplier, -largest .. largest.
    """
    # Sum of errors so far -> area, and the candidates that give it.
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for w, table in zip(coefficients.tolist(), areas, strict=True):
        offset = (len(table) - 1) // 2

        def area(value: int, table: FloatArray = table, offset: int = offset) -> float:
            return float(table[value + offset])

        # Of equal areas the nearest.
        below = min(range(w, w - e - 1, -1), key=area)
        above = min(range(w, w + e + 1), key=area)
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for total, (so_far, chosen) in best.items():
            for value in sorted({below, above}):
                key = total + value - w
                option = (so_far + area(value), (*chosen, value))
                if key not in reached or option < reached[key]:
                    reached[key] = option
        best = reached
    total = min(best, key=lambda key: (abs(key), best[key]))
    return np.array(best[total][1], np.int64)


def _operand_bits(model: IntegerNetwork, layer: int) -> IntArray:
    """Width of each operand of a layer; 0 where it is constant."""
    if layer == 0:
        return model.input_bits
    _low, high = value_ranges(model)[layer - 1]
    top = np.maximum(np.asarray(high), 0)
    return np.array([int(value).bit_length() for value in top], np.int64)
