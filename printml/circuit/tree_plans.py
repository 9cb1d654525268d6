"""Plans of a tree's inputs, kept for the variants of it that compare an input in the same way.

A search judges thousands of trees that differ in one node. Planning an input's comparisons takes
nine tenths of the estimate, and all inputs but one or two are compared as before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from printml.arrays import BitArray, IntArray
from printml.circuit.tree_plan import plan_input, same_words
from printml.compiled import compiled

IGNORE, STORE, REUSE = 0, 1, 2
"""What an estimate does with the plans: nothing, keep its own, take those that fit."""


class InputPlans(NamedTuple):
    """One plan per input, int64 but for `care` (uint64).

    Attributes
    ----------
    n_thresholds
        Shape (n_inputs,); -1 where there is no plan.
    thresholds, care
        What it was made for, shapes (n_inputs, most) and (n_inputs, most, n_words).
    links, answers, n_links
        As `plan_input` gives them, shapes (n_inputs, n_most, 3), (n_inputs, most), (n_inputs,).
    """

    n_thresholds: IntArray
    thresholds: IntArray
    care: BitArray
    links: IntArray
    answers: IntArray
    n_links: IntArray


@compiled
def new_plans(feature: IntArray, input_bits: IntArray, most_bits: int) -> InputPlans:
    """Room for the plans of all trees with these inputs at their nodes; empty.

    Inputs of more than `most_bits` are not planned.
    """
    n_inputs = input_bits.size
    counts = np.zeros(n_inputs, np.int64)
    for operand in feature:
        if operand >= 0:
            counts[operand] += 1
    most = max(1, counts.max())
    n_bits = min(most_bits, input_bits.max())
    n_words = max(1, 1 << n_bits >> 6)
    return InputPlans(
        np.full(n_inputs, -1, np.int64),
        np.zeros((n_inputs, most), np.int64),
        np.zeros((n_inputs, most, n_words), np.uint64),
        np.zeros((n_inputs, most * n_bits, 3), np.int64),
        np.zeros((n_inputs, most), np.int64),
        np.zeros(n_inputs, np.int64),
    )


@compiled
def plan_or_reuse(
    plans: InputPlans,
    mode: int,
    operand: int,
    thresholds: IntArray,
    care: BitArray,
    n_bits: int,
    n_orders: int,
    links: IntArray,
    answers: IntArray,
) -> int:
    """`plan_input`, from `plans` where one fits (`REUSE`), and kept there (`STORE`)."""
    n = thresholds.size
    if mode == REUSE and _fits(plans, operand, thresholds, care):
        n_links = plans.n_links[operand]
        links[:n_links] = plans.links[operand, :n_links]
        answers[:n] = plans.answers[operand, :n]
        return n_links
    if mode != STORE:
        return plan_input(thresholds, care, n_bits, n_orders, links, answers)
    plans.n_thresholds[operand] = n
    plans.thresholds[operand, :n] = thresholds
    plans.care[operand, :n, : care.shape[1]] = care
    n_links = plan_input(thresholds, care, n_bits, n_orders, links, answers)
    plans.n_links[operand] = n_links
    plans.links[operand, :n_links] = links[:n_links]
    plans.answers[operand, :n] = answers[:n]
    return n_links


@compiled
def _fits(plans: InputPlans, operand: int, thresholds: IntArray, care: BitArray) -> bool:
    if plans.n_thresholds[operand] != thresholds.size:
        return False
    for i in range(thresholds.size):
        if plans.thresholds[operand, i] != thresholds[i]:
            return False
    for i in range(thresholds.size):
        if not same_words(plans.care[operand, i, : care.shape[1]], care[i]):
            return False
    return True
