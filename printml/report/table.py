"""The result table of one or more run folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from printml.power_sources import SOURCES, weakest_source

COLUMNS = (
    "circuit",
    "float acc.",
    "circuit acc. [95 %]",
    "rows",
    "cells",
    "area cm2",
    "power mW",
    "path ms",
    "max Hz",
    "powered by",
    "0.6 V mW",
    "0.6 V ms",
    "equality",
)


def summary_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """One row per circuit of a run; the exact one stands under the circuit's own name."""
    return [_summary_row(metrics, stage) for stage in circuits_of(metrics)]


def circuits_of(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Every stage and every alternative, in order."""
    return [*metrics["stages"], *metrics.get("alternatives", ())]


def _summary_row(metrics: dict[str, Any], stage: dict[str, Any]) -> list[str]:
    """Printable cells; rounding happens here only."""
    reference = metrics.get("float")
    float_accuracy = "-"
    if reference is not None:
        part = reference["test"]
        float_accuracy = f"{part['n_correct'] / part['n_rows']:.3f}"
    return [
        f"{metrics['dataset']} {metrics['model']}"
        + ("" if stage["name"] == "exact" else f", {stage['name']}"),
        float_accuracy,
        f"{stage['accuracy_test']:.3f} "
        f"[{stage['accuracy_test_low']:.3f}, {stage['accuracy_test_high']:.3f}]",
        str(stage["n_test"]),
        str(stage["n_cells"]),
        f"{stage['area_cm2']:.3f}",
        f"{stage['power_mw']:.2f}",
        *timing_cells(stage),
        source_text(stage["power_mw"]),
        *corner_cells(stage, 0.6),
        stage["equivalence"]["headline"],
    ]


def corner_cells(stage: dict[str, Any], vdd: float) -> list[str]:
    """Power and critical path at another supply; `-` where the library has no such corner."""
    for corner in stage["corners"]:
        if corner["vdd"] == vdd:
            return [f"{corner['power_mw']:.2f}", timing_cells(corner)[0]]
    return ["-", "-"]


def timing_cells(stage: dict[str, Any]) -> list[str]:
    """Critical path and highest rate; `-` where the library has no delays."""
    if "delay_ms" not in stage:
        return ["-", "-"]
    late = "" if stage["meets_clock"] else " !"
    rate = f"{stage['max_rate_hz']:.1f}" if "max_rate_hz" in stage else "-"
    return [f"{stage['delay_ms']:.1f}{late}", rate]


def source_text(power_mw: float) -> str:
    """The weakest printed source that suffices, or that none does."""
    source = weakest_source(power_mw)
    if source is None:
        return f"none (over {SOURCES[-1].power_mw:g} mW)"
    return f"{source.name} ({source.power_mw:g} mW)"


def summary_table(runs: Sequence[dict[str, Any]], *, title: str) -> Table:
    """A rich table with one row per run."""
    table = Table(title=title, caption=caption(runs), caption_justify="left")
    for name in COLUMNS:
        left = name in ("circuit", "powered by", "equality")
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    for metrics in runs:
        for row in summary_rows(metrics):
            table.add_row(*row)
    return table


def caption(runs: Sequence[dict[str, Any]]) -> str:
    """What the figures of the table rest on."""
    stage = runs[0]["stages"][-1]
    stages = [stage for metrics in runs for stage in circuits_of(metrics)]
    late = any(not stage.get("meets_clock", True) for stage in stages)
    notes = ["! longer than the clock period: sample at `max Hz` or slower."] if late else []
    notes += sorted({note for stage in stages for note in stage["library_notes"]})
    return " ".join(
        [
            f"Library {stage['library']}, {stage['vdd']:g} V, clock {stage['clock_ms']:g} ms;",
            f"split {runs[0]['split']}, seed {runs[0]['seed']};",
            "accuracy on test rows never used for a choice, interval by Clopper-Pearson;",
            "float acc. is scikit-learn's on unquantised inputs.",
            *(f"{note.rstrip('.')}." for note in notes),
            *beyond_notes(runs),
            *new_row_notes(runs),
        ]
    )


def beyond_notes(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Circuits for a source that carries none within the loss asked for."""
    return [
        f"{metrics['dataset']} {metrics['model']}, {stage['name']} may lose more than "
        f"--max-loss {stage['max_loss']:g}: its source carries no circuit within it."
        for metrics in runs
        for stage in circuits_of(metrics)
        if stage.get("beyond_max_loss")
    ]


def new_row_notes(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Accuracies on test rows whose inputs no training row has, where there are others."""
    told = [
        f"{metrics['dataset']} {metrics['model']}, {stage['name']} "
        f"{stage['accuracy_test_new']:.3f} ({stage['n_test_new']} of {stage['n_test']} rows)"
        for metrics in runs
        for stage in circuits_of(metrics)
        if 0 < stage.get("n_test_new", stage["n_test"]) < stage["n_test"]
    ]
    if not told:
        return []
    return [f"On test rows whose inputs no training row has: {'; '.join(told)}."]


def markdown_table(runs: Sequence[dict[str, Any]]) -> str:
    """The same table in Markdown."""
    left = {"circuit", "powered by", "equality"}
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"|{'|'.join('---' if name in left else '---:' for name in COLUMNS)}|",
    ]
    lines += [f"| {' | '.join(row)} |" for metrics in runs for row in summary_rows(metrics)]
    return "\n".join([*lines, "", caption(runs), ""])
