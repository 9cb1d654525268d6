"""What mending gives back to a pruned netlist: points lost on test rows before and after.

    python -m benchmarks.mending RUN [--until-cm2 1]

RUN is a run folder with an exact circuit; of SVMs, MLPs and trees with `--approx coefficients` (or
more) pruning starts from their stage. One path on all training rows, without folds. Test rows are
read, so take a split that stands in no table.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import click
from rich.table import Table

from benchmarks.bench_paths import is_taught, measured_path, seen_by_build, subject_of
from printml.cli.output import print_table


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--until-cm2", default=0.0, show_default=True, help="Where the path ends.")
def main(run: Path, until_cm2: float) -> None:
    """Print a row for each round: where the round before ended, and what mending made of it; areas
    in cm2, wrong weight of the rows that the path saw in percent, points of accuracy lost on test
    rows."""
    subject = subject_of(run)
    taught = is_taught(subject)
    evidence = seen_by_build(subject, taught=taught)
    path = measured_path(subject, evidence, taught=taught, until_mm2=100 * until_cm2)
    exact = subject.exact_accuracy
    table = Table(
        "pruned", "wrong", "lost", "mended", "wrong", "lost", "changes",
        title=f"{run}: exact {exact:.4f} on {len(subject.rows.test)} test rows, "
        f"{path.seconds:.0f} s",
    )  # fmt: skip
    told = list(zip(path.points, path.accuracy, strict=True))
    for before, after in pairwise(told):
        if before[0].round == after[0].round:
            continue
        cells = []
        for point, accuracy in (before, after):
            cells += [f"{point.area_mm2 / 100:.3f}", f"{100 * point.wrong:.2f}"]
            cells += [f"{100 * (exact - accuracy):+.2f}"]
        table.add_row(*cells, str(len(after[0].changes)))
    print_table(table)


if __name__ == "__main__":
    main()
