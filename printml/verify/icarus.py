"""The adapter of Icarus Verilog: cocotb benches on all test rows, activity from its VCD.

Both benches stay in the run folder, where a user can run them again.
"""

from __future__ import annotations

import csv
import importlib.resources
import io
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from printml.arrays import IntArray
from printml.circuit.ir import Circuit, is_signed
from printml.errors import CheckError, ToolError
from printml.files import write_text_atomic
from printml.tools import run_tool
from printml.verify.ladder import Verdict
from printml.verify.row_order import gentle_order

INSTALL_HINT = "Install it with: sudo apt-get install iverilog"
GATE_ROWS_IN_TIME = 30_000_000
"""Gates times rows that the limit of a tool call is meant for; more of them get more time."""
BENCH_FILES = ("run_bench.py", "test_circuit.py")


def icarus_version() -> str:
    """Version that `iverilog -V` prints.

    Raises
    ------
    ToolError
        If iverilog or vvp is not on the path or does not answer.
    """
    for program in ("iverilog", "vvp"):
        if shutil.which(program) is None:
            raise ToolError(
                "Icarus Verilog is not installed", where=f"{program} on PATH", hint=INSTALL_HINT
            )
    try:
        text = subprocess.run(
            ["iverilog", "-V"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(
            "Icarus Verilog does not run", where=str(error), hint=INSTALL_HINT
        ) from error
    match = re.search(r"version ([0-9][\w.-]*)", text)
    if match is None:
        raise ToolError("iverilog -V prints no version", where="iverilog -V", hint=INSTALL_HINT)
    return match[1]


def write_benches(
    circuit: Circuit, X_int: IntArray, expected: dict[str, IntArray], *, sim_folder: Path
) -> None:
    """Put the cocotb benches with stimulus and expected outputs into `sim_folder`.

    Rows are driven in `gentle_order`: outputs do not depend on it, the time does.

    Parameters
    ----------
    X_int
        Rows to drive, int64, shape (n_rows, n_features).
    expected
        Value of each output port on each row.
    """
    bench = importlib.resources.files("printml.verify") / "bench"
    for name in BENCH_FILES:
        write_text_atomic(sim_folder / name, (bench / name).read_text(encoding="utf-8"))
    write_text_atomic(sim_folder / "top.txt", f"{circuit.name}\n")
    header = [f"in:{op.name}:unsigned" for op in circuit.inputs] + [
        f"out:{name}:{'signed' if is_signed(circuit.ranges[index]) else 'unsigned'}"
        for name, index in circuit.outputs
    ]
    columns = [X_int, *(expected[name][:, None] for name, _ in circuit.outputs)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(np.hstack(columns)[gentle_order(X_int)].tolist())
    write_text_atomic(sim_folder / "stimulus.csv", text.getvalue())


def bench_limit_s(timeout_s: float, *, n_gates: int, n_rows: int) -> float:
    """The time limit of a netlist's bench: that of a tool call, and more for much work.

    Examples
    --------
    >>> [bench_limit_s(300, n_gates=n_gates, n_rows=3_000) for n_gates in (5_000, 40_000)]
    [300.0, 1200.0]
    """
    return timeout_s * max(1.0, n_gates * n_rows / GATE_ROWS_IN_TIME)


def run_bench(
    kind: str, *, n_rows: int, n_gates: int, sim_folder: Path, log_folder: Path, timeout_s: float
) -> Verdict:
    """Run the bench of `kind` (`rtl` or `netlist`) and check that it compared all rows.

    Parameters
    ----------
    n_gates
        Of the circuit; `bench_limit_s` makes of it and `timeout_s` how long it may take.

    Raises
    ------
    CheckError
        If Icarus and the expected outputs differ.
    ToolError
        If Icarus or cocotb is missing, fails otherwise or takes too long.
    """
    icarus_version()
    started = time.monotonic()
    proof = sim_folder / f"compared_{kind}.txt"
    proof.unlink(missing_ok=True)
    log = log_folder / f"bench_{kind}.log"
    try:
        run_tool(
            [sys.executable, "run_bench.py", kind],
            tool="Icarus Verilog under cocotb",
            folder=sim_folder,
            log=log,
            timeout_s=bench_limit_s(timeout_s, n_gates=n_gates, n_rows=n_rows),
            environment={"COCOTB_ANSI_OUTPUT": "0"},
        )
    except ToolError as error:
        difference = re.search(r"AssertionError: (row .*)", _read(log))
        if difference:
            raise CheckError(
                f"the {kind} under Icarus differs from the integer model: {difference[1]}",
                where=f"log {log}",
                hint="This is a bug in printml; please report it with the run folder",
            ) from error
        raise
    finally:
        shutil.rmtree(sim_folder / f"sim_build_{kind}", ignore_errors=True)
    compared = int(proof.read_text(encoding="utf-8")) if proof.exists() else 0
    if compared != n_rows:
        raise CheckError(
            f"the {kind} bench compared {compared} of {n_rows} rows", where=f"log {log}"
        )
    proof.unlink()
    return Verdict(
        f"{kind} under Icarus = integer model",
        "simulated",
        n_rows,
        time.monotonic() - started,
        "cocotb, every test row",
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
