"""The exploration: probe every configuration, then finish what promises most, batch after batch.

When every configuration is finished, or none fits into the time that is left, those on the front
are finished with more losses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from printml.explore.evaluate import Probe, build_seconds, finish, probe
from printml.explore.needs import Needs, area_limit_cm2
from printml.explore.points import Failure, Point, hypervolume, pareto_front
from printml.explore.promise import most_promising, work_of
from printml.explore.space import configurations, finished_recipe, refined_recipe, short_name
from printml.explore.workers import Workers
from printml.flow.recipe import FAMILIES, Recipe
from printml.intervals import surely_at_least

BATCH = 4
"""Circuits per batch, whatever the number of workers, so that results do not depend on it."""
UNKNOWN_PACE_S = 60.0
"""Of a unit of work until a circuit is finished; all but 6 of the 109 builds behind the published
points of docs/results.md took less, half of them 22 or less."""


NO_NEEDS = Needs()


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
    wanted: Sequence[float] = (),
    needs: Needs = NO_NEEDS,
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
        Nothing is begun that would, going by the circuits so far and their sizes, end later; if
        nothing fits from the start, the smallest is finished all the same. Where no configuration
        fits any more, those on the front are finished with more losses.
    evaluations
        At most so many recipes are finished. With this budget alone the result depends neither on
        the number of workers nor on their speed.
    with_adc
        Areas and powers are those of circuit and analog-digital converters together.
    wanted
        Accuracies; what promises a smaller circuit of one of them on validation rows, or of the
        least that is surely above it, is finished first.
    needs
        Its least accuracy is wanted too; without one, what promises the most accurate circuit
        within its limits of area and power is finished first.
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
    for name, first in same_models(by_name, probes).items():
        del probes[name]
        progress(f"{name}: the same model as {first}, left out")
    if needs.min_accuracy is not None:
        wanted = [*wanted, needs.min_accuracy]
    wanted = with_margins(wanted, [found.n_validation for found in probes.values()])
    waiting = [by_name[name] for name in probes]
    least = max((found.most_frequent for found in probes.values()), default=0.0)
    points: list[Point] = []
    history: list[Progress] = []
    done: list[tuple[Recipe, list[Point]]] = []
    spent_s, work = 0.0, 0.0
    n_finished, stopped = 0, "nothing left to try"

    def state() -> Exploration:
        return Exploration(
            tuple(probes.values()), tuple(points), tuple(pareto_front(points)), tuple(failures),
            tuple(history), stopped,
        )  # fmt: skip

    refined: set[str] = set()
    while True:
        on_front = [by_name[n] for n in sorted({p.name for p in pareto_front(points)} - refined)]
        if not waiting and not on_front:
            break
        room = min(BATCH, evaluations - n_finished)
        if room <= 0:
            stopped = f"{evaluations} evaluations"
            break
        takes = partial(
            batch_seconds,
            probes=probes,
            pace_s=spent_s / work if work else UNKNOWN_PACE_S,
            n_workers=workers.n_workers,
        )
        left_s = seconds - (time.monotonic() - begun)
        fitting = [c for c in waiting if takes([c]) < left_s]
        if not fitting and not n_finished:
            # Probes alone are no answer.
            fitting = [min(waiting, key=lambda c: (work_of(probes[short_name(c)]), short_name(c)))]
        further = not fitting
        if further:
            batch = [c for c in on_front if takes([c]) < left_s][:room]
        else:
            batch = most_promising(
                fitting, probes, done, points, least=least, n=room, wanted=wanted,
                within_cm2=area_limit_cm2(needs, points) if needs.min_accuracy is None else None,
            )  # fmt: skip
        while len(batch) > 1 and takes(batch) > left_s:
            batch.pop()
        if not batch:
            stopped = f"{seconds:.0f} s"
            break
        # The longest first, so that workers end together.
        batch.sort(key=lambda c: (-work_of(probes[short_name(c)]), short_name(c)))
        if further:
            refined |= {short_name(c) for c in batch}
        waiting = [c for c in waiting if c not in batch]
        recipes = [(refined_recipe if further else finished_recipe)(c) for c in batch]
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
            spent_s += build_seconds(store, result)
            work += work_of(probes[short_name(configuration)])
            progress(_line(fresh))
        n_finished += len(batch)
        volume = hypervolume(
            [p.accuracy_validation for p in points], [p.area_cm2 for p in points],
            least_accuracy=least,
        )  # fmt: skip
        history.append(Progress(n_finished, time.monotonic() - begun, volume))
        after_batch(state())
    return state()


def same_models(by_name: dict[str, Recipe], probes: dict[str, Probe]) -> dict[str, str]:
    """Configurations whose probe is that of an earlier one, and that one: where trees end before
    they have as many leaves as they may, limits beyond that change nothing."""
    first: dict[tuple[str, int, float, float], str] = {}
    same = {}
    for name, found in probes.items():
        recipe = by_name[name]
        key = (recipe.model, recipe.n_trees, found.accuracy_validation, found.area_mm2)
        if first.setdefault(key, name) != name:
            same[name] = first[key]
    return same


def with_margins(wanted: Sequence[float], n_validation: Sequence[int]) -> list[float]:
    """Accuracies, and for each the least on so many rows whose 95 % interval is not below it.

    Parameters
    ----------
    n_validation
        Of any probes; the fewest count.

    Examples
    --------
    >>> with_margins([0.5], [100, 200]), with_margins([0.5], [])
    ([0.5, 0.61], [0.5])
    """
    surely = [surely_at_least(a, min(n_validation)) for a in wanted] if n_validation else []
    return sorted({*wanted, *surely})


def batch_seconds(
    batch: Sequence[Recipe], *, probes: dict[str, Probe], pace_s: float, n_workers: int
) -> float:
    """How long a batch should take: its longest circuit, or all of them shared among the workers.

    Parameters
    ----------
    pace_s
        Seconds of one worker for a unit of `printml.explore.promise.work_of`.
    """
    work = [work_of(probes[short_name(configuration)]) for configuration in batch]
    return pace_s * max([*work, sum(work) / n_workers])


def _line(points: Sequence[Point]) -> str:
    if not points:
        return "finished, without a new circuit of known validation accuracy"
    stages = ", ".join(
        f"{p.stage} {p.area_cm2:.3f} cm2 at {p.accuracy_validation:.3f}" for p in points
    )
    return f"{points[0].name}: {stages}"
