"""The stated rules that turn parsed columns into a `Dataset`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.data.dataset import Dataset
from printml.data.table import numeric_labels
from printml.errors import DataError

MOST_MISSING = 0.5
"""A column with a larger share of missing readings is dropped when a table is loaded."""


def make_dataset(
    *,
    name: str,
    feature_names: Sequence[str],
    X: FloatArray,
    labels: Sequence[str],
    class_order: Sequence[str] = (),
    source: str,
    notes: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    weights: Sequence[float] = (),
    groups: Sequence[str] = (),
    n_test: int = 0,
) -> Dataset:
    """Apply the rules of `load_dataset` to parsed columns.

    Parameters
    ----------
    X
        Readings, float64, shape (n_rows, n_features), NaN where missing.
    labels
        One text per row, "" where missing.
    class_order
        Order of the text labels; empty: numbers ascending, text alphabetically.
    one_hot
        Features made of categories.
    weights, groups
        One per row, or empty.
    n_test
        The last so many rows came from a test file.

    Raises
    ------
    DataError
        If fewer than two classes, fewer than two rows per class on average, or no column is left.
    """
    said = list(notes)
    labelled = np.array([label != "" for label in labels], dtype=bool)
    if not labelled.all():
        said.append(f"rows without a label were dropped: {int((~labelled).sum())}")
        X = X[labelled]
    present = [label for label in labels if label]
    y, class_labels = _classes(present, class_order, source)
    if len(class_labels) < 2:
        raise DataError(
            f"the table has {len(class_labels)} class, a classifier needs two",
            where=source,
            hint="Check that the target names the label column",
        )
    if len(present) < 2 * len(class_labels):
        raise DataError(
            f"too few rows: {len(present)} for {len(class_labels)} classes",
            where=source,
            hint="Check that the target is a label and not a measurement, or add rows",
        )
    group_names = sorted({group for group, kept in zip(groups, labelled, strict=False) if kept})
    from_test = np.arange(len(labelled)) >= len(labelled) - n_test
    test_rows = np.flatnonzero(from_test[labelled])
    if n_test and not 0 < len(test_rows) < len(present):
        raise DataError(
            "training and test file both need rows with a label",
            where=source,
            hint="Check the label columns",
        )
    if len(group_names) == 1:
        raise DataError(
            f"every row is of the group `{group_names[0]}`",
            where=source,
            hint="A split by groups needs at least two of them",
        )
    share = np.isnan(X).mean(axis=0)
    kept = share <= MOST_MISSING
    if not kept.all():
        names = ", ".join(feature_names[k] for k in np.flatnonzero(~kept).tolist())
        said.append(f"columns with more than half of their readings missing were dropped: {names}")
    if not kept.any():
        raise DataError(
            "no feature column is left: more than half of every column is missing",
            where=source,
            hint="Check the export of the table",
        )
    return Dataset(
        name=name,
        feature_names=tuple(feature_names[k] for k in np.flatnonzero(kept).tolist()),
        class_labels=class_labels,
        X=frozen(X[:, kept], np.float64),
        y=frozen(y, np.int64),
        notes=tuple(said),
        source=source,
        one_hot=tuple(name for name in one_hot if name in np.array(feature_names)[kept]),
        weights=frozen(np.array(weights)[labelled], np.float64) if weights else None,
        groups=(
            frozen(np.searchsorted(group_names, np.array(groups)[labelled]), np.int64)
            if groups
            else None
        ),
        test_rows=frozen(test_rows, np.int64) if n_test else None,
    )


def _classes(
    labels: list[str], class_order: Sequence[str], source: str
) -> tuple[list[int], tuple[str, ...]]:
    try:
        numbers = numeric_labels(labels)
    except DataError as error:
        raise DataError(error.what, where=source, hint=error.hint) from error
    if numbers is not None:
        values = sorted(set(numbers))
        index = {value: k for k, value in enumerate(values)}
        printable = tuple(str(int(v)) if v.is_integer() else repr(v) for v in values)
        return [index[number] for number in numbers], printable
    order = tuple(class_order) or tuple(sorted(set(labels)))
    strange = set(labels) - set(order)
    if strange:
        raise DataError(
            f"unknown class label `{min(strange)}`", where=source, hint=f"Known: {', '.join(order)}"
        )
    return [order.index(label) for label in labels], order
