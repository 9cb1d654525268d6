"""Which point of a pruning path to take: the smallest circuit that the folds allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from printml.approx.guard import TREES, Budget, Experience, choose_budget, held_loss_at
from printml.prune.by_share import choose_by_share
from printml.prune.paths import AIM_SHARE, PrunePath

PRUNED_SUMS = Experience(
    gap=0.0105, gap_rows=600, slope=0.65, spread=0.003, overstated=0.0075
)  # fmt: skip
"""SVMs and MLPs, measured on splits that are in no table; see docs/approximation.md."""
PRUNED_TREES = replace(TREES, spread=0.03)
"""Folds of pruned trees are believed more: the thresholds before them were already held back."""
TIMES_SMALLER_PER_LOSS = 24_000.0
"""An SVM or MLP becomes at most so many times smaller than its exact circuit per loss allowed, 240
times at one point: a path that gets farther within its budget was lucky on the rows it saw."""


def choose_point(
    path: PrunePath,
    folds: list[PrunePath],
    n_held: list[int],
    *,
    max_loss: float,
    tree: bool,
    by_share: bool,
    n_rows: int,
    exact_area_mm2: float,
    over_fitting: float = 0.0,
) -> tuple[int, Budget]:
    """The point to take of a path on all rows, as its index, and the budget that the folds allow.

    Folds of trees are weighed with `PRUNED_TREES`, those of SVMs and MLPs with `PRUNED_SUMS`;
    `n_rows` is what the search on all rows saw, `over_fitting` that of the unapproximated model,
    whose circuit has `exact_area_mm2`.

    If not even the first budget holds, the start is taken. Without folds the
    budget is 0, for a path that keeps every right row. With `by_share`, `choose_by_share` chooses.
    """
    fronts = [fold.fold_front(n) for fold, n in zip(folds, n_held, strict=True)]
    if by_share:
        cost = np.array([point.cost for point in path.points])
        return choose_by_share(fronts, cost, path.loss, max_loss=AIM_SHARE * max_loss)
    budget = Budget(0.0, 0.0, 0.0)
    least_area_mm2 = 0.0
    if folds:
        budget = choose_budget(
            fronts,
            max_loss=max_loss if tree else AIM_SHARE * max_loss,
            rising=tree,
            experience=PRUNED_TREES if tree else PRUNED_SUMS,
            n_rows=n_rows,
            over_fitting=over_fitting,
        )
        if not tree:
            # Folds may ask for less than this, not for more: what is lost on rows that a search
            # sees is lost on others too, and a few folds cannot show the opposite.
            most = AIM_SHARE * max_loss - float(PRUNED_SUMS.loss(np.zeros(1), n_rows)[0])
            if budget.loss > most:
                budget = replace(budget, loss=most, held_loss=held_loss_at(fronts, most))
            least_area_mm2 = exact_area_mm2 / (TIMES_SMALLER_PER_LOSS * max_loss)
    within = [
        (point.cost, float(loss), k)
        for k, (point, loss) in enumerate(zip(path.points, path.loss, strict=True))
        if loss <= budget.loss + 1e-12
    ]
    allowed = [found for found in within if path.points[found[-1]].area_mm2 >= least_area_mm2]
    start = (0.0, 0.0, 0)
    smallest, taken = min(within, default=start), min(allowed, default=start)
    k = taken[-1]
    if taken != smallest:
        # What folds lose at the whole budget is what smaller circuits than this one lose.
        loss = float(path.loss[k])
        budget = replace(budget, loss=loss, held_loss=held_loss_at(fronts, loss))
    return k, budget
