"""The circuit that pruning has for a power source: of those that it carries, the one that loses
least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from printml.approx.guard import Budget
from printml.arrays import FloatArray
from printml.flow.power_need import asked_mw, first_within, least_power_mw
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
from printml.netlist.netlist import Netlist
from printml.prune.by_share import share_left
from printml.prune.network import netlist_of
from printml.prune.paths import PrunePath, Task, mended, run_task, run_tasks
from printml.prune.search import PrunePoint


def for_source(
    subject: Subject,
    paths: Paths,
    smallest: Choice,
    *,
    n_jobs: int,
    progress: Callable[[str], None],
) -> Pruned | None:
    """The circuit for the recipe's power source; None where that is no other one than there are,
    with the reason told.

    A tree is pruned from its exact circuit, since thresholds lose more than gates do. Of anything
    else it is one of the points on the way to `smallest` that draw no more than the source gives:
    where a teacher labels the rows that the path sees the one that loses least of these, else the
    one that loses least on the rows left out of the folds; or the first such point behind it.
    """
    source = f"{subject.recipe.power_source_mw:g} mW"
    if subject.exact is not None:
        if _carried(subject, subject.exact):
            progress(f"pruned: the exact circuit lives on {source}")
            return None
        progress(f"pruned: from the exact circuit to one that lives on {source}")
        found = _from_exact(subject, subject.exact, n_jobs)
        if found is not None:
            return found
    return _on_the_way(subject, paths, smallest, progress)


def _on_the_way(
    subject: Subject, paths: Paths, smallest: Choice, progress: Callable[[str], None]
) -> Pruned | None:
    limit_mw = asked_mw(subject.recipe)
    chosen, _ = smallest

    def power_mw(k: int) -> float:
        return _draws_mw(subject, _netlist_at(subject, paths.whole, k))

    source = f"{subject.recipe.power_source_mw:g} mW"
    last = chosen
    if power_mw(chosen) > limit_mw:
        if subject.folds:
            progress(
                f"pruned: no circuit within max_loss lives on {source}, going on to one that does"
            )
            further = _run_until_carried(subject, paths.task, so_far=paths.whole.points)
            paths = replace(paths, whole=further)
        last = len(paths.whole.points) - 1
    first = first_within(power_mw, last, limit_mw)
    if first is None:
        progress(f"pruned: where paths end no circuit lives on {source}")
        return None
    if first > chosen:
        found = _pruned(subject, paths, range(first, last + 1), beyond=True)
    elif subject.taught:
        better = better_points(paths.whole.loss, first, chosen)
        found = _pruned(subject, paths, better, beyond=False)
    elif first == 0:
        progress(f"pruned: the circuit before pruning lives on {source}")
        return None
    elif first == chosen:
        progress(f"pruned: no larger circuit lives on {source}")
        return None
    else:
        best = first + least_lost(paths.held_losses()[first : chosen + 1])
        found = _pruned(subject, paths, range(best, chosen), beyond=False)
    if found is None:
        progress(f"pruned: no other circuit that lives on {source} loses less")
    return found


def better_points(loss: FloatArray, first: int, chosen: int) -> list[int]:
    """Points from `first` up to `chosen` that lose less on the rows that the path sees than the
    chosen one and the exact circuit, the least first; never the start.

    Examples
    --------
    >>> loss = np.array([-0.05, -0.01, -0.04, 0.01, -0.03, -0.02])
    >>> better_points(loss, 0, 5), better_points(loss, 3, 5), better_points(abs(loss), 0, 5)
    ([2, 4], [4], [])
    """
    most = min(float(loss[chosen]), 0.0)
    return sorted(
        (k for k in range(max(first, 1), chosen) if loss[k] < most), key=lambda k: float(loss[k])
    )


def least_lost(held_losses: Sequence[float]) -> int:
    """The first of the points that lose least; the first of all where nothing is known.

    Examples
    --------
    >>> least_lost([0.02, 0.01, 0.01, 0.03]), least_lost([float("nan"), 0.01])
    (1, 1)
    """
    known = np.nan_to_num(np.asarray(held_losses, float), nan=np.inf)
    return int(np.argmin(known))


def _from_exact(subject: Subject, exact: Netlist, n_jobs: int) -> Pruned | None:
    """The exact circuit pruned until the source carries it, and folds as far; None if it never
    does."""
    exact_subject = replace(
        subject, start=exact, fold_models=[fold.model for fold in subject.folds]
    )
    task = whole_task(exact_subject)
    path = _run_until_carried(subject, task)
    if not _point_carried(subject, path.points[-1]):
        return None
    cost = np.array([point.cost for point in path.points])
    least = float(share_left(cost)[-1])
    tasks = [replace(fold, least_share=least) for fold in fold_tasks(exact_subject, n_jobs)]
    folds = run_tasks(tasks, subject.library, max_loss=subject.most_loss, n_jobs=n_jobs)
    paths = paths_of(exact_subject, task, path, folds, by_share=True)
    last = len(path.points) - 1
    held_loss = paths.held_losses()[last]
    beyond = not held_loss <= subject.recipe.max_loss
    return _pruned(exact_subject, paths, range(last, last + 1), beyond=beyond)


def _pruned(
    subject: Subject, paths: Paths, points: Sequence[int], *, beyond: bool
) -> Pruned | None:
    """The first of the points that the source carries when it is mended, too; None without one."""
    held_losses = paths.held_losses()
    for point in points:
        choice = point, Budget(float(paths.whole.loss[point]), held_losses[point], 0.0)
        found = pruned_point(subject, paths, choice, max_loss=subject.recipe.max_loss)
        if _carried(subject, found.after):
            return replace(found, details=found.details | {"beyond_max_loss": beyond})
    return None


def _run_until_carried(
    subject: Subject, task: Task, so_far: Sequence[PrunePoint] = ()
) -> PrunePath:
    """The path to the first point that the source carries, and that mended, too: mending makes no
    circuit larger, but its nets may toggle more often."""
    library = subject.library

    def enough(point: PrunePoint) -> bool:
        return _point_carried(subject, point) and _point_carried(
            subject, mended(task, point, library)
        )

    return run_task(
        replace(task, until=enough), library, max_loss=subject.most_loss, so_far=so_far,
    )  # fmt: skip


def _netlist_at(subject: Subject, path: PrunePath, k: int) -> Netlist:
    return netlist_of(path.points[k].network, subject.library) if k else subject.start


def _point_carried(subject: Subject, point: PrunePoint) -> bool:
    return _carried(subject, netlist_of(point.network, subject.library))


def _carried(subject: Subject, netlist: Netlist) -> bool:
    return _draws_mw(subject, netlist) <= asked_mw(subject.recipe)


def _draws_mw(subject: Subject, netlist: Netlist) -> float:
    rows = subject.rows
    return least_power_mw(netlist, subject.recipe, rows.X_int[rows.train])
