"""The search for a cheaper integer model, cut where the same search on folds turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from printml.approx.coefficient_search import search_coefficients
from printml.approx.coefficients_published import approximate_published
from printml.approx.guard import (
    TREES,
    Budget,
    Experience,
    FoldFront,
    Front,
    choose_budget,
    perturbed_copies,
)
from printml.approx.tree_search import search_tree
from printml.arrays import IntArray, frozen
from printml.circuit.estimate import estimate_area_mm2
from printml.flow.folds import Fold, tree_starts
from printml.flow.recipe import Recipe
from printml.flow.run import Rows
from printml.liberty.library import CellLibrary
from printml.prune.by_share import choose_by_share, held_losses, last_at, share_left
from printml.prune.copies import LARGE_TABLE, copies_for
from printml.quantize.integer_model import IntegerModel, IntegerNetwork, IntegerTree
from printml.quantize.tree import simplify_tree

Progress = Callable[[str], None]

BEYOND = 0.03
"""Searches go on until this much more is lost than may be, so that the turning point is seen."""
COEFFICIENTS = Experience(gap=0.0, gap_rows=1200, slope=0.55, spread=0.006)
"""Measured on splits that are in no table; see docs/approximation.md."""
TREE_ROWS = 3_000
"""Training rows from which a table is large for a single tree."""
PUBLISHED_REACH = 4
"""Farthest a coefficient may move in the published method."""


@dataclass(frozen=True, eq=False)
class ModelSearch:
    """What the search for a cheaper model gave.

    Attributes
    ----------
    stage
        `coefficients` or `thresholds`.
    chosen
        The model to build.
    fold_choices
        The same choice in each fold.
    front
        Rows of `front.csv`.
    details
        Further fields of the stage in `metrics.json`.
    candidates
        Models of `front`, in its order; empty for the published methods.
    """

    stage: str
    chosen: IntegerModel
    fold_choices: tuple[IntegerModel, ...]
    front: tuple[dict[str, Any], ...]
    details: dict[str, Any]
    candidates: tuple[IntegerModel, ...] = ()


def search_models(
    recipe: Recipe,
    model: IntegerModel,
    rows: Rows,
    folds: list[Fold],
    library: CellLibrary,
    record: dict[str, Any],
    *,
    max_loss: float,
    n_jobs: int,
    progress: Progress,
) -> ModelSearch:
    """Search on all training rows, cut where the same search on the folds turns.

    With a `max_loss` of 0 there are no folds: no training row that the model gets right may
    become wrong. `record` is `model.json`.

    The published methods have no guard: the smallest model whose loss on the training rows is
    within `max_loss` is taken (coefficients: the one model there is).
    """
    stage = "thresholds" if isinstance(model, IntegerTree) else "coefficients"
    if recipe.approx == "published":
        progress(f"{stage}: published method")
        return _published(recipe, stage, model, rows, library, max_loss=max_loss)
    progress(f"{stage}: search on {len(folds)} folds and the whole")
    tasks = [(model, rows.train), *((fold.model, fold.search) for fold in folds)]
    fronts: list[Front] = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_search)(
            own, rows, chosen, library, recipe, record, max_loss=max_loss, seed=recipe.seed + k
        )
        for k, (own, chosen) in enumerate(tasks)
    )
    # The search for thresholds was judged by its losses alone, whatever the table's size.
    shares = stage == "coefficients" and by_share(recipe.model, folds, rows)
    if shares:
        fronts = [
            _from_start(found, own, library) for found, (own, _) in zip(fronts, tasks, strict=True)
        ]
    front, fold_fronts = fronts[0], fronts[1:]
    judged = [_judged(found, fold, rows) for found, fold in zip(fold_fronts, folds, strict=True)]
    if shares:
        k, budget = choose_by_share(judged, front.area_mm2, front.loss, max_loss=max_loss)
        share = float(share_left(front.area_mm2)[k])
        chosen = front.candidates[k]
        fold_choices = [f.candidates[last_at(share_left(f.area_mm2), share)] for f in fold_fronts]
    else:
        budget = _budget(judged, model, folds, rows, max_loss=max_loss)
        chosen = _taken(front, budget, model)
        fold_choices = [
            _taken(found, budget, fold.model)
            for found, fold in zip(fold_fronts, folds, strict=True)
        ]
    base = held_accuracy(folds, rows)
    held = held_losses(judged, front.loss, front.area_mm2, by_share=shares)
    return ModelSearch(
        stage=stage,
        chosen=chosen,
        fold_choices=tuple(fold_choices),
        front=tuple(
            {
                "loss_search": float(loss),
                "accuracy_validation": accuracy_left(base, lost),
                "area_estimate_mm2": float(area),
                "area_mm2": "",
                "chosen": int(candidate is chosen),
            }
            for loss, lost, area, candidate in zip(
                front.loss, held, front.area_mm2, front.candidates, strict=True
            )
        ),
        details={
            "method": "joint search on the circuit's structure, stopped by folds",
            "max_loss": max_loss,
            "n_folds": len(folds),
            "budget_search_loss": budget.loss if np.isfinite(budget.loss) else None,
            "held_out_loss_of_folds": budget.held_loss,
            "accuracy_validation_exact": base,
            "accuracy_validation": accuracy_left(base, budget.held_loss),
            "n_validation": sum(len(fold.held) for fold in folds),
        },
        candidates=tuple(front.candidates),
    )


def _published(
    recipe: Recipe,
    stage: str,
    model: IntegerModel,
    rows: Rows,
    library: CellLibrary,
    *,
    max_loss: float,
) -> ModelSearch:
    X, y = rows.X_int[rows.train], rows.y[rows.train]
    if isinstance(model, IntegerNetwork):
        chosen: IntegerModel = approximate_published(model, library, e=PUBLISHED_REACH).model
        loss = float(np.mean(model.predict(X) == y) - np.mean(chosen.predict(X) == y))
        return ModelSearch(
            stage,
            chosen,
            (),
            (),
            {"method": "multiplier areas, errors cancelled (DATE 2022)", "loss_train": loss},
        )
    assert isinstance(model, IntegerTree), "the recipe refuses ensembles here"
    front = search_tree(model, X, y, library, variant="published", seed=recipe.seed)
    k = front.within(max(max_loss, float(front.loss.min())))
    return ModelSearch(
        stage,
        front.candidates[k],
        (),
        tuple(
            {"loss_train": float(loss), "area_estimate_mm2": float(area), "area_mm2": "",
             "chosen": int(j == k)}
            for j, (loss, area) in enumerate(zip(front.loss, front.area_mm2, strict=True))
        ),
        {"method": "NSGA-II on training rows (ISQED 2022)", "loss_train": float(front.loss[k])},
    )  # fmt: skip


def _search(
    model: IntegerModel,
    rows: Rows,
    chosen: IntArray,
    library: CellLibrary,
    recipe: Recipe,
    record: dict[str, Any],
    *,
    max_loss: float,
    seed: int,
) -> Front:
    X, y = rows.X_int[chosen], rows.y[chosen]
    keep_right = recipe.max_loss == 0
    large = len(y) > LARGE_TABLE
    n_copies = 0 if keep_right or large else copies_for(len(y))
    copies = perturbed_copies(X, model.input_bits, n_copies=n_copies, seed=seed)
    if isinstance(model, IntegerTree):
        if keep_right:
            right = model.predict(X) == y
            X, y = X[right], y[right]
        return search_tree(
            model, X, y, library,
            variant="structure", starts=tree_starts(recipe, record, model, rows, chosen), seed=seed,
            copies_X=copies, copies_y=np.tile(y, n_copies),
        )  # fmt: skip
    assert isinstance(model, IntegerNetwork), "ensembles are pruned without a model stage"
    return search_coefficients(
        model, X, y, library,
        seed=seed, copies_X=copies, copies_y=np.tile(y, n_copies),
        max_loss=max_loss + BEYOND, keep_right=keep_right,
    )  # fmt: skip


def by_share(family: str, folds: list[Fold], rows: Rows) -> bool:
    """Whether the folds say how much of the area to leave, not how much to lose on search rows:
    they do of large tables. `family` as in `Recipe.model`."""
    most_rows = TREE_ROWS if family == "tree" else COEFFICIENTS.most_rows
    return bool(folds) and len(rows.train) > most_rows


def held_accuracy(folds: list[Fold], rows: Rows) -> float | None:
    """Mean accuracy of the folds' unapproximated models on their left-out rows."""
    if not folds:
        return None
    found = [
        np.average(f.model.predict(rows.X_int[f.held]) == rows.y[f.held], weights=f.weight)
        for f in folds
    ]
    return float(np.average(found, weights=[len(f.held) for f in folds]))


