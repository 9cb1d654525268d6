"""The eight published exact models: our accuracy, area and power beside the published figures.

Builds every entry of datasets/published_models.json twice (scores kept, as published, and class
only) on the published split, in full: synthesis, measurement and verification.

    python -m benchmarks.published [-j N]
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click
from joblib import Parallel, delayed
from rich.table import Table

from printml.cli.output import print_table
from printml.data.load import datasets_folder
from printml.files import write_text_atomic
from printml.flow.build import build
from printml.flow.recipe import Recipe
from printml.flow.run import read_json


def entries() -> list[dict[str, Any]]:
    """The entries of the coefficient file."""
    document = json.loads((datasets_folder() / "published_models.json").read_text())
    return document["models"] if isinstance(document, dict) else document


def recipe(entry: dict[str, Any], *, keep_scores: bool, effort: str, seed: int = 0) -> Recipe:
    """How one entry is built."""
    return Recipe(
        dataset=entry["dataset"],
        model=entry["model"],
        coefficients=str(datasets_folder() / "published_models.json"),
        split="published",
        keep_scores=keep_scores,
        effort=effort,
        seed=seed,
    )


def build_one(entry: dict[str, Any], keep_scores: bool, effort: str, out: Path) -> dict[str, Any]:
    """Build one entry and return its metrics."""
    kind = "scores" if keep_scores else "class"
    target = out / f"{entry['dataset']}-{entry['model']}-{kind}"
    choices = recipe(entry, keep_scores=keep_scores, effort=effort)
    return read_json(build(choices, target, progress=lambda step: None) / "metrics.json")


def proof_seconds(stage: dict[str, Any]) -> float:
    """Wall time of both formal links."""
    verdicts = stage["equivalence"]["verdicts"]
    return sum(verdict["seconds"] for verdict in verdicts if verdict["how"] == "proved")


COLUMNS = (
    "circuit",
    "published acc.",
    "acc.",
    "rows",
    "published cm2",
    "scores cm2",
    "ratio",
    "class cm2",
    "power mW",
    "mW/cm2",
    "path ms",
    "equality",
    "proof s",
)

MARKDOWN_HEAD = """# Published exact models

The integer coefficients of eight published circuits (Henkel et al., ICCAD 2022) through our flow,
on the published split, written by `make published`. `scores cm2` keeps the sums before the decision
as outputs, as the published circuits do; `class cm2` outputs the class only. Power and path are
those of the circuit with scores.
"""


def comparison_row(
    entry: dict[str, Any], scores: dict[str, Any], only: dict[str, Any]
) -> list[str]:
    """One line of the comparison, from the stages with and without kept scores."""
    published = entry["published"]
    return [
        f"{entry['dataset']} {entry['model']}",
        f"{published['accuracy']:.2f}",
        f"{scores['accuracy_test']:.4f}",
        str(scores["n_test"]),
        f"{published['area_cm2']:.1f}",
        f"{scores['area_cm2']:.2f}",
        f"{scores['area_cm2'] / published['area_cm2']:.3f}",
        f"{only['area_cm2']:.2f}",
        f"{scores['power_mw']:.2f}",
        f"{scores['power_mw'] / scores['area_cm2']:.2f}",
        f"{scores['delay_ms']:.1f}",
        scores["equivalence"]["headline"],
        f"{proof_seconds(scores):.1f}",
    ]


@click.command()
@click.option("-j", "--jobs", default=1, show_default=True)
@click.option("--effort", default="normal", show_default=True)
@click.option("--out", default="runs/published", type=click.Path(path_type=Path))
@click.option("--markdown", type=click.Path(path_type=Path), help="Also write the table here.")
def main(jobs: int, effort: str, out: Path, markdown: Path | None) -> None:
    """Build all eight published models and print the comparison."""
    work = [(entry, keep) for entry in entries() for keep in (True, False)]
    results = Parallel(n_jobs=jobs)(
        delayed(build_one)(entry, keep, effort, out) for entry, keep in work
    )
    rows = [
        comparison_row(entry, kept["stages"][0], bare["stages"][0])
        for (entry, _), kept, bare in zip(work[::2], results[::2], results[1::2], strict=True)
    ]
    ratios = [float(kept["stages"][0]["area_cm2"]) / entry["published"]["area_cm2"]
              for (entry, _), kept in zip(work[::2], results[::2], strict=True)]  # fmt: skip
    geomean = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    caption = (
        f"1.0 V, 200 ms, effort {effort}. Geometric mean of scores cm2 / published cm2: "
        f"{geomean:.3f}, largest {max(ratios):.3f}."
    )
    table = Table(*COLUMNS, title="published exact models", caption=caption)
    for row in rows:
        table.add_row(*row)
    print_table(table)
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in (COLUMNS, ["---"] * len(COLUMNS), *rows)]
        write_text_atomic(markdown, "\n".join([MARKDOWN_HEAD, *lines, "", caption, ""]))


if __name__ == "__main__":
    main()
