"""What it takes Icarus to check a netlist on test rows, with X between two rows and without.

    python -m benchmarks.icarus RUN [--rows 300]

RUN is a run folder with an exact circuit. Its cocotb bench is run on the first test rows as it
stands (input bits that change are unknown in between), and once without that. One after the other
in the same process, one core, compilation included.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import click
from rich.table import Table

from printml.cli.output import print_table
from printml.flow.run import circuit_of, library_of, read_netlist, read_run
from printml.simulate.kernel import outputs
from printml.verify.icarus import run_bench, write_benches

PASS_BY_X = "if old != new:"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--rows", "n_rows", default=300, show_default=True, help="Test rows.")
def main(run: Path, n_rows: int) -> None:
    """Print the seconds of both ways and their ratio."""
    recipe, folder, model, rows = read_run(run)
    netlist = read_netlist(folder)
    X = rows.X_int[rows.test][:n_rows]
    expected = {"class": outputs(netlist, library_of(recipe), X)["class"]}
    seconds = []
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        (scratch / "logs").mkdir()
        (scratch / "sim").mkdir()
        shutil.copytree(folder.netlist_verilog.parent, scratch / "netlist")
        shutil.copyfile(folder.cells, scratch / "cells.v")
        write_benches(circuit_of(recipe, model), X, expected, sim_folder=scratch / "sim")
        bench = scratch / "sim" / "test_circuit.py"
        by_x = bench.read_text(encoding="utf-8")
        if PASS_BY_X not in by_x:
            raise click.ClickException(f"the bench no longer says {PASS_BY_X!r}")
        for text in (by_x, by_x.replace(PASS_BY_X, "if False:")):
            bench.write_text(text, encoding="utf-8")
            started = time.perf_counter()
            run_bench(
                "netlist", n_rows=len(X), n_gates=netlist.n_gates,
                sim_folder=scratch / "sim", log_folder=scratch / "logs", timeout_s=3600,
            )  # fmt: skip
            seconds.append(time.perf_counter() - started)
    table = Table("gates", "rows", "by X s", "at once s", "ratio", title=str(run))
    table.add_row(
        str(netlist.n_gates),
        str(len(X)),
        *(f"{s:.1f}" for s in seconds),
        f"{seconds[1] / seconds[0]:.1f}",
    )
    print_table(table)


if __name__ == "__main__":
    main()
