"""From the exact stage of a run folder to its approximations, each a stage of its own.

Order: coefficients or thresholds first, then gates; ensembles of trees go straight to gates.
Every choice is made on training rows; how much may be lost there is learned on folds of them
(`printml.approx.guard`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from printml.approx.guard import held_loss_at
from printml.circuit.estimate import estimate_area_mm2
from printml.flow.folds import Fold, make_folds
from printml.flow.model_search import (
    ModelSearch,
    by_share,
    held_accuracy,
    over_fitting,
    search_models,
)
from printml.flow.model_step import model_stage
from printml.flow.prune_step import Pruned, pruned_stage
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import ENSEMBLES, Recipe
from printml.flow.run import Rows, library_of, read_json, read_netlist, read_run, top_name
from printml.flow.rundir import RunFolder
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
from printml.prune.published import class_only, prune_published
from printml.quantize.integer_model import IntegerModel

Progress = Callable[[str], None]

MODEL_SHARE, LARGE_SHARE, TREE_SHARE = 0.05, 0.5, 0.75
"""Shares of the accuracy budget that coefficients (of large tables) and thresholds may spend when
pruning follows. What coefficients lose stays lost, and gates buy more area for it."""


@dataclass(frozen=True, eq=False)
class Approximated:
    """What was added to a run folder, each with its files in a folder of its name.

    Attributes
    ----------
    stages
        Further `stages` of `metrics.json`, in order.
    alternatives
        Its `alternatives`: circuits for the recipe's `further_losses`.
    """

    stages: tuple[dict[str, Any], ...] = ()
    alternatives: tuple[dict[str, Any], ...] = ()


def approximate(path: Path, *, n_jobs: int, progress: Progress) -> Approximated:
    """Add what the recipe's `approx` asks for to a run folder with an exact stage.

    Raises
    ------
    PrintmlError
        As the searches, tools and checks do.
    """
    recipe, run, model, rows = read_run(path)
    if recipe.approx == "none":
        return Approximated()
    library = library_of(recipe)
    record = read_json(run.model)
    folds: list[Fold] = []
    if recipe.approx != "published" and recipe.max_loss > 0:
        progress("approximate: models of the folds")
        folds = make_folds(recipe, record, model, rows)
    if recipe.model in ENSEMBLES:
        start, fold_models = read_netlist(run), [fold.model for fold in folds]
        found = _guarded(
            recipe, fold_models, class_only(start), model, rows, folds, library, n_jobs, progress
        )
        stages = _pruned_stages(recipe, path, model, rows, found, n_jobs, progress)
        return Approximated((stages[0],), tuple(stages[1:]))
    share = 1.0
    if recipe.approx == "full":
        share = LARGE_SHARE if by_share(model, folds, rows) else MODEL_SHARE
        share = TREE_SHARE if recipe.model == "tree" else share
    search = search_models(
        recipe,
        model,
        rows,
        folds,
        library,
        record,
        max_loss=share * recipe.max_loss,
        n_jobs=n_jobs,
        progress=progress,
    )
    first = model_stage(recipe, path, record, search, n_jobs=n_jobs, progress=progress)
    if first["area_cm2"] > read_netlist(run).area_cm2(library):
        # The search compares estimates; where synthesis disagrees, the exact model is the better.
        search = _kept_exact(search, model, folds)
        first = model_stage(recipe, path, record, search, n_jobs=n_jobs, progress=progress)
    if recipe.approx == "coefficients":
        return Approximated((first,))
    start = read_netlist(RunFolder(path / search.stage, run.top))
    if recipe.approx == "published":
        found = [_published(recipe, search.chosen, model, rows, library)]
    else:
        found = _guarded(
            recipe,
            search.fold_choices,
            class_only(start),
            model,
            rows,
            folds,
            library,
            n_jobs,
            progress,
        )
    found = [_as_it_was(pruned, class_only(start)) for pruned in found]
    stages = _pruned_stages(recipe, path, model, rows, found, n_jobs, progress)
    return Approximated((first, stages[0]), tuple(stages[1:]))


def _as_it_was(pruned: Pruned, start: Netlist) -> Pruned:
    """Where no gate was pruned, the netlist of the stage before: it was mapped with more effort
    than what pruning works on."""
    return pruned if pruned.changes else replace(pruned, before=start, after=start)


def _kept_exact(search: ModelSearch, model: IntegerModel, folds: list[Fold]) -> ModelSearch:
    own = tuple(fold.model for fold in folds)
    details = search.details | {"kept_exact": "the chosen model is larger after synthesis"}
    if "budget_search_loss" in details:
        base = details["accuracy_validation_exact"]
        details |= {
            "budget_search_loss": None,
            "held_out_loss_of_folds": 0.0,
            "accuracy_validation": base,
        }
    elif "loss_train" in details:
        details["loss_train"] = 0.0
    front = tuple(point | {"chosen": 0} for point in search.front)
    return replace(search, chosen=model, fold_choices=own, front=front, details=details)


def _pruned_stages(
    recipe: Recipe,
    path: Path,
    model: IntegerModel,
    rows: Rows,
    found: list[Pruned],
    n_jobs: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """A stage and a folder for each, and what was kept to go on from is taken away."""
    names = ["pruned", *(f"pruned-at-{100 * loss:g}" for loss in recipe.further_losses)]
    stages = []
    for name, pruned in zip(names, found, strict=True):
        folder = path / name
        folder.mkdir(exist_ok=True)
        stages.append(
            pruned_stage(
                recipe, folder, model, rows, pruned, name=name, n_jobs=n_jobs, progress=progress
            )
        )
    for checkpoint in {file for pruned in found for file in pruned.checkpoints}:
        checkpoint.unlink(missing_ok=True)
    return stages


def _published(
    recipe: Recipe, chosen: IntegerModel, model: IntegerModel, rows: Rows, library: CellLibrary
) -> Pruned:
    """The smallest of the grid that loses at most `max_loss` of the training rows."""
    X, y = rows.X_int[rows.train], rows.y[rows.train]
    with_scores = quick_netlist(
        chosen,
        library,
        name=top_name(recipe),
        keep_scores=recipe.model != "tree",
        timeout_s=recipe.timeout_s,
    )
    grid = prune_published(with_scores, library, X, y) if with_scores.n_gates else []
    exact = float(np.mean(model.predict(X) == y))
    allowed = [point for point in grid if point.accuracy_train >= exact - recipe.max_loss - 1e-12]
    before = class_only(with_scores)
    best = min(allowed, key=lambda point: point.area_mm2, default=None)
    return Pruned(
        before=before,
        after=best.netlist if best else before,
        changes=best.changes if best else (),
        front=tuple(
            {
                "tau_percent": point.tau_percent,
                "phi": point.phi,
                "n_tied": len(point.changes),
                "accuracy_train": point.accuracy_train,
                "area_mm2": point.area_mm2,
                "chosen": int(point is best),
            }
            for point in grid
        ),
        details={
            "method": "tau and phi on training rows (DATE 2022)",
            "tau_percent": best.tau_percent if best else None,
            "phi": best.phi if best else None,
            "n_candidates": len(grid),
        },
    )


def _guarded(
    recipe: Recipe,
    fold_models: Sequence[IntegerModel],
    start: Netlist,
    model: IntegerModel,
    rows: Rows,
    folds: list[Fold],
    library: CellLibrary,
    n_jobs: int,
    progress: Progress,
) -> list[Pruned]:
    """One for each of `max_loss` and `further_losses`, from the same paths."""
    losses = (recipe.max_loss, *recipe.further_losses)
    progress(f"pruned: {len(folds)} folds and {len(ROUND_SHARES)} paths of the whole")
    starts = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(quick_netlist)(own, library, timeout_s=recipe.timeout_s) for own in fold_models
    )
    none = rows.train[:0]
    tasks = [
        Task(
            netlist=netlist,
            reference=fold.model,
            X_int=rows.X_int[fold.search],
            y=rows.y[fold.search],
            X_held=rows.X_int[fold.held],
            y_held=rows.y[fold.held],
            optimize=recipe.optimize,
        )
        for netlist, fold in zip(starts, folds, strict=True)
    ]
    wholes = [
        Task(
            netlist=start,
            reference=model,
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
    if by_share(model, folds, rows):
        found = run_by_share(
            wholes, tasks, library, max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs
        )
    else:
        found = run_tasks(
            [*wholes, *tasks], library, max_loss=max(losses), seed=recipe.seed, n_jobs=n_jobs
        )
    n_held = [len(fold.held) for fold in folds]
    base = held_accuracy(folds, rows)
    known = over_fitting(model, folds, rows)
    exact_area_mm2 = estimate_area_mm2(model, library)
    return [
        _chosen(
            recipe, start, rows, found, n_held, base, known, exact_area_mm2, library, max_loss=loss
        )
        for loss in losses
    ]


def _chosen(
    recipe: Recipe,
    start: Netlist,
    rows: Rows,
    found: list[PrunePath],
    n_held: list[int],
    base: float | None,
    over_fitting: float,
    exact_area_mm2: float,
    library: CellLibrary,
    *,
    max_loss: float,
) -> Pruned:
    """The point of the whole paths (they come first) that the fold paths allow."""
    n_folds = len(n_held)
    paths, fold_paths = found[: len(found) - n_folds], found[len(found) - n_folds :]
    which, chosen, budget = choose_point(
        paths,
        fold_paths,
        n_held,
        max_loss=max_loss,
        tree=recipe.model in ("tree", *ENSEMBLES),
        n_rows=len(rows.train),
        exact_area_mm2=exact_area_mm2,
        over_fitting=over_fitting,
    )
    path = paths[which]
    fronts = [p.fold_front(n) for p, n in zip(fold_paths, n_held, strict=True)]
    return Pruned(
        before=start,
        after=netlist_of(path.points[chosen].network, library),
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
            "n_copies": copies_for(len(rows.train)) if n_folds else 0,
            "budget_search_loss": budget.loss if np.isfinite(budget.loss) else None,
            "held_out_loss_of_folds": budget.held_loss,
            "accuracy_validation_exact": base,
            "accuracy_validation": base - budget.held_loss if base is not None else None,
            "n_judged": int(sum(point.n_judged for p in found for point in p.points)),
            "n_paths": len(paths),
            "n_rounds": path.points[chosen].round + 1,
        },
        checkpoints=tuple(p.checkpoint for p in found),
    )
