"""What differs between two run folders, and which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIGURES = (
    ("accuracy_test", "test accuracy", "up"),
    ("accuracy_train", "training accuracy", "up"),
    ("area_cm2", "area cm2", "down"),
    ("power_mw", "power mW", "down"),
    ("delay_ms", "critical path ms", "down"),
    ("n_cells", "cells", "down"),
)
"""Field, name, and the way that is better."""


@dataclass(frozen=True)
class Difference:
    """One figure or choice of both runs.

    Attributes
    ----------
    stage
        Stage of the circuit, or `recipe` for a choice.
    verdict
        `better`, `worse` or `same` for a figure, `changed` for a choice.
    ratio
        Second over first, None where that means nothing.
    """

    stage: str
    name: str
    before: str
    after: str
    ratio: float | None
    verdict: str


def compare_runs(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    recipe_before: Mapping[str, Any],
    recipe_after: Mapping[str, Any],
) -> list[Difference]:
    """Choices that differ, then the figures of every stage that both have, then lone stages.

    Parameters
    ----------
    before, after
        `metrics.json` of each.
    """
    found = [
        Difference("recipe", name, str(recipe_before.get(name)), str(recipe_after.get(name)),
                   None, "changed")
        for name in sorted({*recipe_before, *recipe_after})
        if recipe_before.get(name) != recipe_after.get(name)
    ]  # fmt: skip
    stages = [{stage["name"]: stage for stage in metrics["stages"]} for metrics in (before, after)]
    for name, old in stages[0].items():
        new = stages[1].get(name)
        if new is None:
            found.append(Difference(name, "stage", "there", "missing", None, "changed"))
            continue
        for field, title, better in FIGURES:
            if field in old and field in new:
                found.append(_figure(name, title, float(old[field]), float(new[field]), better))
    found += [
        Difference(name, "stage", "missing", "there", None, "changed")
        for name in stages[1]
        if name not in stages[0]
    ]
    return found


def _figure(stage: str, title: str, old: float, new: float, better: str) -> Difference:
    verdict = "same" if new == old else "better" if (new > old) == (better == "up") else "worse"
    ratio = new / old if old else None
    return Difference(stage, title, f"{old:.5g}", f"{new:.5g}", ratio, verdict)
