"""Power-aware mapping against area-only mapping: eight published models and ten trees, 1.0 V.

    python -m benchmarks.power_mapping [--out FOLDER] [RUN ...]

Without RUN folders it trains and maps all eighteen for area first, and keeps them in FOLDER.
Training rows steer the mapping; the power shown is that of the test rows at a 200 ms clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from benchmarks.published import entries, recipe
from printml.cli.output import print_table
from printml.errors import CheckError
from printml.flow.recipe import Recipe
from printml.flow.run import library_of, read_netlist, read_run
from printml.flow.synth_step import synth_step
from printml.flow.train_step import train_step
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.polish.power_map import optimize_power, static_power_nw
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import outputs
from printml.simulate.power import power

TREES = (
    "arrhythmia", "balance", "breastcancer", "cardio", "mammographic",
    "pendigits", "redwine", "seeds", "vertebral", "whitewine",
)  # fmt: skip
N_RANDOM = 65_536


@dataclass(frozen=True)
class Change:
    """One circuit before and after; static power on training rows, all power on test rows."""

    name: str
    n_gates: int
    area_before_cm2: float
    area_after_cm2: float
    train_change: float
    power_before_mw: float
    power_after_mw: float
    seconds: float

    @property
    def power_change(self) -> float:
        return self.power_after_mw / self.power_before_mw - 1


def check_equal(before: Netlist, after: Netlist, library: CellLibrary) -> None:
    """Compare all outputs on random vectors."""
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 1 << port.width, N_RANDOM) for port in before.inputs]
    X = np.stack(columns, axis=1)
    left, right = outputs(before, library, X), outputs(after, library, X)
    for name, values in left.items():
        if not np.array_equal(values, right[name]):
            raise CheckError(f"output {name} changed", where=f"netlist {before.name}")


def measure(path: Path) -> Change:
    """Optimise the netlist of a run folder; the folder stays as it is."""
    choices, run, _, rows = read_run(path)
    library, before = library_of(choices), read_netlist(run)
    train, test = rows.X_int[rows.train], rows.X_int[rows.test]
    started = time.process_time()
    after = optimize_power(before, library, train)
    seconds = time.process_time() - started
    check_equal(before, after, library)
    on_test = [
        power(n, library, measure_activity(n, library, test), clock_ms=choices.clock_ms).power_mw
        for n in (before, after)
    ]
    on_train = [static_power_nw(n, library, train) for n in (before, after)]
    return Change(
        name=f"{choices.dataset} {choices.model}",
        n_gates=before.n_gates,
        area_before_cm2=before.area_cm2(library),
        area_after_cm2=after.area_cm2(library),
        train_change=on_train[1] / on_train[0] - 1,
        power_before_mw=on_test[0],
        power_after_mw=on_test[1],
        seconds=seconds,
    )


def built(choices: Recipe, target: Path) -> Path:
    """Train and map for area, unless the folder holds that already."""
    if not target.exists():
        target.mkdir(parents=True)
        train_step(choices, target, n_jobs=1)
        synth_step(target, n_jobs=1)
    return target


@click.command()
@click.option("--out", default="runs/power", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path, exists=True))
def main(out: Path, runs: tuple[Path, ...]) -> None:
    """Print area and power before and after, and the means."""
    if not runs:
        work = [(recipe(e, keep_scores=True, effort="normal"), e["model"]) for e in entries()]
        work += [(Recipe(dataset=name, model="tree"), "tree") for name in TREES]
        runs = tuple(built(r, out / f"{Path(r.dataset).stem}-{model}") for r, model in work)
    table = Table(
        "circuit", "gates", "area cm2", "after", "change", "train power", "test mW", "after",
        "change", "CPU s", title="power-aware against area-only mapping, 1.0 V, 200 ms",
    )  # fmt: skip
    changes = []
    for path in runs:
        c = measure(path)
        changes.append(c)
        table.add_row(
            c.name, str(c.n_gates), f"{c.area_before_cm2:.3f}", f"{c.area_after_cm2:.3f}",
            f"{c.area_after_cm2 / c.area_before_cm2 - 1:+.2%}", f"{c.train_change:+.2%}",
            f"{c.power_before_mw:.3f}", f"{c.power_after_mw:.3f}", f"{c.power_change:+.2%}",
            f"{c.seconds:.1f}",
        )  # fmt: skip
        print(c, flush=True)
    table.caption = "; ".join(
        f"mean power change of {len(part)} {title}: {np.mean([c.power_change for c in part]):+.2%}"
        for title, part in (
            ("circuits", changes),
            ("trees", [c for c in changes if c.name.endswith("tree")]),
            ("others", [c for c in changes if not c.name.endswith("tree")]),
        )
        if part
    )
    print_table(table)


if __name__ == "__main__":
    main()
