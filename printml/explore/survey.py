"""The published tables again: our exact circuit, the published methods and ours, side by side.

Per circuit and seed (a split each) one build with `--approx full` and one with `--approx
published`; test rows are read once, by the finished circuits. What is done is kept in the store.
Published figures: `printml.report.literature`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student_t

from printml.errors import PrintmlError
from printml.explore.store import entry, key_of
from printml.files import read_text, write_json_atomic
from printml.flow.build import approximate_run, build
from printml.flow.recipe import Recipe
from printml.report.literature import Published, published_circuits
from printml.report.table import source_text

MAX_LOSS = 0.01
SOURCE_MW = 3.0
"""Blue Spark: besides the smallest circuit one that it carries and that loses less is shown."""
MLP_SVM = tuple(
    f"{dataset}/{model}"
    for dataset in ("redwine", "cardio", "whitewine", "pendigits")
    for model in ("mlp-c", "svm-c", "mlp-r", "svm-r")
    if dataset != "pendigits" or model.endswith("-c")
)
TREES = tuple(
    f"{dataset}/tree"
    for dataset in (
        "seeds", "vertebral", "balance", "mammographic", "cardio", "redwine", "arrhythmia",
        "whitewine", "pendigits",
    )
)  # fmt: skip
HAR_TREE = "har/tree"
"""In the table too, but its rows must be downloaded first."""
SURVEYS = {"survey-mlp-svm": MLP_SVM, "survey-trees": TREES}
KEPT_FIGURES = (
    "name", "area_cm2", "power_mw", "delay_ms", "accuracy_test_low", "accuracy_test_high",
    "accuracy_test", "accuracy_train",
    "accuracy_validation", "n_test", "n_test_new", "accuracy_test_new", "loss_search",
    "copies_labelled_by",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """One circuit on one split."""

    circuit: str
    seed: int


def measure(work: Work, store: Path) -> dict[str, Any]:
    """Stages of both builds; from the store if it was done before.

    A failure is a record with the reason under `failed` and is tried again next time.
    """
    dataset, model = work.circuit.split("/")
    recipe = Recipe(
        dataset=dataset, model=model, seed=work.seed, approx="full",  # type: ignore[arg-type]
        max_loss=MAX_LOSS, power_source_mw=SOURCE_MW, timeout_s=900,
    )  # fmt: skip
    try:
        with entry(store, key_of(recipe, kind="survey")) as place:
            if not place.exists():
                write_json_atomic(place, _measured(work, recipe, place.with_suffix(".run")))
            kept: dict[str, Any] = json.loads(read_text(place, what="stored survey result"))
            return kept
    except PrintmlError as error:
        return {"circuit": work.circuit, "seed": work.seed, "failed": str(error)}


def _measured(work: Work, recipe: Recipe, folder: Path) -> dict[str, Any]:
    try:
        build(recipe, folder, report=False, progress=lambda step: None)
        full = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        approximate_run(
            folder, approx="published", max_loss=MAX_LOSS, report=False,
            progress=lambda step: None,
        )  # fmt: skip
        published = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return {
            "circuit": work.circuit,
            "seed": work.seed,
            "seconds": full["seconds"],
            "full": [_short(stage) for stage in full["stages"]],
            "for_source": [_short(stage) for stage in full["alternatives"]],
            "published": [_short(stage) for stage in published["stages"][1:]],
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _short(stage: dict[str, Any]) -> dict[str, Any]:
    low: dict[str, Any] = next((c for c in stage["corners"] if c["vdd"] == 0.6), {})
    return {
        **{name: stage[name] for name in KEPT_FIGURES if name in stage},
        "power_0p6_mw": low.get("power_mw"),
        "equality": stage["equivalence"]["headline"],
    }


HEADER = (
    "circuit", "splits", "rows", "publ. exact cm2", "publ. approx. cm2", "exact cm2", "exact acc.",
    "publ. model cm2", "loss", "publ. method cm2", "loss", "our model cm2", "loss", "ours cm2",
    "loss", "acc.", "share of publ. approx.", "saving", "mW 1.0 V", "mW 0.6 V", "ms",
    "powered by", f"for {SOURCE_MW:g} mW cm2", "loss", "splits", "s",
)  # fmt: skip
"""Losses in points of test accuracy against our own exact circuit, mean over splits."""


def published_areas(circuit: str) -> tuple[Published, Published]:
    """The survey's exact and approximate circuit."""
    dataset, model = circuit.split("/")
    by_kind = {other.kind: other for other in published_circuits(dataset)}
    return by_kind[f"{model} exact"], by_kind[f"{model} approximate"]


