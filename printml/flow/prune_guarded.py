"""Pruning of a run folder's circuit, stopped where folds of its training rows say so.

The whole training set gives the paths, the folds give the loss they may go to
(`printml.prune.paths.choose_point`).
"""

from __future__ import annotations

from collections.abc import Callable

from printml.flow.model_search import by_share
from printml.flow.prune_for_source import for_source
from printml.flow.prune_paths import (
    Choice,
    Paths,
    Subject,
    fold_tasks,
    paths_of,
    pruned_point,
    whole_task,
)
from printml.flow.prune_step import Pruned
from printml.flow.recipe import ENSEMBLES
from printml.prune.choice import choose_point
from printml.prune.paths import run_by_share, run_tasks


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
    shares = by_share(recipe.model, folds, subject.rows)
    whole = whole_task(subject)
    progress(f"pruned: a path on all rows and on each of {len(folds)} folds")
    tasks = fold_tasks(subject, n_jobs)
    if shares:
        found = run_by_share(
            whole, tasks, subject.library, max_loss=subject.most_loss, n_jobs=n_jobs
        )
    else:
        every = [whole, *tasks]
        found = run_tasks(every, subject.library, max_loss=subject.most_loss, n_jobs=n_jobs)
    paths = paths_of(subject, whole, found[0], found[1:], by_share=shares)
    names = ["pruned", *(f"pruned-at-{100 * loss:g}" for loss in recipe.further_losses)]
    chosen = [_choose(subject, paths, max_loss=loss) for loss in losses]
    made = {
        name: pruned_point(subject, paths, choice, max_loss=loss)
        for name, choice, loss in zip(names, chosen, losses, strict=True)
    }
    if recipe.power_source_mw:
        carried = for_source(subject, paths, chosen[0], n_jobs=n_jobs, progress=progress)
        if carried is not None:
            made[f"pruned-for-{recipe.power_source_mw:g}mW"] = carried
    return made


def _choose(subject: Subject, paths: Paths, *, max_loss: float) -> Choice:
    """The point of the whole's path that the folds' paths allow."""
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
