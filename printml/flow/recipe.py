"""A recipe: everything that decides what a run folder holds."""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from printml.errors import InputError
from printml.files import read_text
from printml.flow.input_choices import feature_bits, from_inputs_table, input_range

Family = Literal["svm-c", "svm-r", "mlp-c", "mlp-r", "tree", "forest", "boost"]
FAMILIES = get_args(Family)
ENSEMBLES = ("forest", "boost")
"""Ensembles of trees."""

Approx = Literal["none", "published", "coefficients", "full"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Choices of one build; an empty string or 0 means "the default for this model".

    Attributes
    ----------
    dataset
        Built-in name or path of a CSV, TSV or Parquet file.
    target
        Label column; empty for the data set's own, or the last column of a file.
    model
        One of `FAMILIES`.
    coefficients
        JSON file of integer coefficients to build from instead of training; empty to train.
    estimator
        File of a fitted scikit-learn estimator to build from instead of training.
    allow_pickle
        That file may be a pickle, which can run any code. No file says this, only a person: it is
        neither read from TOML nor written there.
    input_bits
        Bits of each input; 0 for 4 (SVM, MLP) or 8 (trees and their ensembles).
    feature_bits
        Bits of single inputs as `NAME=BITS`; 0 leaves the feature out.
    input_ranges
        What sensors state as `NAME=MIN:MAX` in the feature's unit; others are learned from the
        training rows. In TOML also as `[inputs.NAME]` with `min`, `max`, `bits`.
    one_hot
        Columns of categories, each to become a column of 0 and 1 per category.
    weight_column
        Column of sample weights; training rows are repeated accordingly.
    group_column
        Column of groups (subject, batch) that no split or fold tears apart.
    test_file
        A second file with the test rows.
    coef_bits
        Bits of each coefficient, sign included.
    hidden
        Hidden neurons of an MLP; 0 for the published topology or the stated rule.
    ovr
        One-vs-rest instead of one-vs-one for `svm-c`.
    penalty
        `l1` or `l2` for `svm-c`; empty for the rule (l1 above 100 features).
    max_depth, max_leaf_nodes
        Limits of a tree; 0 for none.
    n_trees
        Trees of a forest or rounds of boosting; 0 for 5 and 8.
    split
        `stratified` or `published`.
    seed
        The one seed every random draw of the run comes from.
    library, liberty
        Built-in library, or path of a Liberty file, which then wins.
    vdd
        Supply in volts (built-in libraries only); 0, written `"auto"` in files and on the command
        line, takes the corner with the least power that meets the clock.
    clock_ms
        Clock period.
    keep_scores
        Also output the sums before the decision.
    effort
        Synthesis effort.
    optimize
        `area`: the smallest netlist. `power`: the smallest, rewritten for less power on the
        training rows, at most 3 % larger.
    timeout_s
        Limit of each tool call in seconds.
    approx
        `published`: the methods of DATE 2022 (SVM, MLP) or ISQED 2022 (trees). `coefficients`:
        our search for cheaper coefficients or thresholds. `full`: that, then our gate pruning.
    max_loss
        Accuracy that approximation may cost, as share of rows: 0.01 is one point.
    further_losses
        Other values of `max_loss`: for each, one more circuit from the same gate pruning.
    power_source_mw
        What the power source gives: one more circuit from the searches, approximated as far as
        this needs and no further, even beyond `max_loss`. 0 for none.
    """

    dataset: str
    model: Family
    target: str = ""
    coefficients: str = ""
    estimator: str = ""
    allow_pickle: bool = False
    input_bits: int = 0
    feature_bits: tuple[str, ...] = ()
    input_ranges: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()
    weight_column: str = ""
    group_column: str = ""
    test_file: str = ""
    coef_bits: int = 8
    hidden: int = 0
    ovr: bool = False
    penalty: Literal["", "l1", "l2"] = ""
    max_depth: int = 0
    max_leaf_nodes: int = 0
    n_trees: int = 0
    split: Literal["stratified", "published"] = "stratified"
    seed: int = 0
    library: str = "egfet"
    liberty: str = ""
    vdd: float = 1.0
    clock_ms: float = 200.0
    keep_scores: bool = False
    effort: str = "normal"
    optimize: Literal["area", "power"] = "area"
    timeout_s: float = 300.0
    approx: Approx = "none"
    max_loss: float = 0.01
    further_losses: tuple[float, ...] = ()
    power_source_mw: float = 0.0

    def __post_init__(self) -> None:
        _choice("model", self.model, FAMILIES)
        _choice("split", self.split, ("stratified", "published"))
        _choice("optimize", self.optimize, ("area", "power"))
        _choice("approx", self.approx, get_args(Approx))
        _choice("penalty", self.penalty, ("", "l1", "l2"))
        _between("input_bits", self.input_bits, 0, 16)
        for text in self.feature_bits:
            feature_bits(text)
        for text in self.input_ranges:
            input_range(text)
        if self.feature_bits and self.coefficients:
            raise InputError(
                "a coefficient file fixes the input bits", hint="Leave out the feature bits"
            )
        if self.estimator and (self.coefficients or self.feature_bits):
            raise InputError(
                "an estimator's file is the whole model",
                hint="Leave out coefficient file and feature bits",
            )
        _between("coef_bits", self.coef_bits, 2, 24)
        _between("hidden", self.hidden, 0, 256)
        _between("max_depth", self.max_depth, 0, 64)
        _between("max_leaf_nodes", self.max_leaf_nodes, 0, 100_000)
        _between("n_trees", self.n_trees, 0, 1000)
        _between("seed", self.seed, 0, 2**32 - 1)
        for name in ("clock_ms", "timeout_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} must be a positive number, not {getattr(self, name)}")
        if not 0 <= self.max_loss < 1:
            raise InputError(f"max_loss must be a share from 0 to below 1, not {self.max_loss}")
        if not all(0 < loss < 1 for loss in self.further_losses):
            raise InputError("further_losses must be shares above 0 and below 1")
        if len({f"{loss:g}" for loss in self.further_losses}) < len(self.further_losses):
            raise InputError("a further loss is given twice", hint="Leave one of them out")
        if self.further_losses and (self.approx != "full" or self.max_loss == 0):
            raise InputError(
                "further_losses need approx 'full' and a max_loss above 0",
                hint="Only our guarded gate pruning gives several circuits from one search",
            )
        if not 0 <= self.power_source_mw < float("inf"):
            raise InputError(
                f"power_source_mw must be a number of mW, 0 for none, not {self.power_source_mw}"
            )
        if self.power_source_mw and self.approx != "full":
            raise InputError(
                "a power source needs approx 'full'",
                hint="It says how far gates are pruned, and nothing else prunes step by step",
            )
        if not 0 <= self.vdd < float("inf"):
            raise InputError(f"vdd must be a positive number of volts or 'auto', not {self.vdd}")
        if self.approx in ("published", "coefficients") and self.model in ENSEMBLES:
            raise InputError(
                f"there is no approximation {self.approx!r} for the model {self.model}",
                hint="Use 'full': gate pruning of the exact circuit",
            )
        if self.coefficients and self.model in ("tree", *ENSEMBLES):
            raise InputError(
                "coefficient files hold SVM and MLP models only", hint="Leave out --coefficients"
            )

    @property
    def bits_by_feature(self) -> dict[str, int]:
        """`feature_bits` as a table; of two values for a feature the last one holds."""
        return dict(feature_bits(text) for text in self.feature_bits)

    @property
    def range_by_feature(self) -> dict[str, tuple[float, float]]:
        """`input_ranges` as a table."""
        found = [input_range(text) for text in self.input_ranges]
        return {name: (low, high) for name, low, high in found}

    @property
    def bits(self) -> int:
        """Bits of each input, the default filled in."""
        return self.input_bits or (8 if self.model in ("tree", *ENSEMBLES) else 4)


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        close = difflib.get_close_matches(value, allowed, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Choose one of {', '.join(allowed)}"
        raise InputError(f"{name} {value!r} is unknown", hint=hint)


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} must lie in {low} .. {high}, not {value}")


def recipe_from_table(table: dict[str, Any], *, where: str) -> Recipe:
    """A recipe from a TOML table.

    Raises
    ------
    InputError
        For an unknown key (the nearest known one is suggested), a missing one or a wrong type.

    Examples
    --------
    >>> recipe = recipe_from_table({"dataset": "seeds", "model": "tree"}, where="example")
    >>> recipe.bits, recipe.clock_ms
    (8, 200.0)
    >>> recipe_from_table({"dataset": "seeds", "modle": "tree"}, where="example")
    Traceback (most recent call last):
    printml.errors.InputError: unknown key 'modle' (example). Did you mean 'model'?.
    """
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    if "allow_pickle" in table:
        raise InputError(
            "allow_pickle cannot be said by a file",
            where=where,
            hint="Say --allow-pickle on the command line if you trust the estimator's file",
        )
    table = from_inputs_table(table, where=where)
    if table.get("vdd") == "auto":
        table = table | {"vdd": 0.0}
    for name, value in table.items():
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(fields)}"
            raise InputError(f"unknown key {name!r}", where=where, hint=hint)
        if name in _LISTS:
            table = table | {name: _list(value, name, _LISTS[name], where=where)}
            continue
        kind = {"int": int, "float": float, "bool": bool}.get(str(fields[name].type), str)
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise InputError(f"{name} must be of type {kind.__name__}, not {value!r}", where=where)
    for name in ("dataset", "model"):
        if name not in table:
            raise InputError(f"key {name!r} is missing", where=where)
    try:
        return Recipe(**table)
    except InputError as error:
        raise InputError(error.what, where=where, hint=error.hint) from error


_LISTS: dict[str, type] = {
    "further_losses": float,
    "feature_bits": str,
    "input_ranges": str,
    "one_hot": str,
}
"""Keys that hold several values, and of what type."""


def _list(value: object, name: str, kind: type, *, where: str) -> tuple[Any, ...]:
    allowed = (int, float) if kind is float else (kind,)
    if not isinstance(value, (list, tuple)) or any(
        isinstance(part, bool) or not isinstance(part, allowed) for part in value
    ):
        what = "numbers" if kind is float else "strings"
        raise InputError(f"{name} must be a list of {what}, not {value!r}", where=where)
    return tuple(kind(part) for part in value)


def read_toml(path: Path, *, what: str) -> dict[str, Any]:
    """Parse a TOML file; `InputError` with the position if it is not TOML."""
    try:
        return tomllib.loads(read_text(path, what=what))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} is not TOML: {error}", where=str(path)) from error


def recipe_to_toml(recipe: Recipe) -> str:
    """The recipe with every choice spelled out; `recipe_from_table` reads it back."""
    lines = ["# What this run was made from; `printml build --recipe` builds it again."]
    for field in dataclasses.fields(recipe):
        if field.name == "allow_pickle":
            continue
        value = getattr(recipe, field.name)
        # JSON strings and numbers are TOML strings and numbers.
        shown = "auto" if field.name == "vdd" and value == 0 else value
        lines.append(f"{field.name} = {json.dumps(shown)}")
    return "\n".join([*lines, ""])


@dataclass(frozen=True)
class FlowFile:
    """A `flows/*.toml`: shared choices and one recipe per circuit."""

    name: str
    recipes: tuple[Recipe, ...]


def read_flow(path: Path) -> FlowFile:
    """Read a flow: top-level keys are shared, each `[[circuit]]` adds its own.

    Raises
    ------
    InputError
        If the file cannot be read or holds no circuit, or a key is wrong.
    """
    table = read_toml(path, what="flow file")
    circuits = table.pop("circuit", [])
    if not isinstance(circuits, list) or not circuits:
        raise InputError(
            "the flow has no circuit", where=str(path), hint="Add at least one [[circuit]] table"
        )
    recipes = []
    for number, circuit in enumerate(circuits, start=1):
        if not isinstance(circuit, dict):
            raise InputError(f"circuit {number} is not a table", where=str(path))
        recipes.append(recipe_from_table(table | circuit, where=f"{path}, circuit {number}"))
    return FlowFile(path.stem, tuple(recipes))
