"""Points of an exploration, their Pareto front and its hypervolume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import FloatArray
from printml.intervals import clopper_pearson

LEAST_AREA_CM2, MOST_AREA_CM2 = 1e-3, 1e3
"""The hypervolume counts decades of area between these."""


@dataclass(frozen=True)
class Corner:
    """A supply and what the circuit draws and needs at it; `delay_ms` is None if not known."""

    vdd: float
    power_mw: float
    delay_ms: float | None


@dataclass(frozen=True)
class Point:
    """One verified circuit.

    Attributes
    ----------
    name
        `short_name` of its recipe.
    stage
        `exact`, `coefficients`, `thresholds` or `pruned`.
    key
        Of its run folder in the store.
    accuracy_validation
        Estimated on left-out training rows by cross-validation: what choices are made by.
    accuracy_test, accuracy_test_low, accuracy_test_high, n_test
        On test rows with its 95 % interval; for reading, never for choosing.
    equality
        Headline of the equality ladder.
    n_validation
        Left-out rows behind `accuracy_validation`.
    """

    name: str
    family: str
    stage: str
    key: str
    accuracy_validation: float
    area_cm2: float
    power_mw: float
    corners: tuple[Corner, ...]
    accuracy_test: float
    accuracy_test_low: float
    accuracy_test_high: float
    n_test: int
    equality: str
    n_validation: int

    @property
    def validation_interval(self) -> tuple[float, float]:
        """95 % interval (Clopper-Pearson) of `accuracy_validation`.

        It tells the chance of the rows, not that the luckiest of many circuits was chosen.
        """
        return clopper_pearson(
            round(self.accuracy_validation * self.n_validation), self.n_validation
        )

    @property
    def least_corner(self) -> Corner:
        """The supply where it draws least."""
        return min(self.corners, key=lambda corner: corner.power_mw)


@dataclass(frozen=True)
class Failure:
    """A recipe that gave no circuit, and why."""

    name: str
    reason: str


def point_from_table(table: dict[str, Any]) -> Point:
    """A point from what `dataclasses.asdict` made of it."""
    corners = tuple(Corner(**corner) for corner in table["corners"])
    return Point(**{**table, "corners": corners})


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Points that no other one equals or beats in validation accuracy, area and least power.

    By rising area; of points that are equal in all three, the first by name.
    """
    front: list[Point] = []
    # Whatever beats a point comes before it.
    for point in sorted(
        points,
        key=lambda p: (p.area_cm2, p.least_corner.power_mw, -p.accuracy_validation, p.name),
    ):
        beaten = any(
            other.accuracy_validation >= point.accuracy_validation
            and other.least_corner.power_mw <= point.least_corner.power_mw
            for other in front
        )
        if not beaten:
            front.append(point)
    return front


def decades_saved(areas_cm2: Sequence[float]) -> FloatArray:
    """Of `MOST_AREA_CM2`, down to `LEAST_AREA_CM2`, for each area."""
    return np.log10(MOST_AREA_CM2 / np.clip(areas_cm2, LEAST_AREA_CM2, MOST_AREA_CM2))


def hypervolume(
    accuracies: Sequence[float], areas_cm2: Sequence[float], *, least_accuracy: float
) -> float:
    """Area under the front: accuracy above `least_accuracy` times decades of area saved.

    Parameters
    ----------
    accuracies, areas_cm2
        Of any points, dominated ones too.
    least_accuracy
        What answering the most frequent class always gives; points at or below count nothing.
    """
    decades = decades_saved(areas_cm2)
    order = np.argsort(-decades, kind="stable")
    total, reached = 0.0, least_accuracy
    for k in order:
        if accuracies[k] > reached:
            total += (accuracies[k] - reached) * float(decades[k])
            reached = accuracies[k]
    return float(total)
