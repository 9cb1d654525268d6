"""Trees in the search: evaluations a second, and how well the area estimate ranks trees.

    python -m benchmarks.tree_search [--trees 12] [--effort fast]

Evaluations are of Cardio's fully grown tree with all its training rows, accuracy and area, on one
core. The estimate is compared with the mapped area of perturbed trees: thresholds moved and
coarser, nodes replaced by leaves.
"""

from __future__ import annotations

import time
from dataclasses import replace

import click
import numpy as np
from rich.table import Table
from scipy.stats import kendalltau

from benchmarks.trees import area_mm2, grown_tree, mapped
from printml.approx.tree_genes import Genes
from printml.approx.tree_kernel import judge, pack_rows
from printml.arrays import IntArray, frozen
from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.circuit.tree_estimate import tree_area_mm2, tree_gate_areas_mm2
from printml.circuit.verilog import structural_verilog
from printml.cli.output import print_table
from printml.data.clean import prepare
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.liberty.locate import find_library
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import simplify_tree

NAMES = ("seeds", "vertebral", "balance", "cardio", "mammographic", "breastcancer")
POPULATION = 500


def perturbed(tree: IntegerTree, rng: np.random.Generator) -> IntegerTree:
    """A variant with random precisions, moves and leaves, its rates drawn too."""
    genes = Genes(tree, fewest_bits=1, margin=2, collapse=False)
    genome = genes.exact()
    m = len(genes.nodes)
    changed = rng.random(m) < rng.uniform()
    genome[:m] = np.where(changed, rng.integers(1, 9, m), genome[:m])
    genome[m:] = np.where(changed, rng.integers(-2, 3, m), 0)
    feature, leaf_class = tree.feature.copy(), tree.leaf_class.copy()
    cut = genes.nodes[1:][rng.random(m - 1) < rng.uniform(0.0, 0.4)]
    feature[cut], leaf_class[cut] = -1, rng.integers(0, tree.n_classes, len(cut))
    threshold = np.where(feature >= 0, genes.decode(genome[None])[0][0], 0)
    return simplify_tree(
        replace(
            tree,
            feature=frozen(feature, np.int64),
            threshold=frozen(threshold, np.int64),
            leaf_class=frozen(leaf_class, np.int64),
        )
    )


def training_rows(name: str) -> tuple[IntArray, IntArray]:
    """Quantised training rows and their classes, split seed 0."""
    dataset = load_dataset(name)
    split = split_rows(dataset, kind="stratified", seed=0)
    dataset = prepare(dataset, split)
    bits = np.full(dataset.n_features, 8, np.int64)
    quantizer = InputQuantizer.fit(dataset.X[split.train], bits=bits)
    return quantizer.transform(dataset.X)[split.train], dataset.y[split.train]


def evaluations_per_second() -> list[tuple[str, float]]:
    """Of Cardio's tree: moved thresholds only, and with a tenth of the nodes as leaves."""
    tree = grown_tree("cardio")
    X, y = training_rows("cardio")
    areas = tree_gate_areas_mm2(find_library("egfet", vdd=1.0))
    rows = pack_rows(X, y, tree.input_bits, tree.n_classes, np.arange(tree.n_features))
    found = []
    for label, fewest, share in (
        ("8 bits, moved by up to 5", 8, 0.0),
        ("2 to 8 bits", 2, 0.0),
        ("2 to 8 bits, leaves", 2, 0.1),
    ):
        genes = Genes(tree, fewest_bits=fewest, margin=5, collapse=True)
        rng = np.random.default_rng(0)
        genomes = rng.integers(genes.lowest, genes.highest + 1, (POPULATION, len(genes.lowest)))
        genomes[:, 2 * len(genes.nodes) :] = rng.random((POPULATION, len(genes.nodes))) < share
        threshold, collapse = genes.decode(genomes)
        seconds = []
        for _ in range(4):
            started = time.process_time()
            judge(tree, rows, areas, threshold, collapse, relabel=False)
            seconds.append(time.process_time() - started)
        found.append((label, POPULATION / min(seconds)))
    return found


@click.command()
@click.option("--trees", default=12, show_default=True, help="of each data set")
@click.option("--effort", default="fast", show_default=True)
def main(trees: int, effort: str) -> None:
    """Print both tables."""
    speed = Table("variants of Cardio's tree", "evaluations a second", title="one core, CPU time")
    for label, per_second in evaluations_per_second():
        speed.add_row(label, f"{per_second:,.0f}")
    print_table(speed)
    library = find_library("egfet", vdd=1.0)
    areas = tree_gate_areas_mm2(library)
    table = Table("data set", "trees", "mapped mm2", "tau", "median estimate / mapped")
    all_mapped: list[float] = []
    all_estimates: list[float] = []
    for name in NAMES:
        whole, rng = grown_tree(name), np.random.default_rng(0)
        models = [whole, *(perturbed(whole, rng) for _ in range(trees - 1))]
        estimates = [tree_area_mm2(model, areas) for model in models]
        measured = []
        for model in models:
            text = structural_verilog(lower(build_circuit(model, name="tree")))
            measured.append(area_mm2(mapped(text, top="tree", library=library, effort=effort)))
        table.add_row(name, *_figures(estimates, measured))
        all_estimates += estimates
        all_mapped += measured
    table.add_row("all", *_figures(all_estimates, all_mapped))
    print_table(table)


def _figures(estimates: list[float], measured: list[float]) -> list[str]:
    ratios = [a / b for a, b in zip(estimates, measured, strict=True) if b > 0]
    return [
        str(len(measured)),
        f"{min(measured):.1f} to {max(measured):.1f}",
        f"{kendalltau(estimates, measured).statistic:.3f}",
        f"{np.median(ratios):.3f}",
    ]


if __name__ == "__main__":
    main()
