"""Splits, the rules applied after them, and the input quantiser."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from printml.data.clean import drop_constant, impute, prepare
from printml.data.dataset import Dataset, Split
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.errors import DataError


def dataset_of(y, X=None) -> Dataset:
    y = np.asarray(y, dtype=np.int64)
    X = np.arange(len(y), dtype=float)[:, None] if X is None else np.asarray(X, dtype=float)
    return Dataset(
        name="toy",
        feature_names=tuple(f"f{k}" for k in range(X.shape[1])),
        class_labels=tuple("abcdefghijklmnop"[: y.max() + 1]),
        X=X,
        y=y,
        source="toy.csv",
    )


def test_published_split_is_the_one_of_the_literature():
    dataset = load_dataset("redwine")
    split = split_rows(dataset, kind="published", seed=5)
    train, test = train_test_split(np.arange(1599), test_size=0.3, random_state=42)
    np.testing.assert_array_equal(split.train, train)
    np.testing.assert_array_equal(split.test, test)
    assert (len(split.test), split.kind, split.seed) == (480, "published", 42)


def test_stratified_split_keeps_shares_and_depends_on_the_seed_only():
    dataset = load_dataset("cardio")
    split, again = split_rows(dataset, seed=1), split_rows(dataset, seed=1)
    np.testing.assert_array_equal(split.test, again.test)
    assert not np.array_equal(split.test, split_rows(dataset, seed=2).test)
    shares = np.bincount(dataset.y[split.test]) / np.bincount(dataset.y)
    np.testing.assert_allclose(shares, 0.3, atol=0.01)


@settings(max_examples=60, deadline=None)
@given(
    y=st.lists(st.integers(0, 5), min_size=4, max_size=60),
    seed=st.integers(0, 2**32 - 1),
    test_size=st.floats(0.05, 0.9),
)
def test_stratified_split_divides_the_rows_and_trains_on_every_class(y, seed, test_size):
    y = np.unique(y, return_inverse=True)[1]
    dataset = dataset_of(y)
    counts = np.bincount(y)
    if counts.max() == 1:  # every row is the only one of its class
        with pytest.raises(DataError, match="too few rows"):
            split_rows(dataset, seed=seed, test_size=test_size)
        return
    split = split_rows(dataset, seed=seed, test_size=test_size)
    np.testing.assert_array_equal(
        np.sort(np.concatenate([split.train, split.test])), np.arange(len(y))
    )
    assert len(split.test) > 0
    assert set(y[split.train]) == set(y)


def test_class_with_one_row_goes_to_training_and_is_mentioned():
    dataset = dataset_of([0] * 10 + [1] * 10 + [2])
    split = split_rows(dataset, seed=0)
    assert 20 in split.train
    assert prepare(dataset, split).notes == ("classes without test rows: c",)


def test_bad_split_requests():
    dataset = dataset_of([0, 0, 1, 1])
    for test_size in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(DataError, match="test share"):
            split_rows(dataset, test_size=test_size)
    with pytest.raises(DataError, match="unknown split"):
        split_rows(dataset, kind="random")
    with pytest.raises(DataError, match="seed -1"):
        split_rows(dataset, seed=-1)
    with pytest.raises(DataError, match="too few rows to hold out"):
        split_rows(dataset_of([0, 1]))


def test_impute_uses_training_medians_only():
    nan = np.nan
    dataset = dataset_of([0, 1, 0, 1, 0], [[1, nan], [3, nan], [nan, nan], [100, 7], [nan, nan]])
    filled = impute(dataset, np.array([0, 1, 2]))
    np.testing.assert_array_equal(filled.X[:, 0], [1, 3, 2, 100, 2])
    assert filled.feature_names == ("f0",)
    assert filled.notes == (
        "columns without a reading in the training rows were dropped: f1",
        "missing readings replaced by the training median of their column (2 in all): f0",
    )
    assert np.isnan(dataset.X).sum() == 6


def test_drop_constant_looks_at_training_rows_only():
    dataset = dataset_of([0, 1, 0], [[1, 5], [2, 5], [3, 6]])
    dropped = drop_constant(dataset, np.array([0, 1]))
    assert dropped.feature_names == ("f0",)
    assert dropped.notes == ("columns constant over the training rows were dropped: f1",)
    with pytest.raises(DataError, match="no feature column is left"):
        drop_constant(dataset, np.array([0]))


def test_complete_tables_pass_unchanged():
    dataset = load_dataset("seeds")
    assert prepare(dataset, split_rows(dataset)).notes == ()
    np.testing.assert_array_equal(prepare(dataset, split_rows(dataset)).X, dataset.X)


def test_prepare_of_arrhythmia_says_what_it_did():
    dataset = load_dataset("arrhythmia")
    prepared = prepare(dataset, split_rows(dataset))
    assert np.isfinite(prepared.X).all()
    text = " ".join(prepared.notes)
    assert "f14" in text
    assert "f11, f12, f13, f15" in text
    assert "f20" in text


def test_split_dataclass_is_what_prepare_needs():
    dataset = dataset_of([0, 0, 1], [[1], [2], [3]])
    split = Split(np.array([0, 1]), np.array([2]), "stratified", 0)
    assert prepare(dataset, split).notes == (
        "classes without training rows: b",
        "classes without test rows: a",
    )


def test_quantizer_on_a_hand_checked_column():
    X = np.array([[0.0], [1.0], [2.5], [8.0]])
    quantizer = InputQuantizer.fit(X, bits=2)
    # 4 x = 0, 0.5, 1.25, 4 -> halves to even, the top clipped to 3
    np.testing.assert_array_equal(quantizer.transform(X)[:, 0], [0, 0, 1, 3])
    np.testing.assert_array_equal(quantizer.scale(X)[:, 0], [0, 0.125, 0.3125, 1])
    beyond = np.array([[-100.0], [3.0], [1e300]])
    np.testing.assert_array_equal(quantizer.transform(beyond)[:, 0], [0, 2, 3])
    np.testing.assert_array_equal(quantizer.as_fraction(np.array([[3]])), [[0.75]])


@settings(max_examples=100, deadline=None)
@given(
    column=st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=30),
    bits=st.integers(1, 16),
    data=st.data(),
)
def test_quantizer_stays_in_range_and_keeps_the_order(column, bits, data):
    X = np.array(column)[:, None]
    quantizer = InputQuantizer.fit(X, bits=bits)
    other = data.draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
    values = np.sort(np.array(other))[:, None]
    integers = quantizer.transform(values)
    assert integers.dtype == np.int64
    assert integers.min() >= 0
    assert integers.max() <= 2**bits - 1
    assert (np.diff(integers[:, 0]) >= 0).all()
    if X.max() > X.min():
        assert quantizer.transform(X).min() == 0
        assert quantizer.transform(X).max() == 2**bits - 1
    else:
        assert (integers == 0).all()


def test_quantizer_takes_bits_per_feature():
    X = np.array([[0.0, 0.0], [1.0, 1.0]])
    quantizer = InputQuantizer.fit(X, bits=np.array([1, 3]))
    np.testing.assert_array_equal(quantizer.transform(X), [[0, 0], [1, 7]])
    assert quantizer.to_json() == {"minimum": [0.0, 0.0], "span": [1.0, 1.0], "bits": [1, 3]}


def test_quantizer_refuses_bad_input():
    X = np.array([[0.0, 1.0], [1.0, 2.0]])
    for bits in (0, 17, -1, 2.5):
        with pytest.raises(DataError, match="input bits"):
            InputQuantizer.fit(X, bits=bits)
    with pytest.raises(DataError, match="row 2, column 1"):
        InputQuantizer.fit(np.array([[0.0, 1.0], [np.nan, 2.0]]), bits=4)
    with pytest.raises(DataError, match="not finite"):
        InputQuantizer.fit(X, bits=4).transform(np.array([[np.inf, 0.0]]))
    with pytest.raises(DataError, match=r"too large.*column 1"):
        InputQuantizer.fit(np.array([[-1.7e308], [1.7e308]]), bits=4)
