"""`printml guarantee` and `printml faults`: what can be said of a circuit before it is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from printml.cli.output import print_json, print_table, step_progress
from printml.faults.delays import SPREADS
from printml.faults.yields import RATES
from printml.flow.fault_step import FOLDER, fault_step
from printml.flow.guarantee_step import FILE, guarantee_step

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, no progress.")


@click.command("guarantee")
@click.argument("run", type=click.Path(path_type=Path))
@json_option
def guarantee_command(run: Path, as_json: bool) -> None:
    """What approximation may have cost: statements about each approximate circuit of a run folder.

    Accuracy lost on test rows with its 95 % interval (paired, Newcombe) and exact McNemar test;
    share of the input space with another class (counted up to 24 input bits, else sampled with an
    interval); the largest change of each sum, proved where it finishes; and the rows next to a
    class boundary.
    """
    with step_progress(as_json) as progress:
        progress("guarantees")
        found = guarantee_step(run)
    if as_json:
        print_json(found)
        return
    table = Table(title=f"{run}/{FILE}")
    for name in ("stage", "loss points [95 %]", "rows", "McNemar p", "input space that differs",
                 "largest change of a sum", "nearest boundary"):  # fmt: skip
        table.add_column(name, justify="left" if name == "stage" else "right")
    for stage in found:
        table.add_row(*_guarantee_cells(stage))
    print_table(table)


def _guarantee_cells(stage: dict[str, Any]) -> list[str]:
    loss, space = stage["loss"], stage["space"]
    share = f"{100 * space['share']:.3g} %"
    if space["how"] == "sampled":
        share += f" [{100 * space['low']:.3g}, {100 * space['high']:.3g}]"
    sums = stage["sums"]
    change = "-"
    if sums:
        worst = max(sums, key=lambda s: s["bound"])
        change = str(worst["bound"]) + (" proved" if all(s["proved"] for s in sums) else " at most")
    near = min(stage["nearest"], key=lambda n: n["share"], default=None)
    return [
        stage["stage"],
        f"{100 * loss['loss']:+.2f} [{100 * loss['low']:+.2f}, {100 * loss['high']:+.2f}]",
        str(loss["n_rows"]),
        f"{loss['p_value']:.3f}",
        f"{share} {space['how']}",
        change,
        f"{near['feature_name']} {near['steps']:+d}" if near else "none",
    ]


@click.command("faults")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--rate", "rates", type=click.FloatRange(0, 1), multiple=True,
    help="Defects per cell for the yield; may be repeated [default: 0.0001, 0.001, 0.01].",
)  # fmt: skip
@click.option(
    "--tolerance", type=click.FloatRange(0, 1), default=0.01, show_default=True,
    help="Accuracy a working circuit may lose, as share of rows.",
)  # fmt: skip
@click.option(
    "--harden", "hardened_area", type=click.FloatRange(min=0), default=0.0, show_default=True,
    help="Share of its area the last stage may grow by; from about 2.1 on it is made three times "
    "with voters.",
)  # fmt: skip
@click.option(
    "--delay-spread", "spreads", type=click.FloatRange(0, 2), multiple=True,
    help="Spread of the cells' delays, standard deviation of the logarithm; may be repeated "
    "[default: 0.1, 0.2, 0.3].",
)  # fmt: skip
@json_option
def faults_command(
    run: Path,
    rates: tuple[float, ...],
    tolerance: float,
    hardened_area: float,
    spreads: tuple[float, ...],
    as_json: bool,
) -> None:
    """Every stuck-at fault of each stage of a run folder, judged exactly on its test rows.

    Also double faults (sampled), sensor noise, flipped input bits, the share of printed circuits
    that work, and the clock they keep when their cells are not equally fast. Writes the folder
    faults: a CSV of all single faults per stage.
    """
    with step_progress(as_json) as progress:
        progress("faults")
        found = fault_step(
            run,
            rates=rates or RATES,
            tolerance=tolerance,
            hardened_area=hardened_area,
            spreads=spreads or SPREADS,
        )
    if as_json:
        print_json(found)
        return
    shown = [y["rate"] for y in found[0]["yield"]]
    table = Table(title=f"{run}/{FOLDER}")
    names = ["circuit", "area cm2", "cells", "accuracy", "one fault: mean", "worst", "harmless",
             "two: mean", *(f"works at {rate:g}" for rate in shown)]  # fmt: skip
    for name in names:
        table.add_column(name, justify="left" if name == "circuit" else "right")
    for figures in found:
        double = figures["double_mean"]
        table.add_row(
            figures["circuit"],
            f"{figures['area_cm2']:.4f}",
            str(figures["n_cells"]),
            f"{figures['accuracy']:.3f}",
            f"{figures['single_mean']:.3f}",
            f"{figures['single_worst']:.3f}",
            f"{100 * figures['harmless_share']:.0f} %",
            "-" if double is None else f"{double:.3f}",
            *(f"{100 * y['works']:.1f} %" for y in figures["yield"]),
        )
    print_table(table)
    worst = found[-1]["critical"][:3]
    nets = ", ".join(f"{w['net']} at {w['stuck_at']}: {w['accuracy']:.3f}" for w in worst)
    click.echo(f"most critical of {found[-1]['circuit']}: {nets}")
    for kind in found[-1]["inputs"]:
        click.echo(
            f"  {kind['kind']} {kind['level']:g}: accuracy {kind['mean']:.3f}, "
            f"worst of {kind['n_repeats']} draws {kind['worst']:.3f}"
        )
    for variation in found[-1].get("delays", []):
        clocks = ", ".join(
            f"{100 * clock['share']:g} % in {clock['clock_ms']:.1f} ms"
            for clock in variation["clocks"]
        )
        click.echo(
            f"  delay spread {variation['spread']:g}: {clocks} "
            f"(nominal {variation['nominal_ms']:.1f} ms)"
        )
