"""From one tree down to a single leaf by the changes that save most area for the rows they cost.

At a rising price per mm2 each comparison in turn takes the best of: another threshold near it or
one that its input has elsewhere in the tree, always left, always right, or a leaf. All that is
seen on the way is kept if nothing better is known.
"""

from __future__ import annotations

import numpy as np

from printml.approx.tree_archive import Archive
from printml.approx.tree_kernel import Judged, RowBits, judge
from printml.arrays import FloatArray, IntArray
from printml.quantize.integer_model import IntegerTree

PRICES = (0.0, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
"""Share of the rows that one mm2 must be worth, one step after the other."""
MOST_ROUNDS = 2
"""Rounds through all comparisons at each price, of a tree that is not large."""
LARGE = 48
"""A tree with more comparisons than this changes enough in one round."""


def coarse_thresholds(threshold: int, bits: int, *, margin: int) -> list[int]:
    """Thresholds at each precision whose coarse value is at most `margin` steps away.

    `x >> (bits - b) > t` is `x > ((t + 1) << (bits - b)) - 1`. Boundaries more than an eighth of
    the range away are left out unless they are the next ones.
    """
    found = {threshold}
    for b in range(1, bits + 1):
        shift = bits - b
        for delta in range(-margin, margin + 1):
            near = delta in (-1, 0)
            if near or (abs(delta) << shift) <= 1 << max(0, bits - 3):
                moved = (((threshold >> shift) + delta + 1) << shift) - 1
                if 0 <= moved < (1 << bits) - 1:
                    found.add(moved)
    return sorted(found)


def descend(
    tree: IntegerTree,
    rows: RowBits,
    gate_areas: FloatArray,
    archive: Archive,
    *,
    margin: int,
    min_support: int,
    prices: tuple[float, ...] = PRICES,
) -> None:
    """Add to `archive` what is found on the way down from `tree`; deterministic."""
    for price in prices:
        large = np.count_nonzero(tree.feature >= 0) > LARGE
        for _ in range(1 if large else MOST_ROUNDS):
            smaller = _one_round(tree, rows, gate_areas, archive, price, margin, min_support)
            if smaller is None:
                break
            tree = smaller
        if len(tree.feature) == 1:
            return


def _one_round(
    tree: IntegerTree,
    rows: RowBits,
    gate_areas: FloatArray,
    archive: Archive,
    price: float,
    margin: int,
    min_support: int,
) -> IntegerTree | None:
    """Each comparison's best change in turn, leaves first; None if nothing was better."""
    threshold, collapse = tree.threshold.copy(), np.zeros(len(tree.feature), np.int64)
    best = -np.inf
    last: Judged | None = None
    taken, improved = 0, False
    for node in np.flatnonzero(tree.feature >= 0)[::-1]:
        moves = _moves(tree, threshold, int(node), margin)
        variants = np.repeat(threshold[None], len(moves) + 2, axis=0)
        collapsed = np.repeat(collapse[None], len(moves) + 2, axis=0)
        variants[1 : 1 + len(moves), node] = moves
        collapsed[-1, node] = 1
        judged = judge(
            tree, rows, gate_areas, variants, collapsed, relabel=True, min_support=min_support
        )
        archive.offer(tree, judged)
        worth = judged.n_right / rows.n_rows - price * judged.area_mm2
        # A shade for area, so that of equally accurate variants the smaller is taken.
        worth -= 1e-7 * judged.area_mm2
        best = worth[0] if last is None else max(best, worth[0])
        k = int(np.argmax(worth))
        if worth[k] > best + 1e-12 and k > 0:
            best, improved = worth[k], True
            threshold, collapse = variants[k].copy(), collapsed[k].copy()
            taken = k
        else:
            taken = 0
        last = judged
    return last.tree(tree, taken) if last is not None and improved else None


def _moves(tree: IntegerTree, threshold: IntArray, node: int, margin: int) -> list[int]:
    operand = int(tree.feature[node])
    bits = int(tree.input_bits[operand])
    elsewhere = threshold[tree.feature == operand].tolist()
    near = coarse_thresholds(int(threshold[node]), bits, margin=margin)
    ends = [-1, (1 << bits) - 1]
    return sorted({*near, *elsewhere, *ends} - {int(threshold[node])})
