"""What is pruned, along which paths, and what is told of a point on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from joblib import Parallel, delayed

from printml.approx.guard import Budget
from printml.arrays import IntArray
from printml.circuit.estimate import estimate_area_mm2
from printml.flow.folds import Fold
from printml.flow.model_search import accuracy_left, by_share, held_accuracy, over_fitting
from printml.flow.prune_step import Pruned
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import ENSEMBLES, Recipe
from printml.flow.run import Rows
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.by_share import held_losses
from printml.prune.copies import evidence_of, rows_seen
from printml.prune.network import netlist_of
from printml.prune.paths import BEYOND, PrunePath, Task, finished
from printml.prune.state import Evidence
from printml.quantize.integer_model import IntegerModel

Choice: TypeAlias = tuple[int, Budget]
"""A point of the path on all rows and what may be lost there, as `choose_point` gives them."""


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
    exact
        Netlist of the exact circuit where a power source's is pruned from that, not from `start`.
    """

    recipe: Recipe
    start: Netlist
    model: IntegerModel
    rows: Rows
    folds: list[Fold]
    fold_models: Sequence[IntegerModel]
    library: CellLibrary
    exact: Netlist | None = None

    @property
    def most_loss(self) -> float:
        """The largest loss that a circuit is asked for."""
        return max((self.recipe.max_loss, *self.recipe.further_losses))

    @property
    def large_tree(self) -> bool:
        """Whether it is a tree that is pruned from its exact circuit, as far as folds say."""
        return self.recipe.model == "tree" and by_share("tree", self.folds, self.rows)

    @property
    def by_round(self) -> bool:
        """Whether folds say how far an SVM or MLP is pruned, by what mending leaves of it."""
        return self._sums and by_share(self.recipe.model, self.folds, self.rows)

    @property
    def taught(self) -> bool:
        """Whether a teacher labels the copies that pruning sees: those of SVMs and MLPs of tables
        with so few rows that gates fit them by chance."""
        shares = by_share(self.recipe.model, self.folds, self.rows)
        return self._sums and not shares and self.recipe.max_loss > 0

    @property
    def _sums(self) -> bool:
        return self.recipe.model not in ("tree", *ENSEMBLES)

    @property
    def most_further(self) -> float:
        """As in `Task`. What a tree has learned by heart it may lose on the rows it saw, and where
        folds say how far paths go, nothing else needs to."""
        if not self.large_tree:
            return BEYOND
        return BEYOND + max(0.0, over_fitting(self.model, self.folds, self.rows))


@dataclass(frozen=True, eq=False)
class Paths:
    """The path of the whole, of `task`, and those of the folds, with what a choice of a point rests
    on."""

    task: Task
    whole: PrunePath
    folds: list[PrunePath]
    n_held: list[int]
    by_share: bool
    accuracy_exact: float | None
    over_fitting: float
    exact_area_mm2: float

    def held_losses(self) -> list[float]:
        """What the folds lose at each point of the whole's path; NaN where it is not known."""
        fronts = [fold.fold_front(n) for fold, n in zip(self.folds, self.n_held, strict=True)]
        cost = np.array([point.cost for point in self.whole.points])
        return held_losses(fronts, self.whole.loss, cost, by_share=self.by_share)


def paths_of(
    subject: Subject,
    task: Task,
    whole: PrunePath,
    folds: list[PrunePath],
    *,
    by_share: bool,
) -> Paths:
    """Paths with what the folds' own models say of the rows left out."""
    return Paths(
        task=task,
        whole=whole,
        folds=folds,
        n_held=[len(fold.held) for fold in subject.folds],
        by_share=by_share,
        accuracy_exact=held_accuracy(subject.folds, subject.rows),
        over_fitting=over_fitting(subject.model, subject.folds, subject.rows),
        exact_area_mm2=estimate_area_mm2(subject.model, subject.library),
    )


def whole_task(subject: Subject) -> Task:
    """The path on all training rows."""
    recipe, rows = subject.recipe, subject.rows
    none = rows.train[:0]
    return Task(
        netlist=subject.start,
        reference=subject.model,
        evidence=_evidence(subject, rows.train),
        X_held=rows.X_int[none],
        y_held=rows.y[none],
        held_weight=np.ones(0),
        taught=subject.taught,
        keep_right=recipe.max_loss == 0,
        optimize=recipe.optimize,
        most_further=subject.most_further,
    )


def fold_tasks(subject: Subject, n_jobs: int) -> list[Task]:
    """A path for each fold, from the netlist of its own model."""
    recipe, rows = subject.recipe, subject.rows
    starts = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(quick_netlist)(own, subject.library, timeout_s=recipe.timeout_s)
        for own in subject.fold_models
    )
    return [
        Task(
            netlist=netlist,
            reference=fold.model,
            evidence=_evidence(subject, fold.search),
            X_held=rows.X_int[fold.held],
            y_held=rows.y[fold.held],
            held_weight=fold.weight,
            taught=subject.taught,
            optimize=recipe.optimize,
            by_round=subject.by_round,
            most_further=subject.most_further,
        )
        for netlist, fold in zip(starts, subject.folds, strict=True)
    ]


def _evidence(subject: Subject, chosen: IntArray) -> Evidence:
    """The chosen rows with their copies, or those that the exact model has right without any where
    none of them may be lost."""
    X_int, y = subject.rows.X_int[chosen], subject.rows.y[chosen]
    bits, seed = subject.model.input_bits, subject.recipe.seed
    if subject.recipe.max_loss == 0:
        seen = evidence_of(X_int, y, bits, n_copies=0, copy_weight=0.0, seed=seed)
        return replace(seen, weights=seen.weights * (subject.model.predict(X_int) == y))
    return rows_seen(
        X_int, y, bits, seed=seed, taught=subject.taught, large_tree=subject.large_tree
    )


def pruned_point(subject: Subject, paths: Paths, choice: Choice, *, max_loss: float) -> Pruned:
    """A stage of a point, mended if it has not just been."""
    chosen, budget = choice
    n_folds = len(paths.n_held)
    path, base = paths.whole, paths.accuracy_exact
    every = [path, *paths.folds]
    way = list(path.points[: chosen + 1])
    last = finished(paths.task, path, chosen, subject.library)
    if last is not way[-1]:
        way.append(last)
    return Pruned(
        before=paths.task.netlist,
        after=netlist_of(last.network, subject.library),
        changes=tuple(
            {"batch": k, "round": point.round, **change}
            for k, point in enumerate(way)
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
                zip(path.points, path.loss, paths.held_losses(), strict=True)
            )
        ),
        details={
            "method": "accuracy-driven pruning, stopped by folds of the training rows",
            "max_loss": max_loss,
            "n_folds": n_folds,
            "n_copies": len(paths.task.evidence.y) // len(subject.rows.train) - 1,
            "copies_labelled_by": "teacher" if subject.taught else "row",
            "loss_search": last.wrong - path.points[0].wrong + float(path.loss[0]),
            "budget_search_loss": budget.loss if np.isfinite(budget.loss) else None,
            "held_out_loss_of_folds": None if np.isnan(budget.held_loss) else budget.held_loss,
            "accuracy_validation_exact": base,
            "accuracy_validation": accuracy_left(base, budget.held_loss),
            "n_validation": sum(paths.n_held),
            "n_judged": int(sum(point.n_judged for p in every for point in p.points)),
            "n_rounds": last.round + 1,
        },
        checkpoints=tuple(p.checkpoint for p in every),
    )
