"""The guarantees of a run folder's approximate stages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from printml.errors import InputError
from printml.files import write_json_atomic
from printml.flow.run import library_of, read_json, read_netlist, read_run
from printml.flow.rundir import METRICS, RunFolder
from printml.guarantee.boundary import nearest_boundaries
from printml.guarantee.paired import paired_loss
from printml.guarantee.space import space_difference
from printml.guarantee.sums import sum_changes
from printml.quantize.integer_model import IntegerNetwork
from printml.quantize.model_file import from_json
from printml.report.table import circuits_of
from printml.simulate.kernel import outputs

FILE = "guarantees.json"


def guarantee_step(path: Path) -> list[dict[str, Any]]:
    """Work out the guarantees of every approximate stage and write `guarantees.json`.

    Returns
    -------
    list
        Per stage `loss` (paired, on test rows), `space` (share of the input space), `sums`
        (largest change of each, empty where gates were pruned below the sums) and `nearest`
        (test rows next to a class boundary of the approximate circuit).

    Raises
    ------
    InputError
        If the folder has no approximate stage.
    """
    recipe, run, exact, rows = read_run(path)
    metrics = read_json(path / METRICS)
    stages = circuits_of(metrics)[1:]
    if not stages:
        raise InputError(
            "the run folder has no approximate circuit",
            where=str(path),
            hint=f"Make one with `printml approximate {path}`",
        )
    library = library_of(recipe)
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    found = []
    for stage in stages:
        folder = RunFolder(path / stage["name"], run.top)
        netlist = read_netlist(folder)
        answered = outputs(netlist, library, X)["class"]
        sums = []
        if folder.model.exists() and isinstance(exact, IntegerNetwork):
            changed = from_json(read_json(folder.model)["model"])
            assert isinstance(changed, IntegerNetwork)
            sums = [asdict(change) for change in sum_changes(exact, changed)]
        nearest = nearest_boundaries(netlist, library, X, exact.input_bits)
        found.append(
            {
                "stage": stage["name"],
                "loss": asdict(paired_loss(exact.predict(X), answered, y)),
                "space": asdict(space_difference(exact, netlist, library, seed=recipe.seed)),
                "sums": sums,
                "nearest": [
                    asdict(near)
                    | {
                        "row": int(rows.test[near.row]),
                        "feature_name": exact.feature_names[near.feature],
                        "before_label": exact.class_labels[near.before],
                        "after_label": _label(exact.class_labels, near.after),
                    }
                    for near in nearest
                ],
            }
        )
    write_json_atomic(path / FILE, found)
    return found


def _label(labels: tuple[str, ...], index: int) -> str:
    return labels[index] if index < len(labels) else f"code {index}, no class"
