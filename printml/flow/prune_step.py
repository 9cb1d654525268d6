"""The stage `pruned`: fewer gates, judged on training rows, with the evidence beside it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from printml.arrays import IntArray
from printml.errors import CheckError
from printml.files import write_csv_atomic, write_json_atomic, write_text_atomic
from printml.flow.measure import measure_stage
from printml.flow.recipe import Recipe
from printml.flow.resynth import resynthesize
from printml.flow.run import Rows, circuit_of, library_of, scratch_of
from printml.flow.rundir import RunFolder
from printml.flow.synth_step import header_of
from printml.liberty.library import CellLibrary
from printml.liberty.views import verilog_cells
from printml.netlist.json_file import netlist_to_json
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import to_verilog
from printml.polish.power_map import optimize_power
from printml.quantize.integer_model import IntegerModel, IntegerNetwork
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import outputs
from printml.simulate.saif import write_saif
from printml.verify.activity import check_activity
from printml.verify.icarus import run_bench, write_benches
from printml.verify.ladder import N_RANDOM_VECTORS, Verdict, random_vectors

MOST_THOROUGH_GATES = 1_500
"""Up to this size the final netlist is mapped with the thorough flows, above with the normal."""


@dataclass(frozen=True, eq=False)
class Pruned:
    """A netlist to make a stage of.

    Attributes
    ----------
    before, after
        The netlist that pruning started from (class only) and what it left, not yet mapped again.
    changes
        What was tied or merged, one record per net.
    front
        Rows of `front.csv`.
    details
        Further fields of the stage in `metrics.json`.
    checkpoints
        Files that are no longer needed when the stage is done.
    """

    before: Netlist
    after: Netlist
    changes: tuple[dict[str, Any], ...]
    front: tuple[dict[str, Any], ...]
    details: dict[str, Any]
    checkpoints: tuple[Path, ...] = ()


def pruned_stage(
    recipe: Recipe,
    folder: Path,
    model: IntegerModel,
    rows: Rows,
    pruned: Pruned,
    *,
    name: str = "pruned",
    n_jobs: int,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Map the pruned netlist again, check it on every rung it has, and measure it.

    Parameters
    ----------
    folder
        Existing folder of the stage, filled here.
    model
        The unapproximated model, for the comparison.
    name
        Of the stage.

    Raises
    ------
    CheckError
        If mapping changed the function, or Icarus and the kernel differ.
    ToolError
        If a tool fails.
    """
    library = library_of(recipe)
    circuit = circuit_of(recipe, model)
    run = RunFolder(folder, circuit.name)
    for place in (run.netlist_verilog.parent, run.sim, run.logs, scratch_of(folder)):
        place.mkdir(parents=True, exist_ok=True)
    progress(f"{name}: mapping")
    effort = "thorough" if pruned.after.n_gates <= MOST_THOROUGH_GATES else "normal"
    effort = recipe.effort if recipe.effort == "fast" else effort
    X_train = rows.X_int[rows.train]
    mapped = resynthesize(
        pruned.after,
        library,
        effort=effort,
        mostly_sums=isinstance(model, IntegerNetwork),
        timeout_s=recipe.timeout_s,
        n_jobs=n_jobs,
        rewrite=(
            (lambda found: optimize_power(found, library, X_train, seed=recipe.seed))
            if recipe.optimize == "power"
            else None
        ),
    )
    netlist = mapped.after
    header = [*header_of(recipe, library), f"pruned; mapping flow {mapped.flow}"]
    write_text_atomic(
        run.netlist_verilog, to_verilog(netlist, library=library, header="\n".join(header))
    )
    write_json_atomic(
        run.netlist_json,
        {"netlist": netlist_to_json(netlist), "synthesis": {"flow": mapped.flow}},
    )
    write_text_atomic(run.cells, verilog_cells(library))
    before = measure_activity(pruned.before, library, rows.X_int[rows.test])
    write_text_atomic(
        folder / "activity_before.saif",
        write_saif(pruned.before, before, clock_ms=recipe.clock_ms),
    )
    write_csv_atomic(folder / "front.csv", pruned.front)
    write_csv_atomic(folder / "pruned_nets.csv", pruned.changes)
    predicted = outputs(netlist, library, rows.X_int)["class"]
    stage = measure_stage(name, recipe, run, netlist, rows, predicted)
    stage |= pruned.details
    progress(f"{name}: verifying")
    verdicts = _verify(recipe, run, folder, pruned, netlist, library, rows, predicted, model)
    verdicts.append(mapped.verdict)
    stage["equivalence"] = {
        "headline": mapped.verdict.how,
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }
    difference = compare_with_exact(model, netlist, library, rows, seed=recipe.seed)
    write_json_atomic(folder / "differences.json", difference)
    stage["differs_from_exact"] = {
        part: difference[part]["share"] for part in ("train", "test", "random")
    }
    return stage


