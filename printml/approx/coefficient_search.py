"""Cheaper coefficients: coordinate descent on integers with a rising price of area.

Every candidate is judged exactly, on the rows given and on the area of its heaps; a sweep takes
for each coefficient the value with the least loss + price * area, so that cheap moves are taken
first and accuracy is repaired where it costs nothing. Points on the way are kept with the full
estimate of their area (shared parts and decision included).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from printml.approx.fine_tune import fine_tuned
from printml.approx.guard import Front
from printml.approx.network_kernel import descend, start_areas
from printml.approx.network_rows import (
    ARGMAX,
    OVO,
    REGRESSION,
    Marks,
    count_votes,
    forward,
    weight_gained,
)
from printml.arrays import FloatArray, IntArray, frozen
from printml.circuit.estimate import estimate_area_mm2
from printml.circuit.gate_areas import gate_areas_mm2
from printml.errors import ModelError
from printml.liberty.library import CellLibrary
from printml.quantize.integer_model import IntegerNetwork

DECISIONS = {"ovo": OVO, "argmax": ARGMAX, "regression": REGRESSION}
FIRST_PRICE, LAST_PRICE, N_PRICES = 0.002, 2.0, 40
"""Prices of the whole circuit's area, in share of wrong rows; rising geometrically."""
SWEEPS = 2
SVM_STARTS = 3
"""Descents of a model with one layer, in different orders; those of an MLP take too long."""
FINE_TUNED_ROWS = 5_000
"""With more rows than this an MLP classifier is also trained on towards few digits, and descended
from there; fewer rows it only fits better (docs/approximation.md)."""
COPY_WEIGHT = 1.0
"""Weight of all perturbed copies of a row together, beside 1 for the row itself."""


def search_coefficients(
    model: IntegerNetwork,
    X_int: IntArray,
    y: IntArray,
    library: CellLibrary,
    *,
    seed: int,
    copies_X: IntArray | None = None,
    copies_y: IntArray | None = None,
    max_loss: float = 0.04,
    keep_right: bool = False,
    progress: Callable[[float, float], None] | None = None,
) -> Front:
    """Approximated models of falling area, from the exact one down.

    Parameters
    ----------
    X_int, y
        Training rows to search on, int64, shapes (n_rows, n_features) and (n_rows,).
    copies_X, copies_y
        Perturbed copies with their labels; together they weigh as much as the rows.
    max_loss
        Share of (weighted) rows that no point may lose more than.
    keep_right
        No row that the exact model gets right may become wrong.
    progress
        Called with loss and area in mm2 after each price.

    Raises
    ------
    ModelError
        If the network has more than two layers.
    """
    if len(model.weights) > 2:
        raise ModelError(f"{len(model.weights)} layers, at most 2 can be searched")
    rows, labels = X_int, y
    weights = np.ones(len(y))
    if copies_X is not None and copies_y is not None and len(copies_y):
        rows, labels = np.vstack([X_int, copies_X]), np.concatenate([y, copies_y])
        copies = np.full(len(copies_y), COPY_WEIGHT * len(y) / len(copies_y))
        weights = np.concatenate([weights, copies])
    weights = weights / weights.sum()
    most_factor = 1.0
    if keep_right:
        weights = np.where(model.predict(rows) == labels, weights, 0.0)
        most_factor = 0.0
    n_starts = SVM_STARTS if len(model.weights) == 1 else 1
    exact_loss = _wrong_weight(wrong_marks(model, rows, labels), weights)
    starts = [(model, seed + 1_000_003 * k) for k in range(n_starts)]
    trainable = model.decision == "argmax" and len(model.weights) == 2 and not keep_right
    if trainable and len(y) > FINE_TUNED_ROWS:
        starts += [(tuned, seed) for tuned in fine_tuned(model, X_int, y, seed=seed)]
    points: list[tuple[float, float, IntegerNetwork]] = []
    for start, own_seed in starts:
        points += _descent(
            start, rows, labels, weights, library,
            exact_loss=exact_loss, max_loss=max_loss * most_factor, seed=own_seed,
            progress=progress,
        )  # fmt: skip
    return front_of(points)


