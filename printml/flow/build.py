"""Recipe to finished run folder, and changes of one step of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from printml.errors import InputError
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.approximate import approximate
from printml.flow.recipe import Approx, Recipe, recipe_to_toml
from printml.flow.report_step import run_evidence
from printml.flow.run import read_json, read_recipe, top_name
from printml.flow.rundir import RunFolder, staged
from printml.flow.simulate_step import simulate_step
from printml.flow.synth_step import synth_step
from printml.flow.train_step import train_step
from printml.flow.verify_step import equivalence_record, tool_versions, verify_step
from printml.report.run_page import write_run_page
from printml.verify.ladder import Verdict

APPROXIMATE_FOLDERS = (
    "coefficients", "thresholds", "coefficients-for-*", "thresholds-for-*",
    "pruned", "pruned-at-*", "pruned-for-*",
)  # fmt: skip
"""Stages after `exact`, and the names of their folders."""

PAGE = "report.html"

Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""


def build(
    recipe: Recipe,
    target: Path,
    *,
    n_jobs: int = 1,
    report: bool = True,
    progress: Progress = print,
) -> Path:
    """Train (or read coefficients), synthesise, measure and verify; the folder appears whole.

    Parameters
    ----------
    recipe
        What to build.
    target
        Run folder to make; an older run folder there is replaced, anything else is left alone.
    n_jobs
        Workers for training and mapping; the result does not depend on it.
    report
        Whether to write the page.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    PrintmlError
        As the steps do; then `target` is as it was before.
    """
    with staged(target) as scratch:
        seconds: dict[str, float] = {}
        _timed("train", seconds, progress, lambda: train_step(recipe, scratch, n_jobs=n_jobs))
        _after_training(recipe, scratch, seconds, n_jobs=n_jobs, progress=progress)
        if report:
            _write_page(scratch, target)
    return target


def train_only(
    recipe: Recipe, target: Path, *, n_jobs: int = 1, progress: Progress = print
) -> Path:
    """Make a run folder with model and rows only, for `synth` to go on from.

    Examples
    --------
    >>> import tempfile
    >>> recipe = Recipe(dataset="seeds", model="tree", max_depth=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = train_only(recipe, Path(folder) / "run", progress=lambda step: None)
    ...     sorted(file.name for file in run.iterdir())
    ['model.json', 'recipe.toml', 'rows.npz']
    """
    with staged(target) as scratch:
        progress("train")
        train_step(recipe, scratch, n_jobs=n_jobs)
    return target


def approximate_run(
    path: Path,
    *,
    approx: Approx,
    max_loss: float,
    further_losses: tuple[float, ...] = (),
    power_source_mw: float = 0.0,
    n_jobs: int = 1,
    report: bool = True,
    progress: Progress = print,
) -> Path:
    """Approximate the exact circuit of a run folder; earlier approximations are replaced.

    Raises
    ------
    InputError
        If the folder has no finished exact stage.
    """
    recipe = replace(
        read_recipe(path), approx=approx, max_loss=max_loss, further_losses=further_losses,
        power_source_mw=power_source_mw,
    )  # fmt: skip
    metrics_path = RunFolder(path, top_name(recipe)).metrics
    if not metrics_path.exists():
        raise InputError(
            "the run folder has no exact circuit yet",
            where=str(path),
            hint=f"Run `printml synth {path}`",
        )
    with staged(path, start_from=path) as scratch:
        run = RunFolder(scratch, top_name(recipe))
        write_text_atomic(run.recipe, recipe_to_toml(recipe))
        for pattern in APPROXIMATE_FOLDERS:
            for old in scratch.glob(pattern):
                shutil.rmtree(old)
        metrics = read_json(run.metrics)
        further = _timed(
            "approximate",
            metrics["seconds"],
            progress,
            lambda: approximate(scratch, n_jobs=n_jobs, progress=progress),
        )
        metrics["stages"] = [metrics["stages"][0], *further.stages]
        metrics["alternatives"] = list(further.alternatives)
        write_json_atomic(run.metrics, metrics)
        # A page of what was there before would not be true any more.
        (scratch / PAGE).unlink(missing_ok=True)
        if report:
            _write_page(scratch, path)
    return path


def rebuild(path: Path, *, n_jobs: int = 1, progress: Progress = print) -> Path:
    """Synthesise, measure and verify the model of a run folder again."""
    recipe = read_recipe(path)
    with staged(path, start_from=path) as scratch:
        _after_training(recipe, scratch, {}, n_jobs=n_jobs, progress=progress)
        _write_page(scratch, path)
    return path


def remeasure(path: Path, *, progress: Progress = print) -> dict[str, Any]:
    """Simulate a run folder's netlist again; return the stage and keep it in `metrics.json`."""
    recipe = read_recipe(path)
    with staged(path, start_from=path) as scratch:
        progress("simulate")
        stage = simulate_step(scratch)
        metrics_path = RunFolder(scratch, top_name(recipe)).metrics
        if metrics_path.exists():
            metrics = read_json(metrics_path)
            stage["equivalence"] = metrics["stages"][0]["equivalence"]
            metrics["stages"][0] = stage
            write_json_atomic(metrics_path, metrics)
    return stage


def reverify(path: Path, *, progress: Progress = print) -> list[Verdict]:
    """Climb the whole ladder again; return the verdicts and keep them in `metrics.json`."""
    recipe = read_recipe(path)
    with staged(path, start_from=path) as scratch:
        progress("verify")
        verdicts = verify_step(scratch)
        metrics_path = RunFolder(scratch, top_name(recipe)).metrics
        if metrics_path.exists():
            metrics = read_json(metrics_path)
            metrics["stages"][0]["equivalence"] = equivalence_record(verdicts)
            write_json_atomic(metrics_path, metrics)
    return verdicts


def _after_training(
    recipe: Recipe,
    scratch: Path,
    seconds: dict[str, float],
    *,
    n_jobs: int,
    progress: Progress,
) -> None:
    run = RunFolder(scratch, top_name(recipe))
    _timed("synth", seconds, progress, lambda: synth_step(scratch, n_jobs=n_jobs))
    stage = _timed("simulate", seconds, progress, lambda: simulate_step(scratch))
    verdicts = _timed("verify", seconds, progress, lambda: verify_step(scratch))
    stage["equivalence"] = equivalence_record(verdicts)
    further = _timed(
        "approximate",
        seconds,
        progress,
        lambda: approximate(scratch, n_jobs=n_jobs, progress=progress),
    )
    model_file = read_json(run.model)
    metrics: dict[str, Any] = {
        "dataset": model_file["dataset"]["name"],
        "model": recipe.model,
        "stages": [stage, *further.stages],
        "alternatives": list(further.alternatives),
        "seed": recipe.seed,
        "split": recipe.split,
        "versions": tool_versions(),
        "seconds": seconds,
    }
    if "float" in model_file:
        metrics["float"] = model_file["float"]
    write_json_atomic(run.metrics, metrics)


def _write_page(scratch: Path, target: Path) -> None:
    write_run_page(scratch / PAGE, [run_evidence(scratch, shown_as=target)])


def _timed(
    name: str, seconds: dict[str, float], progress: Progress, step: Callable[[], Any]
) -> Any:
    progress(name)
    started = time.monotonic()
    result = step()
    seconds[name] = time.monotonic() - started
    return result
