"""Pruning paths on all training rows and on folds of them, which tell what rows not seen lose."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from joblib import Parallel, delayed

from printml.approx.guard import FoldFront
from printml.arrays import FloatArray, IntArray
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.by_share import least_share
from printml.prune.checkpoint import checkpoint_path, load_points, save_points
from printml.prune.judge import run_network
from printml.prune.network import NOT_A_GATE, GateNetwork, network_of
from printml.prune.search import PrunePoint, mended_point, prune_path
from printml.prune.state import Evidence
from printml.quantize.integer_model import IntegerModel
from printml.simulate.kernel import pack_inputs
from printml.simulate.words import read_bus_words
from printml.synth.abc import REFRESH
from printml.synth.direct import map_netlist

BEYOND = 0.04
"""Paths go on until this much more is lost than may be, so that the turning point is seen."""
FAR_BEYOND = 0.02
"""Paths of the folds of large tables end once this much more is lost on the held rows than may be:
several times what a thousand held rows leave uncertain."""
AIM_SHARE = 0.75
"""SVMs and MLPs aim at this share of the loss allowed, since one point is promised as a mean over
a handful of circuits, which lies some tenths of a point about what is aimed at."""
LONG_GATE_ROWS = 20_000_000
"""Gates times rows (copies too) from which paths are lazy, for half to two thirds of the time."""
MENDED_START_GATE_ROWS = 100_000_000
"""Gates times rows from which the start is not mended where a teacher labels the copies: it takes
long, and little of it stays. Of other paths it is not where they are lazy."""
CHECKPOINT_S = 10.0
"""Seconds between checkpoints of a path."""


@dataclass(frozen=True, eq=False)
class Task:
    """One path to prune: where it starts, what it may see, and what it is compared with.

    Attributes
    ----------
    netlist
        Where it starts, exact or approximated; its one output is the class.
    reference
        The unapproximated model.
    evidence
        Rows to search on, with their copies.
    X_held, y_held
        Rows to judge on that neither search nor reference saw; none for the final path.
    held_weight
        Of each of them, float64, mean 1.
    taught
        A teacher labelled the copies.
    keep_right
        No row of the evidence may become wrong: those that the reference gets right.
    optimize
        As in `prune_path`.
    most_held_loss
        The path ends once it lost this much of the held rows.
    by_round
        What rounds leave when they have mended is judged on the held rows, not every point.
    least_share
        The path ends once less than this share of its cost is left.
    until
        The path ends with the first point for which this is true, too.
    most_further
        Share of the rows' weight that may be lost beyond the loss allowed, at most.
    """

    netlist: Netlist
    reference: IntegerModel
    evidence: Evidence
    X_held: IntArray
    y_held: IntArray
    held_weight: FloatArray
    taught: bool = False
    keep_right: bool = False
    optimize: Literal["area", "power"] = "area"
    most_held_loss: float = np.inf
    by_round: bool = False
    least_share: float = 0.0
    until: Callable[[PrunePoint], bool] | None = None
    most_further: float = BEYOND


@dataclass(frozen=True, eq=False)
class PrunePath:
    """A path with its loss.

    Attributes
    ----------
    points
        From the netlist given to the smallest.
    loss
        Loss against the reference on search rows and their copies, as share of their weight.
    held_loss
        The same on the held rows; empty if there are none.
    checkpoint
        File that holds the path until it is no longer needed.
    by_round
        As in `Task`.
    """

    points: tuple[PrunePoint, ...]
    loss: FloatArray
    held_loss: FloatArray
    checkpoint: Path
    by_round: bool = False

    def fold_front(self, n_held: int) -> FoldFront:
        """What the guard needs of it."""
        which = points_as_built(self.points) if self.by_round else list(range(len(self.points)))
        cost = np.array([self.points[k].cost for k in which])
        return FoldFront(self.loss[which], cost, self.held_loss[which], n_held, self.by_round)


def points_as_built(points: Sequence[PrunePoint]) -> list[int]:
    """Points that have just been mended, and all before the first of them: what is built of any
    other point is mended, which puts rows right, on Pendigits up to three in a hundred."""
    mended_ones = [k for k in range(1, len(points)) if just_mended(points, k)]
    if not mended_ones:
        return list(range(len(points)))
    return list(range(mended_ones[0])) + mended_ones


def just_mended(points: Sequence[PrunePoint], which: int) -> bool:
    """Whether a point ends a round's mending. One that began with mapping alone changed nothing."""
    return points[which - 1].round < points[which].round and bool(points[which].changes)


def is_long(network: GateNetwork, evidence: Evidence) -> bool:
    """Whether judging every move in every batch would take long."""
    return _gate_rows(network, evidence) >= LONG_GATE_ROWS


def mends_start(network: GateNetwork, evidence: Evidence, *, taught: bool) -> bool:
    """Whether the start is mended, too, before anything is pruned."""
    most = MENDED_START_GATE_ROWS if taught else LONG_GATE_ROWS
    return _gate_rows(network, evidence) < most


def _gate_rows(network: GateNetwork, evidence: Evidence) -> int:
    return int(np.count_nonzero(network.op != NOT_A_GATE)) * len(evidence.y)


