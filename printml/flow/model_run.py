"""A run folder from a model and rows in memory, for callers that have no data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np

from printml.arrays import IntArray
from printml.errors import InputError
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.approximate import approximate
from printml.flow.recipe import Approx, Recipe, recipe_to_toml
from printml.flow.run import read_netlist, top_name
from printml.flow.rundir import RunFolder
from printml.flow.simulate_step import simulate_step
from printml.flow.synth_step import synth_step
from printml.flow.verify_step import verify_step
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel
from printml.quantize.model_file import to_json


def approximate_model(
    model: IntegerModel,
    X_int: IntArray,
    y: IntArray,
    folder: Path,
    *,
    approx: Approx,
    max_loss: float,
    library: str = "egfet",
    seed: int = 0,
) -> Netlist:
    """The netlist of the last stage that `approximate` makes of a model.

    All rows are training rows; figures in the folder that speak of test rows are of them too.
    Folds judge the model as it is, since it cannot be trained again: the guard is then too
    strict, never too lax.

    Parameters
    ----------
    X_int, y
        int64, shapes (n_rows, n_features) and (n_rows,).
    folder
        Made here.

    Raises
    ------
    InputError
        If `approx` is unknown.
    PrintmlError
        As the steps do.
    """
    if approx not in get_args(Approx) or approx == "none":
        raise InputError(f"approx {approx!r} is unknown", hint="Choose 'full' or 'coefficients'")
    recipe = Recipe(
        dataset="rows", model=model.family, seed=seed, library=library, effort="fast",  # type: ignore[arg-type]
        approx=approx, max_loss=max_loss,
    )  # fmt: skip
    folder.mkdir(parents=True)
    run = RunFolder(folder, top_name(recipe))
    record: dict[str, Any] = {
        "name": "rows",
        "feature_names": list(model.feature_names),
        "class_labels": list(model.class_labels),
    }
    write_text_atomic(run.recipe, recipe_to_toml(recipe))
    write_json_atomic(run.model, {"model": to_json(model), "dataset": record})
    rows = np.arange(len(y))
    np.savez_compressed(run.rows, X_int=X_int, y=y, train=rows, test=rows)
    synth_step(folder, n_jobs=1)
    simulate_step(folder)
    verify_step(folder)
    found = approximate(folder, n_jobs=1, progress=lambda text: None)
    return read_netlist(RunFolder(folder / found.stages[-1]["name"], run.top))
