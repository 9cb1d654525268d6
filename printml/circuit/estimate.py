"""The mapped area of an integer model from its structure alone, without Yosys and ABC.

Every heap column says how many adders it needs, every threshold how many gates, so the area of
the circuit is a sum of counts times the areas of a few gates, which come from the library.
`share=False` counts the columns of the plain heaps; `share=True` eliminates shared pairs first,
as the circuit does. What the mapper finds beyond the structure is not seen, so the figure is
for ranking candidates, and close for arithmetic. Trees are restructured most by the mapper.
Ensembles of trees are lowered, in milliseconds, and every AND is counted as a NAND and an inverter.
"""

from __future__ import annotations

from typing import get_args

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.circuit.estimate_kernels import (
    AND,
    INVERTER,
    KINDS,
    MAJORITY,
    NAND,
    OR,
    SELECT,
    count_heap,
    count_layer,
)
from printml.circuit.from_model import build_circuit
from printml.circuit.gate_areas import gate_areas_mm2
from printml.circuit.ir import Range, is_signed, width
from printml.circuit.live import live_rows
from printml.circuit.lower import lower
from printml.circuit.tree_estimate import tree_area_mm2, tree_gate_areas_mm2
from printml.errors import ModelError
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import (
    Decision,
    IntegerForest,
    IntegerModel,
    IntegerNetwork,
    IntegerTree,
    ovo_pairs,
)
from printml.quantize.ranges import LARGEST_SUM


def estimate_area_mm2(
    model: IntegerModel, library: CellLibrary, *, keep_scores: bool = False
) -> float:
    """Estimated mapped area in mm2, shared subexpressions included.

    Parameters
    ----------
    model
        Integer SVM, MLP or tree.
    keep_scores
        As in `build_circuit`; ignored for trees.

    Raises
    ------
    ModelError
        If the layers do not fit each other, the decision is unknown or a sum passes 62 bits.
    LibertyError
        If the library lacks an inverter or a two-input NAND or NOR.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.quantize.integer_model import IntegerNetwork
    >>> library = find_library("egfet", 1.0)
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=np.array([4, 4]), weights=(np.array([[3, -5]]),),
    ...     intercepts=(np.array([2]),), decision="ovo",
    ... )
    >>> estimate_area_mm2(model, library) < estimate_area_mm2(model, library, keep_scores=True)
    True
    """
    return _estimate(model, library, keep_scores=keep_scores, share=True)


def estimate_fast_mm2(
    model: IntegerModel, library: CellLibrary, *, keep_scores: bool = False
) -> float:
    """As `estimate_area_mm2`, without shared subexpressions: an upper figure in microseconds."""
    return _estimate(model, library, keep_scores=keep_scores, share=False)


def _estimate(
    model: IntegerModel, library: CellLibrary, *, keep_scores: bool, share: bool
) -> float:
    weights_table = gate_areas_mm2(library)
    if isinstance(model, IntegerTree):
        return tree_area_mm2(model, tree_gate_areas_mm2(library))
    if isinstance(model, IntegerForest):
        n_ands = len(lower(build_circuit(model, name="estimate")).nodes)
        return n_ands * float(weights_table[NAND] + weights_table[INVERTER])
    if not isinstance(model, IntegerNetwork):
        raise ModelError(
            f"no area estimate for a {type(model).__name__}",
            hint="Give an IntegerNetwork or an IntegerTree",
        )
    return network_area_mm2(
        model.weights, model.intercepts, model.input_bits, model.decision, model.n_classes,
        model.fraction_bits, weights_table,
        label_offset=model.label_offset, keep_scores=keep_scores, share=share,
    )  # fmt: skip


def network_area_mm2(
    weights: tuple[IntArray, ...],
    intercepts: tuple[IntArray, ...],
    input_bits: IntArray,
    decision: Decision,
    n_classes: int,
    fraction_bits: int,
    weights_table: FloatArray,
    *,
    label_offset: int = 0,
    keep_scores: bool = False,
    share: bool = True,
) -> float:
    """Estimated mapped area in mm2 of a network given by its arrays, for search loops.

    Parameters
    ----------
    weights, intercepts, input_bits, decision, n_classes, fraction_bits, label_offset
        As in `IntegerNetwork`.
    weights_table
        From `gate_areas_mm2`.
    share
        Eliminate shared pairs first; without, the figure is larger and quicker.

    Raises
    ------
    ModelError
        If the layers do not fit each other, the decision is unknown or a sum passes 62 bits.
    """
    counts = network_counts(
        weights, intercepts, input_bits, decision, n_classes, fraction_bits,
        label_offset=label_offset, keep_scores=keep_scores, share=share,
    )  # fmt: skip
    if weights_table.shape != counts.shape:
        raise ModelError(f"the weight table has shape {weights_table.shape}, not {counts.shape}")
    return float(counts @ weights_table)


