"""The measured part of a stage of `metrics.json`: accuracy, area, power and timing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from printml.arrays import IntArray
from printml.converters import converters_of
from printml.files import write_text_atomic
from printml.flow.accuracy import Accuracy, measure_accuracy, new_rows
from printml.flow.corner import corner_figures
from printml.flow.recipe import Recipe
from printml.flow.run import Rows, corners_of, library_of
from printml.flow.rundir import RunFolder
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel
from printml.simulate.activity import Activity, measure_activity
from printml.simulate.power import published_rule_power
from printml.simulate.saif import write_saif


def measure_stage(
    name: str,
    recipe: Recipe,
    run: RunFolder,
    netlist: Netlist,
    rows: Rows,
    predicted: IntArray,
    *,
    model: IntegerModel | None = None,
) -> dict[str, Any]:
    """Write `activity.saif`; return the figures of a stage.

    Parameters
    ----------
    predicted
        Class of every row of the table by what the netlist implements, int64, shape (n_rows,).
    model
        What the netlist implements, where it is an integer model.
    """
    activity = measure_activity(netlist, library_of(recipe), rows.X_int[rows.test])
    write_text_atomic(run.activity, write_saif(netlist, activity, clock_ms=recipe.clock_ms))
    corners = [
        _corner(netlist, corner, activity, clock_ms=recipe.clock_ms)
        for corner in corners_of(recipe)
    ]
    library = library_of(recipe)
    if recipe.vdd == 0 and not recipe.liberty:
        # A choice: made on training rows.
        seen = measure_activity(netlist, library, rows.X_int[rows.train])
        library = _best(
            [_corner(netlist, c.library, seen, clock_ms=recipe.clock_ms) for c in corners]
        ).library
    chosen = next(corner for corner in corners if corner.library.vdd == library.vdd)
    train_accuracy = measure_accuracy(predicted[rows.train], rows.y[rows.train])
    test_accuracy = measure_accuracy(predicted[rows.test], rows.y[rows.test])
    converters = converters_of(netlist, model)
    return {
        "name": name,
        **_accuracy_fields("train", train_accuracy),
        **_accuracy_fields("test", test_accuracy),
        **_new_row_fields(rows, predicted),
        "area_cm2": netlist.area_cm2(library),
        **chosen.figures,
        "published_rule_power_mw": published_rule_power(
            netlist, library, activity, clock_ms=recipe.clock_ms
        ).power_mw,
        "power_rows": "test rows in file order",
        "converters": {
            "comparators": list(converters.comparators),
            "area_cm2": converters.area_cm2,
            "power_mw": converters.power_mw,
        },
        "n_cells": netlist.n_gates,
        "cells": netlist.cell_counts(),
        "clock_ms": recipe.clock_ms,
        "keep_scores": recipe.keep_scores,
        "library": library.name,
        "library_notes": list(library.notes),
        "corners": [corner.figures for corner in corners],
    }


@dataclass(frozen=True, eq=False)
class Corner:
    """Power and timing of the netlist at one supply, as they stand in `metrics.json`."""

    library: CellLibrary
    figures: dict[str, Any]


def _corner(
    netlist: Netlist, library: CellLibrary, activity: Activity, *, clock_ms: float
) -> Corner:
    figures = corner_figures(netlist, library, activity, clock_ms=clock_ms)
    return Corner(library, figures)


def _best(corners: list[Corner]) -> Corner:
    """The least power that meets the clock; if none does, the fastest."""
    late = [corner for corner in corners if not corner.figures.get("meets_clock", True)]
    if len(late) == len(corners):
        return min(corners, key=lambda corner: corner.figures["delay_ms"])
    in_time = [corner for corner in corners if corner not in late]
    return min(in_time, key=lambda corner: corner.figures["power_mw"])


def _new_row_fields(rows: Rows, predicted: IntArray) -> dict[str, Any]:
    new = rows.test[new_rows(rows.X_int, train=rows.train, test=rows.test)]
    if not len(new):
        return {"n_test_new": 0}
    accuracy = measure_accuracy(predicted[new], rows.y[new])
    return {
        "n_test_new": accuracy.n_rows,
        "accuracy_test_new": accuracy.value,
        "accuracy_test_new_low": accuracy.low,
        "accuracy_test_new_high": accuracy.high,
    }


def _accuracy_fields(part: str, accuracy: Accuracy) -> dict[str, Any]:
    return {
        f"accuracy_{part}": accuracy.value,
        f"accuracy_{part}_low": accuracy.low,
        f"accuracy_{part}_high": accuracy.high,
        f"n_{part}": accuracy.n_rows,
        f"balanced_accuracy_{part}": accuracy.balanced,
    }
