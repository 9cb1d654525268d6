"""The area estimate: counts that can be checked by hand, and against what the heaps build."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.adder_graph import adder_graph
from printml.circuit.eliminate import eliminate
from printml.circuit.estimate import (
    estimate_area_mm2,
    estimate_fast_mm2,
    network_area_mm2,
    network_counts,
)
from printml.circuit.estimate_kernels import (
    FULL,
    HALF,
    HALF_ONE,
    KINDS,
    WIDE_COLUMNS,
    _eliminate_blocks,
    count_heap,
)
from printml.circuit.gate_areas import gate_areas_mm2
from printml.circuit.heap import BitHeap
from printml.circuit.logic import FALSE, TRUE, LogicBuilder
from printml.errors import LibertyError, ModelError
from printml.liberty.locate import find_library
from tests.models import network, random_network

EGFET = find_library("egfet", 1.0)


def counted(counts: np.ndarray) -> dict[str, int]:
    return {kind: int(n) for kind, n in zip(KINDS, counts, strict=True) if n}


def heap_counts(column: list[int], constant: int, first_needed: int = 0) -> dict[str, int]:
    counts = np.zeros(len(KINDS), np.int64)
    count_heap(np.array(column, np.int64), constant, first_needed, counts)
    return counted(counts)


class RecordingBuilder(LogicBuilder):
    """Notes the constants among the inputs of every adder."""

    def __init__(self) -> None:
        super().__init__("t")
        self.calls: list[tuple[int, ...]] = []

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        self.calls.append(tuple(sorted(bit for bit in (a, b, c) if bit <= TRUE)))
        return super().full_adder(a, b, c)


def test_seven_bits_take_four_full_adders() -> None:
    # Three adders in the first column, and one for their three carries in the second.
    assert heap_counts([7, 0, 0, 0], 0) == {"full_adder": 4}


def test_even_columns_take_one_half_adder_each() -> None:
    assert heap_counts([2, 0], 0) == {"half_adder": 1}
    assert heap_counts([2, 0], 1) == {"half_adder_plus_one": 1}
    # 4 bits: a full and a half adder, then two carries: a half adder.
    assert heap_counts([4, 0, 0], 0) == {"full_adder": 1, "half_adder": 2}


def test_one_bit_plus_one_is_an_inverter() -> None:
    assert heap_counts([1, 0], 1) == {"inverter": 1}


def test_totals_that_nobody_reads_cost_their_carry_only() -> None:
    assert heap_counts([3, 0], 0, first_needed=1) == {"majority": 1}
    assert heap_counts([2, 0], 0, first_needed=1) == {"and": 1}
    assert heap_counts([2, 0], 1, first_needed=1) == {"or": 1}


def test_the_top_column_has_no_carries() -> None:
    assert heap_counts([3], 0) == {"sum_of_three": 1}
    assert heap_counts([2], 0) == {"xor": 1}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(-500, 500))
def test_column_counting_equals_what_the_heap_builds(column: list[int], constant: int) -> None:
    """Every adder, by the constants among its inputs, for columns of different bits."""
    logic = RecordingBuilder()
    heap = BitHeap(logic, len(column))
    heap.constant = constant
    for exponent, n in enumerate(column):
        for bit in logic.input(f"x{exponent}", n):
            heap.add_bit(bit, exponent, +1)
    heap.compress()
    counts = np.zeros(len(KINDS), np.int64)
    count_heap(np.array(column, np.int64), constant, 0, counts)
    full = sum(call == () for call in logic.calls)
    half = sum(call == (FALSE,) for call in logic.calls)
    half_one = sum(call == (TRUE,) for call in logic.calls)
    found = counted(counts)
    assert counts[FULL] + found.get("sum_of_three", 0) == full
    assert counts[HALF] + counts[HALF_ONE] + found.get("xor", 0) == half + half_one
    assert found.get("inverter", 0) == sum(call == (FALSE, TRUE) for call in logic.calls)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_compiled_elimination_is_that_of_the_adder_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_rows, n_columns = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    matrix = rng.integers(-127, 128, (n_rows, n_columns)).astype(np.int64)
    high = (1 << rng.integers(1, 9, n_columns).astype(np.int64)) - 1
    low = np.where(rng.random(n_columns) < 0.3, -high // 2, 0).astype(np.int64)
    graph = adder_graph(matrix, list(zip(low.tolist(), high.tolist(), strict=True)))
    pairs, operand, exponent, sign, n_digits = eliminate(matrix, low, high)
    assert [tuple(pair) for pair in pairs.tolist()] == list(graph.pairs)
    for r, row in enumerate(graph.rows):
        digits = range(n_digits[r])
        assert {(operand[r, k], exponent[r, k]): sign[r, k] for k in digits} == row


def test_sharing_is_counted() -> None:
    model = network([[[85, 51], [85, 51], [51, 85]]], [[0, 1, 2]], decision="argmax", n_classes=3)
    assert estimate_area_mm2(model, EGFET) < estimate_fast_mm2(model, EGFET)


def test_a_constant_decision_costs_nothing() -> None:
    model = network([[[0, 0]]], [[5]], decision="ovo", n_classes=2)
    assert estimate_area_mm2(model, EGFET) == 0.0


def test_a_regressor_of_one_bit_input_by_hand() -> None:
    # 1-bit x, class = x: nothing to add, nothing to clip.
    model = network([[[1]]], [[0]], decision="regression", n_classes=2, bits=1)
    assert (
        counted(
            network_counts(model.weights, model.intercepts, model.input_bits, "regression", 2, 0)
        )
        == {}
    )


def test_kept_scores_never_cost_less() -> None:
    for seed in range(20):
        for decision in ("ovo", "regression"):
            model = random_network(seed, decision=decision)
            bare = estimate_area_mm2(model, EGFET)
            assert bare <= estimate_area_mm2(model, EGFET, keep_scores=True) + 1.0


def sums_by_rows(weight: np.ndarray, parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """The matrix that pairs and digits stand for."""
    pairs, operand, exponent, sign, n_digits = parts
    n_rows, n_columns = weight.shape
    words = np.zeros((n_columns + len(pairs), n_columns), np.int64)
    words[:n_columns] = np.eye(n_columns, dtype=np.int64)
    for k, (first, second, distance, product) in enumerate(pairs.tolist(), start=n_columns):
        low = min(distance, 0)
        words[k] = (words[first] << -low) + product * (words[second] << (distance - low))
    total = np.zeros_like(weight)
    for r in range(n_rows):
        for k in range(n_digits[r]):
            total[r] += sign[r, k] * (words[operand[r, k]] << exponent[r, k])
    return total


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_blocks_of_a_wide_matrix_stand_for_the_same_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-9, 10, (3, WIDE_COLUMNS + int(rng.integers(1, 40)))).astype(np.int64)
    n_columns = weight.shape[1]
    ends = np.zeros(n_columns, np.int64), np.full(n_columns, 15, np.int64)
    blocks = _eliminate_blocks(weight, *ends)
    assert (sums_by_rows(weight, blocks) == weight).all()
    assert (sums_by_rows(weight, eliminate(weight, *ends)) == weight).all()
    assert len(blocks[0]) > 0


def test_a_neuron_that_nobody_reads_costs_nothing() -> None:
    first, second = [3, 5], [7, -2]
    both = network([[first, second], [[1, 0]]], [[-9, 1], [0]], decision="regression", n_classes=3)
    one = network([[first], [[1]]], [[-9], [0]], decision="regression", n_classes=3)
    assert estimate_area_mm2(both, EGFET) == estimate_area_mm2(one, EGFET) > 0


def test_a_neuron_that_is_never_positive_costs_nothing() -> None:
    both = network(
        [[[3, 5], [-7, -2]], [[1, 6]]], [[-9, 0], [0]], decision="regression", n_classes=3
    )
    one = network([[[3, 5]], [[1]]], [[-9], [0]], decision="regression", n_classes=3)
    assert estimate_area_mm2(both, EGFET) == estimate_area_mm2(one, EGFET)


def test_a_neuron_that_is_constant_joins_the_constants() -> None:
    both = network([[[3, 5], [0, 0]], [[1, 6]]], [[-9, 2], [0]], decision="regression", n_classes=3)
    one = network([[[3, 5]], [[1]]], [[-9], [12]], decision="regression", n_classes=3)
    assert estimate_area_mm2(both, EGFET) == estimate_area_mm2(one, EGFET)


def test_gate_areas_come_from_the_library() -> None:
    areas = dict(zip(KINDS, gate_areas_mm2(EGFET), strict=True))
    assert areas["full_adder"] == pytest.approx(9 * 0.24786)
    assert areas["half_adder"] == pytest.approx(4 * 0.24786 + 0.22842 / 2)
    assert areas["majority"] == pytest.approx((0.56353 + 0.24786) / 2 + 3 * 0.24786)


def test_a_library_without_nand_and_nor_is_refused() -> None:
    cells = {name: EGFET.cells[name] for name in ("INVX1", "AND2X1")}
    with pytest.raises(LibertyError, match="NAND or NOR"):
        gate_areas_mm2(dataclasses.replace(EGFET, cells=cells))


def test_misfits_are_refused() -> None:
    table = gate_areas_mm2(EGFET)
    bits = np.array([4, 4], np.int64)
    weight, intercept = np.ones((1, 2), np.int64), np.zeros(1, np.int64)

    def area(weight: np.ndarray, decision: str = "regression", table: np.ndarray = table) -> float:
        return network_area_mm2(
            (weight,),
            (intercept,),
            bits,
            decision,  # type: ignore[arg-type]
            3,
            0,
            table,
        )

    assert area(weight) > 0
    with pytest.raises(ModelError, match="layer 1"):
        area(np.ones((1, 3), np.int64))
    with pytest.raises(ModelError, match="unknown decision"):
        area(weight, "vote")
    with pytest.raises(ModelError, match="62 bits"):
        area(weight << 60)
    with pytest.raises(ModelError, match="weight table"):
        area(weight, table=table[:3])
    with pytest.raises(ModelError, match="intercept vectors"):
        network_area_mm2((weight,), (), bits, "regression", 3, 0, table)
    with pytest.raises(ModelError, match="no area estimate"):
        estimate_area_mm2("model", EGFET)  # type: ignore[arg-type]