def survey_row(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means and spreads of one circuit over its splits, as numbers.

    Parameters
    ----------
    results
        Records of `measure` without failures, at least one, all of one circuit.
    """
    circuit = results[0]["circuit"]
    exact_published, approx_published = published_areas(circuit)
    exact = [r["full"][0] for r in results]
    row: dict[str, Any] = {
        "circuit": circuit,
        "n_splits": len(results),
        "n_test": exact[0]["n_test"],
        "published_exact_cm2": exact_published.area_cm2,
        "published_approx_cm2": approx_published.area_cm2,
    }
    columns = {
        "exact": exact,
        "published_model": [r["published"][0] for r in results],
        "published_method": [r["published"][-1] for r in results],
        "our_model": [r["full"][1] for r in results],
        "ours": [r["full"][-1] for r in results],
        "for_source": [_for_source(r) for r in results],
    }
    for name, stages in columns.items():
        areas = np.array([stage["area_cm2"] for stage in stages])
        accuracy = np.array([stage["accuracy_test"] for stage in stages])
        loss = np.array([e["accuracy_test"] for e in exact]) - accuracy
        row |= {
            f"{name}_cm2": float(areas.mean()),
            f"{name}_cm2_std": float(areas.std()),
            f"{name}_accuracy": float(accuracy.mean()),
            f"{name}_accuracy_std": float(accuracy.std()),
            f"{name}_loss": float(loss.mean()),
            f"{name}_loss_std": float(loss.std()),
            f"{name}_saving": float(1 - np.mean(areas / [e["area_cm2"] for e in exact])),
            f"{name}_loss_by_split": loss.tolist(),
            f"{name}_delay_ms": float(np.mean([stage["delay_ms"] or 0.0 for stage in stages])),
            f"{name}_mw": float(np.mean([stage["power_mw"] for stage in stages])),
            f"{name}_0p6_mw": float(np.mean([stage["power_0p6_mw"] for stage in stages])),
        }
    row["n_within_source"] = sum(
        stage["power_0p6_mw"] <= SOURCE_MW for stage in columns["for_source"]
    )
    if all(stage.get("n_test_new") for stage in [*exact, *columns["ours"]]):
        row["n_test_new"] = float(np.mean([stage["n_test_new"] for stage in exact]))
        for name in ("exact", "ours"):
            right = [stage["accuracy_test_new"] for stage in columns[name]]
            row[f"{name}_new_accuracy"] = float(np.mean(right))
    row["share_of_published"] = row["ours_cm2"] / approx_published.area_cm2
    row["seconds"] = float(np.mean([sum(r["seconds"].values()) for r in results]))
    return row


def _for_source(result: dict[str, Any]) -> dict[str, Any]:
    """Of the circuits built that draw at most `SOURCE_MW` at 0.6 V the one that loses least on the
    rows that pruning saw, where a teacher labelled them, else the largest; the smallest within the
    loss if none draws so little. No test row has a say."""
    exact, *further = result["full"]
    way = sorted([*further, *result["for_source"]], key=lambda s: -float(s["area_cm2"]))
    every: list[dict[str, Any]] = [exact, *way]
    carried = [stage for stage in every if stage["power_0p6_mw"] <= SOURCE_MW]
    taught = [stage for stage in carried if stage.get("copies_labelled_by") == "teacher"]
    best = min(taught, key=lambda stage: float(stage["loss_search"]), default=None)
    if best is not None and (best["loss_search"] < 0 or exact not in carried):
        return best
    return carried[0] if carried else further[-1]


def survey_cells(row: dict[str, Any]) -> list[str]:
    """A row of `HEADER` as text."""

    def loss(name: str) -> str:
        return f"{100 * row[f'{name}_loss']:+.1f} ± {100 * row[f'{name}_loss_std']:.1f}"

    return [
        row["circuit"],
        str(row["n_splits"]),
        str(row["n_test"]),
        f"{row['published_exact_cm2']:g}",
        f"{row['published_approx_cm2']:g}",
        f"{row['exact_cm2']:.2f} ± {row['exact_cm2_std']:.2f}",
        f"{row['exact_accuracy']:.3f} ± {row['exact_accuracy_std']:.3f}",
        f"{row['published_model_cm2']:.2f}",
        loss("published_model"),
        f"{row['published_method_cm2']:.2f}",
        loss("published_method"),
        f"{row['our_model_cm2']:.3f}",
        loss("our_model"),
        f"{row['ours_cm2']:.4f} ± {row['ours_cm2_std']:.4f}",
        loss("ours"),
        f"{row['ours_accuracy']:.3f}",
        _share_text(row["share_of_published"]),
        f"{100 * row['ours_saving']:.1f} %",
        f"{row['ours_mw']:.3f}",
        f"{row['ours_0p6_mw']:.3f}",
        f"{row['ours_delay_ms']:.0f}",
        source_text(row["ours_0p6_mw"]),
        f"{row['for_source_cm2']:.3f}",
        loss("for_source"),
        f"{row['n_within_source']} of {row['n_splits']}",
        f"{row['seconds']:.0f}",
    ]


def _share_text(share: float) -> str:
    return f"1/{1 / share:.0f}" if 0 < share < 0.1 else f"{share:.2f}"


def survey_markdown(rows: Sequence[dict[str, Any]], *, command: str) -> str:
    """The table with the means that the goals are about, as Markdown."""
    lines = [
        f"`{command}`: mean ± standard deviation over the splits (70/30, stratified, one seed",
        "each). Losses in points of test accuracy against our own exact circuit on the same rows;",
        "test rows were read once, after every choice. Published areas: Henkel et al., ICCAD 2022,",
        f"on one split of their own. For {SOURCE_MW:g} mW: of the circuits built (exact, ours, our",
        "model, the one for that source) that draw no more at 0.6 V, where a teacher labelled the",
        "rows that pruning saw the one that loses least of them, else the largest; and on how many",
        "splits there is one (else ours).",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "|".join("---" if k == 0 else "---:" for k in range(len(HEADER))) + "|",
        *("| " + " | ".join(survey_cells(row)) + " |" for row in rows),
        "",
        *summary_lines(rows),
    ]
    return "\n".join([*lines, ""])


def loss_interval(rows: Sequence[dict[str, Any]], name: str) -> tuple[float, float]:
    """95 % interval of the mean loss in points, Student's t over the splits' means.

    A split's circuits share their test rows, so its mean is one observation. NaN with one split,
    or where a circuit lacks some.
    """
    n_splits = rows[0]["n_splits"]
    if n_splits < 2 or any(row["n_splits"] != n_splits for row in rows):
        return float("nan"), float("nan")
    by_split = 100 * np.mean([row[f"{name}_loss_by_split"] for row in rows], axis=0)
    half = float(student_t.ppf(0.975, n_splits - 1) * by_split.std(ddof=1) / np.sqrt(n_splits))
    return float(by_split.mean()) - half, float(by_split.mean()) + half


def summary_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Mean saving and loss of every column over the circuits, one line each."""
    lines = []
    for name, title in (
        ("published_model", "published coefficients or thresholds"),
        ("published_method", "published, pruned"),
        ("our_model", "our coefficients or thresholds"),
        ("ours", "ours, pruned"),
        ("for_source", f"of those built that {SOURCE_MW:g} mW carry at 0.6 V, or smallest"),
    ):
        saving = 100 * np.mean([row[f"{name}_saving"] for row in rows])
        loss = 100 * np.mean([row[f"{name}_loss"] for row in rows])
        shares = [max(row[f"{name}_cm2"], 1e-9) / row["published_approx_cm2"] for row in rows]
        share = float(np.exp(np.mean(np.log(shares))))
        low, high = loss_interval(rows, name)
        interval = f"95 % interval {low:+.2f} to {high:+.2f} over splits"
        if np.isnan(low):
            interval = "no interval: it needs the same splits, at least two, of every circuit"
        lines.append(
            f"* {title}: mean area saving {saving:.1f} %, mean loss {loss:+.2f} points "
            f"({interval}), area {share:.3g} of the published approximate one (geometric mean)."
        )
    return lines + new_row_lines(rows)


def new_row_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Where a twentieth of the test rows or more repeat a training row: accuracies on the others.

    Whoever knows its rows by heart is right on repeated ones, so a smaller circuit seems to lose
    what it need not know.
    """
    return [
        f"* {row['circuit']}: {row['n_test'] - row['n_test_new']:.0f} of {row['n_test']} test rows "
        f"have the inputs of a training row; on the others exact {row['exact_new_accuracy']:.3f}, "
        f"ours {row['ours_new_accuracy']:.3f}."
        for row in rows
        if row.get("n_test_new", row["n_test"]) <= 0.95 * row["n_test"]
    ]
