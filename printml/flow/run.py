"""Reading what a run folder holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from printml.arrays import IntArray
from printml.circuit.from_model import build_circuit
from printml.circuit.ir import Circuit
from printml.data.records import TABLE_SUFFIXES
from printml.errors import InputError
from printml.files import read_text
from printml.flow.recipe import Recipe, read_toml, recipe_from_table
from printml.flow.rundir import MARKER, RunFolder
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library, list_libraries
from printml.liberty.reader import read_library
from printml.netlist.json_file import netlist_from_json
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel
from printml.quantize.model_file import from_json
from printml.verilog_names import identifiers

NOMINAL_VDD = 1.0


@dataclass(frozen=True, eq=False)
class Rows:
    """The quantised table: X_int int64 (n_rows, n_features), y int64, train and test indices.

    A training row with a sample weight may be there several times. `groups` are those of the
    training rows that folds must not tear apart, int64, or None.
    """

    X_int: IntArray
    y: IntArray
    train: IntArray
    test: IntArray
    groups: IntArray | None = None


def top_name(recipe: Recipe) -> str:
    """Verilog module name of a recipe's circuit."""
    path = Path(recipe.dataset)
    stem = path.stem if path.suffix.lower() in TABLE_SUFFIXES else recipe.dataset
    return identifiers([f"{stem}_{recipe.model.replace('-', '_')}"])[0]


def library_of(recipe: Recipe) -> CellLibrary:
    """The cell library a recipe names; with `vdd` auto its nominal corner (1.0 V if it has one).

    Which corner does not matter for areas and functions, only for power and delay.
    """
    if recipe.liberty:
        return read_library(Path(recipe.liberty))
    if recipe.vdd:
        return find_library(recipe.library, recipe.vdd)
    vdds = corner_vdds(recipe.library)
    return find_library(recipe.library, NOMINAL_VDD if NOMINAL_VDD in vdds else vdds[0])


def corner_vdds(name: str) -> tuple[float, ...]:
    """Supplies a built-in library has, ascending; empty for a path."""
    return next((entry.vdds for entry in list_libraries() if entry.name == name), ())


def corners_of(recipe: Recipe) -> list[CellLibrary]:
    """Every corner of the recipe's library; a user's Liberty file is the only one of its own."""
    if recipe.liberty:
        return [library_of(recipe)]
    vdds = corner_vdds(recipe.library)
    return [find_library(recipe.library, vdd) for vdd in vdds] or [library_of(recipe)]


def read_recipe(path: Path) -> Recipe:
    """The recipe of a run folder."""
    marker = path / MARKER
    if not marker.exists():
        raise InputError(
            "not a run folder: it has no recipe.toml",
            where=str(path),
            hint="Make one with `printml build` or `printml train`",
        )
    return recipe_from_table(read_toml(marker, what="recipe"), where=str(marker))


def read_run(path: Path) -> tuple[Recipe, RunFolder, IntegerModel, Rows]:
    """What `train_step` left in a run folder."""
    recipe = read_recipe(path)
    run = RunFolder(path, top_name(recipe))
    model = from_json(read_json(run.model)["model"])
    try:
        with np.load(run.rows, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in ("X_int", "y", "train", "test")}
            rows = Rows(**found, groups=arrays.get("groups"))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"the rows cannot be read: {error}", where=str(run.rows)) from error
    return recipe, run, model, rows


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of a run folder."""
    try:
        value = json.loads(read_text(path, what=path.name))
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name} is not JSON: {error}", where=str(path)) from error
    if not isinstance(value, dict):
        raise InputError(f"{path.name} is not a JSON object", where=str(path))
    return value


def read_netlist(run: RunFolder) -> Netlist:
    """The mapped netlist of a run folder."""
    if not run.netlist_json.exists():
        raise InputError(
            "the run folder has no netlist yet",
            where=str(run.netlist_json),
            hint=f"Run `printml synth {run.path}`",
        )
    return netlist_from_json(read_json(run.netlist_json)["netlist"])


def circuit_of(recipe: Recipe, model: IntegerModel) -> Circuit:
    """The word-level circuit of a run."""
    return build_circuit(model, name=top_name(recipe), keep_scores=recipe.keep_scores)


def scratch_of(path: Path) -> Path:
    """Where tools put intermediate files of a run; removed afterwards."""
    return path / "scratch"
