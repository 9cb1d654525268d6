"""The exploration: probe every configuration, then finish what promises most, batch after batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from printml.explore.evaluate import Probe, finish, probe
from printml.explore.points import Failure, Point, hypervolume, pareto_front
from printml.explore.space import LOSSES, configurations, finished_recipe, short_name
from printml.explore.workers import Workers
from printml.flow.recipe import FAMILIES, Recipe

BATCH = 4
"""Circuits per batch, whatever the number of workers, so that results do not depend on it."""
FIRST_SHARE = {0.005: 0.3, 0.01: 0.15, 0.02: 0.08, 0.04: 0.04}
"""Area left at each `max_loss`, until finished circuits tell better."""


@dataclass(frozen=True)
class Candidate:
    """A configuration and how much accuracy to spend on it."""

    configuration: Recipe
    max_loss: float


@dataclass(frozen=True)
class Progress:
    """The front's hypervolume after so many finished recipes and seconds."""

    n_finished: int
    seconds: float
    hypervolume: float


@dataclass(frozen=True, eq=False)
class Exploration:
    """What came out: all points, the front among them, failures, and how the front grew."""

    probes: tuple[Probe, ...]
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    failures: tuple[Failure, ...]
    history: tuple[Progress, ...]
    stopped: str


def explore(
    base: Recipe,
    store: Path,
    workers: Workers,
    *,
    families: Collection[str] = FAMILIES,
    seconds: float = float("inf"),
    evaluations: int = 10**9,
    progress: Callable[[str], None] = lambda text: None,
    after_batch: Callable[[Exploration], None] = lambda so_far: None,
) -> Exploration:
    """Explore a data set.

    Parameters
    ----------
    base
        Data set, split, seed, library and so on; its model does not matter.
    store
        Folder of the content-addressed store.
    families
        Model families to look at.
    seconds
        No batch is begun that would, going by the last one, end later.
    evaluations
        At most so many recipes are finished. With this budget alone the result depends neither on
        the number of workers nor on their speed.
    progress
        Called with a line of text after each finished recipe.
    after_batch
        Called with the state after each batch, so that it can be written down.
    """
    begun = time.monotonic()
    probes: dict[str, Probe] = {}
    failures: list[Failure] = []
    by_name = {short_name(recipe): recipe for recipe in configurations(base, families)}
    for found in workers.map(partial(probe, store=store), list(by_name.values())):
        if isinstance(found, Failure):
            failures.append(found)
            progress(f"{found.name}: {found.reason}")
        else:
            probes[found.name] = found
            progress(
                f"probed {found.name}: {found.accuracy_validation:.3f} on validation rows, "
                f"about {found.area_mm2 / 100:.2f} cm2 exact"
            )
    waiting = [Candidate(by_name[name], loss) for name in probes for loss in LOSSES]
    least = max((found.most_frequent for found in probes.values()), default=0.0)
    points: list[Point] = []
    history: list[Progress] = []
    done: list[tuple[Candidate, list[Point]]] = []
    n_finished, longest, stopped = 0, 0.0, "nothing left to try"

    def state() -> Exploration:
        return Exploration(
            tuple(probes.values()), tuple(points), tuple(pareto_front(points)), tuple(failures),
            tuple(history), stopped,
        )  # fmt: skip

    while waiting:
        room = min(BATCH, evaluations - n_finished)
        if room <= 0:
            stopped = f"{evaluations} evaluations"
            break
        if time.monotonic() - begun + longest > seconds:
            stopped = f"{seconds:.0f} s"
            break
        batch = most_promising(waiting, probes, done, points, least=least, n=room)
        waiting = [candidate for candidate in waiting if candidate not in batch]
        batch_begun = time.monotonic()
        recipes = [finished_recipe(c.configuration, c.max_loss) for c in batch]
        for candidate, result in zip(
            batch, workers.map(partial(finish, store=store), recipes), strict=True
        ):
            if isinstance(result, Failure):
                failures.append(result)
                progress(f"{result.name}: {result.reason}")
                continue
            points += result
            done.append((candidate, result))
            progress(_line(result))
        n_finished += len(batch)
        longest = max(longest, time.monotonic() - batch_begun)
        volume = hypervolume(
            [p.accuracy_validation for p in points], [p.area_cm2 for p in points],
            least_accuracy=least,
        )  # fmt: skip
        history.append(Progress(n_finished, time.monotonic() - begun, volume))
        after_batch(state())
    return state()


def most_promising(
    waiting: Sequence[Candidate],
    probes: dict[str, Probe],
    done: Sequence[tuple[Candidate, list[Point]]],
    points: Sequence[Point],
    *,
    least: float,
    n: int,
) -> list[Candidate]:
    """The `n` candidates whose predicted circuits add most to the front's hypervolume together.

    A circuit is predicted to lose its `max_loss` against the probe, and to keep of the estimated
    area what finished circuits with that `max_loss` kept (median; of its own family once there
    are some). A family without a finished circuit goes first, with its best configuration.
    """
    accuracies = [point.accuracy_validation for point in points]
    areas = [point.area_cm2 for point in points]
    predicted = {c: _predicted(c, probes, done) for c in waiting}
    chosen: list[Candidate] = []
    seen = {candidate.configuration.model for candidate, _ in done}
    for _ in range(min(n, len(waiting))):
        before = hypervolume(accuracies, areas, least_accuracy=least)

        def gain(candidate: Candidate, before: float = before) -> tuple[bool, float, str]:
            accuracy, area = predicted[candidate]
            after = hypervolume([*accuracies, accuracy], [*areas, area], least_accuracy=least)
            # Names break ties, so that the order never depends on how a set is walked.
            return candidate.configuration.model not in seen, after - before, _name(candidate)

        best = max((c for c in waiting if c not in chosen), key=gain)
        chosen.append(best)
        seen.add(best.configuration.model)
        accuracies.append(predicted[best][0])
        areas.append(predicted[best][1])
    return chosen


def _predicted(
    candidate: Candidate,
    probes: dict[str, Probe],
    done: Sequence[tuple[Candidate, list[Point]]],
) -> tuple[float, float]:
    found = probes[short_name(candidate.configuration)]
    kept: dict[bool, list[float]] = {True: [], False: []}
    for other, points in done:
        if other.max_loss == candidate.max_loss and points:
            exact = probes[short_name(other.configuration)].area_mm2 / 100
            same = other.configuration.model == candidate.configuration.model
            kept[same].append(points[-1].area_cm2 / max(exact, 1e-6))
    shares = kept[True] or kept[False] or [FIRST_SHARE[candidate.max_loss]]
    area = float(np.median(shares)) * found.area_mm2 / 100
    return found.accuracy_validation - candidate.max_loss, area


def _name(candidate: Candidate) -> str:
    return short_name(finished_recipe(candidate.configuration, candidate.max_loss))


def _line(points: Sequence[Point]) -> str:
    if not points:
        return "finished, without a validation accuracy"
    stages = ", ".join(
        f"{p.stage} {p.area_cm2:.3f} cm2 at {p.accuracy_validation:.3f}" for p in points
    )
    return f"{points[0].name}: {stages}"