def accuracy_left(base: float | None, lost: float) -> float | None:
    """What folds leave of the accuracy `base` of theirs; None where either is not known."""
    return None if base is None or np.isnan(lost) else base - lost


def over_fitting(model: IntegerModel, folds: list[Fold], rows: Rows) -> float:
    """Share of rows by which the model is better on those it saw than its like in folds is not."""
    elsewhere = held_accuracy(folds, rows)
    if elsewhere is None:
        return 0.0
    seen = np.mean(model.predict(rows.X_int[rows.train]) == rows.y[rows.train])
    return float(seen) - elsewhere


def _judged(front: Front, fold: Fold, rows: Rows) -> FoldFront:
    X, y = rows.X_int[fold.held], rows.y[fold.held]
    right = np.average(fold.model.predict(X) == y, weights=fold.weight)
    held_loss = np.array(
        [right - np.average(c.predict(X) == y, weights=fold.weight) for c in front.candidates]
    )
    return FoldFront(front.loss, front.area_mm2, held_loss, len(y))


def _budget(
    judged: list[FoldFront],
    model: IntegerModel,
    folds: list[Fold],
    rows: Rows,
    *,
    max_loss: float,
) -> Budget:
    if not folds:
        return Budget(0.0, 0.0, 0.0)
    tree = isinstance(model, IntegerTree)
    return choose_budget(
        judged,
        max_loss=max_loss,
        rising=tree,
        experience=TREES if tree else COEFFICIENTS,
        n_rows=len(rows.train),
        over_fitting=over_fitting(model, folds, rows),
    )


def _from_start(front: Front, model: IntegerModel, library: CellLibrary) -> Front:
    """With the model itself first: a search that only gains on its rows has left it out."""
    area_mm2 = estimate_area_mm2(model, library)
    if area_mm2 <= front.area_mm2[0]:
        return front
    return Front(
        loss=frozen([0.0, *front.loss], np.float64),
        area_mm2=frozen([area_mm2, *front.area_mm2], np.float64),
        candidates=(model, *front.candidates),
    )


def _taken(front: Front, budget: Budget, model: IntegerModel) -> IntegerModel:
    if not (front.loss <= budget.loss + 1e-12).any():
        return simplify_tree(model) if isinstance(model, IntegerTree) else model
    candidate: IntegerModel = front.candidates[front.within(budget.loss)]
    return candidate
