"""Simulate the circuit under Icarus Verilog on stimulus.csv: python run_bench.py rtl|netlist."""

import os
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

HERE = Path(__file__).resolve().parent
TOP = (HERE / "top.txt").read_text(encoding="utf-8").strip()
SOURCES = {
    "rtl": [HERE.parent / "rtl" / f"{TOP}.v"],
    "netlist": [HERE.parent / "netlist" / f"{TOP}.v", HERE.parent / "cells.v"],
}


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in SOURCES:
        sys.exit(__doc__)
    kind = sys.argv[1]
    os.environ.update(BENCH_FOLDER=str(HERE), BENCH_KIND=kind)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    runner = get_runner("icarus")
    build = HERE / f"sim_build_{kind}"
    runner.build(
        sources=SOURCES[kind],
        hdl_toplevel=TOP,
        build_dir=build,
        build_args=["-g2005"],
        timescale=("1ns", "1ps"),
        always=True,
    )
    results = runner.test(
        hdl_toplevel=TOP, test_module="test_circuit", build_dir=build, test_dir=HERE
    )
    from cocotb_tools.check_results import get_results

    n_tests, n_failed = get_results(results)
    sys.exit(0 if n_tests == 1 and n_failed == 0 else 1)


if __name__ == "__main__":
    main()
