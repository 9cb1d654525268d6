"""Pruning by tau and phi alone, as published: no coefficients were approximated before.

    python -m benchmarks.published_pruning [--seeds 5] [--first-seed 33] [--only CIRCUIT] [-j 2]

Per circuit and split the smallest netlist of the grid that loses at most one point of the training
rows against our own exact circuit, both mapped again by the same fast flow. Test rows are read
once, by the two finished netlists, with the bit-parallel kernel. The published mean saving is 22 %
(Armeniakos et al., DATE 2022).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from rich.table import Table

from printml.arrays import IntArray
from printml.cli.output import print_table
from printml.explore.survey import MAX_LOSS, MLP_SVM
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import Recipe
from printml.flow.run import library_of, read_run
from printml.flow.train_step import train_step
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.published import class_only, prune_published
from printml.simulate.kernel import outputs
from printml.synth.abc import REFRESH
from printml.synth.direct import map_netlist


def accuracy(netlist: Netlist, library: CellLibrary, X_int: IntArray, y: IntArray) -> float:
    """Share of rows that the netlist gets right."""
    return float(np.mean(outputs(netlist, library, X_int)["class"] == y))


def mapped_again(netlist: Netlist, library: CellLibrary) -> Netlist:
    """The smaller of a netlist and what mapping makes of it."""
    again = map_netlist(netlist, library, flow=REFRESH, timeout_s=900)
    return min(netlist, again, key=lambda found: found.area_cm2(library))


def saved_and_lost(circuit: str, seed: int) -> tuple[str, float, float, int]:
    """Circuit, share of area saved, share of test rows lost, and how many there are."""
    dataset, model = circuit.split("/")
    recipe = Recipe(dataset=dataset, model=model, seed=seed, timeout_s=900)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(prefix="printml-tau-phi-") as folder:
        train_step(recipe, Path(folder), n_jobs=1)
        _, _, exact_model, rows = read_run(Path(folder))
    library = library_of(recipe)
    X, y, X_test, y_test = (
        rows.X_int[rows.train], rows.y[rows.train], rows.X_int[rows.test], rows.y[rows.test],
    )  # fmt: skip
    with_scores = quick_netlist(exact_model, library, keep_scores=True, timeout_s=900)
    exact = class_only(with_scores)
    least = accuracy(exact, library, X, y) - MAX_LOSS
    allowed = [
        point
        for point in prune_published(with_scores, library, X, y)
        if point.accuracy_train >= least - 1e-12
    ]
    pruned = min(allowed, key=lambda point: point.area_mm2).netlist if allowed else exact
    before, after = mapped_again(exact, library), mapped_again(pruned, library)
    return (
        circuit,
        1.0 - after.area_cm2(library) / before.area_cm2(library),
        accuracy(before, library, X_test, y_test) - accuracy(after, library, X_test, y_test),
        len(y_test),
    )


@click.command()
@click.option("--seeds", default=5, show_default=True)
@click.option("--first-seed", default=33, show_default=True)
@click.option("--only", multiple=True, metavar="CIRCUIT", help="[default: all fourteen]")
@click.option("-j", "--jobs", default=2, show_default=True)
def main(seeds: int, first_seed: int, only: tuple[str, ...], jobs: int) -> None:
    """Print saving and loss of each circuit, mean and standard deviation over the splits."""
    circuits = only or MLP_SVM
    work = [(circuit, first_seed + k) for circuit in circuits for k in range(seeds)]
    found = Parallel(n_jobs=jobs)(delayed(saved_and_lost)(*one) for one in work)
    table = Table(
        "circuit", "splits", "rows", "area saved", "points lost",
        title=f"tau and phi alone, splits {first_seed} to {first_seed + seeds - 1}",
    )  # fmt: skip
    for circuit in circuits:
        saved, lost, n_test = np.array([row[1:] for row in found if row[0] == circuit]).T
        table.add_row(
            circuit,
            str(len(saved)),
            str(int(n_test[0])),
            f"{100 * saved.mean():.1f} ± {100 * saved.std():.1f} %",
            f"{100 * lost.mean():+.2f} ± {100 * lost.std():.2f}",
        )
    saved, lost = np.array([row[1:3] for row in found]).T
    table.add_row(
        "all", str(len(found)), "", f"{100 * saved.mean():.1f} %", f"{100 * lost.mean():+.2f}"
    )
    print_table(table)


if __name__ == "__main__":
    main()
