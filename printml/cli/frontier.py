"""`printml reproduce frontier`: explore every published data set and compare point by point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from printml.cli.output import error_console, print_table
from printml.errors import InputError
from printml.explore.frontier import (
    HEADER,
    frontier_cells,
    frontier_markdown,
    frontier_rows,
    frontier_summary,
    reached_on_test_rows,
    smaller_rows,
)
from printml.explore.search import explore
from printml.explore.workers import Workers
from printml.files import write_csv_atomic, write_text_atomic
from printml.flow.recipe import Recipe
from printml.report.literature import published_circuits, published_marks
from printml.report.page import Section, render, write_page
from printml.report.svg import Mark, scatter


def reproduce_frontier(
    datasets: Sequence[str],
    splits: Sequence[int],
    team: Workers,
    store: Path,
    folder: Path,
    minutes: float,
    command: str,
) -> None:
    """Explore each data set on each split and write table.md, table.csv and report.html.

    The files are written again after each data set, so that a run of hours shows what it has.

    Raises
    ------
    InputError
        If no circuit came out at all.
    """
    console = error_console()
    rows: list[dict[str, Any]] = []
    figures: list[Section] = []
    for seed in splits:
        for dataset in datasets:
            console.print(f"printml: {dataset}, seed {seed}")
            found = explore(
                Recipe(dataset=dataset, model="tree", seed=seed),
                store,
                team,
                seconds=60.0 * minutes,
                wanted=sorted({other.accuracy for other in published_circuits(dataset)}),
                progress=lambda text: console.print(f"  {text}", highlight=False, soft_wrap=True),
            )
            if not found.points:
                reasons = "; ".join(f"{f.name}: {f.reason}" for f in found.failures)
                console.print(f"printml: {dataset}: no circuit came out: {reasons or 'no time'}")
                continue
            rows += frontier_rows(dataset, seed, found.points)
            marks = [
                Mark(p.area_cm2, p.accuracy_test, f"{p.name} {p.stage}: {p.accuracy_test:.3f}", 0)
                for p in found.front
                if p.area_cm2 > 0
            ]
            published = published_circuits(dataset)
            figures.append(
                Section(
                    f"{dataset}_{seed}",
                    f"{dataset}, seed {seed}",
                    note=f"{len(found.points)} circuits; the front by validation accuracy, drawn "
                    "at its test accuracy; hollow: published.",
                    figure=scatter(
                        [*marks, *published_marks(published, across="area_cm2", series=1)],
                        x_label="area in cm2",
                        y_label="test accuracy",
                        series=["ours", "published"],
                    ),
                    data=[{"circuit": m.title, "area_cm2": m.x, "accuracy": m.y} for m in marks],
                )
            )
            _write(folder, rows, figures, command)
    if not rows:
        raise InputError("no circuit came out", hint="Give more time with --minutes")
    table = Table(*HEADER, title=f"frontier: {folder}/report.html")
    for row in rows:
        table.add_row(*frontier_cells(row))
    print_table(table)
    for line in frontier_summary(rows):
        click.echo(line)


def _write(
    folder: Path, rows: Sequence[dict[str, Any]], figures: Sequence[Section], command: str
) -> None:
    write_text_atomic(folder / "table.md", frontier_markdown(rows, command=command))
    write_csv_atomic(folder / "table.csv", rows)
    smaller = smaller_rows(rows)
    sections = [
        Section("table", "Every published point", table=[list(HEADER), *map(frontier_cells, rows)]),
        *figures,
        Section("again", "Again", text=command),
    ]
    html = render(
        title="frontier",
        lead="Per published circuit the smallest of ours that has its accuracy on validation rows "
        "with the whole 95 % interval, or else the most accurate that is smaller; test rows choose "
        "nothing.",
        facts=[
            ("published points", str(len(rows))),
            ("smaller at that accuracy", str(len(smaller))),
            ("of them on test rows too", str(reached_on_test_rows(smaller))),
        ],
        sections=sections,
    )
    write_page(folder / "report.html", html, sections)
