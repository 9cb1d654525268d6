"""`printml data` and `printml lib`: what is at hand."""

from __future__ import annotations

from typing import Any

import click
import numpy as np
from rich.table import Table

from printml.cli.data_options import table_options
from printml.cli.output import print_json, print_table
from printml.data.catalog import list_datasets
from printml.data.load import load_dataset
from printml.liberty.locate import find_library, list_libraries

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("data")
def data_group() -> None:
    """Built-in data sets."""


@data_group.command("list")
@json_option
def data_list(as_json: bool) -> None:
    """Names of the built-in data sets."""
    sets = list_datasets()
    if as_json:
        print_json([{"name": known.name, "about": known.about} for known in sets])
        return
    table = Table("name", "about", title="built-in data sets")
    for known in sets:
        table.add_row(known.name, known.about)
    print_table(table)


@data_group.command("show")
@click.argument("dataset")
@table_options
@json_option
def data_show(dataset: str, as_json: bool, **columns: Any) -> None:
    """Rows, features and classes of a data set or table file, and what the rules did to it."""
    loaded = load_dataset(dataset, **{k: v for k, v in columns.items() if v is not None})
    counts = np.bincount(loaded.y, minlength=loaded.n_classes).tolist()
    facts = {
        "name": loaded.name,
        "source": loaded.source,
        "rows": loaded.n_rows,
        "features": list(loaded.feature_names),
        "classes": dict(zip(loaded.class_labels, counts, strict=True)),
        "notes": list(loaded.notes),
    }
    if as_json:
        print_json(facts)
        return
    table = Table("fact", "value", title=loaded.name)
    table.add_row("source", loaded.source)
    table.add_row("rows", str(loaded.n_rows))
    table.add_row("features", f"{loaded.n_features}: {', '.join(loaded.feature_names)}")
    rows = zip(loaded.class_labels, counts, strict=True)
    table.add_row("classes", ", ".join(f"{label}: {count} rows" for label, count in rows))
    if loaded.groups is not None:
        table.add_row("groups", str(len(np.unique(loaded.groups))))
    if loaded.test_rows is not None:
        table.add_row("test rows", f"{len(loaded.test_rows)}, the last ones")
    if loaded.weights is not None:
        table.add_row("weights", f"{loaded.weights.min():g} to {loaded.weights.max():g}")
    for note in loaded.notes:
        table.add_row("note", note)
    print_table(table)


@click.group("lib")
def lib_group() -> None:
    """Printed cell libraries."""


@lib_group.command("list")
@json_option
def lib_list(as_json: bool) -> None:
    """Built-in libraries and their supply voltages."""
    libraries = list_libraries()
    if as_json:
        print_json([{"name": entry.name, "vdd": list(entry.vdds)} for entry in libraries])
        return
    table = Table("name", "supply V", title="built-in cell libraries")
    for entry in libraries:
        table.add_row(entry.name, ", ".join(f"{vdd:g}" for vdd in entry.vdds))
    print_table(table)


@lib_group.command("show")
@click.argument("library", default="egfet")
@click.option("--vdd", type=float, default=1.0, show_default=True, help="Supply in volts.")
@json_option
def lib_show(library: str, vdd: float, as_json: bool) -> None:
    """Cells of a library: area, leakage and worst delay without load."""
    loaded = find_library(library, vdd)
    rows = [
        {
            "cell": cell.name,
            "inputs": list(cell.inputs),
            "area_mm2": cell.area_mm2,
            "leakage_nw": cell.leakage_nw.tolist(),
            "mean_leakage_nw": float(cell.leakage_nw.mean()),
            "rise_t0_ms": cell.rise_t0_ms.tolist(),
            "fall_t0_ms": cell.fall_t0_ms.tolist(),
        }
        for cell in loaded.cells.values()
    ]
    if as_json:
        print_json({"name": loaded.name, "vdd": loaded.vdd, "cells": rows})
        return
    table = Table(
        "cell", "inputs", "area mm2", "leakage uW min / mean / max", "delay ms", title=loaded.name
    )
    for cell in loaded.cells.values():
        leakage = cell.leakage_nw / 1000
        delay = max(cell.rise_t0_ms.max(), cell.fall_t0_ms.max())
        table.add_row(
            cell.name,
            " ".join(cell.inputs),
            f"{cell.area_mm2:.5f}",
            f"{leakage.min():.2f} / {leakage.mean():.2f} / {leakage.max():.2f}",
            "none" if np.isnan(delay) else f"{delay:.2f}",
        )
    for note in loaded.notes:
        table.caption = note
    print_table(table)
