"""The exploration: probe every configuration, then finish what promises most, batch after batch.

When every configuration is finished, those on the front are finished with more losses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from printml.explore.evaluate import Probe, finish, probe
from printml.explore.points import Failure, Point, hypervolume, pareto_front
from printml.explore.space import (
    FURTHER_LOSSES,
    MAX_LOSS,
    configurations,
    finished_recipe,
    refined_recipe,
    short_name,
)
from printml.explore.workers import Workers
from printml.flow.recipe import FAMILIES, Recipe

BATCH = 4
"""Circuits per batch, whatever the number of workers, so that results do not depend on it."""
FIRST_SHARE = {0.0: 1.0, 0.003: 0.05, 0.01: 0.02, 0.02: 0.015, 0.04: 0.01, 0.08: 0.006, 0.16: 0.003}
"""Area left at each loss, until finished circuits tell better."""
WORK_PER_CM2 = 0.5
"""Finishing a circuit takes about ten seconds and half as much again per cm2 of its exact circuit
(SVMs and MLPs of docs/results.md, 1.6 to 28 cm2, one core)."""
LOSSES = tuple(sorted({0.0, MAX_LOSS, *FURTHER_LOSSES}))


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
    with_adc: bool = False,
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
    with_adc
        Areas and powers are those of circuit and analog-digital converters together.
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
    waiting = [by_name[name] for name in probes]
    least = max((found.most_frequent for found in probes.values()), default=0.0)
    points: list[Point] = []
    history: list[Progress] = []
    done: list[tuple[Recipe, list[Point]]] = []
    n_finished, longest, stopped = 0, 0.0, "nothing left to try"

    def state() -> Exploration:
        return Exploration(
            tuple(probes.values()), tuple(points), tuple(pareto_front(points)), tuple(failures),
            tuple(history), stopped,
        )  # fmt: skip

    refined: set[str] = set()
    while True:
        on_front = {point.name for point in pareto_front(points)} - refined
        if not waiting and not on_front:
            break
        room = min(BATCH, evaluations - n_finished)
        if room <= 0:
            stopped = f"{evaluations} evaluations"
            break
        if time.monotonic() - begun + longest > seconds:
            stopped = f"{seconds:.0f} s"
            break
        batch_begun = time.monotonic()
        if waiting:
            batch = most_promising(waiting, probes, done, points, least=least, n=room)
            waiting = [configuration for configuration in waiting if configuration not in batch]
            # The longest first, so that workers end together.
            batch.sort(key=lambda configuration: -_work(probes[short_name(configuration)]))
            recipes = [finished_recipe(configuration) for configuration in batch]
        else:
            batch = [by_name[name] for name in sorted(on_front)[:room]]
            refined |= {short_name(configuration) for configuration in batch}
            recipes = [refined_recipe(configuration) for configuration in batch]
        for configuration, result in zip(
            batch,
            workers.map(partial(finish, store=store, with_adc=with_adc), recipes),
            strict=True,
        ):
            if isinstance(result, Failure):
                failures.append(result)
                progress(f"{result.name}: {result.reason}")
                continue
            known = {(point.name, point.stage) for point in points}
            fresh = [point for point in result if (point.name, point.stage) not in known]
            points += fresh
            done.append((configuration, result))
            progress(_line(fresh))
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
    waiting: Sequence[Recipe],
    probes: dict[str, Probe],
    done: Sequence[tuple[Recipe, list[Point]]],
    points: Sequence[Point],
    *,
    least: float,
    n: int,
) -> list[Recipe]:
    """The `n` configurations whose predicted circuits add most to the front's hypervolume, for the
    work of finishing them.

    A configuration is predicted to give a circuit per loss, that much less accurate than the
    probe, and to keep of the estimated area what finished circuits of that loss kept (median; of
    its own family once there are some). A family without a finished circuit goes first.
    """
    accuracies = [point.accuracy_validation for point in points]
    areas = [point.area_cm2 for point in points]
    predicted = {short_name(c): _predicted(c, probes, done) for c in waiting}
    chosen: list[Recipe] = []
    seen = {configuration.model for configuration, _ in done}
    for _ in range(min(n, len(waiting))):
        before = hypervolume(accuracies, areas, least_accuracy=least)

        def gain(configuration: Recipe, before: float = before) -> tuple[bool, float, str]:
            more = predicted[short_name(configuration)]
            after = hypervolume(
                [*accuracies, *(accuracy for accuracy, _ in more)],
                [*areas, *(area for _, area in more)],
                least_accuracy=least,
            )
            # Names break ties, so that the order never depends on how a set is walked.
            name = short_name(configuration)
            return (
                configuration.model not in seen,
                (after - before) / _work(probes[name]),
                name,
            )

        best = max((c for c in waiting if c not in chosen), key=gain)
        chosen.append(best)
        seen.add(best.model)
        accuracies.extend(accuracy for accuracy, _ in predicted[short_name(best)])
        areas.extend(area for _, area in predicted[short_name(best)])
    return chosen


def _work(found: Probe) -> float:
    return 1 + WORK_PER_CM2 * found.area_mm2 / 100


def _predicted(
    configuration: Recipe,
    probes: dict[str, Probe],
    done: Sequence[tuple[Recipe, list[Point]]],
) -> list[tuple[float, float]]:
    """Validation accuracy and area in cm2 of the circuit for each of `LOSSES`."""
    found = probes[short_name(configuration)]
    kept: dict[tuple[bool, float], list[float]] = {}
    for other, points in done:
        exact = max(probes[short_name(other)].area_mm2 / 100, 1e-6)
        for point in points:
            loss = loss_of(point)
            if loss is not None:
                same = other.model == configuration.model
                kept.setdefault((same, loss), []).append(point.area_cm2 / exact)
    circuits = []
    for loss in LOSSES:
        shares = kept.get((True, loss)) or kept.get((False, loss)) or [FIRST_SHARE[loss]]
        area = float(np.median(shares)) * found.area_mm2 / 100
        circuits.append((found.accuracy_validation - loss, area))
    return circuits


def loss_of(point: Point) -> float | None:
    """The loss a circuit was allowed; None for a stage between exact and pruned."""
    if point.stage == "exact":
        return 0.0
    if point.stage == "pruned":
        return MAX_LOSS
    found = [loss for loss in FURTHER_LOSSES if point.stage == f"pruned-at-{100 * loss:g}"]
    return found[0] if found else None


def _line(points: Sequence[Point]) -> str:
    if not points:
        return "finished, without a new circuit of known validation accuracy"
    stages = ", ".join(
        f"{p.stage} {p.area_cm2:.3f} cm2 at {p.accuracy_validation:.3f}" for p in points
    )
    return f"{points[0].name}: {stages}"
