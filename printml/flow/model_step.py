"""The stage `coefficients` (SVM, MLP) or `thresholds` (tree): built, measured, verified."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from printml.files import write_csv_atomic, write_json_atomic
from printml.flow.model_search import ModelSearch
from printml.flow.recipe import Recipe
from printml.flow.run import read_run
from printml.flow.simulate_step import simulate_step
from printml.flow.synth_step import synth_step
from printml.flow.verify_step import equivalence_record, verify_step
from printml.quantize.integer_model import IntegerModel, IntegerNetwork, IntegerTree
from printml.quantize.model_file import to_json

Progress = Callable[[str], None]


def model_stage(
    recipe: Recipe,
    path: Path,
    record: dict[str, Any],
    search: ModelSearch,
    *,
    n_jobs: int,
    progress: Progress,
) -> dict[str, Any]:
    """Build, measure and verify the chosen model in a folder of its own inside the run folder."""
    folder = path / search.stage
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("recipe.toml", "rows.npz"):
        shutil.copyfile(path / name, folder / name)
    _, _, exact, rows = read_run(path)
    changed = changes_between(exact, search.chosen)
    write_json_atomic(
        folder / "model.json",
        {"model": to_json(search.chosen), "dataset": record["dataset"], "changed": changed},
    )
    progress(f"{search.stage}: synth")
    synth_step(folder, n_jobs=n_jobs)
    progress(f"{search.stage}: simulate, verify")
    stage = simulate_step(folder, name=search.stage)
    stage["equivalence"] = equivalence_record(verify_step(folder))
    stage |= search.details | {"n_changed": len(changed)}
    _, _run, model, rows = read_run(folder)
    area_mm2 = 100 * stage["area_cm2"]
    write_csv_atomic(
        folder / "front.csv",
        [row | ({"area_mm2": area_mm2} if row["chosen"] else {}) for row in search.front],
    )
    stage["differs_from_exact"] = {
        part: float(np.mean(model.predict(X) != exact.predict(X)))
        for part, X in (
            ("train", rows.X_int[rows.train]),
            ("test", rows.X_int[rows.test]),
        )
    }
    return stage


def changes_between(before: IntegerModel, after: IntegerModel) -> list[dict[str, Any]]:
    """Every coefficient or intercept that differs; for trees, the new number of comparisons."""
    if not isinstance(before, IntegerNetwork) or not isinstance(after, IntegerNetwork):
        assert isinstance(before, IntegerTree)
        assert isinstance(after, IntegerTree)
        kept = {(int(f), int(t)) for f, t in zip(before.feature, before.threshold, strict=True)}
        return [
            {"node": k, "feature": int(f), "threshold": int(t)}
            for k, (f, t) in enumerate(zip(after.feature, after.threshold, strict=True))
            if f >= 0 and (int(f), int(t)) not in kept
        ]
    changed: list[dict[str, Any]] = []
    for layer, (old, new) in enumerate(zip(before.weights, after.weights, strict=True)):
        for row, column in zip(*np.nonzero(old != new), strict=True):
            changed.append(
                {
                    "layer": layer,
                    "sum": int(row),
                    "input": int(column),
                    "before": int(old[row, column]),
                    "after": int(new[row, column]),
                }
            )
    for layer, (old, new) in enumerate(zip(before.intercepts, after.intercepts, strict=True)):
        for row in np.flatnonzero(old != new):
            changed.append(
                {
                    "layer": layer,
                    "sum": int(row),
                    "input": "intercept",
                    "before": int(old[row]),
                    "after": int(new[row]),
                }
            )
    return changed
