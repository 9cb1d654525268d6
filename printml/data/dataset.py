"""What the rest of the street knows about a table of readings."""

from __future__ import annotations

from dataclasses import dataclass

from printml.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of readings with a class per row: no infinities, at least two classes.

    Attributes
    ----------
    name
        Short name, also used in file names (`redwine`).
    feature_names
        One per column of `X`, as in the header.
    class_labels
        Printable label of class index 0, 1, ... in their natural order.
    X
        Readings, float64, shape (n_rows, n_features). NaN marks a missing reading until
        `prepare` has filled it in; every stage after `data` sees complete tables.
    y
        Class index of each row, int64, shape (n_rows,).
    notes
        What the stated rules did to the table (rows dropped, values imputed ...), one sentence
        each.
    source
        Where the rows came from (file, or package).
    one_hot
        Features that are the 0 and 1 of a category.
    weights
        Sample weights, float64, shape (n_rows,), none below 0; None: all rows weigh the same.
    groups
        Index of the group (subject, batch) of each row, int64, shape (n_rows,); None for none.
        No split and no fold has rows of a group on both sides.
    test_rows
        Rows that came from a test file of their own, int64, ascending; None for none.
    """

    name: str
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    X: FloatArray
    y: IntArray
    notes: tuple[str, ...] = ()
    source: str = ""
    one_hot: tuple[str, ...] = ()
    weights: FloatArray | None = None
    groups: IntArray | None = None
    test_rows: IntArray | None = None

    @property
    def n_rows(self) -> int:
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def n_classes(self) -> int:
        return len(self.class_labels)


@dataclass(frozen=True, eq=False)
class Split:
    """Row indices (int64, ascending is not required) of training and test rows.

    `kind` is `stratified`, `published`, `groups` or `file`; `seed` is the one used to draw it.
    """

    train: IntArray
    test: IntArray
    kind: str
    seed: int
