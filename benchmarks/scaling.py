"""How the time of an exact build grows with the number of coefficients.

    python -m benchmarks.scaling [--model FILE]

Random one-vs-one SVMs of 16 inputs with 8-bit coefficients, and the real Pendigits SVM-C,
which is trained first unless `--model` names the `model.json` of a run.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from printml.arrays import frozen
from printml.circuit.estimate import estimate_area_mm2
from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.circuit.verilog import structural_verilog
from printml.cli.output import print_table
from printml.flow.recipe import Recipe
from printml.flow.train_step import train_step
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.quantize.integer_model import IntegerNetwork, ovo_pairs
from printml.quantize.model_file import from_json
from printml.synth.synthesize import synthesize

SIZES = ((5, 5), (5, 10), (6, 13), (8, 14), (10, 16))
"""Classes and inputs: 50, 100, 195, 392 and 720 coefficients."""


def random_svm(n_classes: int, n_inputs: int) -> IntegerNetwork:
    """8-bit coefficients with fewer large than small ones, intercepts near the decision."""
    rng = np.random.default_rng(n_classes * n_inputs)
    n_sums = len(ovo_pairs(n_classes))
    weight = np.clip(np.rint(rng.normal(0, 40, (n_sums, n_inputs))), -127, 127)
    return IntegerNetwork(
        family="svm-c",
        feature_names=tuple(f"x{k}" for k in range(n_inputs)),
        class_labels=tuple(str(k) for k in range(n_classes)),
        input_bits=frozen([4] * n_inputs, np.int64),
        weights=(frozen(weight, np.int64),),
        intercepts=(frozen(-8 * weight.sum(axis=1), np.int64),),
        decision="ovo",
    )


def pendigits(model: Path | None, folder: Path) -> IntegerNetwork:
    """The trained Pendigits SVM-C, from a file or trained in `folder`."""
    if model is None:
        folder.mkdir()
        train_step(Recipe(dataset="pendigits", model="svm-c"), folder, n_jobs=2)
        model = folder / "model.json"
    loaded = from_json(json.loads(model.read_text(encoding="utf-8"))["model"], file=str(model))
    assert isinstance(loaded, IntegerNetwork)
    return loaded


def measure(
    model: IntegerNetwork, library: CellLibrary, folder: Path, jobs: int, *, thorough: bool = False
) -> list[str]:
    """One line of the table: seconds of every step; the thorough flows only if asked for."""
    folder.mkdir()
    estimate_area_mm2(model, library)
    times = [time.monotonic()]
    estimate = estimate_area_mm2(model, library)
    times.append(time.monotonic())
    circuit = build_circuit(model, name="top")
    times.append(time.monotonic())
    logic = lower(circuit)
    times.append(time.monotonic())
    source = folder / "source.v"
    source.write_text(structural_verilog(logic, header=[]), encoding="utf-8")
    cells, steps = [], [f"{1000 * (times[1] - times[0]):.1f}"]
    steps += [f"{times[2] - times[1]:.2f}", f"{times[3] - times[2]:.2f}"]
    for effort in ("fast", "normal"):
        started = time.monotonic()
        result = synthesize(
            source, top="top", library=library, folder=folder, log_folder=folder,
            effort=effort, n_jobs=jobs,
        )  # fmt: skip
        seconds = time.monotonic() - started
        area = min(flow.area_mm2 for flow in result.tried if flow.area_mm2 is not None)
        steps.append(" ".join(f"{flow.flow} {flow.seconds:.1f}" for flow in result.tried))
        if effort == "fast":
            # What is left of the fast effort is Yosys: elaboration and reading back.
            steps.append(f"{seconds - result.tried[0].seconds:.1f}")
        steps.append(f"{seconds:.1f}")
        cells.append(f"{area / 100:.1f}")
    last = "-"
    if thorough:
        started = time.monotonic()
        result = synthesize(
            source, top="top", library=library, folder=folder, log_folder=folder,
            effort="thorough", n_jobs=jobs,
        )  # fmt: skip
        area = min(flow.area_mm2 for flow in result.tried if flow.area_mm2 is not None)
        last = f"{time.monotonic() - started:.1f} s, {area / 100:.1f} cm2"
    return [*steps, *cells, f"{estimate / 100:.1f}", last]


@click.command()
@click.option("-j", "--jobs", default=2, show_default=True)
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="Pendigits model.json")
def main(jobs: int, model: Path | None) -> None:
    """Print the table."""
    library = find_library("egfet", 1.0)
    table = Table(
        "coefficients", "estimate ms", "circuit s", "lower s", "fast: flow s", "Yosys s",
        "fast s", "normal: flows s", "normal s", "fast cm2", "normal cm2", "estimate cm2",
        "thorough",
        title=f"time of an exact build, one-vs-one SVM, {jobs} jobs",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for n_classes, n_inputs in SIZES:
            svm = random_svm(n_classes, n_inputs)
            row = [str(svm.weights[0].size), *measure(svm, library, folder / str(n_inputs), jobs)]
            table.add_row(*row)
            click.echo(f"done: {', '.join(row)}", err=True)
        svm = pendigits(model, folder / "train")
        table.add_row(
            f"{svm.weights[0].size} pendigits",
            *measure(svm, library, folder / "pendigits", jobs, thorough=True),
        )
    print_table(table)


if __name__ == "__main__":
    main()
