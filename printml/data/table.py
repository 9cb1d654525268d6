"""Read a comma separated table of numbers with one label column, strictly."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.arrays import FloatArray
from printml.errors import DataError
from printml.files import read_text

MISSING = frozenset({"", "?", "NA"})
"""Fields that mean "no reading"; `nan` and `inf` are refused instead, they come from a bug."""


@dataclass(frozen=True, eq=False)
class Table:
    """Parsed columns of one file.

    Attributes
    ----------
    feature_names
        Header of the feature columns, in file order.
    X
        Readings, float64, shape (n_rows, n_features); NaN where a reading is missing.
    labels
        Label text of each row as in the file; "" where it is missing.
    target
        Header of the label column.
    """

    feature_names: tuple[str, ...]
    X: FloatArray
    labels: tuple[str, ...]
    target: str


def read_table(path: Path, *, target: str | None, never_features: Sequence[str] = ()) -> Table:
    """Read a CSV file with a header row.

    Parameters
    ----------
    path
        UTF-8 text, comma separated; empty lines are skipped, blanks around fields are ignored.
    target
        Name of the label column; None means the last column.
    never_features
        Columns to leave out.

    Raises
    ------
    InputError
        If the file cannot be read.
    DataError
        If it is not such a table; the message names line and column.
    """
    header, rows, lines = _split_lines(path)
    target = _target_column(header, target, path)
    feature_columns = [
        k for k, name in enumerate(header) if name != target and name not in never_features
    ]
    if not feature_columns:
        raise DataError(
            f"no feature column is left beside the target `{target}`",
            where=str(path),
            hint="The table needs at least one column of readings",
        )
    X = np.empty((len(rows), len(feature_columns)))
    for k, column in enumerate(feature_columns):
        X[:, k] = _numbers([row[column] for row in rows], lines, path, header[column])
    label_column = header.index(target)
    labels = tuple("" if row[label_column] in MISSING else row[label_column] for row in rows)
    return Table(tuple(header[k] for k in feature_columns), X, labels, target)


def _split_lines(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows of stripped fields, and the line number at which each row ends."""
    text = read_text(path, what="data file").removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for record in reader:
            fields = [field.strip() for field in record]
            if not any(fields) and len(fields) <= 1:
                continue
            if not header:
                header = fields
                _check_header(header, path, reader.line_num)
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"the row has {len(fields)} fields, the header {len(header)}",
                    where=f"{path}, line {reader.line_num}",
                    hint="Every row needs one field per column",
                )
            rows.append(fields)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(
            f"not a valid CSV file: {error}",
            where=f"{path}, line {reader.line_num}",
            hint="Check for unbalanced quotes",
        ) from error
    if not header:
        raise DataError(
            "the data file is empty", where=str(path), hint="It needs a header row and data rows"
        )
    if not rows:
        raise DataError(
            "the data file has a header but no rows",
            where=str(path),
            hint="Add one line per reading",
        )
    return header, rows, lines


def _check_header(header: list[str], path: Path, line: int) -> None:
    where = f"{path}, line {line}"
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(
            "the header is one single field", where=where, hint="Separate the columns by commas"
        )
    if "" in header:
        raise DataError(
            f"column {header.index('') + 1} has no name",
            where=where,
            hint="Give every column a name in the first line",
        )
    if all(_is_number(field) for field in header):
        raise DataError(
            "the first line holds numbers, not column names",
            where=where,
            hint="Add a header row with one name per column",
        )
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(
            f"column name `{twice[0]}` occurs {Counter(header)[twice[0]]} times",
            where=where,
            hint="Give every column its own name",
        )


def _target_column(header: list[str], target: str | None, path: Path) -> str:
    if target is None:
        return header[-1]
    if target in header:
        return target
    raise DataError(
        f"there is no column `{target}`", where=str(path), hint=suggestion(target, header)
    )


def suggestion(name: str, known: Sequence[str]) -> str:
    """A hint that names the nearest of the known names, or all of them."""
    by_lower_case = {option.lower(): option for option in known}
    near = difflib.get_close_matches(name.lower(), list(by_lower_case), n=1, cutoff=0.5)
    if near:
        return f"Did you mean `{by_lower_case[near[0]]}`?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"Choose one of: {shown}"


def _is_number(field: str) -> bool:
    # float() also takes digit groups such as 1_000, which no measuring device writes.
    if "_" in field:
        return False
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(fields: list[str], lines: list[int], path: Path, name: str) -> list[float]:
    values = []
    for field, line in zip(fields, lines, strict=True):
        if field in MISSING:
            values.append(math.nan)
            continue
        where = f"{path}, line {line}, column `{name}`"
        if not _is_number(field):
            raise DataError(
                f"text `{field[:40]}` where a number is needed",
                where=where,
                hint="Features must be numbers; leave a missing reading empty",
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
        if _is_number(label) and not math.isfinite(float(label)):
            raise DataError(
                f"`{label}` is not a usable label", hint="Leave a missing label empty or mend it"
            )
    if not all(_is_number(label) for label in labels):
        return None
    return [float(label) for label in labels]
