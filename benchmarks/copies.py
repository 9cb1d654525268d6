"""What noisy copies of the training rows are worth to pruning: test accuracy against area.

    python -m benchmarks.copies RUN [--copies 0 --copies 2 --copies 4] [--every-move] [-j 2]

RUN is a run folder with an exact circuit; of SVMs, MLPs and trees with `--approx coefficients` (or
more) pruning starts from their stage. One path on all training rows for each number of copies,
without folds; with `--every-move` none is lazy. Test rows are read, so take a split that stands in
no table.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from rich.table import Table

from printml.cli.output import print_table
from printml.flow.run import library_of, read_netlist, read_run
from printml.flow.rundir import RunFolder
from printml.prune.copies import COPY_WEIGHT, evidence_of
from printml.prune.network import network_of
from printml.prune.paths import BEYOND, ROUND_SHARES, is_long, predict_network
from printml.prune.published import class_only
from printml.prune.search import PrunePoint, prune_path
from printml.synth.abc import REFRESH
from printml.synth.direct import map_netlist

STAGES = ("coefficients", "thresholds", ".")
SHARES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08)
"""Of the area at the start, the accuracy of whose first smaller circuit is shown."""


def path_of(
    run: Path, n_copies: int, every_move: bool
) -> tuple[list[PrunePoint], list[float], float]:
    """Points, their test accuracy, and seconds."""
    recipe, folder, model, rows = read_run(run)
    library = library_of(recipe)
    stage = next(name for name in STAGES if (run / name).exists())
    start = class_only(read_netlist(RunFolder(run / stage, folder.top)))
    evidence = evidence_of(
        rows.X_int[rows.train], rows.y[rows.train], model.input_bits,
        n_copies=n_copies, copy_weight=COPY_WEIGHT, seed=recipe.seed,
    )  # fmt: skip
    wrong = float(evidence.weights @ (model.predict(evidence.X_int) != evidence.y))
    started = time.perf_counter()
    network = network_of(start, library)
    points = prune_path(
        network, library, evidence, most_wrong=wrong + BEYOND,
        map_again=lambda netlist: map_netlist(netlist, library, flow=REFRESH),
        round_share=ROUND_SHARES[0], lazy=is_long(network, evidence) and not every_move,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    found = [float(np.mean(predict_network(point.network, X) == y)) for point in points]
    return points, found, seconds


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--copies", multiple=True, default=(0, 2, 4), show_default=True)
@click.option("--every-move", is_flag=True, help="Judge all moves in every batch.")
@click.option("-j", "--jobs", default=1, show_default=True)
def main(run: Path, copies: tuple[int, ...], every_move: bool, jobs: int) -> None:
    """Print the test accuracy at falling areas, a row for each number of copies, and in brackets
    the wrong weight of the rows that the path saw, in percent."""
    _, _, model, rows = read_run(run)
    exact = float(np.mean(model.predict(rows.X_int[rows.test]) == rows.y[rows.test]))
    paths = Parallel(n_jobs=jobs)(delayed(path_of)(run, n, every_move) for n in copies)
    title = f"{run}: exact {exact:.4f} on {len(rows.test)} test rows"
    table = Table("copies", "s", *(f"{100 * share:.0f} %" for share in SHARES), title=title)
    for n, (points, accuracy, seconds) in zip(copies, paths, strict=True):
        cells = []
        for share in SHARES:
            limit = share * points[0].area_mm2 + 1e-9
            k = next((k for k, p in enumerate(points) if p.area_mm2 <= limit), None)
            text = ""
            if k is not None:
                wrong, area_cm2 = 100 * points[k].wrong, points[k].area_mm2 / 100
                text = f"{area_cm2:.2f}: {accuracy[k]:.4f} ({wrong:.2f})"
            cells.append(text)
        table.add_row(str(n), f"{seconds:.0f}", *cells)
    print_table(table)


if __name__ == "__main__":
    main()
