"""`printml build`, `printml train` and `printml flow`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from joblib import Parallel, delayed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from printml.cli.data_options import Decorator, data_options, none_if_empty
from printml.cli.output import error_console, print_json, print_table, step_progress
from printml.errors import InputError, PrintmlError
from printml.flow.build import build, train_only
from printml.flow.recipe import FAMILIES, Recipe, read_flow, read_toml, recipe_from_table
from printml.flow.run import read_json
from printml.importers.estimators import family_of
from printml.importers.files import load_estimator
from printml.importers.model_json import load_model_json
from printml.power_sources import power_limit_mw
from printml.report.table import summary_table

DEFAULTS = {field.name: field.default for field in dataclasses.fields(Recipe)}


class Supply(click.ParamType):
    """Volts, or `auto`, which recipes write as 0."""

    name = "supply"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if value == "auto":
            return 0.0
        try:
            volts = float(value)
        except ValueError:
            volts = -1.0
        if not 0 < volts < 100:
            self.fail(f"{value!r} is neither a number of volts nor 'auto'", param, ctx)
        return volts


class Source(click.ParamType):
    """A power source by name, or mW."""

    name = "source"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        return power_limit_mw(str(value))


power_source_option = click.option(
    "--power-source",
    "power_source_mw",
    type=Source(),
    metavar="NAME|MW",
    help="With --approx full: one more circuit, the one that loses least of those that this source "
    "carries; if it carries none within --max-loss, the first beyond.",
)


def _model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    options: list[Decorator] = [
        click.option("--model", type=click.Choice(FAMILIES), help="Classifier family."),
        click.option(
            "--coefficients",
            metavar="FILE",
            help="Build from integer coefficients (JSON) instead of training.",
        ),
        click.option(
            "--estimator",
            metavar="FILE",
            help="Build from a fitted estimator (.skops, .onnx) or the model.json of a run folder "
            "instead of training.",
        ),
        click.option(
            "--allow-pickle",
            is_flag=True,
            default=None,
            help="The estimator's file may be a pickle (.joblib, .pkl), which can run any code.",
        ),
        click.option("--input-bits", type=int, help="Bits of each input [default: 4; trees 8]."),
        click.option(
            "--feature-bits",
            metavar="NAME=BITS",
            multiple=True,
            callback=none_if_empty,
            help="Bits of one input; 0 leaves the feature out. May be repeated.",
        ),
        click.option("--coef-bits", type=int, help="Bits of each coefficient [default: 8]."),
        click.option(
            "--hidden", type=int, help="Hidden neurons of an MLP [default: as published]."
        ),
        click.option("--ovr", is_flag=True, default=None, help="svm-c: one-vs-rest."),
        click.option("--penalty", type=click.Choice(["l1", "l2"]), help="svm-c: penalty."),
        click.option(
            "--max-depth",
            type=int,
            help="Depth limit of trees [default: tree fully grown; boost 1].",
        ),
        click.option(
            "--max-leaf-nodes", type=int, help="Leaf limit of trees [default: forest 16]."
        ),
        click.option("--n-trees", type=int, help="Trees of a forest [5], rounds of boosting [8]."),
        click.option(
            "--split",
            type=click.Choice(["stratified", "published"]),
            help="stratified 70/30 with the seed, or scikit-learn's random_state=42 "
            "[default: stratified].",
        ),
        click.option("--seed", type=int, help="Seed of every random draw [default: 0]."),
        click.option("--library", metavar="NAME", help="Cell library [default: egfet]."),
        click.option("--liberty", metavar="FILE", help="Your own Liberty file instead."),
        click.option(
            "--vdd",
            type=Supply(),
            metavar="VOLT|auto",
            help="Supply [default: 1.0]; auto: the least power that meets the clock.",
        ),
        click.option("--clock-ms", type=float, help="Clock period in ms [default: 200]."),
        click.option(
            "--keep-scores",
            is_flag=True,
            default=None,
            help="Also output the sums before the decision, as published circuits do.",
        ),
        click.option("--effort", help="Synthesis: fast, normal or thorough [default: normal]."),
        click.option(
            "--optimize",
            type=click.Choice(["area", "power"]),
            help="power: rewrite for less power, at most 3 % larger [default: area].",
        ),
        click.option(
            "--approx",
            type=click.Choice(["none", "published", "coefficients", "full"]),
            help="Approximate: the published methods; our coefficients or thresholds; "
            "those and gate pruning [default: none].",
        ),
        click.option(
            "--max-loss", type=float, help="Accuracy it may cost, as share of rows [0.01]."
        ),
        click.option(
            "--further-loss",
            "further_losses",
            type=float,
            multiple=True,
            callback=none_if_empty,
            help="With --approx full: one more circuit for this loss, from the same gate pruning; "
            "may be repeated.",
        ),
        power_source_option,
        click.option("--timeout", "timeout_s", type=float, help="Seconds per tool call [300]."),
        click.option("--recipe", "recipe_file", metavar="FILE", help="Start from a recipe.toml."),
        click.option(
            "--out", metavar="DIR", help="Run folder to make [default: runs/DATASET/MODEL]."
        ),
        click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True),
        click.option("--json", "as_json", is_flag=True, help="Print metrics.json, no progress."),
    ]
    for option in reversed(options):
        function = option(function)
    return data_options(function)


def _recipe(dataset: str | None, recipe_file: str | None, choices: dict[str, Any]) -> Recipe:
    """Recipe file first, then what the command line says."""
    table = {}
    where = "command line"
    if recipe_file is not None:
        table = read_toml(Path(recipe_file), what="recipe")
        where = recipe_file
    table |= {name: value for name, value in choices.items() if value is not None}
    allow_pickle = bool(choices.get("allow_pickle"))
    if allow_pickle:
        del table["allow_pickle"]
    if dataset is not None:
        table["dataset"] = dataset
    if table.get("estimator") and "model" not in table:
        table["model"] = _family_in(Path(table["estimator"]), allow_pickle=allow_pickle)
    for name, option in (("dataset", "DATASET"), ("model", "--model")):
        if name not in table:
            raise InputError(f"{option} is missing", hint="See `printml build --help`")
    return replace(recipe_from_table(table, where=where), allow_pickle=allow_pickle)


def _family_in(path: Path, *, allow_pickle: bool) -> str:
    if path.suffix == ".json":
        return load_model_json(path)[0].family
    return family_of(load_estimator(path, allow_pickle=allow_pickle))


def default_folder(recipe: Recipe) -> Path:
    """runs/DATASET/MODEL below the current folder."""
    return Path("runs") / Path(recipe.dataset).stem / recipe.model


@click.command("build")
@click.argument("dataset", required=False)
@_model_options
def build_command(as_json: bool, **arguments: Any) -> None:
    """Train, synthesise, measure and verify one circuit.

    DATASET is a built-in name (see `printml data list`) or a CSV, TSV or Parquet file with a
    header.
    """
    target = _make(build, as_json=as_json, **arguments)
    show_runs([target], title=str(target), as_json=as_json)


@click.command("train")
@click.argument("dataset", required=False)
@_model_options
def train_command(as_json: bool, **arguments: Any) -> None:
    """Train and quantise only; `printml synth RUN` goes on from there.

    DATASET is a built-in name (see `printml data list`) or a CSV, TSV or Parquet file with a
    header.
    """
    target = _make(train_only, as_json=as_json, **arguments)
    if as_json:
        print_json(read_json(target / "model.json"))
    else:
        click.echo(f"{target}: model.json, rows.npz, recipe.toml; next: printml synth {target}")


def _make(
    action: Callable[..., Path],
    *,
    dataset: str | None,
    recipe_file: str | None,
    out: str | None,
    jobs: int,
    as_json: bool,
    **choices: Any,
) -> Path:
    """Run `build` or `train_only` on what the command line says."""
    recipe = _recipe(dataset, recipe_file, choices)
    target = Path(out) if out else default_folder(recipe)
    with step_progress(as_json) as progress:
        action(recipe, target, n_jobs=jobs, progress=progress)
    if not as_json:
        record = read_json(target / "model.json")
        for note in [*record["dataset"]["notes"], *record.get("notes", [])]:
            click.echo(f"printml: note: {note}", err=True)
    return target


@click.command("flow")
@click.argument("files", nargs=-1, required=True, metavar="FLOW.toml...")
@click.option("--out", default="runs", show_default=True, help="Folder for the run folders.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print all metrics, no progress.")
def flow_command(files: tuple[str, ...], out: str, jobs: int, as_json: bool) -> None:
    """Build all circuits of flow files side by side and print one table per flow."""
    flows = [read_flow(Path(file)) for file in files]
    work = [
        (recipe, Path(out) / flow.name / _unique_name(flow.recipes, k))
        for flow in flows
        for k, recipe in enumerate(flow.recipes)
    ]
    tasks = Parallel(n_jobs=min(jobs, len(work)), return_as="generator_unordered")(
        delayed(_build_one)(recipe, target) for recipe, target in work
    )
    failed: list[tuple[Path, PrintmlError]] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = error_console()
    with Progress(*columns, console=console, disable=as_json) as bar:
        task = bar.add_task("circuits", total=len(work))
        for target, error in tasks:
            if error is not None:
                failed.append((target, error))
            if not as_json:
                console.print(f"printml: {target} {'done' if error is None else 'FAILED'}")
            bar.advance(task)
    broken = {target for target, _ in failed}
    for flow in flows:
        done = [t for _, t in work if t.parent.name == flow.name and t not in broken]
        if done:
            show_runs(done, title=f"{flow.name}: run folders in {done[0].parent}", as_json=as_json)
    for target, error in sorted(failed, key=lambda pair: str(pair[0])):
        click.echo(f"printml: {target}: {error}", err=True)
    if failed:
        raise failed[0][1]


def _unique_name(recipes: tuple[Recipe, ...], k: int) -> str:
    """The model's family, numbered where a flow builds it more than once."""
    before = sum(recipe.model == recipes[k].model for recipe in recipes[:k])
    return recipes[k].model + (f"-{before + 1}" if before else "")


def _build_one(recipe: Recipe, target: Path) -> tuple[Path, PrintmlError | None]:
    try:
        build(recipe, target, progress=lambda step: None)
    except PrintmlError as error:
        return target, error
    return target, None


def show_runs(paths: list[Path], *, title: str, as_json: bool) -> None:
    """Print the metrics of run folders as a table or as JSON."""
    runs = [read_json(path / "metrics.json") for path in paths]
    if as_json:
        print_json(runs[0] if len(runs) == 1 else runs)
        return
    print_table(summary_table(runs, title=title))
