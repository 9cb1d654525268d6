"""Pruning of a run folder's circuit, stopped where folds of its training rows say so.

The whole training set gives the paths, the folds give the loss they may go to
(`printml.prune.paths.choose_point`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from joblib import Parallel, delayed

from printml.approx.guard import Budget
from printml.circuit.estimate import estimate_area_mm2
from printml.flow.folds import Fold
from printml.flow.model_search import accuracy_left, by_share, held_accuracy, over_fitting
from printml.flow.power_need import first_within, least_power_mw
from printml.flow.prune_step import Pruned
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import ENSEMBLES, Recipe
from printml.flow.run import Rows
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.by_share import held_losses
from printml.prune.choice import choose_point
from printml.prune.copies import copies_for
from printml.prune.network import netlist_of
from printml.prune.paths import (
    ROUND_SHARES,
    PrunePath,
    Task,
    run_by_share,
    run_task,
    run_tasks,
)
from printml.prune.search import PrunePoint
from printml.quantize.integer_model import IntegerModel

Choice: TypeAlias = tuple[int, int, Budget]
"""A path, a point on it, and what may be lost there, as `choose_point` gives them."""


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
    by_share: bool
    accuracy_exact: float | None
    over_fitting: float
    exact_area_mm2: float

    def held_losses(self, which: int) -> list[float]:
        """What the folds lose at each point of a path of the whole; NaN where it is not known."""
        path = self.whole[which]
        fronts = [fold.fold_front(n) for fold, n in zip(self.folds, self.n_held, strict=True)]
        cost = np.array([point.cost for point in path.points])
        return held_losses(fronts, path.loss, cost, by_share=self.by_share)


def prune_guarded(
    subject: Subject, *, n_jobs: int, progress: Callable[[str], None]
) -> dict[str, Pruned]:
    """Circuits from the same paths, by the names of their stages: for the recipe's `max_loss`
    first, for each of its `further_losses`, and for its power source where that is another one.

    Raises
    ------
    PrintmlError
        As synthesis of the folds' models does.
    """
    recipe, folds = subject.recipe, subject.folds
    losses = (recipe.max_loss, *recipe.further_losses)
    shares = by_share(subject.model, folds, subject.rows)
    # Where rows are many a path takes long.
    wholes = _whole_tasks(subject, ROUND_SHARES[:1] if shares else ROUND_SHARES)
    progress(f"pruned: folds {len(folds)}, paths of the whole {len(wholes)}")
    tasks = _fold_tasks(subject, n_jobs)
    if shares:
        found = run_by_share(
            wholes, tasks, subject.library,
            max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs,
        )  # fmt: skip
    else:
        found = run_tasks(
            [*wholes, *tasks], subject.library,
            max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs,
        )  # fmt: skip
    whole, of_folds = found[: len(wholes)], found[len(wholes) :]
    paths = _Paths(
        whole=whole,
        folds=of_folds,
        n_held=[len(fold.held) for fold in folds],
        by_share=shares,
        accuracy_exact=held_accuracy(folds, subject.rows),
        over_fitting=over_fitting(subject.model, folds, subject.rows),
        exact_area_mm2=estimate_area_mm2(subject.model, subject.library),
    )
    names = ["pruned", *(f"pruned-at-{100 * loss:g}" for loss in recipe.further_losses)]
    chosen = [_choose(subject, paths, max_loss=loss) for loss in losses]
    made = {
        name: _pruned(subject, paths, choice, max_loss=loss)
        for name, choice, loss in zip(names, chosen, losses, strict=True)
    }
    if recipe.power_source_mw:
        paths, enough = _for_source(subject, paths, wholes, chosen[0], progress)
        if enough is not None:
            name = f"pruned-for-{recipe.power_source_mw:g}mW"
            carried = _pruned(subject, paths, enough, max_loss=recipe.max_loss)
            beyond = {"beyond_max_loss": enough[1] > chosen[0][1]}
            made[name] = replace(carried, details=carried.details | beyond)
    return made


def _whole_tasks(subject: Subject, round_shares: Sequence[float]) -> list[Task]:
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
        for share in round_shares
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


def _choose(subject: Subject, paths: _Paths, *, max_loss: float) -> Choice:
    """The point of the whole's paths that the folds' paths allow."""
    return choose_point(
        paths.whole,
        paths.folds,
        paths.n_held,
        max_loss=max_loss,
        tree=subject.recipe.model in ("tree", *ENSEMBLES),
        by_share=paths.by_share,
        n_rows=len(subject.rows.train),
        exact_area_mm2=paths.exact_area_mm2,
        over_fitting=paths.over_fitting,
    )


def _for_source(
    subject: Subject,
    paths: _Paths,
    wholes: list[Task],
    smallest: Choice,
    progress: Callable[[str], None],
) -> tuple[_Paths, Choice | None]:
    """The first point on the way to `smallest` that draws no more than the source gives, or the
    first behind it; None where that is an end of the way, with the reason told.

    The paths come back too: that of `smallest` is longer where it is not carried.
    """
    recipe, limit_mw = subject.recipe, subject.recipe.power_source_mw
    which, chosen, _ = smallest

    X_train = subject.rows.X_int[subject.rows.train]

    def power_mw(path: PrunePath, k: int) -> float:
        netlist = netlist_of(path.points[k].network, subject.library) if k else subject.start
        return least_power_mw(netlist, recipe, X_train)

    def carried(point: PrunePoint) -> bool:
        netlist = netlist_of(point.network, subject.library)
        return least_power_mw(netlist, recipe, X_train) <= limit_mw

    source = f"{limit_mw:g} mW"
    last = chosen
    if power_mw(paths.whole[which], chosen) > limit_mw:
        if subject.folds:
            progress(
                f"pruned: no circuit within max_loss lives on {source}, going on to one that does"
            )
            task = replace(wholes[which], until=carried)
            paths = _longer(subject, paths, which, task)
        last = len(paths.whole[which].points) - 1
    path = paths.whole[which]
    first = first_within(lambda k: power_mw(path, k), last, limit_mw)
    if first is None:
        progress(f"pruned: where paths end no circuit lives on {source}")
    elif first == 0:
        progress(f"pruned: the circuit before pruning lives on {source}")
    elif first == chosen:
        progress(f"pruned: no larger circuit lives on {source}")
    if first in (None, 0, chosen):
        return paths, None
    held_loss = paths.held_losses(which)[first]
    return paths, (which, first, Budget(float(path.loss[first]), held_loss, 0.0))


def _longer(subject: Subject, paths: _Paths, which: int, task: Task) -> _Paths:
    """With a path of the whole that goes on to where `task` ends."""
    recipe = subject.recipe
    longer = run_task(
        task,
        subject.library,
        max_loss=max((recipe.max_loss, *recipe.further_losses)),
        seed=recipe.seed,
        so_far=paths.whole[which].points,
    )
    whole = [longer if k == which else other for k, other in enumerate(paths.whole)]
    return replace(paths, whole=whole)


def _pruned(subject: Subject, paths: _Paths, choice: Choice, *, max_loss: float) -> Pruned:
    which, chosen, budget = choice
    n_train, n_folds = len(subject.rows.train), len(paths.n_held)
    path, base = paths.whole[which], paths.accuracy_exact
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
                "accuracy_validation": accuracy_left(base, held),
                "area_mm2": point.area_mm2,
                "chosen": int(k == chosen),
            }
            for k, (point, loss, held) in enumerate(
                zip(path.points, path.loss, paths.held_losses(which), strict=True)
            )
        ),
        details={
            "method": "accuracy-driven pruning, stopped by folds of the training rows",
            "max_loss": max_loss,
            "n_folds": n_folds,
            "n_copies": copies_for(n_train) if n_folds else 0,
            "budget_search_loss": budget.loss if np.isfinite(budget.loss) else None,
            "held_out_loss_of_folds": None if np.isnan(budget.held_loss) else budget.held_loss,
            "accuracy_validation_exact": base,
            "accuracy_validation": accuracy_left(base, budget.held_loss),
            "n_validation": sum(paths.n_held),
            "n_judged": int(sum(point.n_judged for p in every for point in p.points)),
            "n_paths": len(paths.whole),
            "n_rounds": path.points[chosen].round + 1,
        },
        checkpoints=tuple(p.checkpoint for p in every),
    )
