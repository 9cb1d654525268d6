"""Fill gaps and drop dead columns; everything is decided on the training rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from printml.arrays import IntArray, frozen
from printml.data.dataset import Dataset, Split
from printml.errors import DataError


def prepare(dataset: Dataset, split: Split) -> Dataset:
    """`impute`, then `drop_constant`, and a note on classes that one side of the split lacks.

    Examples
    --------
    >>> from printml.data.load import load_dataset
    >>> from printml.data.split import split_rows
    >>> dataset = load_dataset("mammographic")
    >>> bool(np.isnan(dataset.X).any())
    True
    >>> prepared = prepare(dataset, split_rows(dataset))
    >>> bool(np.isnan(prepared.X).any()), len(prepared.notes) > 0
    (False, True)
    """
    prepared = drop_constant(impute(dataset, split.train), split.train)
    notes = list(prepared.notes)
    for rows, side in ((split.train, "training"), (split.test, "test")):
        absent = np.setdiff1d(np.arange(dataset.n_classes), dataset.y[rows])
        if len(absent):
            labels = ", ".join(dataset.class_labels[k] for k in absent)
            notes.append(f"classes without {side} rows: {labels}")
    return replace(prepared, notes=tuple(notes))


def impute(dataset: Dataset, train_rows: IntArray) -> Dataset:
    """Replace each missing reading by the median of its column over the training rows.

    A column without any reading there is dropped. Both leave a note.

    Raises
    ------
    DataError
        If no column is left.
    """
    missing = np.isnan(dataset.X)
    if not missing.any():
        return dataset
    empty = np.asarray(missing[train_rows].all(axis=0))
    notes = list(dataset.notes)
    if empty.any():
        notes.append(
            f"columns without a reading in the training rows were dropped: {_names(dataset, empty)}"
        )
    kept = keep_columns(dataset, ~empty)
    X = kept.X.copy()
    gaps = np.isnan(X)
    if gaps.any():
        medians = np.nanmedian(X[train_rows], axis=0)
        X[gaps] = np.broadcast_to(medians, X.shape)[gaps]
        notes.append(
            f"missing readings replaced by the training median of their column "
            f"({int(gaps.sum())} in all): {_names(kept, np.asarray(gaps.any(axis=0)))}"
        )
    return replace(kept, X=frozen(X, np.float64), notes=tuple(notes))


def drop_constant(dataset: Dataset, train_rows: IntArray) -> Dataset:
    """Drop columns that never change over the training rows, with a note that names them.

    A printed circuit should not pay for a sensor that never moves.

    Raises
    ------
    DataError
        If no column is left.
    """
    train = dataset.X[train_rows]
    constant = np.asarray(train.min(axis=0) == train.max(axis=0))
    if not constant.any():
        return dataset
    note = f"columns constant over the training rows were dropped: {_names(dataset, constant)}"
    return replace(keep_columns(dataset, ~constant), notes=(*dataset.notes, note))


def keep_columns(dataset: Dataset, kept: npt.NDArray[np.bool_]) -> Dataset:
    """The data set with the columns that `kept` marks, bool, shape (n_features,).

    Raises
    ------
    DataError
        If there is none.
    """
    if not kept.any():
        raise DataError(
            "no feature column is left: none changes over the training rows",
            where=dataset.source,
            hint="Check the readings",
        )
    return replace(
        dataset,
        feature_names=tuple(dataset.feature_names[k] for k in np.flatnonzero(kept)),
        X=frozen(dataset.X[:, kept], np.float64),
    )


def _names(dataset: Dataset, columns: npt.NDArray[np.bool_]) -> str:
    return ", ".join(dataset.feature_names[k] for k in np.flatnonzero(columns))
