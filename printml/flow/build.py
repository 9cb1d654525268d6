"""Recipe to finished run folder, and changes of one step of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from printml.files import write_json_atomic
from printml.flow.recipe import Recipe
from printml.flow.run import read_json, read_recipe, top_name
from printml.flow.rundir import RunFolder, staged
from printml.flow.simulate_step import simulate_step
from printml.flow.synth_step import synth_step
from printml.flow.train_step import train_step
from printml.flow.verify_step import tool_versions, verify_step
from printml.verify.ladder import Verdict

N_PROOFS = 2
"""Links of the formal chain: behavioural to structural Verilog, structural Verilog to netlist."""

Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""


def build(recipe: Recipe, target: Path, *, n_jobs: int = 1, progress: Progress = print) -> Path:
    """Train (or read coefficients), synthesise, measure and verify; the folder appears whole.

    Parameters
    ----------
    recipe
        What to build.
    target
        Run folder to make; an older run folder there is replaced, anything else is left alone.
    n_jobs
        Workers for training and mapping; the result does not depend on it.
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
    return target


def train_only(
    recipe: Recipe, target: Path, *, n_jobs: int = 1, progress: Progress = print
) -> Path:
    """Make a run folder with model and rows only, for `synth` to go on from."""
    with staged(target) as scratch:
        progress("train")
        train_step(recipe, scratch, n_jobs=n_jobs)
    return target


def rebuild(path: Path, *, n_jobs: int = 1, progress: Progress = print) -> Path:
    """Synthesise, measure and verify the model of a run folder again."""
    recipe = read_recipe(path)
    with staged(path, start_from=path) as scratch:
        _after_training(recipe, scratch, {}, n_jobs=n_jobs, progress=progress)
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


def equivalence_record(verdicts: list[Verdict]) -> dict[str, Any]:
    """The headline (`proved` or `simulated on N vectors`) and every verdict behind it.

    `proved` needs the whole chain: behavioural Verilog = synthesised Verilog = netlist.
    """
    proved = sum(verdict.how == "proved" for verdict in verdicts) == N_PROOFS
    n_vectors = sum(verdict.n_vectors for verdict in verdicts if verdict.how == "exact")
    headline = "proved" if proved else f"simulated on {n_vectors} vectors"
    return {"headline": headline, "verdicts": [asdict(verdict) for verdict in verdicts]}


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
    model_file = read_json(run.model)
    metrics: dict[str, Any] = {
        "dataset": model_file["dataset"]["name"],
        "model": recipe.model,
        "stages": [stage],
        "seed": recipe.seed,
        "split": recipe.split,
        "versions": tool_versions(),
        "seconds": seconds,
    }
    if "float" in model_file:
        metrics["float"] = model_file["float"]
    write_json_atomic(run.metrics, metrics)


def _timed(
    name: str, seconds: dict[str, float], progress: Progress, step: Callable[[], Any]
) -> Any:
    progress(name)
    started = time.monotonic()
    result = step()
    seconds[name] = time.monotonic() - started
    return result