def network_counts(
    weights: tuple[IntArray, ...],
    intercepts: tuple[IntArray, ...],
    input_bits: IntArray,
    decision: Decision,
    n_classes: int,
    fraction_bits: int,
    *,
    label_offset: int = 0,
    keep_scores: bool = False,
    share: bool = True,
) -> IntArray:
    """Gates of each of `KINDS`, int64; arguments and errors as `network_area_mm2`."""
    _check(weights, intercepts, input_bits, decision, n_classes)
    counts = np.zeros(len(KINDS), np.int64)
    constants, first_needed, level = list(intercepts), 0, 0
    if decision == "regression":
        half = (1 << fraction_bits >> 1) - (1 if fraction_bits else 0)
        constants[-1] = constants[-1] + half - (label_offset << fraction_bits)
        first_needed = 0 if keep_scores else fraction_bits
    elif decision == "ovo" and not keep_scores:
        # One less, so that the sign decides and nothing else of the sum is wanted.
        constants[-1], first_needed, level = constants[-1] - 1, -1, -1
    live = live_rows(
        weights, tuple(constants), input_bits, decision, n_classes,
        shift=fraction_bits, level=level, keep_scores=keep_scores,
    )  # fmt: skip
    low, high = np.zeros_like(input_bits), (1 << input_bits) - 1
    varies, value, masked = high, low, np.zeros(len(high), dtype=bool)
    for layer, (weight, rows) in enumerate(zip(weights, live.rows, strict=True)):
        if not rows.any():
            break
        weight, constant = weight[rows], constants[layer][rows]
        if layer > 0:
            # ReLU: bits of the range that is left; words that were negative get masked.
            columns = live.rows[layer - 1]
            constant = constant + weight[:, ~columns] @ live.fixed[layer - 1][~columns]
            weight, masked = weight[:, columns], low < 0
            low, high = np.maximum(low, 0), np.maximum(high, 0)
            kept = np.array([(1 << int(top).bit_length()) - 1 for top in high], np.int64)
            varies, value = varies & kept, value & kept
        n_bits = [int(mask).bit_count() for mask in varies]
        low, high, varies, value, used = count_layer(
            np.ascontiguousarray(weight), constant, low, high, varies, value, share,
            first_needed if layer == len(weights) - 1 else 0, counts,
        )  # fmt: skip
        for bits, use, mask in zip(n_bits, used.tolist(), masked.tolist(), strict=True):
            if mask and use:
                # ANDs, or NANDs where the inverse is what is read.
                counts[AND if use == 1 else NAND] += bits
            if use == 3 or (use == 2 and not mask):
                counts[INVERTER] += bits
    ranges = [(int(a), int(b)) for a, b in zip(live.low, live.high, strict=True)]
    for row, a, b in zip(np.flatnonzero(live.rows[-1]), low.tolist(), high.tolist(), strict=False):
        ranges[row] = (a, b)
    if decision == "regression":
        _count_clip(ranges[0], fraction_bits, n_classes - 1, counts)
    elif decision == "argmax":
        _count_argmax([ranges[k] for k in live.classes], live.classes, counts)
    else:
        _count_votes(ranges, live.classes, n_classes, keep_scores, counts)
    return counts


