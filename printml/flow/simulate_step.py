"""Third step: activity, power, timing and accuracy of the netlist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from printml.files import write_text_atomic
from printml.flow.accuracy import Accuracy, measure_accuracy
from printml.flow.run import library_of, read_netlist, read_run
from printml.liberty.reader import has_timing
from printml.simulate.activity import measure_activity
from printml.simulate.power import power, published_rule_power
from printml.simulate.saif import write_saif
from printml.simulate.timing import critical_path, max_rate_hz


def simulate_step(path: Path) -> dict[str, Any]:
    """Write `activity.saif`; return the measured part of a stage of `metrics.json`."""
    recipe, run, model, rows = read_run(path)
    library = library_of(recipe)
    netlist = read_netlist(run)
    activity = measure_activity(netlist, library, rows.X_int[rows.test])
    write_text_atomic(run.activity, write_saif(netlist, activity, clock_ms=recipe.clock_ms))
    watts = power(netlist, library, activity, clock_ms=recipe.clock_ms)
    # A library without delays (its notes say so) leaves the timing fields out, not 0.
    timed: dict[str, Any] = {}
    if has_timing(library):
        timing = critical_path(netlist, library)
        timed = {
            "delay_ms": timing.delay_ms,
            "meets_clock": timing.delay_ms <= recipe.clock_ms,
        }
        if timing.delay_ms > 0:
            # A circuit of wires alone has no highest rate.
            timed["max_rate_hz"] = max_rate_hz(timing.delay_ms)
    predicted = model.predict(rows.X_int)
    train_accuracy = measure_accuracy(predicted[rows.train], rows.y[rows.train])
    test_accuracy = measure_accuracy(predicted[rows.test], rows.y[rows.test])
    return {
        "name": "exact",
        **_accuracy_fields("train", train_accuracy),
        **_accuracy_fields("test", test_accuracy),
        "area_cm2": netlist.area_cm2(library),
        "power_mw": watts.power_mw,
        "static_power_mw": watts.static_power_mw,
        "active_power_mw": watts.active_power_mw,
        "published_rule_power_mw": published_rule_power(
            netlist, library, activity, clock_ms=recipe.clock_ms
        ).power_mw,
        "power_rows": "test rows in file order",
        **timed,
        "n_cells": netlist.n_gates,
        "cells": netlist.cell_counts(),
        "vdd": library.vdd,
        "clock_ms": recipe.clock_ms,
        "keep_scores": recipe.keep_scores,
        "library": library.name,
        "library_notes": list(library.notes),
    }


def _accuracy_fields(part: str, accuracy: Accuracy) -> dict[str, Any]:
    return {
        f"accuracy_{part}": accuracy.value,
        f"accuracy_{part}_low": accuracy.low,
        f"accuracy_{part}_high": accuracy.high,
        f"n_{part}": accuracy.n_rows,
        f"balanced_accuracy_{part}": accuracy.balanced,
    }
