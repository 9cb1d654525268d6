"""Training and test rows."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from printml.arrays import IntArray, frozen
from printml.data.dataset import Dataset, Split
from printml.errors import DataError

SplitKind = Literal["stratified", "published"]

PUBLISHED_SEED = 42
PUBLISHED_TEST_SIZE = 0.3


def split_rows(
    dataset: Dataset,
    *,
    kind: SplitKind = "stratified",
    seed: int = 0,
    test_size: float = PUBLISHED_TEST_SIZE,
) -> Split:
    """Divide the rows into training and test rows.

    `published` is scikit-learn's plain `train_test_split(test_size=0.3, random_state=42)` on file
    order, whatever the seed: the printed-electronics literature reports on those rows. This is
    the one function of the data room that needs scikit-learn, to get exactly its rows.

    `stratified` gives every class with two rows or more its share of both sides (scikit-learn's
    stratified split). A class with one row goes to training, for a class that was never seen
    cannot be learnt. Where a side is too small for that, one row of each class goes to training
    and the test rows are drawn from the rest.

    Where the data set says which rows are test rows (a test file), those are taken. Where it has
    groups, whole groups are drawn, as near to the share of every class as they allow
    (scikit-learn's StratifiedGroupKFold).

    Parameters
    ----------
    seed
        Seed of the stratified draw, 0 .. 2**32 - 1.
    test_size
        Share of test rows, above 0 and below 1; only for `stratified`.

    Raises
    ------
    DataError
        If the share is out of range or the table is too small to hold out a test set.

    Examples
    --------
    >>> from printml.data.load import load_dataset
    >>> split = split_rows(load_dataset("seeds"), seed=3)
    >>> len(split.train), len(split.test)
    (147, 63)
    """
    from sklearn.model_selection import train_test_split

    if kind not in ("stratified", "published"):
        raise DataError(f"unknown split `{kind}`", hint="Choose stratified or published")
    if not 0 <= seed < 2**32:
        raise DataError(f"seed {seed} is out of range", hint="Use a seed from 0 to 4294967295")
    if not 0 < test_size < 1:
        raise DataError(
            f"test share {test_size} is out of range", hint="Use a share above 0 and below 1"
        )
    rows = np.arange(dataset.n_rows)
    if kind == "published" and (dataset.test_rows is not None or dataset.groups is not None):
        raise DataError(
            "the published split knows neither test files nor groups",
            where=dataset.source,
            hint="Leave out the published split",
        )
    if dataset.test_rows is not None:
        train = np.setdiff1d(rows, dataset.test_rows)
        return Split(frozen(train, np.int64), dataset.test_rows, "file", seed)
    if dataset.groups is not None:
        train, test = _whole_groups(dataset, dataset.groups, test_size, seed)
        return Split(frozen(train, np.int64), frozen(test, np.int64), "groups", seed)
    if kind == "published":
        train, test = train_test_split(
            rows, test_size=PUBLISHED_TEST_SIZE, random_state=PUBLISHED_SEED
        )
        return Split(frozen(train, np.int64), frozen(test, np.int64), kind, PUBLISHED_SEED)
    counts = np.bincount(dataset.y, minlength=dataset.n_classes)
    shared = rows[counts[dataset.y] >= 2]
    alone = rows[counts[dataset.y] == 1]
    n_divided = int((counts >= 2).sum())
    n_test = int(np.ceil(test_size * len(shared)))
    train = shared[:0]
    if n_test >= n_divided > 0 and len(shared) - n_test >= n_divided:
        train, test = train_test_split(
            shared, test_size=test_size, random_state=seed, stratify=dataset.y[shared]
        )
    # Rounding can still leave a small class without training rows when the share is large.
    if len(np.unique(dataset.y[train])) < n_divided or n_divided == 0:
        train, test = _one_of_each(dataset, shared, n_test, seed)
    return Split(
        frozen(np.concatenate([train, alone]), np.int64), frozen(test, np.int64), kind, seed
    )


def _whole_groups(
    dataset: Dataset, groups: IntArray, test_size: float, seed: int
) -> tuple[IntArray, IntArray]:
    """Training and test rows without a common group."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_parts = min(max(2, round(1 / test_size)), len(np.unique(groups)))
    with warnings.catch_warnings():
        # Classes with fewer rows than parts are said in a note of `prepare`.
        warnings.simplefilter("ignore", UserWarning)
        parts = StratifiedGroupKFold(n_parts, shuffle=True, random_state=seed)
        train, test = next(parts.split(dataset.X, dataset.y, groups))
    if len(np.unique(dataset.y[train])) < 2 or not len(test):
        raise DataError(
            "whole groups cannot be divided so that two classes are left for training",
            where=dataset.source,
            hint="Use another seed, or more groups",
        )
    return train, test


def _one_of_each(
    dataset: Dataset, rows: IntArray, n_test: int, seed: int
) -> tuple[IntArray, IntArray]:
    """Draw test rows at random while every class keeps a training row."""
    order = np.random.default_rng(seed).permutation(rows)
    _, first = np.unique(dataset.y[order], return_index=True)
    free = np.delete(order, first)
    n_test = min(n_test, len(free))
    if n_test == 0:
        raise DataError(
            f"too few rows to hold out a test set: {dataset.n_rows} for "
            f"{dataset.n_classes} classes",
            where=dataset.source,
            hint="Add rows",
        )
    return np.concatenate([order[first], free[n_test:]]), free[:n_test]
