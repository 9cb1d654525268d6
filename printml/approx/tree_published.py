"""The published search of approximate trees (Balaskas et al., ISQED 2022)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from printml.approx.guard import Front
from printml.approx.tree_archive import non_dominated
from printml.approx.tree_genes import Genes, evolve
from printml.approx.tree_kernel import judge, pack_rows
from printml.arrays import FloatArray, IntArray, frozen
from printml.circuit.tree_estimate import tree_area_mm2, tree_gate_areas_mm2
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import simplify_tree

FEWEST_BITS = 2


def comparator_table(library: CellLibrary, *, bits: int = 8) -> FloatArray:
    """Area in mm2 of a comparator of its own for each precision and threshold.

    Returns
    -------
    FloatArray
        float64, shape (bits + 1, 2**bits): entry [b, t] is `x > t` of a b-bit x, 0 where it is
        constant.

    Raises
    ------
    LibertyError
        If the library lacks an inverter or both two-input NAND and NOR.
    """
    gate_areas = tree_gate_areas_mm2(library)
    table = np.zeros((bits + 1, 1 << bits))
    for b in range(1, bits + 1):
        for t in range((1 << b) - 1):
            table[b, t] = tree_area_mm2(_stump(b, t), gate_areas)
    return frozen(table, np.float64)


def _stump(bits: int, threshold: int) -> IntegerTree:
    arrays = ([bits], [0, -1, -1], [threshold, 0, 0], [1, -1, -1], [2, -1, -1], [-1, 0, 1])
    return IntegerTree("tree", ("x",), ("0", "1"), *(frozen(a, np.int64) for a in arrays))


def search_published(
    tree: IntegerTree,
    X_int: IntArray,
    y: IntArray,
    library: CellLibrary,
    *,
    margin: int,
    seed: int,
    population: int,
    generations: int,
    progress: Callable[[FloatArray, FloatArray], None] | None = None,
) -> Front:
    """Precision and threshold of each comparator by NSGA-II from a random population.

    Arguments and result as `search_tree`; the exact tree is added to the front.
    """
    gate_areas = tree_gate_areas_mm2(library)
    table = comparator_table(library, bits=int(tree.input_bits.max()))
    rows = pack_rows(X_int, y, tree.input_bits, tree.n_classes, np.arange(tree.n_features))
    n_exact = int(np.sum(tree.predict(X_int) == y))
    genes = Genes(tree, fewest_bits=FEWEST_BITS, margin=margin, collapse=False)
    found: list[tuple[float, float, IntArray]] = []

    def objectives(genomes: IntArray) -> tuple[FloatArray, FloatArray]:
        threshold, collapse = genes.decode(genomes)
        judged = judge(tree, rows, gate_areas, threshold, collapse, relabel=False)
        precision, coarse = genes.coarse(genomes)
        area = table[precision, coarse].sum(axis=1)
        lost = (n_exact - judged.n_right) / rows.n_rows
        new = list(zip(lost.tolist(), area.tolist(), threshold, strict=True))
        found[:] = _unbeaten([*found, *new])
        return lost, area

    def report() -> None:
        if progress:
            points = found[::-1]
            progress(np.array([p[0] for p in points]), np.array([p[1] for p in points]))

    objectives(genes.exact()[None])
    if len(genes.nodes):
        evolve(
            genes, objectives, seeded=False, seed=seed, population=population,
            generations=generations, after_generation=report,
        )  # fmt: skip
    trees = [simplify_tree(replace(tree, threshold=frozen(t, np.int64))) for *_, t in found]
    loss, area = np.array([p[0] for p in found]), np.array([p[1] for p in found])
    return non_dominated(loss, area, trees)


def _unbeaten(points: list[tuple[float, float, IntArray]]) -> list[tuple[float, float, IntArray]]:
    kept: list[tuple[float, float, IntArray]] = []
    for point in sorted(points, key=lambda p: (p[1], p[0])):
        if not kept or point[0] < kept[-1][0] - 1e-12:
            kept.append(point)
    return kept
