"""Third step: activity, power, timing and accuracy of the netlist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from printml.flow.measure import measure_stage
from printml.flow.run import read_netlist, read_run


def simulate_step(path: Path, *, name: str = "exact") -> dict[str, Any]:
    """Write `activity.saif`; return the measured part of a stage of `metrics.json`."""
    recipe, run, model, rows = read_run(path)
    netlist = read_netlist(run)
    predicted = model.predict(rows.X_int)
    return measure_stage(name, recipe, run, netlist, rows, predicted, model=model)
