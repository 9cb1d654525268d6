"""What noisy copies of the training rows are worth to pruning: test accuracy against area.

    python -m benchmarks.copies RUN [--copies 0 --copies 2] [--weight 3] [--taught] [--every-move]
        [--until-cm2 2] [-j 2]

RUN is a run folder with an exact circuit; of SVMs, MLPs and trees with `--approx coefficients` (or
more) pruning starts from their stage. One path on all training rows for each number of copies,
without folds; with `--taught` a teacher labels the copies, with `--every-move` none is lazy. Test
rows are read, so take a split that stands in no table.
"""

from __future__ import annotations

from pathlib import Path

import click
from joblib import Parallel, delayed
from rich.table import Table

from benchmarks.bench_paths import measured_path, subject_of
from printml.approx.guard import perturbed_copies
from printml.cli.output import print_table
from printml.model.teacher import fit_teacher
from printml.prune.copies import COPY_WEIGHT, evidence_of

SHARES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08)
"""Of the area at the start, the accuracy of whose first smaller circuit is shown."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--copies", multiple=True, default=(0, 2, 4), show_default=True)
@click.option("--weight", default=COPY_WEIGHT, show_default=True, help="Of a row's copies.")
@click.option("--taught", is_flag=True, help="A teacher labels the copies, not their row.")
@click.option("--every-move", is_flag=True, help="Judge all moves in every batch.")
@click.option("--until-cm2", default=0.0, help="Go down to here, whatever is lost.")
@click.option("-j", "--jobs", default=1, show_default=True)
def main(
    run: Path,
    copies: tuple[int, ...],
    weight: float,
    taught: bool,
    every_move: bool,
    until_cm2: float,
    jobs: int,
) -> None:
    """Print the test accuracy at falling areas, a row for each number of copies, and in brackets
    the wrong weight of the rows that the path saw, in percent."""
    subject = subject_of(run)
    rows, bits, seed = subject.rows, subject.model.input_bits, subject.recipe.seed
    X_int, y = rows.X_int[rows.train], rows.y[rows.train]
    teacher = fit_teacher(X_int, y, bits, seed=seed) if taught else None
    seen = []
    for n in copies:
        made_up = perturbed_copies(X_int, bits, n_copies=n, seed=seed)
        seen.append(
            evidence_of(
                X_int, y, bits, n_copies=n, copy_weight=weight, seed=seed,
                copies_y=teacher(made_up) if teacher and n else None,
            )
        )  # fmt: skip
    paths = Parallel(n_jobs=jobs)(
        delayed(measured_path)(
            subject, evidence, taught=taught, every_move=every_move, until_mm2=100 * until_cm2
        )
        for evidence in seen
    )
    title = f"{run}: exact {subject.exact_accuracy:.4f} on {len(subject.rows.test)} test rows"
    table = Table("copies", "s", *(f"{100 * share:.0f} %" for share in SHARES), title=title)
    for n, path in zip(copies, paths, strict=True):
        points = path.points
        cells = []
        for share in SHARES:
            limit = share * points[0].area_mm2 + 1e-9
            k = next((k for k, p in enumerate(points) if p.area_mm2 <= limit), None)
            text = ""
            if k is not None:
                wrong, area_cm2 = 100 * points[k].wrong, points[k].area_mm2 / 100
                text = f"{area_cm2:.2f}: {path.accuracy[k]:.4f} ({wrong:.2f})"
            cells.append(text)
        table.add_row(str(n), f"{path.seconds:.0f}", *cells)
    print_table(table)


if __name__ == "__main__":
    main()
