"""`printml explore` and `printml clean`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from printml.cli.build import Source
from printml.cli.data_options import data_options
from printml.cli.output import error_console, print_json, print_table
from printml.errors import InputError
from printml.explore.needs import Needs, recommend
from printml.explore.points import Point
from printml.explore.result import circuit_name, copy_circuits, write_state
from printml.explore.search import Exploration, explore
from printml.explore.store import clear_store, default_store, in_use, store_size
from printml.explore.workers import workers
from printml.flow.recipe import FAMILIES, Recipe
from printml.report.explore_page import write_explore_page
from printml.report.table import source_text


@click.command("explore")
@click.argument("dataset")
@data_options
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), default=8.0, show_default=True,
    help="Nothing is begun that should end later, but for one recipe in any case.",
)  # fmt: skip
@click.option(
    "--evaluations", type=click.IntRange(1), help="Finish at most so many recipes, however long."
)
@click.option(
    "--family", "families", multiple=True, type=click.Choice(FAMILIES),
    help="Only models of this family; may be repeated [default: all].",
)  # fmt: skip
@click.option(
    "--power-source", type=Source(), metavar="NAME|MW", help="It must live on this source."
)
@click.option(
    "--max-area-cm2", type=click.FloatRange(min=0, min_open=True),
    help="Without --min-accuracy, the most accurate circuit within area and power is sought first.",
)  # fmt: skip
@click.option(
    "--min-accuracy", type=click.FloatRange(0, 1),
    help="On validation rows, as share; what may reach it in little area is finished first.",
)  # fmt: skip
@click.option("--sampling-hz", type=click.FloatRange(min=0, min_open=True))
@click.option(
    "--with-adc", is_flag=True,
    help="Count the analog-digital converters too, in areas, powers and needs.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True)
@click.option("--library", default="egfet", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="[default: runs/explore/DATASET]")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Finished work [default: in the cache folder]."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Work on this Dask cluster.")
@click.option("--json", "as_json", is_flag=True, help="Print explore.json, no progress.")
def explore_command(
    dataset: str,
    minutes: float,
    evaluations: int | None,
    families: tuple[str, ...],
    power_source: float | None,
    max_area_cm2: float | None,
    min_accuracy: float | None,
    sampling_hz: float | None,
    with_adc: bool,
    seed: int,
    library: str,
    out: Path | None,
    store: Path | None,
    jobs: int,
    scheduler: str,
    as_json: bool,
    **columns: Any,
) -> None:
    """Search SVMs, MLPs and trees of many sizes for the best circuits of a data set.

    DATASET is a built-in name or a CSV, TSV or Parquet file. Every circuit is built, approximated
    and verified; choices are made on validation rows. With needs (--power-source, --min-accuracy,
    ...) one circuit is recommended. Finished work is kept and never done twice, so a run that was
    killed goes on where it was; results do not depend on the number of workers.
    """
    needs = Needs(
        max_power_mw=power_source,
        max_area_cm2=max_area_cm2,
        min_accuracy=min_accuracy,
        sampling_hz=sampling_hz,
    )
    said = {name: value for name, value in columns.items() if value is not None}
    if scheduler and Path(dataset).is_file():
        # Workers may stand elsewhere.
        dataset = str(Path(dataset).absolute())
    if said.get("test_file"):
        said["test_file"] = str(Path(said["test_file"]).absolute())
    base = Recipe(dataset=dataset, model="tree", seed=seed, library=library, **said)
    folder = out or Path("runs") / "explore" / Path(dataset).stem
    _claim(folder)
    store = (store or default_store()).absolute()
    command = shlex.join(["printml", *sys.argv[1:]])
    console = error_console()

    def show(text: str) -> None:
        if not as_json:
            console.print(f"printml: {text}", highlight=False, soft_wrap=True)

    with in_use(store), workers(n_jobs=jobs, scheduler=scheduler) as team:
        found = explore(
            base,
            store,
            team,
            families=families or FAMILIES,
            seconds=float("inf") if evaluations else 60.0 * minutes,
            evaluations=evaluations or 10**9,
            with_adc=with_adc,
            needs=needs,
            progress=show,
            after_batch=lambda state: _written(folder, base, state, command),
        )
        if not found.points:
            reasons = "; ".join(f"{f.name}: {f.reason}" for f in found.failures)
            raise InputError(f"no circuit came out: {reasons or 'the budget was too small'}")
        recommendation = recommend(found.front, needs)
        record = write_state(folder, base, found, command=command, recommendation=recommendation)
        copy_circuits(folder, store, found)
        write_explore_page(folder / "report.html", record)
    if as_json:
        print_json(record)
        return
    print_table(front_table(found, title=f"{dataset}: Pareto front, {folder}/report.html"))
    if recommendation is not None:
        point, corner = recommendation.point, recommendation.corner
        low, high = point.validation_interval
        click.echo(
            f"take {circuit_name(point)} at {corner.vdd:g} V: {corner.power_mw:.3f} mW, "
            f"{point.area_cm2:.4f} cm2, {point.accuracy_validation:.3f} [{low:.3f}, {high:.3f}] on "
            f"{point.n_validation} validation rows; {recommendation.why}"
        )
        for miss in recommendation.misses:
            click.echo(f"  missed: {miss}")


def _written(folder: Path, base: Recipe, found: Exploration, command: str) -> None:
    write_state(folder, base, found, command=command)


def _claim(folder: Path) -> None:
    """Make the result folder; one that holds something else is left alone."""
    if folder.exists() and not folder.is_dir():
        raise InputError("the result folder's place is taken by a file", where=str(folder))
    ours = (folder / "base_recipe.toml").exists()
    if folder.is_dir() and any(folder.iterdir()) and not ours:
        raise InputError(
            "the folder is not empty and holds no exploration, so it is left alone",
            where=str(folder),
            hint="Choose another folder with --out",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the result folder cannot be made: {error}", where=str(folder)) from error


def front_table(found: Exploration, *, title: str) -> Table:
    """The front, smallest first; test accuracy is shown only here, after every choice."""
    families = sorted({point.family for point in found.front})
    caption = (
        f"{len(found.points)} verified circuits of {len({p.name for p in found.points})} recipes, "
        f"front of {len(found.front)} from {', '.join(families)}; stopped: {found.stopped}; "
        f"{len(found.failures)} failures. Validation accuracy by cross-validation on training "
        "rows, test accuracy with its 95 % interval."
    )
    table = Table(title=title, caption=caption, caption_justify="left")
    for name in ("circuit", "validation", "test acc. [95 %]", "rows", "area cm2", "power mW",
                 "least mW", "at V", "powered by", "equality"):  # fmt: skip
        table.add_column(name, justify="left" if name in ("circuit", "powered by") else "right")
    for point in found.front:
        table.add_row(*_cells(point))
    return table


def _cells(point: Point) -> list[str]:
    low = point.least_corner
    return [
        circuit_name(point),
        f"{point.accuracy_validation:.3f}",
        f"{point.accuracy_test:.3f} "
        f"[{point.accuracy_test_low:.3f}, {point.accuracy_test_high:.3f}]",
        str(point.n_test),
        f"{point.area_cm2:.4f}",
        f"{point.power_mw:.3f}",
        f"{low.power_mw:.3f}",
        f"{low.vdd:g}",
        source_text(low.power_mw),
        point.equality,
    ]


@click.command("clean")
@click.option("--store", type=click.Path(path_type=Path), help="[default: in the cache folder]")
@click.option("--yes", is_flag=True, help="Delete; without it the space is only shown.")
def clean_command(store: Path | None, yes: bool) -> None:
    """Show how much finished work the store keeps, and with --yes delete it.

    A store that an exploration uses is left alone.
    """
    store = store or default_store()
    size = clear_store(store) if yes else store_size(store)
    did = "deleted" if yes else "kept"
    click.echo(f"{store}: {size.n_entries} entries, {size.n_bytes / 1e6:.1f} MB {did}")
    if size.n_entries and not yes:
        click.echo("printml clean --yes deletes them")
