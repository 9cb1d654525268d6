"""Columns of a table: readings, labels, and what else a row may carry."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.arrays import FloatArray
from printml.data.records import Records, is_number, read_records
from printml.errors import DataError

MISSING = frozenset({"", "?", "NA"})
"""Fields that mean "no reading"; `nan` and `inf` are refused instead, they come from a bug."""
MOST_CATEGORIES = 64
"""A column with more distinct texts than this is no category."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a file play a part other than that of a reading.

    Attributes
    ----------
    target
        Label column; None means the last one that has no other part.
    never_features
        Columns to leave out.
    one_hot
        Columns of categories: each becomes a column `NAME=CATEGORY` of 0 and 1 per category.
    weight, group
        Columns of sample weights and of groups (a subject, a batch); empty for none.
    """

    target: str | None = None
    never_features: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()
    weight: str = ""
    group: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """Parsed columns of one file.

    Attributes
    ----------
    feature_names
        Header of the feature columns, in file order; columns of categories come last.
    X
        Readings, float64, shape (n_rows, n_features); NaN where a reading is missing.
    labels
        Label text of each row as in the file; "" where it is missing.
    target
        Header of the label column.
    one_hot
        The feature names that were made of categories.
    weights
        Weight of each row, float64, at least 0; empty without such a column.
    groups
        Group text of each row; empty without such a column.
    """

    feature_names: tuple[str, ...]
    X: FloatArray
    labels: tuple[str, ...]
    target: str
    one_hot: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    groups: tuple[str, ...] = ()


def read_table(path: Path, columns: Columns = Columns()) -> Table:
    """Read a table with a header row from a CSV, TSV or Parquet file.

    Parameters
    ----------
    path
        UTF-8 text, comma separated (`.tsv`: tab separated); empty lines are skipped, blanks
        around fields are ignored. Or Parquet (`.parquet`).

    Raises
    ------
    InputError
        If the file cannot be read.
    DataError
        If it is not such a table; the message names line and column.
    """
    records = read_records(path)
    header = records.header
    parts = [name for name in (*columns.one_hot, columns.weight, columns.group) if name]
    for name in parts:
        if name not in header:
            raise DataError(
                f"there is no column `{name}`", where=str(path), hint=suggestion(name, header)
            )
    target = _target_column(header, columns.target, parts, path)
    for name in parts:
        if name == target or parts.count(name) > 1:
            raise DataError(
                f"column `{name}` cannot play two parts",
                where=str(path),
                hint="Target, weight, group and one-hot columns must be different ones",
            )
    plain = [name for name in header if name not in (target, *columns.never_features, *parts)]
    X = [_numbers(_column(records, name), records, path, name) for name in plain]
    made: list[str] = []
    for name in columns.one_hot:
        for category, marks in _categories(_column(records, name), path, name):
            made.append(category)
            X.append(marks)
    if not X:
        raise DataError(
            f"no feature column is left beside the target `{target}`",
            where=str(path),
            hint="The table needs at least one column of readings",
        )
    twice = set(made) & set(plain)
    if twice:
        raise DataError(
            f"the category column `{min(twice)}` exists already",
            where=str(path),
            hint="Rename one of the columns",
        )
    return Table(
        feature_names=(*plain, *made),
        X=np.array(X, float).T,
        labels=tuple("" if t in MISSING else t for t in _column(records, target)),
        target=target,
        one_hot=tuple(made),
        weights=_weights(records, columns.weight, path) if columns.weight else (),
        groups=_groups(records, columns.group, path) if columns.group else (),
    )


def _column(records: Records, name: str) -> list[str]:
    k = records.header.index(name)
    return [row[k] for row in records.rows]


def _categories(fields: list[str], path: Path, name: str) -> list[tuple[str, list[float]]]:
    """A column of marks for each category, alphabetically; NaN where the category is missing."""
    categories = sorted({field for field in fields if field not in MISSING})
    if len(categories) > MOST_CATEGORIES:
        raise DataError(
            f"column `{name}` has {len(categories)} different texts, more than {MOST_CATEGORIES}",
            where=str(path),
            hint="Leave the column out, or merge its categories",
        )
    return [
        (f"{name}={category}", [math.nan if f in MISSING else float(f == category) for f in fields])
        for category in categories
    ]


def _weights(records: Records, name: str, path: Path) -> tuple[float, ...]:
    values = _numbers(_column(records, name), records, path, name)
    for value, line in zip(values, records.lines, strict=True):
        if not value >= 0:
            raise DataError(
                "a sample weight is missing" if math.isnan(value) else "a sample weight is below 0",
                where=f"{path}, {records.place} {line}, column `{name}`",
                hint="Give every row a weight; 0 leaves it out of training",
            )
    if not any(values):
        raise DataError(
            "every sample weight is 0", where=f"{path}, column `{name}`", hint="Mend the column"
        )
    return tuple(values)


def _groups(records: Records, name: str, path: Path) -> tuple[str, ...]:
    fields = _column(records, name)
    for field, line in zip(fields, records.lines, strict=True):
        if field in MISSING:
            raise DataError(
                "the group is missing",
                where=f"{path}, {records.place} {line}, column `{name}`",
                hint="Name the subject or batch of every row",
            )
    return tuple(fields)


def _target_column(header: list[str], target: str | None, parts: list[str], path: Path) -> str:
    free = [name for name in header if name not in parts]
    if target is None and free:
        return free[-1]
    if target in header:
        return str(target)
    raise DataError(
        f"there is no column `{target}`" if target else "no column is left for the label",
        where=str(path),
        hint=suggestion(target or "", header),
    )


def suggestion(name: str, known: Sequence[str]) -> str:
    """A hint that names the nearest of the known names, or all of them."""
    by_lower_case = {option.lower(): option for option in known}
    near = difflib.get_close_matches(name.lower(), list(by_lower_case), n=1, cutoff=0.5)
    if near:
        return f"Did you mean `{by_lower_case[near[0]]}`?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"Choose one of: {shown}"


def _numbers(fields: list[str], records: Records, path: Path, name: str) -> list[float]:
    values = []
    for field, line in zip(fields, records.lines, strict=True):
        if field in MISSING:
            values.append(math.nan)
            continue
        where = f"{path}, {records.place} {line}, column `{name}`"
        if not is_number(field):
            raise DataError(
                f"text `{field[:40]}` where a number is needed",
                where=where,
                hint="Leave a missing reading empty; name a column of categories with --one-hot",
            )
        value = float(field)
        if not math.isfinite(value):
            raise DataError(
                f"`{field}` is not a finite number",
                where=where,
                hint="Leave a missing reading empty and correct infinite ones",
            )
        values.append(value)
    return values


def numeric_labels(labels: Sequence[str]) -> list[float] | None:
    """The labels as numbers, or None when at least one of them is text.

    Raises
    ------
    DataError
        If a label is NaN or infinite.
    """
    for label in labels:
        if is_number(label) and not math.isfinite(float(label)):
            raise DataError(
                f"`{label}` is not a usable label", hint="Leave a missing label empty or mend it"
            )
    if not all(is_number(label) for label in labels):
        return None
    return [float(label) for label in labels]
