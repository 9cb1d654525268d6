"""Second step: integer model to Verilog and mapped netlist."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

from printml import __version__
from printml.circuit.lower import lower
from printml.circuit.verilog import behavioural_verilog, structural_verilog
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.recipe import Recipe
from printml.flow.run import circuit_of, library_of, read_run, scratch_of
from printml.liberty.library import CellLibrary
from printml.liberty.views import verilog_cells
from printml.netlist.json_file import netlist_to_json
from printml.netlist.verilog import to_verilog
from printml.polish.power_map import optimize_power
from printml.quantize.integer_model import IntegerNetwork
from printml.synth.synthesize import synthesize
from printml.synth.yosys import yosys_version


def header_of(recipe: Recipe, library: CellLibrary) -> list[str]:
    """How a Verilog file was made, without anything that differs from machine to machine."""
    return [
        f"{recipe.model} of {Path(recipe.dataset).name}, made by printml {__version__}",
        f"inputs {recipe.bits} bits, coefficients {recipe.coef_bits} bits, split {recipe.split}, "
        f"seed {recipe.seed}",
        f"library {library.name}; Yosys (pyosys) {yosys_version()}",
        "recipe.toml beside this folder holds every choice",
    ]


def synth_step(path: Path, *, n_jobs: int) -> None:
    """Write `rtl/`, `netlist/`, `cells.v` and the logs of every synthesis command."""
    recipe, run, model, rows = read_run(path)
    library = library_of(recipe)
    circuit = circuit_of(recipe, model)
    header = header_of(recipe, library)
    for folder in (run.rtl.parent, run.netlist_verilog.parent, run.logs, scratch_of(path)):
        folder.mkdir(parents=True, exist_ok=True)
    write_text_atomic(run.rtl, behavioural_verilog(circuit, header=header))
    write_text_atomic(
        run.structure,
        structural_verilog(lower(circuit), header=[*header, "bit-level structure"]),
    )
    result = synthesize(
        run.structure,
        top=run.top,
        library=library,
        folder=scratch_of(path),
        log_folder=run.logs,
        effort=recipe.effort,
        mostly_sums=isinstance(model, IntegerNetwork),
        timeout_s=recipe.timeout_s,
        n_jobs=n_jobs,
    )
    shutil.rmtree(scratch_of(path))
    header.append(f"mapping flow {result.flow}, optimized for {recipe.optimize}")
    netlist = result.netlist
    record = {
        "flow": result.flow,
        "tried": [asdict(tried) for tried in result.tried],
        "smallest_area_cm2": netlist.area_cm2(library),
    }
    if recipe.optimize == "power":
        netlist = optimize_power(netlist, library, rows.X_int[rows.train], seed=recipe.seed)
    write_text_atomic(
        run.netlist_verilog, to_verilog(netlist, library=library, header="\n".join(header))
    )
    write_json_atomic(run.netlist_json, {"netlist": netlist_to_json(netlist), "synthesis": record})
    write_text_atomic(run.cells, verilog_cells(library))
