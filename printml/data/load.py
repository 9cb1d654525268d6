"""From a name or a path to a `Dataset`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

import printml
from printml.arrays import FloatArray
from printml.data.assemble import make_dataset
from printml.data.catalog import CATALOG, BuiltinSet
from printml.data.dataset import Dataset
from printml.data.har import load_har
from printml.data.table import Columns, Table, read_table, suggestion
from printml.errors import DataError


def load_dataset(
    name_or_path: str | Path,
    *,
    target: str | None = None,
    one_hot: Sequence[str] = (),
    weight_column: str = "",
    group_column: str = "",
    test_file: str | Path = "",
) -> Dataset:
    """Load a known set by its short name, or a user's table.

    Rules: rows without a label are dropped; columns with more than half of their readings
    missing are dropped; other missing readings stay NaN until `prepare` fills them in. Labels
    that are all numbers are ordered ascending, others alphabetically. Each rule that acted
    leaves a note.

    Parameters
    ----------
    name_or_path
        A name of `list_datasets`, else the path of a CSV, TSV or Parquet file with a header.
    target
        Label column; default is the known set's own, or the last column of a file.
    one_hot, weight_column, group_column
        As in `Columns`; for files only.
    test_file
        A second table with the same columns, whose rows are the test rows; for files only.

    Raises
    ------
    InputError
        If the file cannot be read.
    DataError
        If the table cannot be used, or a file of a known set was changed.
    ToolError
        If a set has to be downloaded and there is no network.

    Examples
    --------
    >>> dataset = load_dataset("seeds")
    >>> dataset.X.shape, dataset.class_labels
    ((210, 7), ('1', '2', '3'))
    """
    known = CATALOG.get(str(name_or_path))
    if known is None:
        path = Path(name_or_path)
        if not path.exists():
            raise DataError(
                f"`{name_or_path}` is neither a known data set nor a file",
                hint=suggestion(str(name_or_path), list(CATALOG)),
            )
        columns = Columns(target, (), tuple(one_hot), weight_column, group_column)
        test = Path(test_file) if str(test_file) not in ("", ".") else None
        return _from_file(path, columns, name=_short_name(path), test=test)
    if one_hot or weight_column or group_column or str(test_file) not in ("", "."):
        raise DataError(
            f"{known.name} is a known data set: its columns and rows are what they are",
            hint="One-hot, weight and group columns and test files are for your own tables",
        )
    if target is not None and target not in known.targets:
        raise DataError(
            f"`{target}` is not a label column of {known.name}",
            hint=suggestion(target, known.targets),
        )
    target = target or known.target
    if known.origin == "sklearn":
        return _from_sklearn(known)
    if known.origin == "download":
        return load_har()
    path = datasets_folder() / known.file
    verify_checksum(path)
    return _from_file(
        path,
        Columns(target, (*known.never_features, *(t for t in known.targets if t != target))),
        name=known.name,
        class_order=known.class_order if target == known.target else (),
        valid_ranges=known.valid_ranges,
    )


def datasets_folder() -> Path:
    """The folder with the known sets: inside an installed package, else in the source tree.

    Raises
    ------
    DataError
        If there is none.
    """
    package = Path(printml.__file__).resolve().parent
    for folder in (package / "_datasets", package.parent / "datasets"):
        if (folder / "SHA256SUMS").is_file():
            return folder
    raise DataError(
        "the folder of built-in data sets is missing",
        where=str(package),
        hint="Install printml again, or pass the path of a CSV file",
    )


def verify_checksum(path: Path) -> None:
    """Compare a file with `SHA256SUMS` beside it.

    Raises
    ------
    DataError
        If it is missing, not listed, or differs.
    """
    sums = {}
    for line in (path.parent / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
    hint = "Restore the file from the repository, or copy it elsewhere and pass its path"
    if path.name not in sums or not path.is_file():
        raise DataError("a built-in data set is missing", where=str(path), hint=hint)
    if hashlib.sha256(path.read_bytes()).hexdigest() != sums[path.name]:
        raise DataError(
            "a built-in data set was changed: its SHA-256 checksum differs",
            where=str(path),
            hint=hint,
        )


def _short_name(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_") or "table"


def _from_file(
    path: Path,
    columns: Columns,
    *,
    name: str,
    test: Path | None = None,
    class_order: Sequence[str] = (),
    valid_ranges: Sequence[tuple[str, float, float]] = (),
) -> Dataset:
    table = read_table(path, columns)
    n_test = 0
    if test is not None:
        tested = read_table(test, replace(columns, target=table.target))
        n_test = len(tested.labels)
        table = _joined(table, tested, path, test)
    X, notes = table.X, []
    for column, low, high in valid_ranges:
        values = X[:, table.feature_names.index(column)]
        wrong = (values < low) | (values > high)
        values[wrong] = np.nan
        if wrong.any():
            notes.append(
                f"readings outside {low:g}..{high:g} counted as missing: "
                f"{int(wrong.sum())} of {column}"
            )
    return make_dataset(
        name=name,
        feature_names=table.feature_names,
        X=X,
        labels=table.labels,
        class_order=class_order,
        source=path.name if test is None else f"{path.name}, {test.name}",
        notes=notes,
        one_hot=table.one_hot,
        weights=table.weights,
        groups=table.groups,
        n_test=n_test,
    )


def _joined(table: Table, tested: Table, path: Path, test: Path) -> Table:
    """Rows of the test file below the others; its columns may stand in another order."""
    every_category = sorted({*table.one_hot, *tested.one_hot})
    plain = [name for name in table.feature_names if name not in table.one_hot]
    missing = [name for name in plain if name not in tested.feature_names]
    strange = [
        name
        for name in tested.feature_names
        if name not in tested.one_hot and name not in table.feature_names
    ]
    if missing or strange:
        what = f"lacks the column `{missing[0]}`" if missing else f"also has `{strange[0]}`"
        raise DataError(
            f"the test file {what}",
            where=str(test),
            hint=f"It needs the same columns as {path}",
        )
    names = (*plain, *every_category)
    return Table(
        feature_names=names,
        X=np.vstack([_ordered(part, names) for part in (table, tested)]),
        labels=table.labels + tested.labels,
        target=table.target,
        one_hot=tuple(every_category),
        weights=table.weights + tested.weights,
        groups=table.groups + tested.groups,
    )


def _ordered(table: Table, names: Sequence[str]) -> FloatArray:
    """Readings in the order of the names; a category that the file never has is 0."""
    absent = np.zeros(len(table.labels))
    return np.array(
        [
            table.X[:, table.feature_names.index(name)] if name in table.feature_names else absent
            for name in names
        ]
    ).T


def _from_sklearn(known: BuiltinSet) -> Dataset:
    bunch = getattr(import_module("sklearn.datasets"), known.file)()
    names = [str(label) for label in bunch.target_names]
    return make_dataset(
        name=known.name,
        feature_names=[str(feature) for feature in bunch.feature_names],
        X=np.asarray(bunch.data, dtype=np.float64),
        labels=[names[k] for k in bunch.target],
        class_order=names,
        source=f"scikit-learn {known.file}",
    )
