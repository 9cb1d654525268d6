"""The fault campaign of a run folder: every stage's netlist side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from printml.errors import CheckError
from printml.faults.delays import SPREADS, delay_variation
from printml.faults.harden import defect_cost, harden
from printml.faults.inputs import disturbed_inputs
from printml.faults.stuck_at import FaultCampaign, double_faults, run_faults, single_faults
from printml.faults.yields import RATES, estimate_yield
from printml.files import write_csv_atomic, write_json_atomic, write_text_atomic
from printml.flow.run import library_of, read_json, read_netlist, read_run
from printml.flow.rundir import METRICS, RunFolder
from printml.liberty.library import CellLibrary
from printml.liberty.reader import has_timing
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import to_verilog
from printml.quantize.integer_model import IntegerModel
from printml.simulate.kernel import outputs

N_DOUBLE = 20_000
N_CRITICAL = 10
FOLDER = "faults"


def fault_step(
    path: Path,
    *,
    rates: tuple[float, ...] = RATES,
    tolerance: float = 0.01,
    hardened_area: float = 0.0,
    spreads: tuple[float, ...] = SPREADS,
) -> list[dict[str, Any]]:
    """Judge the faults of every stage on the test rows; files go to the folder `faults`.

    Parameters
    ----------
    rates
        Defects per cell that the yield is worked out for.
    tolerance
        Accuracy that a working circuit may lose, as share of rows.
    hardened_area
        Share of its area that the last stage may grow by to be hardened, on training rows.
    spreads
        Standard deviations of the logarithm of a cell's delay.

    Returns
    -------
    list
        Per circuit its figures, as `faults/faults.json` has them.

    Raises
    ------
    InputError
        If the folder is not a finished run.
    CheckError
        If the hardened netlist answers differently.
    """
    recipe, run, model, rows = read_run(path)
    library = library_of(recipe)
    stages = read_json(path / METRICS)["stages"]
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    netlists = [
        (s["name"], read_netlist(run if k == 0 else RunFolder(path / s["name"], run.top)))
        for k, s in enumerate(stages)
    ]
    folder = path / FOLDER
    folder.mkdir(exist_ok=True)
    if hardened_area > 0:
        name, last = netlists[-1]
        X_train, y_train = rows.X_int[rows.train], rows.y[rows.train]
        hardened = harden(last, library, X_train, y_train, area_share=hardened_area)
        for part in (rows.X_int, X):
            before, after = (outputs(n, library, part)["class"] for n in (last, hardened))
            if not np.array_equal(before, after):
                raise CheckError(
                    "the hardened netlist answers differently",
                    where=str(path),
                    hint="This is a bug in printml; please report it with the run folder",
                )
        write_text_atomic(
            folder / f"{run.top}_hardened.v",
            to_verilog(hardened, library=library, header=f"{name}, hardened against stuck nets"),
        )
        netlists.append((f"{name}, hardened", hardened))
    found = []
    for name, netlist in netlists:
        single = run_faults(netlist, library, X, y, single_faults(netlist))
        double = run_faults(
            netlist, library, X, y, double_faults(netlist, n_faults=N_DOUBLE, seed=recipe.seed)
        )
        place = name.replace(", ", "_")
        write_csv_atomic(folder / f"{place}.csv", fault_rows(netlist, single))
        figures = _figures(
            name, netlist, library, single, double, model, X, y, rates, tolerance, recipe.seed
        )
        if has_timing(library):
            drawn = delay_variation(netlist, library, spreads=spreads, seed=recipe.seed)
            figures["delays"] = [asdict(variation) for variation in drawn]
        found.append(figures)
    write_json_atomic(folder / "faults.json", found)
    return found


def fault_rows(netlist: Netlist, campaign: FaultCampaign) -> list[dict[str, Any]]:
    """One record per single fault, the worst first."""
    order = np.argsort(campaign.accuracy, kind="stable")
    return [
        {
            "net": net_name(netlist, int(campaign.nets[k, 0])),
            "stuck_at": int(campaign.stuck[k, 0]),
            "accuracy": float(campaign.accuracy[k]),
            "changed": float(campaign.changed[k]),
        }
        for k in order
    ]


def net_name(netlist: Netlist, net: int) -> str:
    """Input bit as `alcohol[2]`, gate output as `n123 (NAND2X1)`."""
    for port in netlist.inputs:
        if net in port.nets:
            return f"{port.name}[{port.nets.index(net)}]"
    cell = netlist.cell_names[netlist.kind[net - netlist.first_gate_net]]
    return f"n{net} ({cell})"


def _figures(
    name: str,
    netlist: Netlist,
    library: CellLibrary,
    single: FaultCampaign,
    double: FaultCampaign,
    model: IntegerModel,
    X: np.ndarray,
    y: np.ndarray,
    rates: tuple[float, ...],
    tolerance: float,
    seed: int,
) -> dict[str, Any]:
    return {
        "circuit": name,
        "area_cm2": netlist.area_cm2(library),
        "n_cells": netlist.n_gates,
        "n_rows": len(y),
        "accuracy": single.accuracy_without,
        "n_single": len(single.nets),
        "single_mean": float(single.accuracy.mean()),
        "single_worst": float(single.accuracy.min()),
        "harmless_share": float((single.accuracy >= single.accuracy_without - tolerance).mean()),
        "defect_cost": defect_cost(single, netlist),
        "n_double": len(double.nets),
        "double_mean": float(double.accuracy.mean()) if len(double.nets) else None,
        "double_worst": float(double.accuracy.min()) if len(double.nets) else None,
        "critical": fault_rows(netlist, single)[:N_CRITICAL],
        "inputs": [asdict(d) for d in disturbed_inputs(netlist, library, X, y, model.input_bits)],
        "yield": [
            asdict(
                estimate_yield(netlist, library, X, y, rate=rate, tolerance=tolerance, seed=seed)
            )
            for rate in rates
        ],
    }
