"""`printml reproduce`: the published tables with our circuits beside them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from printml.cli.frontier import reproduce_frontier
from printml.cli.output import error_console, print_table
from printml.data.har import is_downloaded
from printml.errors import InputError
from printml.explore.frontier import DATASETS
from printml.explore.store import default_store, in_use
from printml.explore.survey import (
    HAR_TREE,
    HEADER,
    SURVEYS,
    Work,
    measure,
    summary_lines,
    survey_cells,
    survey_markdown,
    survey_row,
)
from printml.explore.workers import Workers, workers
from printml.files import write_csv_atomic, write_text_atomic
from printml.report.page import Section, render, write_page
from printml.report.svg import Mark, scatter


@click.command("reproduce")
@click.argument("survey", type=click.Choice([*SURVEYS, "frontier"]))
@click.option(
    "--seeds", type=click.IntRange(1), help="Splits [default: 5 for the surveys, 1 for frontier]."
)
@click.option("--first-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A circuit as redwine/mlp-c, for frontier a data set; repeatable.",
)
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), default=8.0, show_default=True,
    help="frontier: time to explore a data set; what the store has costs none.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="[default: runs/reproduce/SURVEY]")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Finished work [default: in the cache folder]."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Work on this Dask cluster.")
def reproduce_command(
    survey: str,
    seeds: int | None,
    first_seed: int,
    only: tuple[str, ...],
    minutes: float,
    out: Path | None,
    store: Path | None,
    jobs: int,
    scheduler: str,
) -> None:
    """Run the flows of a published table again, with the published methods and with ours.

    The surveys build every circuit of their table; HAR is in the trees once `printml data show
    har` has downloaded it. The frontier explores ten data sets and looks
    for a smaller circuit of the same accuracy for each published one.

    Writes table.md, table.csv and report.html. What is finished is kept in the store, so a run
    that was killed goes on where it was.
    """
    known = SURVEYS.get(survey, DATASETS)
    if survey == "survey-trees" and is_downloaded():
        known = (*known, HAR_TREE)
    unknown = set(only) - set(known)
    if unknown:
        raise InputError(
            f"{sorted(unknown)[0]!r} is not in {survey}", hint=f"Choose from {', '.join(known)}"
        )
    folder = out or Path("runs") / "reproduce" / survey
    folder.mkdir(parents=True, exist_ok=True)
    place = (store or default_store()).absolute()
    splits = range(first_seed, first_seed + (seeds or (1 if survey == "frontier" else 5)))
    command = shlex.join(["printml", *sys.argv[1:]])
    with in_use(place), workers(n_jobs=jobs, scheduler=scheduler) as team:
        if survey == "frontier":
            reproduce_frontier(only or DATASETS, splits, team, place, folder, minutes, command)
        else:
            _reproduce_survey(survey, only or known, splits, team, place, folder, command)


def _reproduce_survey(
    survey: str,
    circuits: Sequence[str],
    splits: Sequence[int],
    team: Workers,
    place: Path,
    folder: Path,
    command: str,
) -> None:
    # The tables name the smallest first; what takes longest is begun first, so that none is left
    # to one worker alone at the end.
    work = [Work(circuit, seed) for circuit in reversed(circuits) for seed in splits]
    console = error_console()
    found: dict[str, list[dict[str, Any]]] = {circuit: [] for circuit in circuits}
    failures = []
    for k, result in enumerate(team.map(partial(measure, store=place), work), start=1):
        label = f"{result['circuit']} seed {result['seed']}"
        console.print(f"printml: {k} of {len(work)}: {label} {result.get('failed', '')}")
        if "failed" in result:
            failures.append((label, result["failed"]))
        else:
            found[result["circuit"]].append(result)
    rows = [survey_row(results) for results in found.values() if results]
    if not rows:
        raise InputError(f"no circuit came out: {failures[0][1]}")
    write_text_atomic(folder / "table.md", survey_markdown(rows, command=command))
    write_csv_atomic(folder / "table.csv", rows)
    _write_page(folder / "report.html", survey, rows, failures, command)
    table = Table(*HEADER, title=f"{survey}: {folder}/report.html")
    for row in rows:
        table.add_row(*survey_cells(row))
    print_table(table)
    for line in [*summary_lines(rows), *(f"* FAILED {name}: {why}" for name, why in failures)]:
        click.echo(line)


def _write_page(
    path: Path,
    survey: str,
    rows: list[dict[str, Any]],
    failures: list[tuple[str, str]],
    command: str,
) -> None:
    columns = ("published_method", "our_model", "ours")
    marks = [
        Mark(
            row[f"{name}_cm2"],
            -100 * row[f"{name}_loss"],
            f"{row['circuit']} {name}: {row[f'{name}_cm2']:.4g} cm2, "
            f"loses {100 * row[f'{name}_loss']:+.1f} points",
            k,
        )
        for row in rows
        for k, name in enumerate(columns)
    ]
    sections = [
        Section(
            "loss_area",
            "What it costs and what it saves",
            note="Mean test accuracy against our own exact circuit, in points, and area.",
            figure=scatter(
                marks,
                x_label="area in cm2",
                y_label="points gained",
                series=["published method", "our model", "ours, pruned"],
            ),
            data=rows,
        ),
        Section(
            "table",
            "All circuits",
            note=" ".join(line.removeprefix("* ") for line in summary_lines(rows)),
            table=[list(HEADER), *(survey_cells(row) for row in rows)],
        ),
        Section("again", "Again", text=command),
    ]
    if failures:
        sections.append(
            Section("failures", "Failures", table=[["work", "reason"], *map(list, failures)])
        )
    html = render(
        title=survey,
        lead=f"{len(rows)} circuits, mean over {max(row['n_splits'] for row in rows)} splits; "
        "test rows were read once, after every choice.",
        facts=[
            ("mean area saving", f"{100 * sum(r['ours_saving'] for r in rows) / len(rows):.1f} %"),
            ("mean loss", f"{100 * sum(r['ours_loss'] for r in rows) / len(rows):+.2f} points"),
        ],
        sections=sections,
    )
    write_page(path, html, sections)
