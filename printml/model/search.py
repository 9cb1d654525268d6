"""Cross-validated choice of hyperparameters on the training rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from printml.arrays import FloatArray, IntArray
from printml.model.float_model import FloatModel
from printml.model.spec import Params, Spec

Fit = Callable[[Spec, Params, FloatArray, IntArray], FloatModel]


class Trial(NamedTuple):
    """Validation accuracy of one choice of hyperparameters: mean and deviation over the folds."""

    params: Params
    mean: float
    std: float


def cross_validate(
    fit: Fit,
    spec: Spec,
    grid: Sequence[Params],
    X: FloatArray,
    y: IntArray,
    *,
    groups: IntArray | None = None,
    n_jobs: int = 1,
) -> tuple[Trial, ...]:
    """Score every point of the grid; same result for any number of jobs.

    Folds whose training part holds a single class are left out; without a usable fold, or with
    a grid of one point, the result is empty.

    Parameters
    ----------
    X, y
        Training rows only: float64 (n_rows, n_features) and class index int64 (n_rows,).
    groups
        As in `deal_folds`.
    """
    folds = [
        (train, held)
        for train, held in deal_folds(y, seed=spec.seed, groups=groups)
        if len(np.unique(y[train])) > 1
    ]
    if len(grid) < 2 or not folds:
        return ()
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_score)(fit, spec, params, X, y, train, held)
        for params in grid
        for train, held in folds
    )
    table = np.array(scores).reshape(len(grid), len(folds))
    return tuple(
        Trial(params, float(row.mean()), float(row.std()))
        for params, row in zip(grid, table, strict=True)
    )


def best(trials: Sequence[Trial], *, otherwise: Params) -> Params:
    """Parameters of the highest mean; ties go to the trial listed first."""
    if not trials:
        return otherwise
    return max(trials, key=lambda trial: trial.mean).params


def deal_folds(
    y: IntArray, *, seed: int, groups: IntArray | None = None
) -> list[tuple[IntArray, IntArray]]:
    """Stratified folds as (training rows, held-out rows).

    The shuffled rows of each class are dealt like cards over 5 folds, or 3 when a class has
    fewer than 5 rows, so even the smallest class is seen by most training parts. With fewer
    rows than that, every row is its own fold. With `groups`, int64 (n_rows,), all rows of a group
    go to one fold (scikit-learn's StratifiedGroupKFold); a single group gives no fold.
    """
    counts = np.bincount(y)
    n_folds = min(5 if counts[counts > 0].min() >= 5 else 3, len(y))
    if groups is not None:
        return _grouped_folds(y, groups, n_folds, seed)
    rng = np.random.default_rng(seed)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(y == k)) for k in np.unique(y)])
    fold = np.empty(len(y), dtype=np.int64)
    fold[dealt] = np.arange(len(y)) % n_folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]


def _grouped_folds(
    y: IntArray, groups: IntArray, n_folds: int, seed: int
) -> list[tuple[IntArray, IntArray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(n_folds, len(np.unique(groups)))
    if n_folds < 2:
        return []
    with warnings.catch_warnings():
        # A class may have fewer rows than there are folds; such folds are fit for use.
        warnings.simplefilter("ignore", UserWarning)
        dealt = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        return [
            (train, held) for train, held in dealt.split(np.zeros(len(y)), y, groups) if len(held)
        ]


def _score(
    fit: Fit,
    spec: Spec,
    params: Params,
    X: FloatArray,
    y: IntArray,
    train: IntArray,
    held: IntArray,
) -> float:
    model = fit(spec, params, X[train], y[train])
    return float(np.mean(model.predict(X[held]) == y[held]))
