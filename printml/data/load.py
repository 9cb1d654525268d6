"""From a name or a path to a `Dataset`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

import printml
from printml.data.assemble import make_dataset
from printml.data.catalog import CATALOG, BuiltinSet
from printml.data.dataset import Dataset
from printml.data.har import load_har
from printml.data.table import read_table, suggestion
from printml.errors import DataError


def load_dataset(name_or_path: str | Path, *, target: str | None = None) -> Dataset:
    """Load a known set by its short name, or a user's CSV file.

    Rules: rows without a label are dropped; columns with more than half of their readings
    missing are dropped; other missing readings stay NaN until `prepare` fills them in. Labels
    that are all numbers are ordered ascending, others alphabetically. Each rule that acted
    leaves a note.

    Parameters
    ----------
    name_or_path
        A name of `list_datasets`, else the path of a CSV file with a header row.
    target
        Label column; default is the known set's own, or the last column of a file.

    Raises
    ------
    InputError
        If the file cannot be read.
    DataError
        If the table cannot be used, or a file of a known set was changed.
    ToolError
        If a set has to be downloaded and there is no network.
    """
    known = CATALOG.get(str(name_or_path))
    if known is None:
        path = Path(name_or_path)
        if not path.exists():
            raise DataError(
                f"`{name_or_path}` is neither a known data set nor a file",
                hint=suggestion(str(name_or_path), list(CATALOG)),
            )
        return _from_file(path, name=_short_name(path), target=target)
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
        name=known.name,
        target=target,
        never_features=(*known.never_features, *(t for t in known.targets if t != target)),
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
    *,
    name: str,
    target: str | None,
    never_features: Sequence[str] = (),
    class_order: Sequence[str] = (),
    valid_ranges: Sequence[tuple[str, float, float]] = (),
) -> Dataset:
    table = read_table(path, target=target, never_features=never_features)
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
        source=path.name,
        notes=notes,
    )


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
