"""Speed of the simulation kernel, its growth, and its ratio to Icarus on the same work.

A gate evaluation is one gate on one vector. Run it with `python benchmarks/bench_kernel.py`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.arrays import BitArray, IntArray
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.liberty.views import verilog_cells
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.netlist.tie_kernel import sweep_gates, tie_gates
from printml.netlist.transform import output_nets, tie_tables
from printml.netlist.verilog import to_verilog
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import outputs, pack_inputs, program_of, run_program

N_GATES = 2_000
N_VECTORS = 2_400
SEED = 1
CELL_SHARES = {
    "INVX1": 0.12,
    "NAND2X1": 0.55,
    "NOR2X1": 0.08,
    "AND2X1": 0.06,
    "OR2X1": 0.09,
    "XOR2X1": 0.08,
    "XNOR2X1": 0.02,
}
"""Near the mix of mapped classifiers."""


@dataclass(frozen=True)
class KernelSpeed:
    """Median run of the kernel on packed vectors."""

    n_gates: int
    n_vectors: int
    seconds: float

    @property
    def evaluations_per_s(self) -> float:
        return self.n_gates * self.n_vectors / self.seconds


@dataclass(frozen=True)
class Growth:
    """Seconds of each step on a number of vectors: kernel alone, integers to integers, counts."""

    n_vectors: int
    kernel_s: float
    outputs_s: float
    activity_s: float


@dataclass(frozen=True)
class IcarusRatio:
    """Both simulators on the same netlist and vectors, with equal outputs."""

    kernel_s: float
    icarus_s: float

    @property
    def ratio(self) -> float:
        return self.icarus_s / self.kernel_s


def random_netlist(library: CellLibrary, *, n_gates: int = N_GATES, seed: int = SEED) -> Netlist:
    """Gates that read recent nets; 11 inputs of 4 bits, 43 output bits."""
    rng = np.random.default_rng(seed)
    builder = NetlistBuilder("random_netlist", library=library)
    nets = [net for index in range(11) for net in builder.add_input(f"x{index}", 4)]
    names = list(CELL_SHARES)
    shares = np.array([CELL_SHARES[name] for name in names])
    for kind in rng.choice(len(names), size=n_gates, p=shares / shares.sum()):
        cell = library.cells[names[kind]]
        recent = nets[-300:]
        read = rng.choice(len(recent), size=cell.n_inputs, replace=False)
        nets.append(builder.add_gate(cell.name, [recent[index] for index in read]))
    builder.add_output("class", nets[-3:])
    builder.add_output("rest", nets[-43:-3])
    return builder.build()


def random_rows(netlist: Netlist, *, n_vectors: int, seed: int = SEED) -> IntArray:
    """Uniform vectors, int64, shape (n_vectors, n_ports)."""
    highs = [1 << port.width for port in netlist.inputs]
    return np.random.default_rng(seed).integers(0, highs, size=(n_vectors, len(highs)))


def kernel_speed(
    library: CellLibrary, *, n_gates: int = N_GATES, n_vectors: int = N_VECTORS
) -> KernelSpeed:
    """Gate evaluations per second on one core, compiled before."""
    netlist = random_netlist(library, n_gates=n_gates)
    packed = pack_inputs(netlist, random_rows(netlist, n_vectors=n_vectors))
    return KernelSpeed(n_gates, n_vectors, _kernel_seconds(netlist, library, packed))


def kernel_growth(
    library: CellLibrary, *, sizes: tuple[int, ...] = (1_000, 10_000, 100_000)
) -> list[Growth]:
    """Seconds of each step as the number of vectors grows."""
    netlist = random_netlist(library)
    result = []
    for n_vectors in sizes:
        rows = random_rows(netlist, n_vectors=n_vectors)
        result.append(
            Growth(
                n_vectors,
                _kernel_seconds(netlist, library, pack_inputs(netlist, rows)),
                _median_seconds(lambda rows=rows: outputs(netlist, library, rows), repeats=5),
                _median_seconds(
                    lambda rows=rows: measure_activity(netlist, library, rows), repeats=5
                ),
            )
        )
    return result


def tie_seconds(library: CellLibrary) -> float:
    """One constant propagation with sweep of the standard netlist, as a search would call it."""
    netlist = random_netlist(library)
    tables = tie_tables(netlist, library)
    ends = output_nets(netlist)
    forced = np.full(netlist.n_nets, -1, dtype=np.int8)
    forced[[netlist.first_gate_net + 500, netlist.first_gate_net + 900]] = [1, 0]

    def run() -> None:
        kind, fanin, replaced = tie_gates(
            netlist.kind,
            netlist.fanin,
            netlist.first_gate_net,
            forced,
            tables.n_pins,
            tables.truth_table,
            tables.area_mm2,
            tables.match_kind,
            tables.match_pins,
        )
        sweep_gates(kind, fanin, netlist.first_gate_net, replaced, ends, tables.n_pins)

    return _median_seconds(run, repeats=200)


def icarus_ratio(
    library: CellLibrary, folder: Path, *, n_gates: int = N_GATES, n_vectors: int = N_VECTORS
) -> IcarusRatio:
    """Time `vvp` and the kernel on the same vectors; both must give the same outputs.

    Of Icarus only the run of `vvp` counts, not the compilation; `folder` receives its files.

    Raises
    ------
    RuntimeError
        If the outputs differ.
    """
    netlist = random_netlist(library, n_gates=n_gates)
    rows = random_rows(netlist, n_vectors=n_vectors)
    sources = to_verilog(netlist, library=library) + verilog_cells(library)
    (folder / "netlist.v").write_text(sources, encoding="utf-8")
    (folder / "rows.hex").write_text(_hex_rows(netlist, rows), encoding="utf-8")
    (folder / "bench.v").write_text(_bench(netlist, n_vectors), encoding="utf-8")
    argv = ["iverilog", "-g2005", "-o", "bench.vvp", "-s", "bench", "netlist.v", "bench.v"]
    subprocess.run(argv, cwd=folder, check=True, timeout=120)
    started = time.perf_counter()
    done = subprocess.run(
        ["vvp", "-n", "bench.vvp"],
        cwd=folder,
        check=True,
        timeout=600,
        capture_output=True,
        text=True,
    )
    icarus_s = time.perf_counter() - started
    expected = _checksum(netlist, library, rows)
    if int(done.stdout.split()[-1], 16) != expected:
        raise RuntimeError(f"Icarus says {done.stdout!r}, the kernel {expected:x}")
    return IcarusRatio(_kernel_seconds(netlist, library, pack_inputs(netlist, rows)), icarus_s)


def _kernel_seconds(netlist: Netlist, library: CellLibrary, packed: BitArray) -> float:
    program = program_of(netlist, library)
    values = np.empty((netlist.n_nets, packed.shape[1]), dtype=np.uint64)
    repeats = 5 if packed.shape[1] > 500 else 200
    return _median_seconds(lambda: run_program(program, packed, values), repeats=repeats)


def _median_seconds(run: Callable[[], object], *, repeats: int) -> float:
    """Median of several runs after one that compiles and warms the caches."""
    run()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _hex_rows(netlist: Netlist, rows: IntArray) -> str:
    shifts = np.cumsum([0, *(port.width for port in netlist.inputs)])[:-1].tolist()
    words = [
        sum(value << shift for value, shift in zip(row, shifts, strict=True))
        for row in rows.tolist()
    ]
    return "".join(f"{word:x}\n" for word in words)


def _bench(netlist: Netlist, n_vectors: int) -> str:
    """Apply every row and fold all outputs into one 64-bit sum."""
    n_bits = netlist.n_input_bits
    n_out = sum(port.width for port in netlist.outputs)
    pins, low = [], 0
    for port in netlist.inputs:
        pins.append(f".{port.name}(row[{low + port.width - 1}:{low}])")
        low += port.width
    low = 0
    for port in netlist.outputs:
        pins.append(f".\\{port.name} (out[{low + port.width - 1}:{low}])")
        low += port.width
    return f"""`timescale 1ns/1ps
module bench;
  reg [{n_bits - 1}:0] rows [0:{n_vectors - 1}];
  reg [{n_bits - 1}:0] row;
  wire [{n_out - 1}:0] out;
  reg [63:0] total;
  integer k;
  {netlist.name} dut ({", ".join(pins)});
  initial begin
    $readmemh("rows.hex", rows);
    total = 0;
    for (k = 0; k < {n_vectors}; k = k + 1) begin
      row = rows[k];
      #1 total = total * 3 + out;
    end
    $display("%h", total);
    $finish;
  end
endmodule
"""


def _checksum(netlist: Netlist, library: CellLibrary, rows: IntArray) -> int:
    """The bench's sum, from the kernel's outputs."""
    found = outputs(netlist, library, rows)
    word = np.zeros(len(rows), dtype=np.int64)
    low = 0
    for port in netlist.outputs:
        word |= found[port.name] << low
        low += port.width
    total = 0
    for value in word.tolist():
        total = (total * 3 + value) % (1 << 64)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default="egfet")
    parser.add_argument("--vdd", type=float, default=1.0)
    arguments = parser.parse_args()
    library = find_library(arguments.library, arguments.vdd)
    started = time.perf_counter()
    kernel_speed(library, n_gates=10, n_vectors=64)
    print(f"load or compile the kernel   {time.perf_counter() - started:10.2f} s")
    speed = kernel_speed(library)
    print(
        f"{speed.n_gates} gates x {speed.n_vectors} vectors    {speed.seconds * 1e6:10.1f} us"
        f"   {speed.evaluations_per_s:.3g} gate evaluations/s on one core"
    )
    print(f"tie and sweep                {tie_seconds(library) * 1e6:10.1f} us")
    for row in kernel_growth(library):
        print(
            f"{row.n_vectors:7d} vectors   kernel {row.kernel_s * 1e3:8.3f} ms"
            f"   outputs {row.outputs_s * 1e3:8.2f} ms   activity {row.activity_s * 1e3:8.2f} ms"
        )
    with tempfile.TemporaryDirectory() as folder:
        both = icarus_ratio(library, Path(folder))
    print(
        f"Icarus, same netlist and vectors {both.icarus_s:6.2f} s"
        f"   kernel {both.kernel_s * 1e6:.1f} us   ratio {both.ratio:,.0f}"
    )


if __name__ == "__main__":
    main()
