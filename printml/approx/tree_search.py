"""Approximate decision trees: the published genetic search, and one on the structure's real cost.

Published: K. Balaskas et al., "Approximate Decision Trees For Machine Learning Classification on
Tiny Printed Circuits", ISQED 2022: NSGA-II over each comparator's precision and threshold, with
training accuracy and the sum of comparator areas from a table as objectives (`tree_published`).

Ours: the exact tree, trees grown for cheap comparisons and those the caller gives are taken down
step by step (`tree_descent`), NSGA-II goes on from the best of what was found, and all points of
the front are polished once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from printml.approx.guard import Front
from printml.approx.tree_archive import Archive, non_dominated
from printml.approx.tree_descent import descend
from printml.approx.tree_genes import Genes, evolve
from printml.approx.tree_grow import cheap_trees
from printml.approx.tree_kernel import Judged, RowBits, judge, pack_rows
from printml.approx.tree_published import search_published
from printml.arrays import FloatArray, IntArray
from printml.circuit.tree_estimate import tree_area_mm2, tree_gate_areas_mm2
from printml.errors import InputError
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import IntegerTree

Variant = Literal["published", "structure"]
Progress = Callable[[FloatArray, FloatArray], None]
"""Called with the losses and areas in mm2 of the current front, by falling area."""

MARGIN = 5
"""Largest move of a threshold, in steps of its precision (published)."""
MOST_DESCENTS = 6
"""Start trees that are taken all the way down."""
MOST_POLISHED = 12
"""Trees of the front that are gone through once more at the end."""
EVOLVED_AT = (0.0, 0.01, 0.05)
"""Losses on search rows at which the smallest tree is evolved further."""


def search_tree(
    tree: IntegerTree,
    X_int: IntArray,
    y: IntArray,
    library: CellLibrary,
    *,
    variant: Variant = "structure",
    starts: Sequence[IntegerTree] = (),
    seed: int,
    population: int = 60,
    generations: int = 60,
    min_support: int = 1,
    copies_X: IntArray | None = None,
    copies_y: IntArray | None = None,
    progress: Progress | None = None,
) -> Front:
    """Smaller trees that answer nearly as well; single-threaded, deterministic.

    Parameters
    ----------
    tree
        The exact tree: losses are against its right answers on the same rows.
    X_int, y
        Search rows, int64, shapes (n_rows, n_features) and (n_rows,).
    variant
        `published`: precision 2 to 8 and threshold of each comparator, area by
        `comparator_table`, from a random population. `structure`: area of the circuit's shared
        structure, nodes may become leaves, several start trees, seeded with good points.
    starts
        Further trees of the same inputs and classes to start from (`structure` only).
    min_support
        Fewest search rows (with copies) of a branch (`structure` only).
    copies_X, copies_y
        Further rows with their classes, such as `perturbed_copies`, counted like the others.

    Returns
    -------
    Front
        Non-dominated, by falling area, always with a point of no loss. Candidates are simplified
        `IntegerTree`s. Areas of `published` are sums of its table.

    Raises
    ------
    InputError
        If there are no rows, shapes or start trees do not fit, or the variant is unknown.
    LibertyError
        If the library lacks an inverter or both two-input NAND and NOR.
    """
    X_all, y_all = _with_copies(X_int, y, copies_X, copies_y)
    _check(tree, X_all, y_all, variant, starts)
    if variant == "published":
        return search_published(
            tree, X_all, y_all, library, margin=MARGIN, seed=seed, population=population,
            generations=generations, progress=progress,
        )  # fmt: skip
    gate_areas = tree_gate_areas_mm2(library)
    rows = pack_rows(X_all, y_all, tree.input_bits, tree.n_classes, np.arange(tree.n_features))
    archive = Archive()
    # min_support is for what the search makes; the exact tree itself is taken as it is.
    exact = _as_is(tree, rows, gate_areas)
    n_exact = int(exact.n_right[0])
    archive.offer(tree, exact)

    def report() -> None:
        if progress:
            front = _front(archive, n_exact, rows, None)
            progress(front.loss, front.area_mm2)

    others = [*starts, *cheap_trees(X_all, y_all, tree, min_support=min_support)]
    for start in [tree, *_promising(others, rows, gate_areas)]:
        archive.offer(start, _as_is(start, rows, gate_areas))
        descend(start, rows, gate_areas, archive, margin=MARGIN, min_support=min_support)
        report()
    for number, base in enumerate(_smallest_at(archive, n_exact, rows)):
        genes = Genes(base, fewest_bits=0, margin=MARGIN, collapse=True)

        def objectives(
            genomes: IntArray, base: IntegerTree = base, genes: Genes = genes
        ) -> tuple[FloatArray, FloatArray]:
            threshold, collapse = genes.decode(genomes)
            judged = judge(
                base, rows, gate_areas, threshold, collapse, relabel=True, min_support=min_support
            )
            archive.offer(base, judged)
            return 1.0 - judged.n_right / rows.n_rows, judged.area_mm2

        evolve(
            genes, objectives, seeded=True, seed=seed + number, population=population,
            generations=generations, after_generation=report,
        )  # fmt: skip
    for start in _spread(archive, MOST_POLISHED):
        descend(
            start, rows, gate_areas, archive, margin=MARGIN, min_support=min_support, prices=(0.0,)
        )
    report()
    return _front(archive, n_exact, rows, gate_areas)


def _with_copies(
    X_int: IntArray, y: IntArray, copies_X: IntArray | None, copies_y: IntArray | None
) -> tuple[IntArray, IntArray]:
    if (copies_X is None) != (copies_y is None):
        raise InputError("copies_X and copies_y go together", hint="Give both or neither")
    if copies_X is None or copies_y is None:
        return X_int, y
    if copies_X.ndim != 2 or copies_X.shape[1:] != X_int.shape[1:]:
        raise InputError(
            f"copies of shape {copies_X.shape} for rows of shape {X_int.shape}",
            hint="Copies have the columns of the rows",
        )
    return np.concatenate([X_int, copies_X]), np.concatenate([y, copies_y])


def _check(
    tree: IntegerTree, X: IntArray, y: IntArray, variant: str, starts: Sequence[IntegerTree]
) -> None:
    if variant not in ("published", "structure"):
        raise InputError(
            f"unknown tree search {variant!r}", hint="Choose one of published, structure"
        )
    if X.shape != (len(y), tree.n_features) or len(y) == 0:
        raise InputError(
            f"rows of shape {X.shape} and {len(y)} classes for {tree.n_features} inputs",
            hint="Give at least one row and a class for each",
        )
    for start in starts:
        same = np.array_equal(start.input_bits, tree.input_bits)
        if not same or start.n_classes != tree.n_classes:
            raise InputError(
                "a start tree has other inputs or classes than the exact tree",
                hint="Quantise all with the same quantiser",
            )


def _as_is(tree: IntegerTree, rows: RowBits, gate_areas: FloatArray) -> Judged:
    collapse = np.zeros((1, len(tree.feature)), np.int64)
    return judge(tree, rows, gate_areas, tree.threshold[None].copy(), collapse, relabel=False)


def _promising(
    trees: Sequence[IntegerTree], rows: RowBits, gate_areas: FloatArray
) -> list[IntegerTree]:
    """At most `MOST_DESCENTS` trees, spread over the front of `trees`, most accurate first."""
    own = Archive()
    for tree in trees:
        own.offer(tree, _as_is(tree, rows, gate_areas))
    return _spread(own, MOST_DESCENTS)


def _spread(archive: Archive, most: int) -> list[IntegerTree]:
    """At most so many trees, spread evenly over the archive, most accurate first."""
    if not archive.trees:
        return []
    picked = np.unique(np.linspace(0, len(archive.trees) - 1, most).astype(int))
    return [archive.trees[k] for k in picked[::-1]]


def _smallest_at(archive: Archive, n_exact: int, rows: RowBits) -> list[IntegerTree]:
    """The smallest trees at the losses `EVOLVED_AT` that have more than one comparison."""
    n_right, area = np.array(archive.n_right), np.array(archive.area_mm2)
    chosen: list[int] = []
    for loss in EVOLVED_AT:
        allowed = np.flatnonzero(n_right >= n_exact - loss * rows.n_rows - 1e-9)
        k = int(allowed[np.argmin(area[allowed])])
        if k not in chosen and len(archive.trees[k].feature) > 3:
            chosen.append(k)
    return [archive.trees[k] for k in chosen]


def _front(archive: Archive, n_exact: int, rows: RowBits, gate_areas: FloatArray | None) -> Front:
    """The archive as a front; with `gate_areas` by the more careful estimate."""
    loss = (n_exact - np.array(archive.n_right)) / rows.n_rows
    areas = np.array(archive.area_mm2)
    if gate_areas is not None:
        areas = np.array([tree_area_mm2(tree, gate_areas) for tree in archive.trees])
    return non_dominated(loss, areas, archive.trees)