def _check(
    weights: tuple[IntArray, ...],
    intercepts: tuple[IntArray, ...],
    input_bits: IntArray,
    decision: str,
    n_classes: int,
) -> None:
    n_sums = {"regression": 1, "argmax": n_classes, "ovo": n_classes * (n_classes - 1) // 2}
    if decision not in get_args(Decision):
        raise ModelError(
            f"unknown decision {decision!r}", hint=f"Choose one of {', '.join(get_args(Decision))}"
        )
    if len(weights) == 0 or len(weights) != len(intercepts):
        raise ModelError(f"{len(weights)} weight matrices and {len(intercepts)} intercept vectors")
    n_inputs, largest = len(input_bits), np.exp2(input_bits)
    for layer, (weight, intercept) in enumerate(zip(weights, intercepts, strict=True)):
        last = layer == len(weights) - 1
        n_rows = n_sums[decision] if last else len(weight)
        if weight.shape != (n_rows, n_inputs) or intercept.shape != (n_rows,):
            raise ModelError(
                f"weights of shape {weight.shape} and intercepts of shape {intercept.shape} "
                f"where {(n_rows, n_inputs)} and {(n_rows,)} are needed",
                where=f"layer {layer + 1}",
            )
        largest = np.abs(weight).astype(float) @ largest + np.abs(intercept)
        if largest.max(initial=0.0) >= LARGEST_SUM:
            raise ModelError(
                "a sum could pass 62 bits",
                where=f"layer {layer + 1}",
                hint="Use smaller coefficients",
            )
        n_inputs = n_rows


def _count_clip(score: Range, shift: int, highest: int, counts: IntArray) -> None:
    """Mask what is negative, set what is above the highest class."""
    low, high = score[0] >> shift, score[1] >> shift
    n_bits = width((min(max(low, 0), highest), min(max(high, 0), highest)))
    if min(high, highest) <= max(low, 0):
        return
    if low < 0:
        counts[AND] += n_bits
        counts[INVERTER] += 1
    if high > highest:
        # The read-once comparison; its trailing ones and first zero are free.
        n_compared = width((0, high))
        trailing = (~highest & highest + 1).bit_length() - 1
        counts[OR] += max(0, n_compared - trailing - 1)
        counts[AND] += 1 if low < 0 else 0
        counts[OR] += highest.bit_count()
        counts[AND] += n_bits - highest.bit_count()


def _count_votes(
    scores: list[Range], classes: tuple[int, ...], n_classes: int, keep_scores: bool,
    counts: IntArray,
) -> None:  # fmt: skip
    """One vote per pair, the sum of votes of each class that can win, and the largest."""
    # Ranges without kept scores are those of score - 1, so that the sign decides.
    level = 0 if keep_scores else -1
    n_votes, constant = [0] * n_classes, [0] * n_classes
    for (low, high), (first, second) in zip(scores, ovo_pairs(n_classes), strict=True):
        if low > level or high <= level:
            constant[first if low > level else second] += 1
            continue
        n_votes[first] += 1
        n_votes[second] += 1
        if len(classes) < 2 or (first not in classes and second not in classes):
            continue
        counts[INVERTER] += 1
        if keep_scores:
            counts[OR] += width((low, high)) - 2
            counts[AND] += 1
    votes = [(constant[k], constant[k] + n_votes[k]) for k in classes]
    if len(classes) > 1:
        for k, ends in zip(classes, votes, strict=True):
            column = np.zeros(width(ends), np.int64)
            column[0] = n_votes[k]
            count_heap(column, constant[k], 0, counts)
    _count_argmax(votes, classes, counts)


def _count_argmax(ranges: list[Range], labels: tuple[int, ...], counts: IntArray) -> None:
    """Knock-out rounds of the candidates that can win, as `lower` makes them."""
    players = [
        (width(ends), is_signed(ends), (label, 0))
        for ends, label in zip(ranges, labels, strict=True)
    ]
    while len(players) > 1:
        last, winners = len(players) == 2, []
        for a, b in zip(players[::2], players[1::2], strict=False):
            (short, long), signed = sorted((a[0], b[0])), a[1] or b[1]
            wide = long + (a[1] != b[1])
            counts[AND] += 1
            counts[MAJORITY] += (wide if signed else short) - 1
            counts[INVERTER] += wide + 1
            counts[OR] += 0 if signed else wide - short
            if not last:
                counts[SELECT] += short
                counts[SELECT if signed else AND] += wide - short
            label = _select_label(a[2], b[2], counts)
            winners.append((wide, signed, label))
        players = winners + players[2 * len(winners) :]


def _select_label(a: tuple[int, int], b: tuple[int, int], counts: IntArray) -> tuple[int, int]:
    """Labels as (constant ones, mask of bits that vary)."""
    varies = (a[0] ^ b[0]) | a[1] | b[1]
    counts[SELECT] += (a[1] & b[1]).bit_count()
    counts[AND] += (a[1] & ~b[1] & ~b[0] | b[1] & ~a[1] & ~a[0]).bit_count()
    counts[OR] += (a[1] & ~b[1] & b[0] | b[1] & ~a[1] & a[0]).bit_count()
    return a[0] & b[0] & ~varies, varies
