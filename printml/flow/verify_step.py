"""Last step: every rung of the ladder compared, and the netlist proved."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from printml import __version__
from printml.blas import kernel_in_use
from printml.flow.run import circuit_of, library_of, read_netlist, read_run, scratch_of
from printml.synth.yosys import yosys_version
from printml.verify.activity import check_activity
from printml.verify.equivalence import prove_equivalence
from printml.verify.icarus import icarus_version, run_bench, write_benches
from printml.verify.ladder import (
    N_RANDOM_VECTORS,
    Verdict,
    check_ladder,
    expected_outputs,
    random_vectors,
)
from printml.verify.word_proof import prove_words

N_PROOFS = 2
"""Links of the formal chain: behavioural to structural Verilog, structural Verilog to netlist."""


def verify_step(path: Path) -> list[Verdict]:
    """Climb the ladder; write the benches in `sim/`; raise `CheckError` at any difference."""
    recipe, run, model, rows = read_run(path)
    library = library_of(recipe)
    netlist = read_netlist(run)
    circuit = circuit_of(recipe, model)
    for folder in (run.sim, run.logs, scratch_of(path)):
        folder.mkdir(parents=True, exist_ok=True)
    verdicts = []
    for where, X_int in (
        ("every row of the data set", rows.X_int),
        (
            "random vectors",
            random_vectors(model.input_bits, n_vectors=N_RANDOM_VECTORS, seed=recipe.seed),
        ),
    ):
        started = time.monotonic()
        check_ladder(model, circuit, netlist, library, X_int, where=where)
        verdicts.append(
            Verdict(
                "integer model = word-level circuit = netlist kernel",
                "exact",
                len(X_int),
                time.monotonic() - started,
                where,
            )
        )
    X_test = rows.X_int[rows.test]
    write_benches(circuit, X_test, expected_outputs(model, circuit, X_test), sim_folder=run.sim)
    for kind in ("rtl", "netlist"):
        verdicts.append(
            run_bench(
                kind,
                n_rows=len(X_test),
                n_gates=netlist.n_gates,
                sim_folder=run.sim,
                log_folder=run.logs,
                timeout_s=recipe.timeout_s,
            )
        )
    verdicts.append(
        check_activity(
            netlist,
            library,
            X_test,
            netlist_verilog=run.netlist_verilog,
            cells=run.cells,
            folder=scratch_of(path),
            log_folder=run.logs,
            timeout_s=recipe.timeout_s,
        )
    )
    verdicts.append(
        prove_words(
            circuit,
            run.rtl,
            folder=scratch_of(path),
            log_folder=run.logs,
            timeout_s=recipe.timeout_s,
        )
    )
    proof = prove_equivalence(
        run.structure,
        run.netlist_verilog,
        run.cells,
        top=run.top,
        folder=scratch_of(path),
        log_folder=run.logs,
        timeout_s=recipe.timeout_s,
    )
    verdicts.append(proof)
    shutil.rmtree(scratch_of(path))
    return verdicts


def equivalence_record(verdicts: list[Verdict]) -> dict[str, Any]:
    """The headline (`proved` or `simulated on N vectors`) and every verdict behind it.

    `proved` needs the whole chain: behavioural Verilog = synthesised Verilog = netlist.
    """
    proved = sum(verdict.how == "proved" for verdict in verdicts) == N_PROOFS
    n_vectors = sum(verdict.n_vectors for verdict in verdicts if verdict.how == "exact")
    headline = "proved" if proved else f"simulated on {n_vectors} vectors"
    return {"headline": headline, "verdicts": [asdict(verdict) for verdict in verdicts]}


def tool_versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    import sklearn

    return {
        "printml": __version__,
        "pyosys": yosys_version(),
        "iverilog": icarus_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "blas": kernel_in_use(),
    }
