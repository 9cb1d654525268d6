"""One run, all speed figures: kernel, ratio to Icarus, each build step, growth with the vectors.

    python -m benchmarks.bench        (or: make bench)

Times are of this machine at this moment; the ratios beside them are what to compare.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks import bench_kernel
from printml.cli.output import print_table
from printml.flow.recipe import Recipe
from printml.flow.simulate_step import simulate_step
from printml.flow.synth_step import synth_step
from printml.flow.train_step import train_step
from printml.flow.verify_step import verify_step

SIZES = (1_000, 10_000, 100_000)
N_FEATURES, N_CLASSES = 8, 3


@dataclass(frozen=True)
class StepCost:
    """Wall time of a step and the largest memory of it or of one of its tools."""

    seconds: float
    peak_mb: float


def write_table(path: Path, *, n_rows: int) -> None:
    """A table whose class depends on two weighted sums of the features, with noise."""
    rng = np.random.default_rng(0)
    X = rng.random((n_rows, N_FEATURES))
    score = X @ np.linspace(-1, 2, N_FEATURES) + rng.normal(0, 0.2, n_rows)
    y = np.digitize(score, np.quantile(score, [0.4, 0.75]))
    header = ",".join([*(f"f{k}" for k in range(N_FEATURES)), "label"])
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header=header, comments="", fmt="%.5g")


def measured(step: Callable[[], object]) -> StepCost:
    """Run a step in a process of its own, so that its memory is its own."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def child() -> None:
        started = time.monotonic()
        step()
        seconds = time.monotonic() - started
        peaks = [
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        queue.put((seconds, max(peaks) / 1024))

    process = context.Process(target=child)
    process.start()
    process.join()
    if process.exitcode != 0:
        sys.exit(f"a step failed with exit code {process.exitcode}")
    return StepCost(*queue.get())


def build_costs(n_rows: int, folder: Path) -> dict[str, StepCost]:
    """Cost of each step of one build on a table of `n_rows`."""
    table, run = folder / f"bench_{n_rows}.csv", folder / f"run_{n_rows}"
    write_table(table, n_rows=n_rows)
    run.mkdir()
    recipe = Recipe(dataset=str(table), model="svm-c", timeout_s=1800.0)
    return {
        "train": measured(lambda: train_step(recipe, run, n_jobs=1)),
        "synth": measured(lambda: synth_step(run, n_jobs=1)),
        "simulate": measured(lambda: simulate_step(run)),
        "verify": measured(lambda: verify_step(run)),
    }


def main() -> None:
    bench_kernel.main()
    with tempfile.TemporaryDirectory() as folder:
        costs = {n_rows: build_costs(n_rows, Path(folder)) for n_rows in SIZES}
    table = Table(
        "step", *(f"{n_rows:,} rows" for n_rows in SIZES), "growth first to last",
        title=f"build of an svm-c on {N_FEATURES} features, {N_CLASSES} classes: seconds (peak MB)",
    )  # fmt: skip
    for step in costs[SIZES[0]]:
        row = [costs[n_rows][step] for n_rows in SIZES]
        ratio = row[-1].seconds / row[0].seconds
        table.add_row(
            step, *(f"{c.seconds:.2f} ({c.peak_mb:.0f})" for c in row), f"x {ratio:.1f} for x 100"
        )
    print_table(table)


if __name__ == "__main__":
    main()