def compare_with_exact(
    model: IntegerModel, netlist: Netlist, library: CellLibrary, rows: Rows, *, seed: int
) -> dict[str, Any]:
    """How often the netlist's class is not the model's, and between which classes.

    On training and test rows, and on uniform random vectors (all of them where there are fewer).
    """
    bits = model.input_bits
    n_inputs = int(bits.sum())
    if 1 << n_inputs <= N_RANDOM_VECTORS:
        codes = np.arange(1 << n_inputs, dtype=np.int64)
        shifts = np.concatenate([[0], np.cumsum(bits)[:-1]])
        vectors = (codes[:, None] >> shifts) & ((1 << bits) - 1)
    else:
        vectors = random_vectors(bits, n_vectors=N_RANDOM_VECTORS, seed=seed)
    result: dict[str, Any] = {"classes": list(model.class_labels)}
    parts = {
        "train": rows.X_int[rows.train],
        "test": rows.X_int[rows.test],
        "random": vectors,
    }
    for part, X_int in parts.items():
        exact, found = model.predict(X_int), outputs(netlist, library, X_int)["class"]
        n_classes = model.n_classes
        # A pruned circuit may answer a code that is no class.
        table = np.zeros((n_classes, 1 << (n_classes - 1).bit_length()), np.int64)
        np.add.at(table, (exact, found), 1)
        result[part] = {
            "n_vectors": len(X_int),
            "exhaustive": part == "random" and 1 << n_inputs <= N_RANDOM_VECTORS,
            "n_different": int((exact != found).sum()),
            "share": float(np.mean(exact != found)),
            "exact_class_by_answer": table.tolist(),
        }
    return result


def _verify(
    recipe: Recipe,
    run: RunFolder,
    folder: Path,
    pruned: Pruned,
    netlist: Netlist,
    library: CellLibrary,
    rows: Rows,
    predicted: IntArray,
    model: IntegerModel,
) -> list[Verdict]:
    started = time.monotonic()
    vectors = random_vectors(model.input_bits, n_vectors=N_RANDOM_VECTORS, seed=recipe.seed)
    for X_int in (rows.X_int, vectors):
        found = outputs(netlist, library, X_int)["class"]
        wanted = outputs(pruned.after, library, X_int)["class"]
        if not np.array_equal(found, wanted):
            raise CheckError(
                "the mapped netlist differs from the pruned one",
                where=f"netlist {netlist.name}",
                hint="This is a bug in printml; please report it with the run folder",
            )
    verdicts = [
        Verdict(
            "pruned netlist = netlist mapped again (kernel)",
            "exact",
            len(rows.X_int) + len(vectors),
            time.monotonic() - started,
            "every row of the data set, random vectors",
        )
    ]
    X_test = rows.X_int[rows.test]
    circuit = circuit_of(replace(recipe, keep_scores=False), model)
    write_benches(circuit, X_test, {"class": predicted[rows.test]}, sim_folder=run.sim)
    verdicts.append(
        run_bench(
            "netlist",
            n_rows=len(X_test),
            n_gates=netlist.n_gates,
            sim_folder=run.sim,
            log_folder=run.logs,
            timeout_s=recipe.timeout_s,
        )
    )
    if netlist.n_gates:
        verdicts.append(
            check_activity(
                netlist,
                library,
                X_test,
                netlist_verilog=run.netlist_verilog,
                cells=run.cells,
                folder=scratch_of(folder),
                log_folder=run.logs,
                timeout_s=recipe.timeout_s,
            )
        )
    shutil.rmtree(scratch_of(folder))
    return verdicts