def _descent(
    model: IntegerNetwork,
    X: IntArray,
    y: IntArray,
    weights: FloatArray,
    library: CellLibrary,
    *,
    exact_loss: float,
    max_loss: float,
    seed: int,
    progress: Callable[[float, float], None] | None,
) -> list[tuple[float, float, IntegerNetwork]]:
    """Points on the way down from a network, with their loss against `exact_loss`."""
    areas = np.array(gate_areas_mm2(library))
    X = np.ascontiguousarray(X.T, np.int64)
    n_rows = X.shape[1]
    two = len(model.weights) == 2
    w1, c1 = model.weights[0].copy(), model.intercepts[0].copy()
    w2, c2 = (
        (model.weights[1].copy(), model.intercepts[1].copy())
        if two
        else (np.zeros((0, 0), np.int64), np.zeros(0, np.int64))
    )
    rounding = model.rounding_constant
    last = c2 if two else c1
    last += rounding
    first_needed = {"ovo": -1, "argmax": 0, "regression": model.fraction_bits}[model.decision]
    decision, n_classes = DECISIONS[model.decision], model.n_classes
    high = (1 << model.input_bits) - 1
    hidden = np.zeros((len(w1) if two else 0, n_rows), np.int64)
    sums = np.zeros((len(model.weights[-1]), n_rows), np.int64)
    votes = np.zeros((n_rows if decision == OVO else 0, n_classes), np.int64)
    pairs = np.array([*itertools.combinations(range(n_classes), 2)], np.int64).reshape(-1, 2)
    wrong = wrong_marks(model, X.T, y)
    parts, outer = np.zeros((len(hidden), 4)), np.zeros(len(sums))
    largest = max(int(np.abs(w).max(initial=1)) for w in model.weights)
    largest = (1 << largest.bit_length()) - 1
    forward(X, w1, c1, w2, c2, two, hidden, sums)
    if decision == OVO:
        count_votes(sums, n_classes, votes)
    loss = _wrong_weight(wrong, weights)
    area = start_areas(w1, c1, w2, c2, two, high, first_needed, areas, parts, outer)
    if loss > exact_loss + max_loss:
        return []
    start_area = area

    def now() -> IntegerNetwork:
        intercepts = [c1, c2] if two else [c1]
        intercepts[-1] = intercepts[-1] - rounding
        return replace(
            model,
            weights=tuple(frozen(w, np.int64) for w in ([w1, w2] if two else [w1])),
            intercepts=tuple(frozen(c, np.int64) for c in intercepts),
        )

    points = [(loss - exact_loss, estimate_area_mm2(model, library), model)]
    coordinates = _coordinates(model)
    rng = np.random.default_rng(seed)
    report = np.zeros(2, np.int64)
    for price in np.geomspace(FIRST_PRICE, LAST_PRICE, N_PRICES):
        order = telling_rows_first(sums, votes, pairs, wrong, weights, model)
        X, hidden, sums = (np.take(rows, order, axis=1) for rows in (X, hidden, sums))
        y, weights, wrong[:n_rows] = y[order], weights[order], wrong[order]
        votes = votes[order] if len(votes) else votes
        for _ in range(SWEEPS):
            if start_area <= 0:
                break
            changed = report[1]
            loss, area = descend(
                rng.permutation(coordinates), price / start_area, exact_loss + max_loss,
                X, y, weights, w1, c1, w2, c2, two, decision, model.fraction_bits,
                first_needed, high, areas, largest, hidden, sums, votes, pairs, wrong,
                parts, outer, loss, area, report,
            )  # fmt: skip
            if report[1] == changed:
                break
            candidate = now()
            points.append((loss - exact_loss, estimate_area_mm2(candidate, library), candidate))
        if progress:
            progress(loss - exact_loss, points[-1][1])
    return points


def telling_rows_first(
    sums: IntArray,
    votes: IntArray,
    pairs: IntArray,
    wrong: Marks,
    weights: FloatArray,
    model: IntegerNetwork,
) -> IntArray:
    """The rows that are wrong, then the others, each by how little a sum must change for another
    class, relative to their weight: what loses much shows it on the first of them.

    Arguments as `descend` takes them; int64, shape (n_rows,).
    """
    if model.decision == "regression":
        step = 1 << model.fraction_bits
        margin = np.minimum(sums[0] % step, step - sums[0] % step)
    elif model.decision == "argmax":
        two = np.partition(sums, len(sums) - 2, axis=0)[-2:]
        margin = two[1] - two[0]
    else:
        winner = votes.argmax(axis=1)
        own = (pairs[:, 0, None] == winner) | (pairs[:, 1, None] == winner)
        margin = np.where(own, np.abs(sums), np.iinfo(np.int64).max).min(axis=0)
    order: IntArray = np.lexsort((-weights / (margin + 1), wrong[: len(weights)] == 0))
    return order


def wrong_marks(model: IntegerNetwork, X_int: IntArray, y: IntArray) -> Marks:
    """A byte per row that the model gets wrong, filled up with zeros to whole words of eight."""
    marks = np.zeros(-(-len(y) // 8) * 8, np.uint8)
    marks[: len(y)] = model.predict(X_int) != y
    return marks


def _wrong_weight(wrong: Marks, weights: FloatArray) -> float:
    return weight_gained(np.zeros_like(wrong), wrong, weights)


def front_of(points: list[tuple[float, float, IntegerNetwork]]) -> Front:
    """The non-dominated of (loss, area in mm2, candidate), by falling area."""
    kept: list[tuple[float, float, IntegerNetwork]] = []
    for point in sorted(points, key=lambda p: (p[0], p[1])):
        if not kept or point[1] < kept[-1][1] - 1e-9:
            kept.append(point)
    return Front(
        loss=frozen([p[0] for p in kept], np.float64),
        area_mm2=frozen([p[1] for p in kept], np.float64),
        candidates=tuple(p[2] for p in kept),
    )


def _coordinates(model: IntegerNetwork) -> IntArray:
    """(layer, sum, input) of every coefficient, input -1 for intercepts."""
    places = [
        (layer, row, column)
        for layer, weight in enumerate(model.weights)
        for row in range(weight.shape[0])
        for column in range(-1, weight.shape[1])
    ]
    return np.array(places, np.int64)
