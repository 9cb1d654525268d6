"""Trees that no other beats: what a search keeps, and the front it gives."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from printml.approx.guard import Front
from printml.approx.tree_kernel import Judged
from printml.arrays import FloatArray, frozen
from printml.quantize.integer_model import IntegerTree

SAME_MM2 = 1e-9
"""Areas closer than this are equal: sums of the same gates in another order."""


@dataclass
class Archive:
    """Trees that no other beats, areas and right answers rising, and how many were judged."""

    n_right: list[int] = field(default_factory=list)
    area_mm2: list[float] = field(default_factory=list)
    trees: list[IntegerTree] = field(default_factory=list)
    n_judged: int = 0

    def offer(self, base: IntegerTree, judged: Judged) -> None:
        """Take in the variants of `base` that are not beaten."""
        self.n_judged += len(judged.n_right)
        # Both lists rise together, so the best known tree within an area is the last of them.
        known = np.searchsorted(np.array(self.area_mm2), judged.area_mm2 + SAME_MM2, "right")
        best = np.array([-1, *self.n_right])[known]
        for k in np.flatnonzero(judged.n_right > best):
            self._add(int(judged.n_right[k]), float(judged.area_mm2[k]), base, judged, int(k))

    def _add(self, n_right: int, area: float, base: IntegerTree, judged: Judged, k: int) -> None:
        first = bisect_right(self.area_mm2, area + SAME_MM2)
        if first and self.n_right[first - 1] >= n_right:
            return
        start = bisect_left(self.area_mm2, area - SAME_MM2)
        end = start
        while end < len(self.n_right) and self.n_right[end] <= n_right:
            end += 1
        self.n_right[start:end] = [n_right]
        self.area_mm2[start:end] = [area]
        self.trees[start:end] = [judged.tree(base, k)]


def non_dominated(loss: FloatArray, area_mm2: FloatArray, candidates: list[IntegerTree]) -> Front:
    """The points that no other beats in both, by falling area; of equal ones the first."""
    order = np.lexsort((np.arange(len(loss)), loss, area_mm2))
    kept: list[int] = []
    least = np.inf
    for k in order:
        if loss[k] < least - 1e-12:
            kept.append(int(k))
            least = loss[k]
    kept.reverse()
    return Front(
        frozen(loss[kept], np.float64),
        frozen(area_mm2[kept], np.float64),
        tuple(candidates[k] for k in kept),
    )
