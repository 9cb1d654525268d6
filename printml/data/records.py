"""Rows of text fields from a table in a file: comma or tab separated, or Parquet."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from printml.errors import DataError, InputError
from printml.files import read_text

TAB_SUFFIXES = (".tsv", ".tab")
PARQUET_SUFFIXES = (".parquet", ".pq")
TABLE_SUFFIXES = (".csv", *TAB_SUFFIXES, *PARQUET_SUFFIXES)


@dataclass(frozen=True, eq=False)
class Records:
    """What a file says, before any of it is taken for a number or a label.

    Attributes
    ----------
    header
        Names of the columns, each once.
    rows
        Fields of each row without blanks around them, as many as there are columns.
    lines
        Where each row ends in the file, for messages: line of a text, row of a Parquet file.
    place
        What `lines` counts: `line` or `row`.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    place: str = "line"


def read_records(path: Path) -> Records:
    """Read a table; the suffix decides how, and anything unknown is taken for CSV.

    Raises
    ------
    InputError
        If the file cannot be read, or it is Parquet and pyarrow is not installed.
    DataError
        If it is not a table with a header and rows; the message names the line.
    """
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        records = _from_parquet(path)
    else:
        records = _from_text(path, delimiter="\t" if suffix in TAB_SUFFIXES else ",")
    if not records.rows:
        raise DataError(
            "the data file has a header but no rows",
            where=str(path),
            hint="Add one line per reading",
        )
    return records


def _from_text(path: Path, *, delimiter: str) -> Records:
    text = read_text(path, what="data file").removeprefix("\ufeff")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter == ","
    )
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
    return Records(header, rows, lines)


def _from_parquet(path: Path) -> Records:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise InputError(
            "reading Parquet needs the package pyarrow",
            where=str(path),
            hint="Install printml[parquet], or write the table as CSV",
        ) from error
    try:
        table = parquet.read_table(path)
        columns = [column.to_pylist() for column in table.columns]
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path)) from error
    except (ArrowException, OSError, ValueError, UnicodeDecodeError, OverflowError) as error:
        raise DataError(
            f"not a readable Parquet file: {str(error).splitlines()[0]}",
            where=str(path),
            hint="Write the table again, or as CSV",
        ) from error
    header = [str(name).strip() for name in table.column_names]
    if not header:
        raise DataError("the Parquet file has no columns", where=str(path))
    _check_header(header, path, 1)
    texts = [[_as_text(value) for value in column] for column in columns]
    rows = [list(fields) for fields in zip(*texts, strict=True)]
    return Records(header, rows, list(range(1, len(rows) + 1)), place="row")


def _as_text(value: Any) -> str:
    """A cell as a CSV file would hold it; a float's NaN is how table libraries mark a gap."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return str(value).strip()


def _check_header(header: list[str], path: Path, line: int) -> None:
    where = f"{path}, line {line}"
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(
            "the header is one single field",
            where=where,
            hint="Separate the columns by commas, or by tabs in a file named .tsv",
        )
    if "" in header:
        raise DataError(
            f"column {header.index('') + 1} has no name",
            where=where,
            hint="Give every column a name in the first line",
        )
    if all(is_number(field) for field in header):
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


def is_number(field: str) -> bool:
    """Whether a field is a number as measuring devices write them."""
    # float() also takes digit groups such as 1_000, which no measuring device writes.
    if "_" in field:
        return False
    try:
        float(field)
    except ValueError:
        return False
    return True
