"""One circuit out of many by what the user needs of it, or the nearest miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from printml.explore.points import Corner, Point


@dataclass(frozen=True)
class Needs:
    """Limits; None where there is none.

    Attributes
    ----------
    max_power_mw
        At the supply chosen.
    max_area_cm2
        Of the classifier alone.
    min_accuracy
        On validation rows, as share.
    sampling_hz
        Answers per second: the critical path must be shorter than its inverse.
    """

    max_power_mw: float | None = None
    max_area_cm2: float | None = None
    min_accuracy: float | None = None
    sampling_hz: float | None = None


@dataclass(frozen=True)
class Recommendation:
    """The circuit to take, at which supply, and why; `misses` names the limits it breaks."""

    point: Point
    corner: Corner
    misses: tuple[str, ...]
    why: str


def area_limit_cm2(needs: Needs, points: Sequence[Point]) -> float | None:
    """The largest circuit that the limits of area and power let through, for choosing what to try.

    Power becomes area by what `points` draw per cm2 at the supply where they draw least (median).

    Returns
    -------
    float or None
        cm2; None if neither is limited, or only power is and no point has an area yet.
    """
    limits = [] if needs.max_area_cm2 is None else [needs.max_area_cm2]
    drawn = [p.least_corner.power_mw / p.area_cm2 for p in points if p.area_cm2 > 0]
    if needs.max_power_mw is not None and drawn:
        limits.append(needs.max_power_mw / float(np.median(drawn)))
    return min(limits, default=None)


def recommend(points: Sequence[Point], needs: Needs) -> Recommendation | None:
    """The circuit that meets all needs, or breaks them least; None if there are no points.

    With a least accuracy the circuit of least power wins whose 95 % interval on validation rows is
    not below it: of many circuits that just reach it, the smallest is often a lucky one. If there
    is none, or no least accuracy, the most accurate one wins; ties go to less area. A miss is
    measured by how many times over the limit a figure is (accuracy: by how many times its error is
    over the allowed one).
    """
    ranked = []
    for point in points:
        for corner in point.corners:
            over = _excess(point, corner, needs)
            worst = max(over.values(), default=0.0)
            sure = _surely_enough(point, needs)
            prefer = (
                (corner.power_mw, point.area_cm2)
                if sure
                else (-point.accuracy_validation, corner.power_mw)
            )
            rank = (worst, not sure, *prefer, point.area_cm2, point.name, point.stage, corner.vdd)
            ranked.append((rank, point, corner, tuple(over.items())))
    if not ranked:
        return None
    _, point, corner, broken = min(ranked, key=lambda entry: entry[0])
    misses = tuple(f"{name} is {ratio:.2g} times its limit" for name, ratio in broken)
    if misses:
        why = "nothing meets all needs; this one is nearest"
    elif needs.min_accuracy is None:
        why = "most accurate on validation rows of all within the limits"
    elif _surely_enough(point, needs):
        why = "least power of all that are surely accurate enough (95 %) and within the limits"
    else:
        why = (
            "most accurate on validation rows of all within the limits; none is surely (95 %) "
            "accurate enough on so few rows"
        )
    return Recommendation(point, corner, misses, why)


def _surely_enough(point: Point, needs: Needs) -> bool:
    return needs.min_accuracy is not None and point.validation_interval[0] >= needs.min_accuracy


def _excess(point: Point, corner: Corner, needs: Needs) -> dict[str, float]:
    """How far over its limit each broken figure is, as a factor above 1."""
    ratios: dict[str, float] = {}
    if needs.max_power_mw is not None:
        ratios["power"] = corner.power_mw / needs.max_power_mw
    if needs.max_area_cm2 is not None:
        ratios["area"] = point.area_cm2 / needs.max_area_cm2
    if needs.min_accuracy is not None and point.accuracy_validation < needs.min_accuracy:
        allowed = max(1.0 - needs.min_accuracy, 1e-3)
        ratios["validation error"] = (1.0 - point.accuracy_validation) / allowed
    if needs.sampling_hz is not None:
        delay_ms = float("inf") if corner.delay_ms is None else corner.delay_ms
        ratios["critical path"] = delay_ms * needs.sampling_hz / 1000.0
    return {name: ratio for name, ratio in ratios.items() if ratio > 1.0}
