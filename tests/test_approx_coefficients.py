"""Coefficient approximation: the incremental judge, the published method, the guard."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.approx import network_kernel
from printml.approx.coefficient_search import (
    search_coefficients,
    telling_rows_first,
    wrong_marks,
)
from printml.approx.coefficients_published import approximate_published, best_combination
from printml.approx.guard import (
    Experience,
    FoldFront,
    Front,
    choose_budget,
    held_loss_at,
    perturbed_copies,
)
from printml.approx.multiplier_table import multiplier_areas_mm2
from printml.approx.network_kernel import candidate_values, intercept_values
from printml.arrays import frozen
from printml.circuit.estimate import estimate_area_mm2
from printml.errors import InputError
from printml.quantize.integer_model import IntegerNetwork
from tests.tiny_library import tiny_library

DECISIONS = ("ovo", "argmax", "regression")


@st.composite
def networks(draw: st.DrawFn) -> IntegerNetwork:
    """One or two layers, every decision, 2 to 4 classes, 1 to 4 inputs of 1 to 4 bits."""
    n_classes = draw(st.integers(2, 4))
    decision = draw(st.sampled_from(DECISIONS))
    n_sums = {"ovo": n_classes * (n_classes - 1) // 2, "argmax": n_classes, "regression": 1}
    bits = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    sizes = [len(bits), *([draw(st.integers(1, 3))] if draw(st.booleans()) else [])]
    sizes.append(n_sums[decision])
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    weights, intercepts = [], []
    for n_in, n_out in itertools.pairwise(sizes):
        weights.append(frozen(rng.integers(-20, 21, (n_out, n_in)), np.int64))
        intercepts.append(frozen(rng.integers(-60, 61, n_out), np.int64))
    return IntegerNetwork(
        family="mlp-c" if len(weights) == 2 else "svm-c",
        feature_names=tuple(f"f{k}" for k in range(len(bits))),
        class_labels=tuple(f"c{k}" for k in range(n_classes)),
        input_bits=frozen(bits, np.int64),
        weights=tuple(weights),
        intercepts=tuple(intercepts),
        decision=decision,
        fraction_bits=draw(st.integers(0, 4)) if decision == "regression" else 0,
    )


def rows_of(model: IntegerNetwork, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 1 << model.input_bits, (n, model.n_features))
    return X, rng.integers(0, model.n_classes, n)


@settings(deadline=None, max_examples=40)
@given(networks(), st.integers(0, 2**16))
def test_every_point_loses_what_the_front_says(model: IntegerNetwork, seed: int) -> None:
    """After hundreds of incremental steps the loss is that of a fresh `predict`."""
    X, y = rows_of(model, 70, seed)
    front = search_coefficients(model, X, y, tiny_library(), seed=seed, max_loss=0.5)
    exact = np.mean(model.predict(X) == y)
    for loss, candidate in zip(front.loss, front.candidates, strict=True):
        assert exact - np.mean(candidate.predict(X) == y) == pytest.approx(loss)
    assert (np.diff(front.area_mm2) < 0).all()
    assert (np.diff(front.loss) > 0).all()


@settings(deadline=None, max_examples=30)
@given(networks(), st.integers(0, 2**16))
def test_rows_that_must_stay_right_do(model: IntegerNetwork, seed: int) -> None:
    X, y = rows_of(model, 50, seed)
    right = model.predict(X) == y
    front = search_coefficients(model, X, y, tiny_library(), seed=seed, keep_right=True)
    for candidate in front.candidates:
        assert (candidate.predict(X)[right] == y[right]).all()


@settings(deadline=None, max_examples=20)
@given(networks(), st.integers(0, 2**16))
def test_candidates_given_up_early_were_not_the_best(model: IntegerNetwork, seed: int) -> None:
    """In parts of 8 rows, in one part, and compiled: the same way down."""
    X, y = rows_of(model, 90, seed)
    y = np.where(np.arange(90) % 3 > 0, model.predict(X), y)

    def front(n_rows: int | None) -> Front:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("printml.approx.coefficient_search.N_PRICES", 2)
            if n_rows is not None:
                # What is compiled has its constants inside.
                plain = network_kernel.descend.py_func  # type: ignore[attr-defined]
                ahead = network_kernel.wrong_ahead.py_func  # type: ignore[attr-defined]
                patch.setattr(network_kernel, "PART", n_rows)
                patch.setattr(network_kernel, "wrong_ahead", ahead)
                patch.setattr("printml.approx.coefficient_search.descend", plain)
            return search_coefficients(model, X, y, tiny_library(), seed=seed, max_loss=0.3)

    compiled, parts, whole = front(None), front(8), front(1024)
    for other in (parts, whole):
        assert other.loss.tolist() == compiled.loss.tolist()
        assert other.area_mm2.tolist() == compiled.area_mm2.tolist()


def test_rows_that_tell_come_first_by_hand() -> None:
    """Wrong ones, then by how little is missing, relative to the weight."""
    X, y = np.array([[0], [3], [8], [15], [9]]), np.array([0, 0, 1, 1, 0])
    model = IntegerNetwork(
        family="svm-c",
        feature_names=("a",),
        class_labels=("0", "1"),
        input_bits=frozen([4], np.int64),
        weights=(frozen([[-2]], np.int64),),
        intercepts=(frozen([15], np.int64),),
        decision="ovo",
    )
    wrong = wrong_marks(model, X, y)
    assert wrong.tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    sums = np.array([[15, 9, -1, -15, -3]])
    votes = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    pairs = np.array([[0, 1]])
    for weights, order in (
        ([1.0, 1.0, 1.0, 1.0, 1.0], [4, 2, 1, 0, 3]),
        ([4.0, 1.0, 1.0, 1.0, 1.0], [4, 2, 0, 1, 3]),
    ):
        found = telling_rows_first(sums, votes, pairs, wrong, np.array(weights), model)
        assert found.tolist() == order
    sums = np.array([[5, 9, 0, 7, 1], [4, 0, 6, 7, 9]])
    argmax = replace(model, decision="argmax")
    found = telling_rows_first(sums, votes[:0], pairs, wrong, np.ones(5), argmax)
    assert found.tolist() == [4, 3, 0, 2, 1]
    # Classes end at multiples of 4.
    regression = replace(model, decision="regression", fraction_bits=2)
    sums = np.array([[16, 9, 6, 3, 0]])
    found = telling_rows_first(sums, votes[:0], pairs, wrong, np.ones(5), regression)
    assert found.tolist() == [4, 0, 1, 3, 2]


def test_same_seed_same_front_and_it_gets_smaller() -> None:
    rng = np.random.default_rng(3)
    X = rng.integers(0, 16, (200, 3))
    y = (X[:, 0] > 7).astype(np.int64)
    model = IntegerNetwork(
        family="svm-c",
        feature_names=("a", "b", "c"),
        class_labels=("0", "1"),
        input_bits=frozen([4, 4, 4], np.int64),
        weights=(frozen([[-93, 3, -5]], np.int64),),
        intercepts=(frozen([703], np.int64),),
        decision="ovo",
    )
    library = tiny_library()
    first, again = (search_coefficients(model, X, y, library, seed=5) for _ in range(2))
    assert first.loss.tolist() == again.loss.tolist()
    assert [c.weights[0].tolist() for c in first.candidates] == [
        c.weights[0].tolist() for c in again.candidates
    ]
    # x0 > 7 is one wire: hardly anything need be added.
    assert first.area_mm2[-1] < 0.5 * estimate_area_mm2(model, library)


def test_candidate_values_by_hand() -> None:
    out = np.zeros(200, np.int64)
    n = candidate_values(7, 127, out)  # 8 - 1
    assert sorted(out[:n].tolist()) == [-1, 0, 4, 5, 6, 8, 9]
    n = candidate_values(127, 127, out)
    assert max(out[:n].tolist()) <= 127
    n = intercept_values(6, 2, out)  # 8 - 2
    assert sorted(out[:n].tolist()) == [-2, 4, 5, 7, 8, 8]


@given(
    st.lists(st.integers(-12, 12), min_size=1, max_size=5),
    st.integers(0, 3),
    st.integers(0, 2**16),
)
def test_best_combination_is_that_of_all(values: list[int], e: int, seed: int) -> None:
    """Against every combination of the candidates, by brute force."""
    largest = 20
    table = np.random.default_rng(seed).integers(0, 6, 2 * largest + 1).astype(float)
    areas = [table] * len(values)
    found = best_combination(np.array(values), areas, e=e)

    def area(value: int) -> float:
        return float(table[value + largest])

    options = [
        {min(range(w, w - e - 1, -1), key=area), min(range(w, w + e + 1), key=area)} for w in values
    ]
    best = min((abs(sum(c) - sum(values)), sum(map(area, c))) for c in itertools.product(*options))
    assert (abs(int(found.sum()) - sum(values)), sum(map(area, found.tolist()))) == best
    assert all(abs(int(f) - w) <= e for f, w in zip(found, values, strict=True))


def test_published_method_reports_exactly_what_it_changed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model = IntegerNetwork(
        family="mlp-c",
        feature_names=("a", "b", "c"),
        class_labels=("0", "1"),
        input_bits=frozen([2, 2, 2], np.int64),
        weights=(
            frozen(rng.integers(-50, 51, (2, 3)), np.int64),
            frozen(rng.integers(-50, 51, (2, 2)), np.int64),
        ),
        intercepts=(frozen([3, -9], np.int64), frozen([1, 2], np.int64)),
        decision="argmax",
    )
    result = approximate_published(model, tiny_library(), e=2, cache=tmp_path)
    assert result.changed
    rebuilt = [w.copy() for w in model.weights]
    for change in result.changed:
        place = rebuilt[change.layer]
        assert place[change.sum, change.input] == change.before != change.after
        place[change.sum, change.input] = change.after
    assert all(np.array_equal(a, b) for a, b in zip(rebuilt, result.model.weights, strict=True))
    assert result.model.intercepts == model.intercepts


def test_multiplier_table_is_kept_and_a_broken_one_made_again(tmp_path: Path) -> None:
    areas = multiplier_areas_mm2(3, 5, tiny_library(), cache=tmp_path)
    assert areas.shape == (11,)
    assert areas[[5, 6, 7, 9]].tolist() == [0, 0, 0, 0]  # 0, 1, 2, 4 are wires
    assert areas[8] > 0
    assert areas[10] > 0
    (kept,) = tmp_path.iterdir()
    for broken in ("", "[1, 2]", "[null]", '{"a": 1}'):
        kept.write_text(broken)
        assert multiplier_areas_mm2(3, 5, tiny_library(), cache=tmp_path).tolist() == (
            areas.tolist()
        )
    kept.write_text(str([9.0] * 11))
    assert multiplier_areas_mm2(3, 5, tiny_library(), cache=tmp_path)[0] == 9.0


def test_perturbed_copies_move_by_one_step_at_most() -> None:
    X = np.array([[0, 255, 128]])
    copies = perturbed_copies(X, np.array([8, 8, 8]), n_copies=200, seed=1)
    assert copies.shape == (200, 3)
    assert np.abs(copies - X).max() == 16
    assert copies.min() >= 0
    assert copies.max() <= 255
    assert np.array_equal(copies, perturbed_copies(X, np.array([8, 8, 8]), n_copies=200, seed=1))


def fold(held: list[float]) -> FoldFront:
    loss = np.array([0.0, 0.01, 0.02, 0.03])
    return FoldFront(loss, np.array([4.0, 3.0, 2.0, 1.0]), np.array(held), 10)


def test_budget_by_hand() -> None:
    folds = [fold([0, 0.00, 0.02, 0.06]), fold([0, 0.01, 0.00, 0.02])]
    budget = choose_budget(folds, max_loss=0.01)
    assert (budget.loss, budget.held_loss) == (0.02, pytest.approx(0.01))
    assert choose_budget(folds, max_loss=0.01, standard_errors=1.0).loss == 0.01
    assert choose_budget([fold([0.5] * 4)], max_loss=0.01).loss == -np.inf
    # A lucky last budget counts only if what came before allows it.
    lucky = [fold([0.0, 0.0, 0.05, 0.0])]
    assert choose_budget(lucky, max_loss=0.01).loss == 0.03
    assert choose_budget(lucky, max_loss=0.01, rising=True).loss == 0.01
    # Folds that agree are believed; folds that do not, hardly: 0.5 at 0.02 by experience.
    certain = Experience(gap=0.0, gap_rows=10, slope=25.0, spread=1.0)
    agreed = [fold([0.0, 0.0, 0.0, 0.0])] * 2
    assert choose_budget(agreed, max_loss=0.01, experience=certain, n_rows=10).loss == 0.03
    torn = [fold([0.0, 0.5, 0.5, 0.5]), fold([0.0, -0.5, -0.5, -0.5])]
    known = replace(certain, spread=0.001)
    assert choose_budget(torn, max_loss=0.3, experience=known, n_rows=10).loss == 0.01
    # A quarter of the rows, twice the gap; more rows than it was seen on, the same.
    prior = replace(known, gap=0.1, gap_rows=40)
    assert [prior.loss(np.zeros(1), n).tolist() for n in (10, 40, 160)] == [[0.2], [0.1], [0.1]]
    # Experience with small tables says nothing of large ones.
    large = replace(known, most_rows=9)
    assert choose_budget(torn, max_loss=0.3, experience=large, n_rows=10).loss == 0.03
    assert held_loss_at(folds, 0.03) == pytest.approx(0.04)
    assert held_loss_at(folds, -1.0) == 0.0


def test_what_was_learned_by_heart_is_lost_for_little() -> None:
    plain = Experience(gap=0.0, gap_rows=10, slope=1.0, spread=0.01)
    heart = replace(plain, learned_by_heart=0.5)
    budgets = np.array([-0.01, 0.0, 0.02, 0.1, 1.0])
    np.testing.assert_array_equal(heart.loss(budgets, 10), budgets)
    np.testing.assert_array_equal(heart.loss(budgets, 10, -0.3), budgets)
    felt = heart.loss(budgets, 10, 0.2)
    np.testing.assert_array_equal(felt[:2], budgets[:2])
    # 0.02 of the 0.1 that were learned by heart: hardly a fifth of it is felt.
    assert felt[2] == pytest.approx(0.02 - 0.1 * (1 - np.exp(-0.2)))
    assert felt[2] < 0.2 * 0.02
    assert felt[4] == pytest.approx(0.9, abs=1e-4)
    assert (np.diff(felt) > 0).all()


def test_front_within() -> None:
    front = Front(np.array([0.0, 0.01]), np.array([2.0, 1.0]), ("big", "small"))
    assert front.within(0.0) == 0
    assert front.within(0.5) == 1
    with pytest.raises(InputError, match="no candidate"):
        front.within(-0.1)


def test_too_many_layers_are_refused() -> None:
    from printml.errors import ModelError

    w = frozen([[1]], np.int64)
    model = IntegerNetwork(
        "mlp-c", ("a",), ("0", "1"), frozen([1], np.int64), (w, w, w),
        (frozen([0], np.int64),) * 3, "ovo",
    )  # fmt: skip
    with pytest.raises(ModelError, match="3 layers"):
        search_coefficients(
            replace(model),
            np.zeros((1, 1), np.int64),
            np.zeros(1, np.int64),
            tiny_library(),
            seed=0,
        )
