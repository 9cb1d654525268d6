"""Every single stuck-at fault of a circuit on its test rows: seconds, and faults a second.

python -m benchmarks.faults RUN
"""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.table import Table

from printml.cli.output import print_table
from printml.faults.stuck_at import run_faults, single_faults
from printml.flow.run import library_of, read_netlist, read_run


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def main(run: Path) -> None:
    """Print the time of one campaign, compiled before."""
    recipe, folder, _, rows = read_run(run)
    netlist, library = read_netlist(folder), library_of(recipe)
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    faults = single_faults(netlist)
    run_faults(netlist, library, X, y, (faults[0][:2], faults[1][:2]))
    started = time.perf_counter()
    found = run_faults(netlist, library, X, y, faults)
    seconds = time.perf_counter() - started
    table = Table("gates", "rows", "faults", "s", "faults 1/s", "mean accuracy", title=str(run))
    table.add_row(
        str(netlist.n_gates), str(len(y)), str(len(found.nets)), f"{seconds:.3f}",
        f"{len(found.nets) / seconds:,.0f}", f"{found.accuracy.mean():.3f}",
    )  # fmt: skip
    print_table(table)


if __name__ == "__main__":
    main()
