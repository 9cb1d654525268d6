"""What workers do: probe a configuration cheaply, or finish and verify a circuit. Both are kept."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from printml.arrays import IntArray
from printml.circuit.estimate import estimate_area_mm2
from printml.errors import PrintmlError
from printml.explore.points import Corner, Failure, Point
from printml.explore.space import short_name
from printml.explore.store import entry, key_of
from printml.files import read_text, write_json_atomic
from printml.flow.build import build
from printml.flow.folds import make_folds
from printml.flow.model_search import held_accuracy
from printml.flow.recipe import Recipe
from printml.flow.run import library_of, read_json, read_run
from printml.flow.train_step import train_step
from printml.quantize.integer_model import IntegerModel
from printml.report.table import circuits_of

Result = TypeVar("Result")

_NO_CONVERTERS = {"area_cm2": 0.0, "power_mw": 0.0}


@dataclass(frozen=True)
class Probe:
    """A configuration before synthesis.

    Attributes
    ----------
    accuracy_validation
        Of the same configuration trained on folds, on the rows left out.
    area_mm2
        Estimate for the exact circuit.
    most_frequent
        Share of training rows of the most frequent class.
    n_validation
        Rows behind `accuracy_validation`.
    """

    name: str
    accuracy_validation: float
    area_mm2: float
    most_frequent: float
    n_validation: int


def probe(recipe: Recipe, store: Path) -> Probe | Failure:
    """Train and estimate; from the store if it was done before."""
    return _failures_told(recipe, lambda: _probe(recipe, store))


def finish(recipe: Recipe, store: Path, *, with_adc: bool = False) -> list[Point] | Failure:
    """Build, approximate and verify; every stage and alternative is a point.

    From the store if it is there. `with_adc` adds the converters to areas and powers.
    """
    return _failures_told(recipe, lambda: _finish(recipe, store, with_adc))


def run_folder(store: Path, key: str) -> Path:
    """Where the run folder of a finished recipe stands."""
    return store / key[:2] / key


def build_seconds(store: Path, points: Sequence[Point]) -> float:
    """How long the build that gave these points took, whenever that was; 0 for no points."""
    if not points:
        return 0.0
    seconds = read_json(run_folder(store, points[0].key) / "metrics.json")["seconds"]
    return float(sum(seconds.values()))


def _failures_told(recipe: Recipe, work: Callable[[], Result]) -> Result | Failure:
    try:
        return work()
    except PrintmlError as error:
        return Failure(short_name(recipe), str(error))
    except Exception as error:  # one point must not end an exploration of hours
        return Failure(short_name(recipe), f"a bug: {type(error).__name__}: {error}")


def _probe(recipe: Recipe, store: Path) -> Probe:
    with entry(store, key_of(recipe, kind="probe")) as place:
        if not place.exists():
            write_json_atomic(place, asdict(_probed(recipe)))
        return Probe(**json.loads(read_text(place, what="stored probe")))


def _probed(recipe: Recipe) -> Probe:
    with tempfile.TemporaryDirectory(prefix="printml-probe-") as folder:
        path = Path(folder)
        train_step(recipe, path, n_jobs=1)
        _, run, model, rows = read_run(path)
        record = read_json(run.model)
    folds = make_folds(recipe, record, model, rows)
    y = rows.y[rows.train]
    accuracy = held_accuracy(folds, rows)
    if accuracy is None:
        accuracy = _accuracy(model, rows.X_int[rows.train], y)
    return Probe(
        name=short_name(recipe),
        accuracy_validation=accuracy,
        area_mm2=estimate_area_mm2(model, library_of(recipe)),
        most_frequent=float(np.bincount(y).max() / len(y)),
        n_validation=sum(len(fold.held) for fold in folds) or len(y),
    )


def _accuracy(model: IntegerModel, X: IntArray, y: IntArray) -> float:
    return float(np.mean(model.predict(X) == y))


def _finish(recipe: Recipe, store: Path, with_adc: bool) -> list[Point]:
    key = key_of(recipe, kind="run")
    with entry(store, key) as place:
        if not (place / "metrics.json").exists():
            build(recipe, place, n_jobs=1, progress=lambda step: None)
        metrics = read_json(place / "metrics.json")
    return points_of(metrics, recipe, key, with_adc=with_adc)


def points_of(
    metrics: dict[str, Any], recipe: Recipe, key: str, *, with_adc: bool = False
) -> list[Point]:
    """The stages and alternatives of a run folder as points; `metrics` is its `metrics.json`.

    Stages whose validation accuracy is not known (no approximation, no folds) give none.
    """
    stages = circuits_of(metrics)
    known = [stage.get("accuracy_validation") for stage in stages]
    known[0] = stages[1].get("accuracy_validation_exact") if len(stages) > 1 else None
    extra = [stage["converters"] if with_adc else _NO_CONVERTERS for stage in stages]
    return [
        Point(
            name=short_name(recipe),
            family=recipe.model,
            stage=stage["name"],
            key=key,
            accuracy_validation=float(accuracy),
            area_cm2=stage["area_cm2"] + converters["area_cm2"],
            power_mw=stage["power_mw"] + converters["power_mw"],
            corners=tuple(
                Corner(c["vdd"], c["power_mw"] + converters["power_mw"], c.get("delay_ms"))
                for c in stage["corners"]
            ),
            accuracy_test=stage["accuracy_test"],
            accuracy_test_low=stage["accuracy_test_low"],
            accuracy_test_high=stage["accuracy_test_high"],
            n_test=stage["n_test"],
            equality=stage["equivalence"]["headline"],
            n_validation=stages[1]["n_validation"],
        )
        for stage, accuracy, converters in zip(stages, known, extra, strict=True)
        if accuracy is not None
    ]
