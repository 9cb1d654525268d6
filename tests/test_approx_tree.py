"""Search of approximate trees: exact judging, growing, descent, and both variants."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.approx.guard import Front
from printml.approx.tree_archive import Archive, non_dominated
from printml.approx.tree_descent import coarse_thresholds, descend
from printml.approx.tree_genes import Genes
from printml.approx.tree_grow import cheap_trees, comparison_gates
from printml.approx.tree_kernel import judge, pack_rows
from printml.approx.tree_published import comparator_table
from printml.approx.tree_search import search_tree
from printml.arrays import IntArray
from printml.circuit.tree_estimate import tree_area_mm2, tree_gate_areas_mm2
from printml.errors import InputError
from printml.liberty.locate import find_library
from printml.model.start_trees import start_trees
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import quantize_tree, simplify_tree
from tests.models import random_tree

LIBRARY = find_library("egfet", 1.0)
AREAS = tree_gate_areas_mm2(LIBRARY)


def sample(tree: IntegerTree, seed: int, n: int = 150) -> tuple[IntArray, IntArray]:
    """Random rows; one in eight has another class than the tree's."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 1 << tree.input_bits, (n, tree.n_features))
    y = np.where(rng.random(n) < 0.125, rng.integers(0, tree.n_classes, n), tree.predict(X))
    return X, y


def packed(tree: IntegerTree, X: IntArray, y: IntArray):  # type: ignore[no-untyped-def]
    return pack_rows(X, y, tree.input_bits, tree.n_classes, np.arange(tree.n_features))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(0, 8))
