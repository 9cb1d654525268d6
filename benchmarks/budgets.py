"""How far pruning should go: area and points lost for budgets on search rows and caps on shrinking.

    python -m benchmarks.budgets RUN... [--untaught] [-j 2]

Each RUN is the run folder of an SVM or MLP made with `--approx coefficients --max-loss 0.0005`
(what coefficients may spend of one point when pruning follows). One path on all training rows of
each. Test rows are read, so take splits that stand in no table: this is what the constants of
`printml/prune/choice.py` were chosen by.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from rich.table import Table

from benchmarks.bench_paths import is_taught, measured_path, seen_by_build, subject_of
from printml.arrays import FloatArray
from printml.cli.output import print_table

BUDGETS = (-0.03, -0.02, -0.015, -0.01, -0.003, 0.0, 0.005)
CAPS = (60.0, 120.0, 240.0, np.inf)


def figures_of(run: Path, taught: bool) -> FloatArray:
    """Of each point: share of the exact circuit's area, loss on search rows, loss on test rows."""
    subject = subject_of(run)
    taught = taught and is_taught(subject)
    path = measured_path(subject, seen_by_build(subject, taught=taught), taught=taught)
    area = np.array([point.area_mm2 for point in path.points]) / subject.exact_mm2
    search = np.array([point.wrong for point in path.points]) - path.exact_wrong
    found: FloatArray = np.stack([area, search, subject.exact_accuracy - np.array(path.accuracy)])
    return found


def taken(figures: FloatArray, budget: float, cap: float) -> tuple[float, float]:
    """Share of the area and loss on test rows of the smallest point allowed, else of the start."""
    area, search, lost = figures
    allowed = np.flatnonzero((search <= budget + 1e-12) & (area >= 1.0 / cap))
    k = allowed[np.argmin(area[allowed])] if len(allowed) else 0
    # A constant has no area, and a mean of logarithms no place for it.
    return max(float(area[k]), 1e-4), float(lost[k])


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--untaught", is_flag=True, help="Copies have the class of their row.")
@click.option("-j", "--jobs", default=1, show_default=True)
def main(runs: tuple[Path, ...], untaught: bool, jobs: int) -> None:
    """Print how many times smaller (geometric mean) and how many points of test accuracy are lost,
    by the budget in points and by how many times smaller a circuit may become."""
    every = Parallel(n_jobs=jobs)(delayed(figures_of)(run, not untaught) for run in runs)
    table = Table(
        "at most", *(f"{100 * budget:+g}" for budget in BUDGETS), title=f"{len(runs)} paths"
    )
    for cap in CAPS:
        cells = []
        for budget in BUDGETS:
            area, lost = np.array([taken(figures, budget, cap) for figures in every]).T
            smaller = 1.0 / np.exp(np.log(area).mean())
            cells.append(f"1/{smaller:.0f} {100 * lost.mean():+.2f}")
        table.add_row(f"{cap:g}", *cells)
    print_table(table)


if __name__ == "__main__":
    main()
