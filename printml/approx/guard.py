"""The guard against over-fitting: how much loss a search may spend on the rows it sees.

A search that judges thousands of candidates on the same rows finds some that fit their noise, so
a loss of 0 there can be several points elsewhere. The same search is therefore run on folds of
the training rows, each of its points is judged on the rows left out, and the largest budget whose
left-out loss stays within the limit is the one for the search on all training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from printml.arrays import FloatArray, IntArray, frozen
from printml.errors import InputError


@dataclass(frozen=True, eq=False)
class Front:
    """What a search found, by falling area.

    Attributes
    ----------
    loss
        Share of the search rows lost against the unapproximated model (may be negative),
        float64, shape (n,).
    area_mm2
        Area or its estimate, float64, shape (n,).
    candidates
        The approximated models or netlists, n of them.
    """

    loss: FloatArray
    area_mm2: FloatArray
    candidates: tuple[Any, ...]

    def within(self, budget: float) -> int:
        """Index of the smallest candidate whose loss is at most `budget`; ties to less loss.

        Raises
        ------
        InputError
            If there is none.
        """
        allowed = np.flatnonzero(self.loss <= budget + 1e-12)
        if not len(allowed):
            raise InputError(f"no candidate loses at most {budget:g}", hint="Raise the budget")
        return int(allowed[np.lexsort((self.loss[allowed], self.area_mm2[allowed]))[0]])


@dataclass(frozen=True, eq=False)
class FoldFront:
    """A front found without the rows of one fold, and its loss on them.

    Attributes
    ----------
    loss, area_mm2
        As in `Front`.
    held_loss
        Share of the left-out rows lost against the reference, float64, shape (n,).
    n_held
        Left-out rows.
    by_round
        A path with a point for each round of mending: losses between two lie in proportion.
    """

    loss: FloatArray
    area_mm2: FloatArray
    held_loss: FloatArray
    n_held: int
    by_round: bool = False


@dataclass(frozen=True)
class Budget:
    """The chosen budget and what the folds say of it.

    Attributes
    ----------
    loss
        Loss on search rows up to which candidates may be taken; -inf if not even the smallest
        budget held.
    held_loss, standard_error
        Mean loss on left-out rows there, and its standard error over the folds.
    """

    loss: float
    held_loss: float
    standard_error: float


@dataclass(frozen=True)
class Experience:
    """What a kind of search lost on unseen rows elsewhere, to weigh a few noisy folds against.

    Attributes
    ----------
    gap, gap_rows
        Loss at a budget of 0 when searching on `gap_rows` rows or more; with fewer it grows with
        the square root.
    slope
        Further loss per budget.
    spread
        How far, in loss, one circuit is from another (standard deviation).
    overstated
        What folds see lost beyond what is lost: they search on fewer rows, for a model of fewer.
    learned_by_heart
        Share of the unapproximated model's own over-fitting that can be lost for nothing: a fully
        grown tree is right on nearly all rows it saw, many of them by heart, and forgetting those
        costs little elsewhere. Beyond it the full slope sets in.
    most_rows
        It was gained on tables of so many rows; with more, folds are large and taken at their word.
    """

    gap: float
    gap_rows: int
    slope: float
    spread: float
    overstated: float = 0.0
    learned_by_heart: float = 0.0
    most_rows: int = 4_000

    def loss(self, budget: FloatArray, n_rows: int, over_fitting: float = 0.0) -> FloatArray:
        """Expected loss on unseen rows.

        `over_fitting` is the share of rows by which the unapproximated model is better on rows
        it saw than on others.
        """
        gap = self.gap * max(1.0, self.gap_rows / n_rows) ** 0.5
        free = self.learned_by_heart * max(0.0, over_fitting)
        spent = np.maximum(budget, 0.0)
        felt = budget - free * -np.expm1(-spent / free) if free > 0 else budget
        expected: FloatArray = gap + self.slope * felt
        return expected


TREES = Experience(gap=0.0, gap_rows=1200, slope=1.0, spread=0.015, learned_by_heart=0.5)
"""Trees and ensembles of them, measured on splits that are in no table (docs/approximation.md):
a loss on search rows is counted in full beyond what was learned by heart, which keeps lucky folds
from far budgets."""


def choose_budget(
    folds: Sequence[FoldFront],
    *,
    max_loss: float,
    standard_errors: float = 0.0,
    rising: bool = False,
    experience: Experience | None = None,
    n_rows: int = 0,
    over_fitting: float = 0.0,
    budgets: FloatArray | None = None,
) -> Budget:
    """The largest budget on search rows whose loss on left-out rows stays within `max_loss`.

    At each budget every fold gives its smallest candidate within it; the held-out losses are
    averaged over the folds, weighted by their rows, and `standard_errors` of them added.

    Parameters
    ----------
    folds
        One front per fold, by falling area; its first candidate stands in where none is within.
    max_loss
        Share of rows, 0.01 for a point.
    standard_errors
        Caution: 0 takes the mean at its word, 1 is the one-standard-error rule.
    rising
        Judge by the isotonic regression of the held-out losses over the budgets, so that one
        lucky budget far out is not taken for the turning point.
    experience, n_rows, over_fitting
        Shrink the mean towards it, the more the less the folds agree (empirical Bayes, normal
        prior and likelihood); rows that the search on all of them sees, and the unapproximated
        model's over-fitting as share of rows.
    budgets
        Budgets to try, float64; all losses of the fronts if left out.
    """
    if budgets is None:
        budgets = np.unique(np.concatenate([fold.loss for fold in folds]))
    weights = np.array([fold.n_held for fold in folds], float)
    weights /= weights.sum()
    budgets = np.sort(budgets)
    losses = np.array([[_held_loss(fold, budget) for fold in folds] for budget in budgets])
    mean = losses @ weights
    error = np.sqrt(((losses - mean[:, None]) ** 2 @ weights) / max(1, len(folds) - 1))
    judged = mean + standard_errors * error
    if experience is not None and n_rows <= experience.most_rows:
        trust = experience.spread**2 / (experience.spread**2 + error**2 + 1e-12)
        judged = trust * (judged - experience.overstated)
        judged += (1.0 - trust) * experience.loss(budgets, n_rows, over_fitting)
    if rising:
        judged = isotonic_regression(judged).x
    held = np.flatnonzero(judged <= max_loss + 1e-12)
    if not len(held):
        return Budget(-np.inf, 0.0, 0.0)
    k = held[-1]
    return Budget(float(budgets[k]), float(mean[k]), float(error[k]))


def held_loss_at(folds: Sequence[FoldFront], budget: float) -> float:
    """Mean loss on left-out rows of what each fold gives within `budget`."""
    weights = np.array([fold.n_held for fold in folds], float)
    losses = np.array([_held_loss(fold, budget) for fold in folds])
    return float(losses @ weights / weights.sum())


def perturbed_copies(
    X_int: IntArray, input_bits: IntArray, *, n_copies: int, step_bits: int = 4, seed: int
) -> IntArray:
    """Rows with sensor noise of up to one step of 1 / 2**step_bits of the range, clipped to it.

    Parameters
    ----------
    X_int
        int64, shape (n_rows, n_features).
    input_bits
        int64, shape (n_features,).

    Returns
    -------
    IntArray
        int64, shape (n_copies * n_rows, n_features): copy after copy, originals not included.
    """
    rng = np.random.default_rng(seed)
    copies = np.tile(X_int, (n_copies, 1))
    step = np.exp2(input_bits.astype(float) - step_bits)
    moved = np.rint(copies + rng.uniform(-1.0, 1.0, copies.shape) * step)
    return frozen(np.clip(moved, 0, (1 << input_bits) - 1), np.int64)


def _held_loss(fold: FoldFront, budget: float) -> float:
    allowed = np.flatnonzero(fold.loss <= budget + 1e-12)
    if not len(allowed):
        return float(fold.held_loss[0])
    smallest = allowed[np.lexsort((fold.loss[allowed], fold.area_mm2[allowed]))[0]]
    return float(fold.held_loss[smallest])
