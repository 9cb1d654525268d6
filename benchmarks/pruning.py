"""Pruning candidates judged per second, beside the same judged by Yosys, ABC and Icarus.

    python -m benchmarks.pruning RUN [--seconds 5]

RUN is a run folder with an exact circuit. A candidate is one net tied to a constant: our kernels
give its exact area after propagation and sweep, and its wrong training rows; the other way is
synthesis of the tied netlist with the fast flow, and its cocotb bench under Icarus on the same
rows. Both in the same process, one core.

Beside it, how the rate falls with the rows (the run's training rows, repeated) and with the gates
(random one-vs-one SVMs on random rows).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from benchmarks.scaling import random_svm
from printml.arrays import IntArray
from printml.cli.output import print_table
from printml.flow.quick_netlist import quick_netlist
from printml.flow.run import circuit_of, library_of, read_netlist, read_run
from printml.liberty.library import CellLibrary
from printml.liberty.views import verilog_cells
from printml.netlist.transform import tie
from printml.netlist.verilog import to_verilog
from printml.prune.copies import evidence_of
from printml.prune.network import GateNetwork, network_of
from printml.prune.search import judged_moves
from printml.prune.state import Evidence
from printml.simulate.kernel import outputs
from printml.synth.synthesize import synthesize
from printml.verify.icarus import run_bench, write_benches

REPEATS = (1, 4, 16)
SIZES = ((3, 6), (4, 10), (5, 10), (6, 13))
"""Classes and inputs of the random SVMs."""
N_RANDOM_ROWS = 1_024


def candidates_per_second(
    network: GateNetwork, library: CellLibrary, evidence: Evidence, seconds: float
) -> float:
    """Judge every move again and again for `seconds`, after a warm-up."""
    judged_moves(network, library, evidence)
    n, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        n += judged_moves(network, library, evidence)
    return n / (time.perf_counter() - started)


def growth(
    network: GateNetwork, library: CellLibrary, X: IntArray, y: IntArray, bits: IntArray,
    seconds: float,
) -> Table:  # fmt: skip
    """Candidates per second by rows and by gates."""
    table = Table("circuit", "gates", "rows", "candidates 1/s", "Mrows/s", title="growth")
    cases = []
    for n in REPEATS:
        seen = evidence_of(np.tile(X, (n, 1)), np.tile(y, n), bits, n_copies=0, copy_weight=0.0,
                           seed=0)  # fmt: skip
        cases.append(("the run", network, seen))
    rng = np.random.default_rng(0)
    for n_classes, n_inputs in SIZES:
        model = random_svm(n_classes, n_inputs)
        rows = rng.integers(0, 16, (N_RANDOM_ROWS, n_inputs), dtype=np.int64)
        seen = evidence_of(rows, model.predict(rows), model.input_bits, n_copies=0,
                           copy_weight=0.0, seed=0)  # fmt: skip
        found = network_of(quick_netlist(model, library), library)
        cases.append((f"SVM {n_classes} x {n_inputs}", found, seen))
    for name, found, seen in cases:
        rate = candidates_per_second(found, library, seen, seconds)
        n_rows = len(seen.y)
        table.add_row(
            name,
            str(found.like.n_gates),
            str(n_rows),
            f"{rate:,.0f}",
            f"{rate * n_rows / 1e6:,.1f}",
        )
    return table


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--seconds", default=5.0, show_default=True, help="Time spent on our way.")
def main(run: Path, seconds: float) -> None:
    """Print candidates per second of both ways and their ratio."""
    recipe, folder, model, rows = read_run(run)
    library, netlist = library_of(recipe), read_netlist(folder)
    X, y = rows.X_int[rows.train], rows.y[rows.train]
    evidence = evidence_of(X, y, model.input_bits, n_copies=0, copy_weight=0.0, seed=0)
    network = network_of(netlist, library)
    ours = candidates_per_second(network, library, evidence, seconds)
    tied = tie(netlist, {netlist.first_gate_net + netlist.n_gates // 2: False}, library)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        (scratch / "logs").mkdir()
        (scratch / "netlist").mkdir()
        (scratch / "sim").mkdir()
        source = scratch / "tied.v"
        source.write_text(to_verilog(tied, library=library) + verilog_cells(library))
        smaller = synthesize(
            source, top=tied.name, library=library, folder=scratch,
            log_folder=scratch / "logs", effort="fast",
        ).netlist  # fmt: skip
        (scratch / "cells.v").write_text(verilog_cells(library))
        (scratch / "netlist" / f"{tied.name}.v").write_text(to_verilog(smaller, library=library))
        expected = {"class": outputs(smaller, library, X)["class"]}
        write_benches(circuit_of(recipe, model), X, expected, sim_folder=scratch / "sim")
        run_bench(
            "netlist", n_rows=len(X), n_gates=smaller.n_gates,
            sim_folder=scratch / "sim", log_folder=scratch / "logs", timeout_s=600,
        )  # fmt: skip
    theirs = 1.0 / (time.perf_counter() - started)
    table = Table("gates", "rows", "ours 1/s", "Yosys + Icarus 1/s", "ratio", title=str(run))
    table.add_row(
        str(netlist.n_gates), str(len(X)), f"{ours:,.0f}", f"{theirs:.3f}",
        f"{ours / theirs:,.0f}",
    )  # fmt: skip
    print_table(table)
    print_table(growth(network, library, X, y, model.input_bits, seconds / 5))


if __name__ == "__main__":
    main()