def run_task(
    task: Task,
    library: CellLibrary,
    *,
    max_loss: float,
    so_far: Sequence[PrunePoint] = (),
) -> PrunePath:
    """Prune from the task's netlist down until far more than `max_loss` is lost.

    A checkpoint is kept in the user's cache folder and found again by the same call. `so_far`
    holds points of the same path that ended earlier, to go on from.
    """
    evidence = task.evidence
    reference_wrong = float(
        evidence.weights @ (task.reference.predict(evidence.X_int) != evidence.y)
    )
    start = network_of(task.netlist, library)
    start_wrong = float(evidence.weights @ (predict_network(start, evidence.X_int) != evidence.y))
    # A fully grown tree is right on all rows it saw; what replaced it may have lost many of them.
    most_wrong = max(reference_wrong, start_wrong) + max_loss + task.most_further
    if task.keep_right:
        most_wrong = 0.0
    kept = checkpoint_path(
        task.netlist,
        library,
        evidence,
        most_wrong=most_wrong,
        optimize=task.optimize,
        ends=(task.most_held_loss, task.least_share),
    )
    saved = time.monotonic()

    def enough(points: list[PrunePoint]) -> bool:
        last = points[-1]
        judged = points[points_as_built(points)[-1]] if task.by_round else last
        spent = np.isfinite(task.most_held_loss) and held_loss(task, judged) > task.most_held_loss
        small = last.cost < task.least_share * points[0].cost
        return bool(spent) or small or bool(task.until and task.until(last))

    def keep(points: list[PrunePoint]) -> None:
        nonlocal saved
        if time.monotonic() - saved > CHECKPOINT_S:
            save_points(kept, points)
            saved = time.monotonic()

    points = prune_path(
        start,
        library,
        evidence,
        most_wrong=most_wrong,
        map_again=_mapping(library),
        optimize=task.optimize,
        lazy=is_long(start, evidence),
        mends_start=mends_start(start, evidence, taught=task.taught),
        stop=enough,
        resume=max(load_points(kept), list(so_far), key=len),
        progress=keep,
    )
    save_points(kept, points)
    lost = [held_loss(task, point) for point in points] if len(task.y_held) else []
    loss = np.array([point.wrong for point in points]) - reference_wrong
    return PrunePath(tuple(points), loss, np.array(lost, float), kept, task.by_round)


def finished(task: Task, path: PrunePath, which: int, library: CellLibrary) -> PrunePoint:
    """What is built of a point of the task's path: that netlist, mended if it has not just been."""
    point = path.points[which]
    if task.keep_right or which == 0:
        return point
    if just_mended(path.points, which):
        return point
    return mended(task, point, library)


def mended(task: Task, point: PrunePoint, library: CellLibrary) -> PrunePoint:
    """A point of the task's path, mapped again and mended on the rows that the path sees."""
    return mended_point(point, library, task.evidence, _mapping(library), optimize=task.optimize)


def _mapping(library: CellLibrary) -> Callable[[Netlist], Netlist]:
    return lambda netlist: map_netlist(netlist, library, flow=REFRESH)


def held_loss(task: Task, point: PrunePoint) -> float:
    """Share of the held rows that a point loses against the reference."""
    right = task.reference.predict(task.X_held) == task.y_held
    found = predict_network(point.network, task.X_held) == task.y_held
    return float(task.held_weight @ (right.astype(float) - found) / len(task.y_held))


def run_by_share(
    whole: Task,
    folds: list[Task],
    library: CellLibrary,
    *,
    max_loss: float,
    n_jobs: int,
) -> list[PrunePath]:
    """The paths of large tables, the whole's first, none longer than the choice of a point needs.

    Folds end where they have lost far more than they may, and the whole at the share of its area
    that the folds allow.
    """
    aim = AIM_SHARE * max_loss
    ends = [replace(task, most_held_loss=aim + FAR_BEYOND) for task in folds]
    found = run_tasks(ends, library, max_loss=max_loss, n_jobs=n_jobs)
    fronts = [path.fold_front(len(task.y_held)) for path, task in zip(found, folds, strict=True)]
    left = least_share(fronts, max_loss=aim).left
    ended = replace(whole, least_share=left)
    return [run_task(ended, library, max_loss=max_loss), *found]


def run_tasks(
    tasks: list[Task], library: CellLibrary, *, max_loss: float, n_jobs: int
) -> list[PrunePath]:
    """All paths side by side; the result does not depend on `n_jobs`."""
    paths: list[PrunePath] = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(run_task)(task, library, max_loss=max_loss) for task in tasks
    )
    return paths


def predict_network(network: GateNetwork, X_int: IntArray) -> IntArray:
    """Class of each row, int64, from the network's only output port."""
    packed = pack_inputs(network.like, X_int)
    values = np.zeros((network.n_nets, packed.shape[1]), np.uint64)
    values[1] = ~np.uint64(0)
    first = network.like.first_gate_net
    values[2:first] = packed
    run_network(network.op, network.a, network.b, first, values)
    result = np.zeros(len(X_int), np.int64)
    read_bus_words(values, network.outputs.astype(np.int64), False, result)
    return result
