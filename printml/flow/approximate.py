"""From the exact stage of a run folder to its approximations, each a stage of its own.

Order: coefficients or thresholds first, then gates; ensembles of trees, and trees of large tables,
go straight to gates.
Every choice is made on training rows; how much may be lost there is learned on folds of them
(`printml.approx.guard`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from printml.flow.folds import Fold, make_folds
from printml.flow.model_for_source import model_stage_for_source
from printml.flow.model_search import ModelSearch, by_share, search_models
from printml.flow.model_step import model_stage
from printml.flow.prune_guarded import prune_guarded
from printml.flow.prune_paths import Subject
from printml.flow.prune_step import Pruned, pruned_stage
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import ENSEMBLES, Recipe
from printml.flow.run import Rows, library_of, read_json, read_netlist, read_run, top_name
from printml.flow.rundir import RunFolder
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
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
        Its `alternatives`: circuits for the recipe's `further_losses` and `power_source_mw`.
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
    large = by_share(recipe.model, folds, rows)
    if recipe.model in ENSEMBLES or (recipe.model == "tree" and recipe.approx == "full" and large):
        start, own = class_only(read_netlist(run)), [fold.model for fold in folds]
        subject = Subject(recipe, start, model, rows, folds, own, library)
        found = prune_guarded(subject, n_jobs=n_jobs, progress=progress)
        stages = _pruned_stages(recipe, path, model, rows, found, n_jobs, progress)
        return Approximated((stages[0],), tuple(stages[1:]))
    share = 1.0
    if recipe.approx == "full":
        share = LARGE_SHARE if large else MODEL_SHARE
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
    start = class_only(read_netlist(RunFolder(path / search.stage, run.top)))
    for_source = []
    if recipe.approx == "published":
        found = {"pruned": _published(recipe, search.chosen, model, rows, library)}
    else:
        exact = class_only(read_netlist(run)) if recipe.model == "tree" else None
        subject = Subject(recipe, start, model, rows, folds, search.fold_choices, library, exact)
        if recipe.power_source_mw and recipe.model != "tree" and not subject.taught:
            enough = model_stage_for_source(
                recipe, path, record, search, rows, n_jobs=n_jobs, progress=progress
            )
            if enough is not None:
                for_source.append(enough)
        found = prune_guarded(subject, n_jobs=n_jobs, progress=progress)
    found = {name: _as_it_was(pruned, start) for name, pruned in found.items()}
    stages = _pruned_stages(recipe, path, model, rows, found, n_jobs, progress)
    return Approximated((first, stages[0]), (*for_source, *stages[1:]))


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
    found: dict[str, Pruned],
    n_jobs: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """A stage and a folder for each, and what was kept to go on from is taken away."""
    stages = []
    for name, pruned in found.items():
        folder = path / name
        folder.mkdir(exist_ok=True)
        stages.append(
            pruned_stage(
                recipe, folder, model, rows, pruned, name=name, n_jobs=n_jobs, progress=progress
            )
        )
    for checkpoint in {file for pruned in found.values() for file in pruned.checkpoints}:
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