def test_judged_answers_are_those_of_the_tree(seed: int, relabel: bool, support: int) -> None:
    tree = random_tree(seed, bits=5, n_inner=8)
    X, y = sample(tree, seed)
    rng = np.random.default_rng(seed)
    threshold = rng.integers(-1, 32, (6, len(tree.feature)))
    collapse = (rng.random(threshold.shape) < 0.2).astype(np.int64)
    judged = judge(
        tree, packed(tree, X, y), AREAS, threshold, collapse,
        relabel=relabel, min_support=support if relabel else 0,
    )  # fmt: skip
    for k in range(6):
        candidate = judged.tree(tree, k)
        assert int(np.sum(candidate.predict(X) == y)) == judged.n_right[k]
        # One order of building in the search, four in the estimate.
        assert judged.area_mm2[k] == pytest.approx(tree_area_mm2(candidate, AREAS), rel=0.3, abs=2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_variants_judged_together_are_those_judged_alone(seed: int, support: int) -> None:
    """Together they share plans of inputs and what is above the node that differs."""
    tree = random_tree(seed, bits=6, n_inner=20)
    X, y = sample(tree, seed)
    if seed % 3:
        tree = simplify_tree(tree)  # its nodes are numbered so that subtrees are ranges
    rng = np.random.default_rng(seed)
    threshold = np.repeat(tree.threshold[None], 12, axis=0)
    collapse = np.zeros_like(threshold)
    inner = np.flatnonzero(tree.feature >= 0)
    for k in range(1, len(threshold) if len(inner) else 1):
        node = rng.choice(inner)
        threshold[k, node] = rng.integers(-1, 2 ** tree.input_bits[tree.feature[node]])
        collapse[k, node if k % 2 else rng.choice(inner)] = k % 3 == 0
    rows = packed(tree, X, y)
    options = {"relabel": True, "min_support": support}
    together = judge(tree, rows, AREAS, threshold, collapse, **options)
    for k in range(len(threshold)):
        alone = judge(tree, rows, AREAS, threshold[k : k + 1], collapse[k : k + 1], **options)
        assert alone.area_mm2[0] == together.area_mm2[k]
        assert alone.n_right[0] == together.n_right[k]
        np.testing.assert_array_equal(alone.threshold[0], together.threshold[k])


def test_relabelled_leaves_are_never_worse() -> None:
    for seed in range(10):
        tree = random_tree(seed, bits=4)
        X, y = sample(tree, seed)
        none = np.zeros((1, len(tree.feature)), np.int64)
        kept, free = (
            judge(tree, packed(tree, X, y), AREAS, tree.threshold[None], none, relabel=relabel)
            for relabel in (False, True)
        )
        assert free.n_right[0] >= kept.n_right[0] == np.sum(tree.predict(X) == y)


@settings(deadline=None)
@given(st.integers(1, 8), st.data())
def test_genes_are_precision_and_threshold(bits: int, data: st.DataObject) -> None:
    tree = random_tree(data.draw(st.integers(0, 99)), bits=bits, n_inner=3)
    genes = Genes(tree, fewest_bits=0, margin=5, collapse=False)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    genome = rng.integers(genes.lowest, genes.highest + 1)
    threshold, collapse = genes.decode(genome[None])
    precision, coarse = genes.coarse(genome[None])
    x = np.arange(1 << bits)
    assert not collapse.any()
    for k, node in enumerate(genes.nodes):
        short = x >> (bits - precision[0, k]) > coarse[0, k]
        assert np.array_equal(x > threshold[0, node], short)
    assert np.array_equal(genes.decode(genes.exact()[None])[0][0], tree.threshold)


def test_gates_of_a_comparison_in_an_interval() -> None:
    # x > 7 of four bits is a bit; between 8 and 15 so is x > 11; x > 9 needs two, x > 8 three.
    assert comparison_gates(0, 15, 7) == 0
    assert comparison_gates(8, 15, 11) == 0
    assert comparison_gates(0, 15, 11) == 1
    assert comparison_gates(0, 15, 9) == 2
    assert comparison_gates(0, 15, 8) == 3


def test_coarse_thresholds_hold_the_own_and_the_half() -> None:
    found = coarse_thresholds(70, 8, margin=5)
    assert {63, 70, 71, 127} <= set(found)
    assert all(0 <= t < 255 for t in found)


def test_cheap_trees_prefer_the_free_bit() -> None:
    # Both inputs separate the classes; only one of them at half its range.
    x = np.arange(16)
    X = np.column_stack([np.where(x > 7, 13, 5), x])
    y = (x > 7).astype(np.int64)
    like = dataclasses.replace(random_tree(0, bits=4), feature_names=("a", "b"))
    like = dataclasses.replace(like, input_bits=like.input_bits[:2], class_labels=("0", "1"))
    trees = cheap_trees(X, y, like, prices=(0.01,))
    assert all(np.array_equal(tree.predict(X), y) for tree in trees)
    assert min(tree_area_mm2(tree, AREAS) for tree in trees) == 0.0


def test_cheap_trees_keep_the_support_and_the_leaf_limit() -> None:
    tree = random_tree(4, bits=5, n_inner=10)
    X, y = sample(tree, 4)
    for grown in cheap_trees(X, y, tree, leaf_limits=(5,), min_support=20):
        assert (grown.feature < 0).sum() <= 5
    assert len(cheap_trees(X, y, tree, leaf_limits=(5,), min_support=len(y))) == 1


def test_descent_reaches_small_trees_and_keeps_only_unbeaten_ones() -> None:
    tree = random_tree(7, bits=6, n_inner=12)
    X, y = sample(tree, 7)
    archive = Archive()
    descend(tree, packed(tree, X, y), AREAS, archive, margin=5, min_support=1)
    for k, candidate in enumerate(archive.trees):
        assert int(np.sum(candidate.predict(X) == y)) == archive.n_right[k]
    order = np.argsort(archive.area_mm2)
    assert (np.diff(np.array(archive.n_right)[order]) > 0).all()
    assert min(archive.area_mm2) < 0.3 * tree_area_mm2(tree, AREAS)


def test_a_front_has_no_beaten_point() -> None:
    trees = [random_tree(k) for k in range(4)]
    front = non_dominated(np.array([0.0, 0.1, 0.2, 0.05]), np.array([9.0, 5.0, 7.0, 5.0]), trees)
    assert front.area_mm2.tolist() == [9.0, 5.0]
    assert front.candidates == (trees[0], trees[3])


@pytest.mark.parametrize("variant", ["published", "structure"])
def test_a_search_gives_a_true_front(variant: str) -> None:
    tree = random_tree(7, bits=6, n_inner=10)
    X, y = sample(tree, 7)
    seen: list[int] = []

    def search() -> Front:
        return search_tree(
            tree, X, y, LIBRARY, variant=variant, seed=1, population=12, generations=4,  # type: ignore[arg-type]
            progress=lambda loss, area: seen.append(len(loss)),
        )  # fmt: skip

    front, again = search(), search()
    assert seen
    assert min(seen) > 0
    assert np.array_equal(front.loss, again.loss)
    assert np.array_equal(front.area_mm2, again.area_mm2)
    assert (np.diff(front.area_mm2) < 0).all()
    assert (np.diff(front.loss) > 0).all()
    exact = np.mean(tree.predict(X) == y)
    for loss, candidate in zip(front.loss, front.candidates, strict=True):
        assert exact - np.mean(candidate.predict(X) == y) == pytest.approx(loss)
    # A budget of nothing loses no row.
    assert front.loss[front.within(0.0)] <= 0.0


def test_copies_are_rows_like_the_others() -> None:
    tree = random_tree(3, bits=4)
    X, y = sample(tree, 3, n=60)
    together = search_tree(tree, X, y, LIBRARY, seed=0, population=8, generations=2)
    parted = search_tree(
        tree, X[:40], y[:40], LIBRARY, seed=0, population=8, generations=2,
        copies_X=X[40:], copies_y=y[40:],
    )  # fmt: skip
    assert np.array_equal(together.loss, parted.loss)
    assert np.array_equal(together.area_mm2, parted.area_mm2)


def test_a_table_of_comparators() -> None:
    table = comparator_table(LIBRARY, bits=3)
    assert table.shape == (4, 8)
    # The top bit alone is free, and so is what is constant.
    assert table[3, 3] == table[1, 0] == table[3, 7] == 0.0
    assert table[3, 0] > table[3, 1] > 0.0


def test_a_single_leaf_is_its_own_front() -> None:
    tree = random_tree(0, n_inner=0)
    X, y = sample(tree, 0, n=20)
    for variant in ("published", "structure"):
        front = search_tree(tree, X, y, LIBRARY, variant=variant, seed=0)  # type: ignore[arg-type]
        assert front.loss[front.within(0.0)] <= 0.0


def test_bad_arguments_are_named() -> None:
    tree = random_tree(1)
    X, y = sample(tree, 1, n=10)
    with pytest.raises(InputError, match="unknown tree search"):
        search_tree(tree, X, y, LIBRARY, variant="best", seed=0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="go together"):
        search_tree(tree, X, y, LIBRARY, seed=0, copies_X=X)
    with pytest.raises(InputError, match="rows of shape"):
        search_tree(tree, X[:0], y[:0], LIBRARY, seed=0)
    with pytest.raises(InputError, match="copies of shape"):
        search_tree(tree, X, y, LIBRARY, seed=0, copies_X=X[:, :1], copies_y=y)
    with pytest.raises(InputError, match="start tree"):
        search_tree(tree, X, y, LIBRARY, seed=0, starts=[random_tree(2, bits=5)])


def test_start_trees_differ_and_depend_on_nothing_but_the_seed() -> None:
    base = random_tree(5, bits=4, n_inner=9)
    X, y = sample(base, 5, n=200)
    names = {"feature_names": base.feature_names, "class_labels": base.class_labels}
    found = start_trees(X / 16, y, **names, seed=0)
    again = start_trees(X / 16, y, **names, seed=0)
    assert len(found) > 5
    quantised = [quantize_tree(model, input_bits=base.input_bits) for model in found]
    assert len({tree.feature.tobytes() + tree.threshold.tobytes() for tree in quantised}) > 5
    for a, b in zip(found, again, strict=True):
        assert np.array_equal(a.threshold, b.threshold)
        assert np.array_equal(a.leaf_class, b.leaf_class)
    with pytest.raises(InputError, match="no rows"):
        start_trees(X[:0] / 16, y[:0], **names, seed=0)
