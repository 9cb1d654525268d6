"""What a configuration promises for the work of finishing it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from printml.explore.evaluate import Probe
from printml.explore.points import MOST_AREA_CM2, Point, decades_saved, hypervolume
from printml.explore.space import FURTHER_LOSSES, MAX_LOSS, short_name
from printml.flow.recipe import Recipe

FIRST_SHARE = {0.0: 1.0, 0.003: 0.05, 0.01: 0.02, 0.02: 0.015, 0.04: 0.01, 0.08: 0.006, 0.16: 0.003}
"""Area left at each loss, until finished circuits tell better."""
WORK_PER_CM2 = 0.5
"""Finishing a circuit takes about ten seconds and half as much again per cm2 of its exact circuit
(the MLPs of docs/results.md up to 20 cm2, one core; its large SVMs take less than half of that)."""
LOSSES = tuple(sorted({0.0, MAX_LOSS, *FURTHER_LOSSES}))


def most_promising(
    waiting: Sequence[Recipe],
    probes: dict[str, Probe],
    done: Sequence[tuple[Recipe, list[Point]]],
    points: Sequence[Point],
    *,
    least: float,
    n: int,
    wanted: Sequence[float] = (),
    within_cm2: float | None = None,
) -> list[Recipe]:
    """The `n` configurations whose predicted circuits add most for the work of finishing them: to
    the decades of area saved at the accuracies `wanted`, then to the accuracy of the best circuit
    of at most `within_cm2`, then to the front's hypervolume.

    A configuration is predicted to give a circuit per loss, that much less accurate than the
    probe, and to keep of the estimated area what finished circuits of that loss kept (median; of
    its own family once there are some). A wanted accuracy above every probe counts as that of the
    best. A family without a finished circuit goes first, with the configuration that promises
    most by itself, unless all its probes are nearer to the most frequent class than to the best
    probe, or below whatever is wanted.
    """
    front = [(point.accuracy_validation, point.area_cm2) for point in points]
    predicted = {short_name(c): _predicted(c, probes, done) for c in waiting}
    seen = {configuration.model for configuration, _ in done}
    best_probe = max(found.accuracy_validation for found in probes.values())
    wanted = [min(accuracy, best_probe) for accuracy in wanted]
    enough = max((least + best_probe) / 2, min(wanted, default=0.0))
    able = {c.model for c in waiting if probes[short_name(c)].accuracy_validation >= enough}

    def promise(configuration: Recipe) -> tuple[bool, float, float, float, float, str]:
        name = short_name(configuration)
        unseen = configuration.model in able - seen
        # Beside others, only the largest of a family may promise more than they do; a family is
        # met at what it gives alone.
        beside = [] if unseen else front
        with_it = [*beside, *predicted[name]]
        saved = _decades_saved(with_it, wanted) - _decades_saved(beside, wanted)
        better = _best_within(with_it, within_cm2, least) - _best_within(beside, within_cm2, least)
        gain = _volume(with_it, least) - _volume(beside, least)
        work = work_of(probes[name])
        # Names break ties, so that the order never depends on how a set is walked.
        return unseen, saved / work, better / work, gain / work, -work, name

    chosen: list[Recipe] = []
    for _ in range(min(n, len(waiting))):
        best = max((c for c in waiting if c not in chosen), key=promise)
        chosen.append(best)
        seen.add(best.model)
        front += predicted[short_name(best)]
    return chosen


def _volume(circuits: Sequence[tuple[float, float]], least: float) -> float:
    """Hypervolume of accuracies and areas in cm2."""
    accuracies, areas = [a for a, _ in circuits], [area for _, area in circuits]
    return hypervolume(accuracies, areas, least_accuracy=least)


def _decades_saved(circuits: Sequence[tuple[float, float]], wanted: Sequence[float]) -> float:
    """Sum over the accuracies wanted, of the smallest circuit that has each."""
    smallest = [
        min((area for reached, area in circuits if reached >= accuracy), default=MOST_AREA_CM2)
        for accuracy in wanted
    ]
    return float(decades_saved(smallest).sum())


def _best_within(
    circuits: Sequence[tuple[float, float]], limit_cm2: float | None, least: float
) -> float:
    """Accuracy of the best circuit that is not too large; `least` if there is none."""
    if limit_cm2 is None:
        return least
    return max((reached for reached, area in circuits if area <= limit_cm2), default=least)


def work_of(found: Probe) -> float:
    """What finishing a configuration costs, in that of the smallest."""
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
