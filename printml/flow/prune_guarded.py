"""Pruning of a run folder's circuit, stopped where folds of its training rows say so.

The whole training set gives the paths, the folds give the loss they may go to
(`printml.prune.guarded.choose_point`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from printml.approx.guard import held_loss_at
from printml.circuit.estimate import estimate_area_mm2
from printml.flow.folds import Fold
from printml.flow.model_search import by_share, held_accuracy, over_fitting
from printml.flow.prune_step import Pruned
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import ENSEMBLES, Recipe
from printml.flow.run import Rows
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.guarded import (
    ROUND_SHARES,
    PrunePath,
    Task,
    choose_point,
    copies_for,
    run_by_share,
    run_tasks,
)
from printml.prune.network import netlist_of
from printml.quantize.integer_model import IntegerModel


@dataclass(frozen=True, eq=False)
class Subject:
    """What is pruned and what judges it.

    Attributes
    ----------
    start
        Netlist of the whole, its class as the only output.
    model
        The exact integer model that losses are measured against.
    folds
        Of the training rows; empty where nothing may be lost.
    fold_models
        The model each fold starts from, in the order of `folds`.
    """

    recipe: Recipe
    start: Netlist
    model: IntegerModel
    rows: Rows
    folds: list[Fold]
    fold_models: Sequence[IntegerModel]
    library: CellLibrary


@dataclass(frozen=True, eq=False)
class _Paths:
    """Paths of the whole and of the folds, with what a choice among their points rests on."""

    whole: list[PrunePath]
    folds: list[PrunePath]
    n_held: list[int]
    accuracy_exact: float | None
    over_fitting: float
    exact_area_mm2: float


def prune_guarded(
    subject: Subject, *, n_jobs: int, progress: Callable[[str], None]
) -> list[Pruned]:
    """A circuit for each of the recipe's `max_loss` and `further_losses`, from the same paths.

    Raises
    ------
    PrintmlError
        As synthesis of the folds' models does.
    """
    recipe, folds = subject.recipe, subject.folds
    losses = (recipe.max_loss, *recipe.further_losses)
    progress(f"pruned: {len(folds)} folds and {len(ROUND_SHARES)} paths of the whole")
    wholes, tasks = _whole_tasks(subject), _fold_tasks(subject, n_jobs)
    if by_share(subject.model, folds, subject.rows):
        found = run_by_share(
            wholes, tasks, subject.library,
            max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs,
        )  # fmt: skip
    else:
        found = run_tasks(
            [*wholes, *tasks], subject.library,
            max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs,
        )  # fmt: skip
    paths = _Paths(
        whole=found[: len(wholes)],
        folds=found[len(wholes) :],
        n_held=[len(fold.held) for fold in folds],
        accuracy_exact=held_accuracy(folds, subject.rows),
        over_fitting=over_fitting(subject.model, folds, subject.rows),
        exact_area_mm2=estimate_area_mm2(subject.model, subject.library),
    )
    return [_chosen(subject, paths, max_loss=loss) for loss in losses]


def _whole_tasks(subject: Subject) -> list[Task]:
    recipe, rows = subject.recipe, subject.rows
    none = rows.train[:0]
    return [
        Task(
            netlist=subject.start,
            reference=subject.model,
            X_int=rows.X_int[rows.train],
            y=rows.y[rows.train],
            X_held=rows.X_int[none],
            y_held=rows.y[none],
            keep_right=recipe.max_loss == 0,
            round_share=share,
            optimize=recipe.optimize,
        )
        for share in ROUND_SHARES
    ]


def _fold_tasks(subject: Subject, n_jobs: int) -> list[Task]:
    recipe, rows = subject.recipe, subject.rows
    starts = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(quick_netlist)(own, subject.library, timeout_s=recipe.timeout_s)
        for own in subject.fold_models
    )
    return [
        Task(
            netlist=netlist,
            reference=fold.model,
            X_int=rows.X_int[fold.search],
            y=rows.y[fold.search],
            X_held=rows.X_int[fold.held],
            y_held=rows.y[fold.held],
            optimize=recipe.optimize,
        )
        for netlist, fold in zip(starts, subject.folds, strict=True)
    ]


def _chosen(subject: Subject, paths: _Paths, *, max_loss: float) -> Pruned:
    """The point of the whole's paths that the folds' paths allow."""
    recipe = subject.recipe
    n_train, n_folds = len(subject.rows.train), len(paths.n_held)
    which, chosen, budget = choose_point(
        paths.whole,
        paths.folds,
        paths.n_held,
        max_loss=max_loss,
        tree=recipe.model in ("tree", *ENSEMBLES),
        n_rows=n_train,
        exact_area_mm2=paths.exact_area_mm2,
        over_fitting=paths.over_fitting,
    )
    path, base = paths.whole[which], paths.accuracy_exact
    fronts = [p.fold_front(n) for p, n in zip(paths.folds, paths.n_held, strict=True)]
    every = [*paths.whole, *paths.folds]
    return Pruned(
        before=subject.start,
        after=netlist_of(path.points[chosen].network, subject.library),
        changes=tuple(
            {"batch": k, "round": point.round, **change}
            for k, point in enumerate(path.points[: chosen + 1])
            for change in point.changes
        ),
        front=tuple(
            {
                "loss_search": float(loss),
                "accuracy_validation": (
                    base - held_loss_at(fronts, float(loss)) if base is not None else ""
                ),
                "area_mm2": point.area_mm2,
                "chosen": int(k == chosen),
            }
            for k, (point, loss) in enumerate(zip(path.points, path.loss, strict=True))
        ),
        details={
            "method": "accuracy-driven pruning, stopped by folds of the training rows",
            "max_loss": max_loss,
            "n_folds": n_folds,
            "n_copies": copies_for(n_train) if n_folds else 0,
            "budget_search_loss": budget.loss if np.isfinite(budget.loss) else None,
            "held_out_loss_of_folds": budget.held_loss,
            "accuracy_validation_exact": base,
            "accuracy_validation": base - budget.held_loss if base is not None else None,
            "n_judged": int(sum(point.n_judged for p in every for point in p.points)),
            "n_paths": len(paths.whole),
            "n_rounds": path.points[chosen].round + 1,
        },
        checkpoints=tuple(p.checkpoint for p in every),
    )
