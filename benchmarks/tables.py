"""The tables of issues of the field: our exact circuit, the published methods, ours, side by side.

    python -m benchmarks.tables [--seeds 5] [--only redwine/mlp-c] [-j N] [--markdown FILE]

Per circuit and seed (a split each) one build with `--approx full` and one with `--approx
published`; test rows are read once, by the finished circuits. A circuit that is done is kept in
`runs/tables` and not built again. Published areas are those of the survey's table.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click
import numpy as np
from joblib import Parallel, delayed
from rich.table import Table

from printml.cli.output import print_table
from printml.errors import PrintmlError
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.build import approximate_run, build
from printml.flow.recipe import Recipe

KEPT = Path("runs/tables")
MAX_LOSS = 0.01

PUBLISHED_CM2 = {
    "cardio/mlp-c": (33.4, 17.0), "redwine/mlp-c": (17.6, 8.0), "whitewine/mlp-c": (31.2, 13.0),
    "pendigits/mlp-c": (67.0, 46.0), "cardio/mlp-r": (21.6, 12.0), "redwine/mlp-r": (7.1, 3.3),
    "whitewine/mlp-r": (13.1, 8.0), "cardio/svm-c": (15.1, 8.7), "redwine/svm-c": (23.5, 7.6),
    "whitewine/svm-c": (28.3, 11.0), "pendigits/svm-c": (123.8, 97.0), "cardio/svm-r": (6.8, 3.5),
    "redwine/svm-r": (4.0, 2.6), "whitewine/svm-r": (4.2, 2.2),
    "arrhythmia/tree": (1.625, 0.223), "balance/tree": (0.680, 0.2728),
    "cardio/tree": (1.786, 0.4354), "mammographic/tree": (0.988, 0.0806),
    "pendigits/tree": (5.745, 3.685), "redwine/tree": (5.138, 2.672), "seeds/tree": (0.301, 0.0232),
    "vertebral/tree": (0.577, 0.0784), "whitewine/tree": (5.431, 1.241),
}  # fmt: skip
"""Published exact and approximate area in cm2 (Henkel et al., ICCAD 2022)."""


def measure(circuit: str, seed: int) -> dict[str, Any]:
    """Stages of both builds of one circuit and split; from `runs/tables` if it is there."""
    dataset, model = circuit.split("/")
    path = KEPT / f"{dataset}-{model}-{seed}.json"
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    folder = KEPT / f"{dataset}-{model}-{seed}"
    recipe = Recipe(
        dataset=dataset, model=model, seed=seed, approx="full", max_loss=MAX_LOSS, timeout_s=900
    )
    try:
        build(recipe, folder, progress=lambda step: None)
        full = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        approximate_run(folder, approx="published", max_loss=MAX_LOSS, progress=lambda step: None)
        published = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except PrintmlError as error:
        return {"circuit": circuit, "seed": seed, "failed": str(error)}
    result = {
        "circuit": circuit,
        "seed": seed,
        "seconds": full["seconds"],
        "full": [_short(stage) for stage in full["stages"]],
        "published": [_short(stage) for stage in published["stages"][1:]],
    }
    write_json_atomic(path, result)
    shutil.rmtree(folder)
    return result


def _short(stage: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "area_cm2", "power_mw", "accuracy_test", "accuracy_train", "n_test")
    low = next((c for c in stage["corners"] if c["vdd"] == 0.6), {})
    return {
        **{name: stage[name] for name in names},
        "power_0p6_mw": low.get("power_mw"),
        "equality": stage["equivalence"]["headline"],
    }


def _cells(results: list[dict[str, Any]], circuit: str) -> list[str]:
    exact_published, approx_published = PUBLISHED_CM2[circuit]
    exact = [r["full"][0] for r in results]
    columns = [
        [r["published"][0] for r in results],
        [r["published"][-1] for r in results],
        [r["full"][1] for r in results],
        [r["full"][-1] for r in results],
    ]

    def spread(values: list[float], form: str) -> str:
        return f"{np.mean(values):{form}} ± {np.std(values):{form}}"

    cells = [
        circuit,
        str(len(results)),
        f"{exact_published:g} / {approx_published:g}",
        spread([s["area_cm2"] for s in exact], ".2f"),
        spread([s["accuracy_test"] for s in exact], ".3f"),
    ]
    for stages in columns:
        losses = [
            e["accuracy_test"] - s["accuracy_test"] for e, s in zip(exact, stages, strict=True)
        ]
        cells += [
            f"{np.mean([s['area_cm2'] for s in stages]):.3f}",
            f"{100 * np.mean(losses):+.1f}",
        ]
    last = np.mean([s["area_cm2"] for s in columns[-1]])
    cells += [
        f"{last / approx_published:.3f}",
        f"{np.mean([s['power_mw'] for s in columns[-1]]):.2f}",
        f"{np.mean([r['seconds']['approximate'] for r in results]):.0f}",
    ]
    return cells


HEADER = (
    "circuit", "splits", "published exact / approx cm2", "exact cm2", "exact acc.",
    "publ. model cm2", "loss", "publ. pruned cm2", "loss", "our model cm2", "loss",
    "our pruned cm2", "loss", "of publ. approx", "mW 1 V", "s",
)  # fmt: skip


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Splits per circuit.")
@click.option("--only", multiple=True, help="Circuit, as redwine/mlp-c; may be repeated.")
@click.option("-j", "--jobs", default=1, show_default=True)
@click.option("--markdown", type=click.Path(path_type=Path), help="Also write the table here.")
def main(seeds: int, only: tuple[str, ...], jobs: int, markdown: Path | None) -> None:
    """Build and print the tables of approximation."""
    KEPT.mkdir(parents=True, exist_ok=True)
    circuits = list(only) or list(PUBLISHED_CM2)
    work = [(circuit, seed) for seed in range(seeds) for circuit in circuits]
    found: list[dict[str, Any]] = []
    tasks = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(measure)(circuit, seed) for circuit, seed in work
    )
    for result in tasks:
        found.append(result)
        click.echo(
            f"{result['circuit']} seed {result['seed']} {result.get('failed', '')}", err=True
        )
    found.sort(key=lambda r: r["seed"])
    rows = []
    for circuit in circuits:
        results = [r for r in found if r["circuit"] == circuit and "failed" not in r]
        if results:
            rows.append(_cells(results, circuit))
    table = Table(*HEADER, title=f"mean over splits, at most {100 * MAX_LOSS:g} points asked for")
    for row in rows:
        table.add_row(*row)
    print_table(table)
    if markdown:
        lines = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        write_text_atomic(markdown, "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
