"""Precision and threshold of every comparison as a genome, and NSGA-II over it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.indicators.hv import HV
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling

from printml.arrays import FloatArray, IntArray
from printml.quantize.integer_model import IntegerTree

Objectives = Callable[[IntArray], tuple[FloatArray, FloatArray]]

STILL_GENERATIONS = 12
"""The search ends when the hypervolume has grown by less than `STILL` for so long."""
STILL = 1e-3


class Genes:
    """Genomes of one tree: for each comparison precision, threshold's move, and leaf or not.

    A genome is an int64 vector of length 3 m (2 m without collapse): m precisions, m moves, m
    flags, where m is the number of comparisons. `x >> (bits - b) > (t >> (bits - b)) + move`.
    """

    def __init__(self, tree: IntegerTree, *, fewest_bits: int, margin: int, collapse: bool) -> None:
        self.nodes = np.flatnonzero(tree.feature >= 0)
        self.base = tree.threshold
        self.threshold = tree.threshold[self.nodes]
        self.bits = tree.input_bits[tree.feature[self.nodes]]
        m = len(self.nodes)
        lowest, highest = np.minimum(fewest_bits, self.bits), self.bits
        moves = np.full(m, margin)
        flags = np.ones(m if collapse else 0, np.int64)
        self.lowest = np.concatenate([lowest, -moves, 0 * flags])
        self.highest = np.concatenate([highest, moves, flags])

    def exact(self) -> IntArray:
        """The genome of the tree itself."""
        genome = np.zeros(len(self.lowest), np.int64)
        genome[: len(self.nodes)] = self.bits
        return genome

    def coarse(self, genomes: IntArray) -> tuple[IntArray, IntArray]:
        """Precision and coarse threshold of each comparison, int64, shape (P, m)."""
        m = len(self.nodes)
        precision, move = genomes[:, :m], genomes[:, m : 2 * m]
        shifted = (self.threshold >> (self.bits - precision)) + move
        return precision, np.clip(shifted, 0, (1 << precision) - 1)

    def decode(self, genomes: IntArray) -> tuple[IntArray, IntArray]:
        """Thresholds on the full input and collapse flags of all nodes, as `judge` takes them."""
        precision, coarse = self.coarse(genomes)
        n_variants, n_nodes = len(genomes), len(self.base)
        threshold = np.repeat(self.base[None], n_variants, axis=0)
        threshold[:, self.nodes] = ((coarse + 1) << (self.bits - precision)) - 1
        collapse = np.zeros((n_variants, n_nodes), np.int64)
        if genomes.shape[1] == 3 * len(self.nodes):
            collapse[:, self.nodes] = genomes[:, 2 * len(self.nodes) :]
        return threshold, collapse

    def good_population(self, size: int, rng: np.random.Generator) -> IntArray:
        """The tree, coarser ones with rounding up and down, and a few changes to each."""
        m = len(self.nodes)
        genomes = np.repeat(self.exact()[None], size, axis=0)
        for k in range(1, size):
            changed = rng.random(m) < rng.choice([0.05, 0.2, 0.5])
            coarser = np.maximum(self.lowest[:m], self.bits - rng.integers(0, 6, m))
            genomes[k, :m] = np.where(changed, coarser, self.bits)
            genomes[k, m : 2 * m] = np.where(changed, rng.integers(-1, 1, m), 0)
            if len(self.lowest) == 3 * m:
                genomes[k, 2 * m :] = rng.random(m) < rng.choice([0.0, 1 / m, 0.1])
        return genomes


class _TreeProblem(Problem):
    def __init__(self, genes: Genes, objectives: Objectives) -> None:
        super().__init__(
            n_var=len(genes.lowest), n_obj=2, xl=genes.lowest, xu=genes.highest, vtype=int
        )
        self.objectives = objectives

    def _evaluate(self, x: IntArray, out: dict[str, FloatArray], *_: object, **__: object) -> None:
        out["F"] = np.column_stack(self.objectives(np.rint(x).astype(np.int64)))


def evolve(
    genes: Genes,
    objectives: Objectives,
    *,
    seeded: bool,
    seed: int,
    population: int,
    generations: int,
    after_generation: Callable[[], None],
) -> None:
    """NSGA-II until `generations` or the hypervolume stands still.

    Parameters
    ----------
    objectives
        Loss and area of genomes, both to be small; it keeps what it has seen.
    seeded
        Start with `Genes.good_population` instead of uniformly random genomes.
    """
    sampling = IntegerRandomSampling()
    if seeded:
        sampling = genes.good_population(population, np.random.default_rng(seed))
    algorithm = NSGA2(
        pop_size=population,
        sampling=sampling,
        crossover=UX(prob=0.9, repair=RoundingRepair()),
        mutation=PM(prob_var=min(0.5, 1.5 / len(genes.lowest)), eta=5, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    algorithm.setup(_TreeProblem(genes, objectives), termination=("n_gen", generations), seed=seed)
    exact = np.column_stack(objectives(genes.exact()[None]))[0]
    volume = HV(ref_point=np.array([1.0, 1.0]))
    history: list[float] = []
    while algorithm.has_next():
        algorithm.next()
        after_generation()
        points = algorithm.opt.get("F") / np.array([1.0, max(float(exact[1]), 1e-9)])
        history.append(float(volume(points)))
        past = history[-1 - STILL_GENERATIONS] if len(history) > STILL_GENERATIONS else -np.inf
        if history[-1] - past < STILL:
            return
