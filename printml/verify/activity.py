"""Activity of the kernel against Icarus: same netlist, same vectors, every net counted."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from printml.arrays import IntArray
from printml.errors import CheckError
from printml.files import write_text_atomic
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import net_names
from printml.simulate.activity import measure_activity
from printml.simulate.vcd import count_vcd
from printml.tools import run_tool
from printml.verify.icarus import INSTALL_HINT, icarus_version
from printml.verify.ladder import Verdict

PERIOD_NS = 1000
MAX_SAMPLES = 256
MAX_NET_VECTORS = 2_000_000
"""Bound on nets times vectors, so that the VCD of a large netlist stays small."""


def activity_bench(netlist: Netlist, n_vectors: int) -> str:
    """Plain Verilog that applies `vectors.hex` one row per period and dumps every net."""
    n_bits = netlist.n_input_bits
    wires, ports = [], []
    low = 0
    for port in netlist.inputs:
        ports.append(f".{port.name}(vector[{low + port.width - 1}:{low}])")
        low += port.width
    for k, port in enumerate(netlist.outputs):
        wires.append(f"  wire [{port.width - 1}:0] out_{k};")
        ports.append(f".{port.name}(out_{k})")
    return "\n".join(
        [
            "`timescale 1ns/1ps",
            "module activity_bench;",
            f"  reg [{n_bits - 1}:0] vectors [0:{n_vectors - 1}];",
            f"  reg [{n_bits - 1}:0] vector;",
            "  integer row;",
            *wires,
            f"  {netlist.name} dut ({', '.join(ports)});",
            "  initial begin",
            '    $readmemh("vectors.hex", vectors);',
            "    vector = vectors[0];",
            '    $dumpfile("activity.vcd");',
            "    $dumpvars(1, dut);",
            f"    for (row = 1; row < {n_vectors}; row = row + 1) begin",
            f"      #{PERIOD_NS} vector = vectors[row];",
            "    end",
            f"    #{PERIOD_NS} $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )


def vectors_hex(netlist: Netlist, X_int: IntArray) -> str:
    """One line per row: all input ports in one word, the first port lowest."""
    lines = []
    for row in X_int.tolist():
        word, low = 0, 0
        for value, port in zip(row, netlist.inputs, strict=True):
            word |= value << low
            low += port.width
        lines.append(f"{word:x}")
    return "\n".join([*lines, ""])


def check_activity(
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    *,
    netlist_verilog: Path,
    cells: Path,
    folder: Path,
    log_folder: Path,
    timeout_s: float,
) -> Verdict:
    """Count T0, T1 and TC of every net under Icarus and compare with the kernel's.

    Parameters
    ----------
    X_int
        Rows in the order they are applied; the first ones are used, as many as keep the dump
        small (at most `MAX_SAMPLES`).

    Raises
    ------
    CheckError
        Naming the first net whose counts differ.
    ToolError
        If Icarus is missing, fails or takes too long.
    """
    icarus_version()
    started = time.monotonic()
    sample = X_int[: max(2, min(MAX_SAMPLES, MAX_NET_VECTORS // max(netlist.n_nets, 1)))]
    write_text_atomic(folder / "activity_bench.v", activity_bench(netlist, len(sample)))
    write_text_atomic(folder / "vectors.hex", vectors_hex(netlist, sample))
    for source in (netlist_verilog, cells):
        shutil.copyfile(source, folder / f"activity_{source.name}")
    compile_argv = ["iverilog", "-g2005", "-o", "activity.vvp", "-s", "activity_bench"]
    sources = [f"activity_{netlist_verilog.name}", f"activity_{cells.name}", "activity_bench.v"]
    for name, argv in (("compile", compile_argv + sources), ("run", ["vvp", "-n", "activity.vvp"])):
        run_tool(
            argv,
            tool="Icarus Verilog",
            folder=folder,
            log=log_folder / f"activity_{name}.log",
            timeout_s=timeout_s,
            hint=INSTALL_HINT,
        )
    counted = count_vcd(folder / "activity.vcd", period=PERIOD_NS, n_vectors=len(sample))
    activity = measure_activity(netlist, library, sample)
    for net, name in net_names(netlist).items():
        if name not in counted:
            raise CheckError(f"net {name} is missing from the VCD of Icarus", where=netlist.name)
        ours = (int(activity.t0[net]), int(activity.t1[net]), int(activity.tc[net]))
        if ours != counted[name]:
            raise CheckError(
                f"net {name} has T0, T1, TC = {ours} in the kernel and {counted[name]} in Icarus",
                where=f"{netlist.name}, first {len(sample)} test rows",
                hint="This is a bug in printml; please report it with the run folder",
            )
    return Verdict(
        "activity of the kernel = VCD of Icarus",
        "exact",
        len(sample),
        time.monotonic() - started,
        f"T0, T1, TC of {np.count_nonzero(activity.t0 + activity.t1)} nets",
    )
