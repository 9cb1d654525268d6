"""The area estimate of trees: hand-counted gates, and agreement with the circuit's own logic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.arrays import frozen
from printml.circuit.tree import Comparison, bit_truth, plan_comparisons
from printml.circuit.tree_estimate import tree_area_mm2, tree_counts, tree_gate_areas_mm2
from printml.circuit.tree_gates import TREE_GATES
from printml.circuit.tree_plan import input_truths, plan_input, popcount, set_interval
from printml.errors import LibertyError, ModelError
from printml.liberty.locate import find_library
from printml.quantize.integer_model import IntegerTree
from printml.quantize.tree import simplify_tree
from tests.models import random_tree
from tests.tiny_library import INV, make_library

AREAS = tree_gate_areas_mm2(find_library("egfet", 1.0))


def stump(threshold: int, *, bits: int = 4) -> IntegerTree:
    return IntegerTree(
        family="tree",
        feature_names=("a",),
        class_labels=("0", "1"),
        input_bits=frozen([bits], np.int64),
        feature=frozen([0, -1, -1], np.int64),
        threshold=frozen([threshold, 0, 0], np.int64),
        left=frozen([1, -1, -1], np.int64),
        right=frozen([2, -1, -1], np.int64),
        leaf_class=frozen([-1, 0, 1], np.int64),
    )


def counted(tree: IntegerTree) -> dict[str, int]:
    counts = tree_counts(tree, AREAS)
    return {kind: int(n) for kind, n in zip(TREE_GATES, counts, strict=True) if n}


def test_a_stump_costs_its_comparison() -> None:
    # x > 7 is the top bit; x > 3 an OR of the upper two bits; x > 11 their AND.
    assert counted(stump(7)) == {}
    assert counted(stump(3)) == {"or": 1}
    assert counted(stump(11)) == {"and": 1}
    # x > 5 (0101) is x3 or (x2 and x1): two NANDs and an inverter.
    assert counted(stump(5)) == {"nand": 2, "inverter": 1}


def test_what_is_decided_costs_nothing() -> None:
    assert counted(stump(-1)) == counted(stump(15)) == {}
    same = dataclasses.replace(stump(5), leaf_class=frozen([-1, 1, 1], np.int64))
    assert tree_area_mm2(same, AREAS) == 0.0


def test_a_comparison_below_another_looks_at_fewer_bits() -> None:
    # Where x > 7, `x > 11` is bit 2, so class 2 costs an AND and class 1 nothing more.
    tree = dataclasses.replace(
        stump(7),
        class_labels=("0", "1", "2"),
        feature=frozen([0, -1, 0, -1, -1], np.int64),
        threshold=frozen([7, 0, 11, 0, 0], np.int64),
        left=frozen([1, -1, 3, -1, -1], np.int64),
        right=frozen([2, -1, 4, -1, -1], np.int64),
        leaf_class=frozen([-1, 0, -1, 1, 2], np.int64),
    )
    counts = tree_counts(tree, AREAS)
    assert counts.sum() <= 4


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_an_unsimplified_tree_costs_what_it_simplifies_to(seed: int) -> None:
    tree = random_tree(seed, n_inner=9)
    assert tree_area_mm2(tree, AREAS) == pytest.approx(
        tree_area_mm2(simplify_tree(tree), AREAS), rel=0.25, abs=1.0
    )


@settings(deadline=None)
@given(st.integers(1, 8), st.data())
def test_planned_links_answer_every_comparison(bits: int, data: st.DataObject) -> None:
    n_values = 1 << bits
    thresholds = sorted(data.draw(st.sets(st.integers(0, n_values - 1), min_size=1, max_size=6)))
    n_words = max(1, n_values >> 6)
    care = np.zeros((len(thresholds), n_words), np.uint64)
    spans = []
    for k in range(len(thresholds)):
        low = data.draw(st.integers(0, n_values - 1))
        high = data.draw(st.integers(low, n_values - 1))
        set_interval(care[k], low, high)
        spans.append((low, high))
    links = np.empty((len(thresholds) * bits, 3), np.int64)
    answers = np.empty(len(thresholds), np.int64)
    n_links = plan_input(np.array(thresholds), care, bits, 4, links, answers)
    x = np.arange(n_values)
    signals = [x < 0, x >= 0, *((x >> k) & 1 == 1 for k in range(bits))]
    for is_and, a, b in links[:n_links]:
        signals.append(signals[a] & signals[b] if is_and else signals[a] | signals[b])
    for threshold, answer, (low, high) in zip(thresholds, answers, spans, strict=True):
        inside = slice(low, high + 1)
        assert np.array_equal(signals[answer][inside], (x > threshold)[inside])


@settings(deadline=None)
@given(st.integers(0, 254))
def test_one_comparison_takes_the_circuits_number_of_links(threshold: int) -> None:
    care = np.full((1, 4), ~np.uint64(0))
    links, answers = np.empty((8, 3), np.int64), np.empty(1, np.int64)
    n_links = plan_input(np.array([threshold]), care, 8, 4, links, answers)
    plan = plan_comparisons([Comparison(threshold, (1 << 256) - 1)], 8)
    assert n_links == len(plan.links)


@settings(deadline=None)
@given(st.integers(1, 8))
def test_truth_tables_are_those_of_the_circuit(bits: int) -> None:
    signals = np.zeros((2 + bits, max(1, 1 << bits >> 6)), np.uint64)
    input_truths(bits, signals)
    for k in range(bits):
        assert int.from_bytes(signals[2 + k].tobytes(), "little") == bit_truth(k, bits)


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_popcount(word: int) -> None:
    assert popcount(np.uint64(word)) == word.bit_count()


def test_wide_inputs_get_plain_chains() -> None:
    assert counted(stump(2**11 - 1, bits=12)) == {}
    assert tree_area_mm2(stump(1234, bits=12), AREAS) > 0


def test_wrong_tables_and_libraries_are_named() -> None:
    with pytest.raises(ModelError, match="gate areas"):
        tree_area_mm2(stump(3), np.ones(11))
    with pytest.raises(LibertyError, match="inverter"):
        tree_gate_areas_mm2(make_library(INV))
