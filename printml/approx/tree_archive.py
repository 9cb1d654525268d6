"""Trees that no other beats: what a search keeps, and the front it gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from printml.approx.guard import Front
from printml.approx.tree_kernel import Judged
from printml.arrays import FloatArray, frozen
from printml.quantize.integer_model import IntegerTree


@dataclass
class Archive:
    """Trees that no other tree beats in right answers and area, and how many were judged."""

    n_right: list[int] = field(default_factory=list)
    area_mm2: list[float] = field(default_factory=list)
    trees: list[IntegerTree] = field(default_factory=list)
    n_judged: int = 0

    def offer(self, base: IntegerTree, judged: Judged) -> None:
        """Take in the variants of `base` that are not beaten."""
        self.n_judged += len(judged.n_right)
        for k in np.lexsort((-judged.n_right, judged.area_mm2)):
            self.add(int(judged.n_right[k]), float(judged.area_mm2[k]), base, judged, int(k))

    def add(self, n_right: int, area: float, base: IntegerTree, judged: Judged, k: int) -> None:
        """Take in one variant unless a known tree is at least as good in both."""
        for right, known in zip(self.n_right, self.area_mm2, strict=True):
            if right >= n_right and known <= area + 1e-9:
                return
        kept = [
            i
            for i, (right, known) in enumerate(zip(self.n_right, self.area_mm2, strict=True))
            if right > n_right or known < area - 1e-9
        ]
        self.n_right = [*(self.n_right[i] for i in kept), n_right]
        self.area_mm2 = [*(self.area_mm2[i] for i in kept), area]
        self.trees = [*(self.trees[i] for i in kept), judged.tree(base, k)]


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
