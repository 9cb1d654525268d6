"""How far to prune when there are many rows: by the share of the circuit that is left.

With a hundred thousand gates' worth of moves a path gains on the rows it sees for a long while and
loses on others from early on, so that a loss on search rows no longer tells where on the path one
is. The share of area (or power) that is left does, and large folds say what it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from printml.approx.guard import Budget, FoldFront, held_loss_at
from printml.arrays import FloatArray
from printml.prune.search import ROUND_SHARE


def share_left(cost: FloatArray) -> FloatArray:
    """Least share of the first cost up to each point of a path, float64, shape (n_points,).

    All 1 if there is nothing to prune.
    """
    if cost[0] <= 0:
        return np.ones(len(cost))
    shares: FloatArray = np.minimum.accumulate(cost / cost[0])
    return shares


def last_at(shares: FloatArray, share: float) -> int:
    """The last point of a path that still has so much left."""
    return int(np.flatnonzero(shares >= share - 1e-12)[-1])


@dataclass(frozen=True)
class Share:
    """How much of the area (or power) may be left.

    Attributes
    ----------
    left
        Least share; infinite if folds allow nothing.
    held_loss, standard_error
        Mean loss on left-out rows there, and its standard error over the folds.
    """

    left: float
    held_loss: float
    standard_error: float


def least_share(fronts: Sequence[FoldFront], *, max_loss: float) -> Share:
    """Where the folds' loss on left-out rows crosses `max_loss`, a share of those rows.

    `fronts` holds one per fold, in the order of its path; all of them by round or none.

    Losses grow along a path but for noise (isotonic regression). Paths by round lose more halfway
    than later on, so there a share is allowed where its loss and that of a round before are. Either
    way one lucky point far out is not the turning point.
    """
    shares = [share_left(front.area_mm2) for front in fronts]
    grid = np.unique(np.concatenate([*shares, [1.0]]))[::-1]
    weights = _weights(fronts)
    held = np.array([_held_losses(fronts, shares, s) for s in grid])
    mean = held @ weights
    if fronts[0].by_round:
        judged = np.maximum(mean, np.interp(grid / ROUND_SHARE, grid[::-1], mean[::-1]))
    else:
        judged = isotonic_regression(mean).x
    allowed = np.flatnonzero(judged <= max_loss + 1e-12)
    if not len(allowed):
        return Share(np.inf, 0.0, 0.0)
    k = int(allowed[-1])
    error = float(np.sqrt(((held[k] - mean[k]) ** 2 @ weights) / max(1, len(fronts) - 1)))
    return Share(float(grid[k]), float(mean[k]), error)


def held_losses(
    fronts: Sequence[FoldFront], loss: FloatArray, cost: FloatArray, *, by_share: bool
) -> list[float]:
    """Mean loss of folds on left-out rows at each point of a front or path of the whole.

    Parameters
    ----------
    fronts
        One per fold; without any there is nothing to lose, and all are 0. By share, NaN behind the
        end of any of them.
    loss, cost
        Of each point on search rows, and its area (or power), float64, shape (n_points,).
    by_share
        Whether a fold's point is that with the same share of its cost left, not the same loss.
    """
    if not fronts:
        return [0.0] * len(loss)
    if not by_share:
        return [held_loss_at(fronts, float(budget)) for budget in loss]
    own, weights = [share_left(front.area_mm2) for front in fronts], _weights(fronts)
    least = max(float(shares[-1]) for shares in own)
    return [
        float(_held_losses(fronts, own, share) @ weights) if share >= least - 1e-12 else np.nan
        for share in share_left(cost)
    ]


def _held_losses(
    fronts: Sequence[FoldFront], shares: Sequence[FloatArray], share: float
) -> FloatArray:
    """What each fold loses at `share`; `shares` holds the `share_left` of each."""
    return np.array(
        [
            np.interp(share, own[::-1], front.held_loss[::-1])
            if front.by_round
            else front.held_loss[last_at(own, share)]
            for front, own in zip(fronts, shares, strict=True)
        ]
    )


def _weights(fronts: Sequence[FoldFront]) -> FloatArray:
    n_held = np.array([front.n_held for front in fronts], float)
    return n_held / n_held.sum()


def choose_by_share(
    fronts: Sequence[FoldFront],
    cost: FloatArray,
    loss: FloatArray,
    *,
    max_loss: float,
) -> tuple[int, Budget]:
    """The point to take, as its index, and what the folds say of it.

    Parameters
    ----------
    fronts
        One per fold, in the order of its path.
    cost, loss
        Of each point of the path on all rows, its loss on search rows, float64, shape (n_points,).
    max_loss
        Share of left-out rows.
    """
    share = least_share(fronts, max_loss=max_loss)
    if not np.isfinite(share.left):
        return 0, Budget(-np.inf, 0.0, 0.0)
    k = last_at(share_left(cost), share.left)
    return k, Budget(float(loss[k]), share.held_loss, share.standard_error)
