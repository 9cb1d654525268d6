"""How well the area estimate ranks candidates: against the mapping flow, on perturbed models.

    python -m benchmarks.estimate [-j N] [--effort normal] [--per-family 36]

The published RedWine and Cardio models with coefficients moved by up to 8, set to zero, or
rounded to powers of two, and trees of several depths with coarser thresholds.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from rich.table import Table
from scipy.stats import kendalltau

from printml.arrays import FloatArray, IntArray, frozen
from printml.circuit.estimate import estimate_area_mm2, estimate_fast_mm2, network_area_mm2
from printml.circuit.from_model import build_circuit
from printml.circuit.gate_areas import gate_areas_mm2
from printml.circuit.lower import lower
from printml.circuit.verilog import structural_verilog
from printml.cli.output import print_table
from printml.data.clean import prepare
from printml.data.load import datasets_folder, load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.model.train import train
from printml.quantize.coefficients import read_coefficients
from printml.quantize.integer_model import IntegerModel, IntegerTree
from printml.quantize.quantize import quantize
from printml.quantize.tree import simplify_tree
from printml.synth.synthesize import synthesize

NETWORKS = {
    "svm-c": ("cardio", "redwine"),
    "svm-r": ("redwine", "cardio"),
    "mlp-r": ("redwine",),
    "mlp-c": ("redwine",),
}
TREES = ("seeds", "vertebral", "balance", "cardio")
DEPTHS = (3, 5, 8)
N_PERTURBATIONS = 4
REPEATS = 5


@dataclass(frozen=True)
class Case:
    """A candidate and the family it is ranked in."""

    family: str
    model: IntegerModel
    n_neurons: int


@dataclass(frozen=True)
class Outcome:
    """Areas in mm2 and seconds per call, of one candidate."""

    mapped: float
    estimate: float
    fast: float
    estimate_s: float
    fast_s: float


def perturbed(weight: IntArray, kind: int, rng: np.random.Generator) -> IntArray:
    """A changed copy: 1 small and 2 wide moves, 3 zeros, 4 powers of two."""
    if kind in (1, 2):
        reach = 2 if kind == 1 else 8
        moved = weight + rng.integers(-reach, reach + 1, weight.shape) * (weight != 0)
        return frozen(moved, np.int64)
    if kind == 3:
        return frozen(weight * (rng.random(weight.shape) > rng.uniform(0.1, 0.6)), np.int64)
    rounded = np.sign(weight) * np.exp2(np.rint(np.log2(np.maximum(np.abs(weight), 1))))
    chosen = rng.random(weight.shape) < rng.uniform(0.2, 1.0)
    return frozen(np.where(chosen, rounded, weight), np.int64)


def networks(per_family: int) -> list[Case]:
    """`per_family` cases of each family, alternating between its data sets."""
    source, cases = datasets_folder() / "published_models.json", []
    for family, names in NETWORKS.items():
        for k in range(per_family):
            name = names[k % len(names)]
            base = read_coefficients(source, dataset=load_dataset(name), family=family)
            kind, rng = 1 + k // len(names) % N_PERTURBATIONS, np.random.default_rng(k)
            weights = tuple(perturbed(weight, kind, rng) for weight in base.weights)
            n_neurons = sum(len(weight) for weight in weights)
            cases.append(Case(family, replace(base, weights=weights), n_neurons))
    return cases


def coarser(tree: IntegerTree, n_bits: int) -> IntegerTree:
    """Thresholds whose `n_bits` low bits are ones, so that comparators ignore these bits."""
    threshold = np.where(tree.feature >= 0, tree.threshold | ((1 << n_bits) - 1), 0)
    return simplify_tree(replace(tree, threshold=frozen(threshold, np.int64)))


def trees() -> list[Case]:
    """Trees of each data set and depth with thresholds of 8, 6 and 4 bits."""
    cases = []
    for name in TREES:
        dataset = load_dataset(name)
        split = split_rows(dataset, kind="stratified", seed=0)
        dataset = prepare(dataset, split)
        bits = np.full(dataset.n_features, 8, np.int64)
        quantizer = InputQuantizer.fit(dataset.X[split.train], bits=bits)
        X_int = quantizer.transform(dataset.X)
        for depth in DEPTHS:
            trained = train(
                dataset, split, family="tree", quantizer=quantizer, seed=0, max_depth=depth
            )
            tree = quantize(
                trained.model,
                quantizer=quantizer,
                X_train_int=X_int[split.train],
                y_train=dataset.y[split.train],
            )
            assert isinstance(tree, IntegerTree)
            for n_bits in (0, 2, 4):
                model = coarser(tree, n_bits)
                cases.append(Case("tree", model, int((model.feature >= 0).sum())))
    return cases


def timed(call: Callable[[], float]) -> tuple[float, float]:
    """The answer, and the shortest of some runs in seconds; the first run loads the kernels."""
    answer, seconds = call(), []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return answer, min(seconds)


def measure(case: Case, library: CellLibrary, effort: str) -> Outcome:
    """Map one case with the flow and estimate it both ways."""
    estimate, estimate_s = timed(lambda: estimate_area_mm2(case.model, library))
    fast, fast_s = timed(lambda: estimate_fast_mm2(case.model, library))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        source = folder / "source.v"
        logic = lower(build_circuit(case.model, name="top"))
        source.write_text(structural_verilog(logic, header=[]), encoding="utf-8")
        result = synthesize(
            source, top="top", library=library, folder=folder, log_folder=folder, effort=effort
        )
    mapped = min(flow.area_mm2 for flow in result.tried if flow.area_mm2 is not None)
    return Outcome(mapped, estimate, fast, estimate_s, fast_s)


def wide_seconds(library: CellLibrary) -> tuple[float, float]:
    """Seconds per estimate, with and without sharing, of 13 hidden neurons of 278 inputs."""
    rng = np.random.default_rng(0)
    weights = tuple(
        frozen(np.rint(rng.normal(0, 10, shape)), np.int64) for shape in ((13, 278), (5, 13))
    )
    intercepts = tuple(frozen(np.zeros(n), np.int64) for n in (13, 5))
    areas, bits = gate_areas_mm2(library), np.full(278, 4, np.int64)

    def area(share: bool) -> float:
        return network_area_mm2(weights, intercepts, bits, "argmax", 5, 0, areas, share=share)

    return timed(lambda: area(True))[1], timed(lambda: area(False))[1]


def row(name: str, cases: list[Case], outcomes: list[Outcome]) -> list[str]:
    """Figures of one family, or of all."""
    mapped = np.array([o.mapped for o in outcomes])

    def tau(values: FloatArray) -> str:
        return f"{kendalltau(values, mapped).statistic:.3f}"

    estimate, fast = (np.array([getattr(o, k) for o in outcomes]) for k in ("estimate", "fast"))
    seconds = np.array([o.estimate_s for o in outcomes])
    per_neuron = seconds / np.array([max(case.n_neurons, 1) for case in cases])
    error = np.mean(np.abs(estimate - mapped) / np.maximum(mapped, 1e-9))
    return [
        name,
        str(len(outcomes)),
        f"{mapped.min():.0f} to {mapped.max():.0f}",
        tau(estimate),
        f"{100 * error:.1f} %",
        f"{1e6 * seconds.mean():.0f}",
        f"{1e6 * per_neuron.mean():.0f}",
        tau(fast),
        f"{1e6 * np.mean([o.fast_s for o in outcomes]):.0f}",
    ]


@click.command()
@click.option("-j", "--jobs", default=1, show_default=True)
@click.option("--effort", default="normal", show_default=True)
@click.option("--per-family", default=20, show_default=True, help="networks of each family")
def main(jobs: int, effort: str, per_family: int) -> None:
    """Print rank correlation, error and time of the estimate."""
    started = time.monotonic()
    library = find_library("egfet", 1.0)
    cases = sorted(
        [*networks(per_family), *trees()],
        key=lambda case: estimate_area_mm2(case.model, library),
    )
    outcomes = Parallel(n_jobs=jobs)(delayed(measure)(case, library, effort) for case in cases)
    wide, wide_fast = wide_seconds(library)
    table = Table(
        "family", "models", "mapped mm2", "tau", "mean error", "us", "us per neuron or node",
        "tau fast", "us fast",
        title=f"area estimate against the flow, effort {effort}",
        caption=f"a wide MLP (278 inputs, 18 neurons): {1e3 * wide:.1f} ms, fast "
        f"{1e3 * wide_fast:.2f} ms; {time.monotonic() - started:.0f} s in all",
    )  # fmt: skip
    for family in (*NETWORKS, "tree"):
        kept = [k for k, case in enumerate(cases) if case.family == family]
        table.add_row(*row(family, [cases[k] for k in kept], [outcomes[k] for k in kept]))
    table.add_row(*row("all", cases, outcomes))
    print_table(table)


if __name__ == "__main__":
    main()
