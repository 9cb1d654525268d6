"""Guarantees of five approximate circuits, as a Markdown table.

python -m benchmarks.guarantees [--folder runs/guarantees]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from printml.flow.build import build
from printml.flow.guarantee_step import guarantee_step
from printml.flow.recipe import Recipe
from printml.flow.run import read_json
from printml.flow.rundir import METRICS

CIRCUITS = (
    ("redwine", "svm-r"), ("cardio", "svm-r"), ("vertebral", "svm-c"), ("seeds", "mlp-r"),
    ("mammographic", "tree"),
)  # fmt: skip
HEADER = ("circuit, stage", "cm2", "points lost [95 %]", "rows", "McNemar p",
          "input space that differs", "largest change of a sum", "nearest boundary")  # fmt: skip


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("runs/guarantees"))
def main(folder: Path) -> None:
    """Build each with `--approx full` (seed 0) unless it is there, and say what holds of it."""
    click.echo("| " + " | ".join(HEADER) + " |")
    click.echo("|---|" + "---:|" * (len(HEADER) - 1))
    for dataset, model in CIRCUITS:
        place = folder / dataset / model
        if not (place / METRICS).exists():
            recipe = Recipe(dataset=dataset, model=model, approx="full")  # type: ignore[arg-type]
            build(recipe, place, progress=lambda step: None)
        areas = {s["name"]: s["area_cm2"] for s in read_json(place / METRICS)["stages"]}
        for stage in guarantee_step(place):
            name = f"{dataset} {model}, {stage['stage']}"
            click.echo(f"| {name} | {areas[stage['stage']]:.4f} | {' | '.join(_cells(stage))} |")


def _cells(stage: dict[str, Any]) -> list[str]:
    loss, space, sums = stage["loss"], stage["space"], stage["sums"]
    share = f"{100 * space['share']:.3g} %"
    share += (
        f" sampled [{100 * space['low']:.3g}, {100 * space['high']:.3g}]"
        if space["how"] == "sampled"
        else " counted"
    )
    change = "no sums"
    if sums:
        worst = max(sums, key=lambda s: s["bound"])
        how = "proved" if all(s["proved"] for s in sums) else "at most"
        change = f"{worst['bound']} {how}"
    near = min(stage["nearest"], key=lambda n: n["share"], default=None)
    return [
        f"{100 * loss['loss']:+.2f} [{100 * loss['low']:+.2f}, {100 * loss['high']:+.2f}]",
        str(loss["n_rows"]),
        f"{loss['p_value']:.3f}",
        share,
        change,
        f"{near['feature_name']} {near['steps']:+d}" if near else "none",
    ]


if __name__ == "__main__":
    main()
