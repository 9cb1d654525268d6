"""The stage for a power source that approximates coefficients no further than it must."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from printml.flow.model_search import ModelSearch
from printml.flow.model_step import model_stage
from printml.flow.power_need import asked_mw, first_within, least_power_mw
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import Recipe
from printml.flow.run import Rows, library_of, read_netlist, top_name
from printml.flow.rundir import RunFolder


def model_stage_for_source(
    recipe: Recipe,
    path: Path,
    record: dict[str, Any],
    search: ModelSearch,
    rows: Rows,
    *,
    n_jobs: int,
    progress: Callable[[str], None],
) -> dict[str, Any] | None:
    """Build the least approximated model on the way to the chosen one that the source carries.

    Models are compared as the fast flow maps them. What the flows of a stage make of one draws
    more or less than that (often a tenth more, in less area). So each model counts for what the
    fast flow says times the ratio of the last one built, and what the source does not carry when
    it is built gives way to a smaller one.

    Parameters
    ----------
    path
        Run folder with the exact stage and that of the chosen model.
    search
        Its front is the way.

    Returns
    -------
    dict
        The stage, in a folder named for the source; None where the exact circuit lives on it,
        where the chosen model does not, or where no model before that does.

    Raises
    ------
    PrintmlError
        As the steps of a stage do.
    """
    chosen = next((k for k, row in enumerate(search.front) if row["chosen"]), None)
    limit_mw, library, X_train = asked_mw(recipe), library_of(recipe), rows.X_int[rows.train]

    def built_mw(folder: Path) -> float:
        run = RunFolder(folder, top_name(recipe))
        return least_power_mw(read_netlist(run), recipe, X_train)

    @cache
    def quick_mw(k: int) -> float:
        netlist = quick_netlist(search.candidates[k], library, timeout_s=recipe.timeout_s)
        return least_power_mw(netlist, recipe, X_train)

    if not chosen or built_mw(path) <= limit_mw:
        return None
    progress(f"{search.stage}: the least approximated that {recipe.power_source_mw:g} mW carry")
    name = f"{search.stage}-for-{recipe.power_source_mw:g}mW"
    more = _ratio(built_mw(path / search.stage), quick_mw(chosen))

    def power_mw(k: int) -> float:
        return more * quick_mw(k)

    while True:
        first = first_within(power_mw, chosen, limit_mw)
        if first is None or first == chosen:
            shutil.rmtree(path / name, ignore_errors=True)
            return None
        own = _with_chosen(search, first, name=name)
        stage = model_stage(recipe, path, record, own, n_jobs=n_jobs, progress=progress)
        drawn_mw = built_mw(path / name)
        if drawn_mw <= limit_mw:
            return stage
        progress(f"{name}: {drawn_mw:.3g} mW when built, taking a smaller one")
        more = _ratio(drawn_mw, quick_mw(first))


def _ratio(drawn_mw: float, quick_mw: float) -> float:
    """1 where the fast flow says nothing: no gates, or too slow for the clock."""
    return drawn_mw / quick_mw if 0 < quick_mw < np.inf else 1.0


def _with_chosen(search: ModelSearch, which: int, *, name: str) -> ModelSearch:
    row = search.front[which]
    base, left = search.details["accuracy_validation_exact"], row["accuracy_validation"]
    held_loss: float | None = 0.0
    if base is not None:
        held_loss = None if left is None else base - left
    return replace(
        search,
        stage=name,
        chosen=search.candidates[which],
        front=tuple(other | {"chosen": int(k == which)} for k, other in enumerate(search.front)),
        details=search.details
        | {
            "budget_search_loss": row["loss_search"],
            "held_out_loss_of_folds": held_loss,
            "accuracy_validation": left,
        },
    )
