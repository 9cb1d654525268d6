"""What an exploration leaves on disk."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from printml import __version__
from printml.explore.evaluate import run_folder
from printml.explore.needs import Recommendation
from printml.explore.points import Point
from printml.explore.search import Exploration
from printml.explore.store import entry
from printml.files import write_csv_atomic, write_json_atomic, write_text_atomic
from printml.flow.recipe import Recipe, recipe_to_toml

RESULT = "explore.json"


def write_state(
    folder: Path,
    base: Recipe,
    found: Exploration,
    *,
    command: str,
    recommendation: Recommendation | None = None,
) -> dict[str, Any]:
    """Write `explore.json`, `points.csv` and `front.csv`; returns what stands in the first."""
    record = {
        "command": command,
        "dataset": base.dataset,
        "seed": base.seed,
        "split": base.split,
        "version": __version__,
        "stopped": found.stopped,
        "points": [asdict(point) for point in found.points],
        "front": [circuit_name(point) for point in found.front],
        "probes": [asdict(probe) for probe in found.probes],
        "failures": [asdict(failure) for failure in found.failures],
        "history": [asdict(step) for step in found.history],
        "recommendation": asdict(recommendation) if recommendation else None,
    }
    write_json_atomic(folder / RESULT, record)
    write_csv_atomic(folder / "points.csv", [_flat(point, found) for point in found.points])
    write_csv_atomic(folder / "front.csv", [_flat(point, found) for point in found.front])
    write_text_atomic(folder / "base_recipe.toml", recipe_to_toml(base))
    return record


def circuit_name(point: Point) -> str:
    """Name of a point in tables and folders."""
    return f"{point.name}-{point.stage}"


def copy_circuits(folder: Path, store: Path, found: Exploration) -> None:
    """Put the run folder of every point of the front into `folder/circuits`, by recipe.

    A configuration that was finished again with more losses has a second one, `NAME-further`.
    Folders of an earlier exploration that are on the front no more are taken away.
    """
    circuits = folder / "circuits"
    circuits.mkdir(exist_ok=True)
    first = {point.name: point.key for point in reversed(found.points)}
    wanted = {
        point.name if point.key == first[point.name] else f"{point.name}-further": point.key
        for point in found.front
    }
    for old in circuits.iterdir():
        if old.name not in wanted:
            shutil.rmtree(old)
    for name, key in wanted.items():
        fresh = circuits / f".{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with entry(store, key):
            shutil.copytree(run_folder(store, key), fresh)
        shutil.rmtree(circuits / name, ignore_errors=True)
        fresh.rename(circuits / name)


def _flat(point: Point, found: Exploration) -> dict[str, Any]:
    low = point.least_corner
    return {
        "circuit": circuit_name(point),
        "family": point.family,
        "stage": point.stage,
        "on_front": int(point in found.front),
        "accuracy_validation": point.accuracy_validation,
        "accuracy_test": point.accuracy_test,
        "accuracy_test_low": point.accuracy_test_low,
        "accuracy_test_high": point.accuracy_test_high,
        "n_test": point.n_test,
        "area_cm2": point.area_cm2,
        "power_mw": point.power_mw,
        "least_power_mw": low.power_mw,
        "least_power_vdd": low.vdd,
        "equality": point.equality,
    }
