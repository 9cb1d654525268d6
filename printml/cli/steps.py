"""`printml synth`, `simulate`, `verify`, `report` and `compare` on run folders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from printml.cli.build import show_runs
from printml.cli.output import print_json, print_table, step_progress
from printml.errors import InputError
from printml.flow.build import rebuild, remeasure, reverify
from printml.flow.report_step import run_evidence
from printml.flow.run import read_json, read_recipe
from printml.flow.rundir import METRICS
from printml.report.compare import compare_runs
from printml.report.run_page import write_run_page
from printml.report.table import markdown_table

run_argument = click.argument("run", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, no progress.")


@click.command("synth")
@run_argument
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True)
@json_option
def synth_command(run: Path, jobs: int, as_json: bool) -> None:
    """Synthesise the model of a run folder (again), then measure and verify it."""
    with step_progress(as_json) as progress:
        rebuild(run, n_jobs=jobs, progress=progress)
    show_runs([run], title=str(run), as_json=as_json)


@click.command("simulate")
@run_argument
@json_option
def simulate_command(run: Path, as_json: bool) -> None:
    """Activity, power and timing of a run folder's netlist, on the test rows."""
    with step_progress(as_json) as progress:
        stage = remeasure(run, progress=progress)
    if as_json:
        print_json(stage)
        return
    table = Table("figure", "value", title=str(run))
    for name in (
        "area_cm2",
        "power_mw",
        "static_power_mw",
        "active_power_mw",
        "published_rule_power_mw",
        "delay_ms",
        "max_rate_hz",
        "n_cells",
    ):
        if name in stage:
            table.add_row(name, f"{stage[name]:.5g}")
    print_table(table)


@click.command("verify")
@run_argument
@json_option
def verify_command(run: Path, as_json: bool) -> None:
    """Climb the equality ladder again: kernel, Icarus under cocotb, activity, formal proof."""
    with step_progress(as_json) as progress:
        verdicts = reverify(run, progress=progress)
    if as_json:
        print_json([asdict(verdict) for verdict in verdicts])
        return
    table = Table("equality", "how", "vectors", "seconds", "detail", title=str(run))
    for verdict in verdicts:
        vectors = str(verdict.n_vectors) if verdict.n_vectors else "all"
        table.add_row(verdict.check, verdict.how, vectors, f"{verdict.seconds:.2f}", verdict.detail)
    print_table(table)


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page of all runs here, its figures as SVG and CSV beside it.",
)
@json_option
def report_command(
    runs: tuple[Path, ...], markdown: bool, html: Path | None, as_json: bool
) -> None:
    """The result table of finished run folders, and a page of them.

    Every run folder has a page of its own, report.html, from when it was built.
    """
    for run in runs:
        _check_finished(run)
    if html is not None:
        write_run_page(html, [run_evidence(run) for run in runs])
    if markdown:
        click.echo(markdown_table([read_json(run / "metrics.json") for run in runs]), nl=False)
        return
    show_runs(list(runs), title="runs", as_json=as_json)


@click.command("compare")
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@json_option
def compare_command(run_a: Path, run_b: Path, as_json: bool) -> None:
    """What changed from one run folder to another, and which way.

    Choices of the recipe that differ, then every figure of the stages that both have.
    """
    runs = (run_a, run_b)
    for run in runs:
        _check_finished(run)
    found = compare_runs(
        *(read_json(run / METRICS) for run in runs),
        recipe_before=asdict(read_recipe(run_a)),
        recipe_after=asdict(read_recipe(run_b)),
    )
    if as_json:
        print_json([asdict(difference) for difference in found])
        return
    table = Table("stage", "what", str(run_a), str(run_b), "ratio", "", title="comparison")
    look = {"better": "green", "worse": "red"}
    for difference in found:
        ratio = "" if difference.ratio is None else f"{difference.ratio:.4g}"
        table.add_row(
            difference.stage,
            difference.name,
            difference.before,
            difference.after,
            ratio,
            difference.verdict,
            style=look.get(difference.verdict),
        )
    print_table(table)


def _check_finished(run: Path) -> None:
    if not (run / METRICS).exists():
        raise InputError(
            "not a finished run folder: it has no metrics.json",
            where=str(run),
            hint="Make one with `printml build`",
        )
