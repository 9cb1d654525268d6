"""`printml approximate`: trade accuracy for area on a run folder."""

from __future__ import annotations

from pathlib import Path

import click

from printml.cli.build import power_source_option, show_runs
from printml.cli.output import step_progress
from printml.flow.build import approximate_run
from printml.flow.recipe import Approx


@click.command("approximate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--approx",
    type=click.Choice(["published", "coefficients", "full"]),
    default="full",
    show_default=True,
    help="The published methods; our coefficients or thresholds; those and gate pruning.",
)
@click.option(
    "--max-loss",
    type=float,
    default=0.01,
    show_default=True,
    help="Accuracy it may cost on rows not seen, as share of rows.",
)
@click.option(
    "--further-loss",
    "further_losses",
    type=float,
    multiple=True,
    help="One more circuit for this loss, from the same gate pruning; may be repeated.",
)
@power_source_option
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json, no progress.")
def approximate_command(
    run: Path,
    approx: Approx,
    max_loss: float,
    further_losses: tuple[float, ...],
    power_source_mw: float | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Approximate the exact circuit of a run folder; earlier approximations are replaced.

    Everything is chosen on training rows: the same search runs on folds of them, and how much it
    may lose is what the rows left out allow. The new stages stand after `exact` in metrics.json,
    their circuits, fronts and evidence in folders of their names.
    """
    with step_progress(as_json) as progress:
        approximate_run(
            run,
            approx=approx,
            max_loss=max_loss,
            further_losses=further_losses,
            power_source_mw=power_source_mw or 0.0,
            n_jobs=jobs,
            progress=progress,
        )
    show_runs([run], title=str(run), as_json=as_json)
