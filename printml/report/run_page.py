"""The page of one or more run folders: what each stage costs, answers and rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from printml.report.literature import published_circuits, published_marks
from printml.report.page import Section, render, write_page
from printml.report.schematic import DrawnNet, schematic
from printml.report.svg import Mark, bars, heat_grid, matrix, scatter
from printml.report.table import COLUMNS, beyond_notes, circuits_of, source_text, summary_rows

MOST_CLASSES = 20


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What the page needs beside `metrics.json`, of the run's last stage.

    Attributes
    ----------
    confusion
        Test rows by true class (row) and answered class (column).
    share_of_ones, gate_titles
        Per gate in topological order: share of test rows with output 1; name for reading.
    nets, outputs
        As in `schematic`.
    command
        What builds the run again.
    """

    title: str
    metrics: dict[str, Any]
    class_labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    share_of_ones: tuple[float, ...]
    gate_titles: tuple[str, ...]
    nets: tuple[DrawnNet, ...]
    outputs: tuple[tuple[str, int], ...]
    command: str


def write_run_page(path: Path, runs: Sequence[RunEvidence]) -> None:
    """Write the page and its figures.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    sections = [_table_section(runs), *_fronts(runs)]
    for k, run in enumerate(runs):
        sections += _run_sections(run, prefix=f"run{k}_" if len(runs) > 1 else "")
    last = runs[0].metrics["stages"][-1]
    html = render(
        title=runs[0].title if len(runs) == 1 else f"{len(runs)} printed circuits",
        lead="Accuracy on test rows that no choice has seen, with exact 95 % intervals. Area and "
        "power of the classifier alone; the analog-digital converters in front are told beside it.",
        facts=_facts(runs[0].metrics) if len(runs) == 1 else [("library", last["library"])],
        sections=sections,
    )
    write_page(path, html, sections)


def _facts(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    exact, last = metrics["stages"][0], metrics["stages"][-1]
    facts = [
        ("test accuracy", f"{last['accuracy_test']:.3f}"),
        (
            f"95 % interval, {last['n_test']} rows",
            f"{last['accuracy_test_low']:.3f} to {last['accuracy_test_high']:.3f}",
        ),
        ("area", f"{last['area_cm2']:.4g} cm2"),
        (f"power at {last['vdd']:g} V", f"{last['power_mw']:.4g} mW"),
    ]
    low = min(last["corners"], key=lambda corner: corner["power_mw"])
    facts.append(
        (f"at {low['vdd']:g} V, {source_text(low['power_mw'])}", f"{low['power_mw']:.4g} mW")
    )
    if last is not exact and last["area_cm2"] > 0:
        facts.append(("smaller than exact", f"{exact['area_cm2'] / last['area_cm2']:.3g} times"))
    if "converters" in last:
        needed = last["converters"]
        facts.append(
            (
                f"converters in front, {sum(needed['comparators'])} comparators",
                f"{needed['area_cm2']:.3g} cm2, {needed['power_mw']:.3g} mW",
            )
        )
    facts.append(("equality", last["equivalence"]["headline"]))
    return facts


def _table_section(runs: Sequence[RunEvidence]) -> Section:
    rows = [row for run in runs for row in summary_rows(run.metrics)]
    return Section(
        "stages",
        "Every stage",
        note=" ".join(
            [
                "! longer than the clock period: sample at `max Hz` or slower.",
                *beyond_notes([run.metrics for run in runs]),
            ]
        ),
        table=[list(COLUMNS), *rows],
        data=[dict(zip(COLUMNS, row, strict=True)) for row in rows],
    )


def _fronts(runs: Sequence[RunEvidence]) -> list[Section]:
    stages = [
        (f"{run.metrics['model']} {stage['name']}", stage, stage["name"] == "exact")
        for run in runs
        for stage in circuits_of(run.metrics)
    ]
    datasets = {run.metrics["dataset"] for run in runs}
    published = published_circuits(datasets.pop()) if len(datasets) == 1 else ()
    sections = []
    for name, title, across, label in (
        ("accuracy_area", "Accuracy and area", "area_cm2", "area in cm2"),
        ("accuracy_power", "Accuracy and power", "power_mw", "power in mW"),
    ):
        marks = [
            Mark(
                stage[across],
                stage["accuracy_test"],
                f"{text}: {stage['accuracy_test']:.3f}, {stage['area_cm2']:.4g} cm2, "
                f"{stage['power_mw']:.4g} mW",
                0 if exact else 1,
            )
            for text, stage, exact in stages
        ]
        marks += published_marks(published, across=across, series=2)
        series = ["exact", "approximate", *(["published"] if published else [])]
        sections.append(
            Section(
                name,
                title,
                note="Hollow: published circuits on their authors' test rows." if published else "",
                figure=scatter(marks, x_label=label, y_label="test accuracy", series=series),
                data=[{"circuit": m.title, "x": m.x, "accuracy": m.y} for m in marks],
            )
        )
    return sections


def _run_sections(run: RunEvidence, *, prefix: str) -> list[Section]:
    metrics = run.metrics
    stages, last = metrics["stages"], metrics["stages"][-1]
    whose = f"{metrics['dataset']} {metrics['model']}: " if prefix else ""
    areas = [(stage["name"], stage["area_cm2"]) for stage in stages]
    cells = sorted(last["cells"].items(), key=lambda pair: (-pair[1], pair[0]))
    sections = []
    if len(stages) > 1:
        sections.append(
            Section(
                f"{prefix}waterfall",
                f"{whose}Area, stage by stage",
                figure=bars(areas, unit="cm2"),
                data=[{"stage": name, "area_cm2": area} for name, area in areas],
            )
        )
    sections.append(
        Section(
            f"{prefix}cells",
            f"{whose}Cells of the stage {last['name']}",
            figure=bars([(name, float(n)) for name, n in cells], unit="", series=2),
            data=[{"cell": name, "number": n} for name, n in cells],
        )
    )
    if len(run.class_labels) <= MOST_CLASSES:
        sections.append(
            Section(
                f"{prefix}confusion",
                f"{whose}Confusion matrix on test rows",
                note="True class down, answered class across.",
                figure=matrix(run.confusion, run.class_labels, run.class_labels, what="rows"),
                data=[
                    {"true": label, **dict(zip(run.class_labels, row, strict=True))}
                    for label, row in zip(run.class_labels, run.confusion, strict=True)
                ],
            )
        )
    drawing = schematic(run.nets, run.outputs)
    if drawing:
        sections.append(Section(f"{prefix}schematic", f"{whose}Schematic", figure=drawing))
    if run.share_of_ones:
        sections.append(
            Section(
                f"{prefix}activity",
                f"{whose}Share of time each gate is low",
                note="In topological order. A gate that is low burns up to fifty times the power "
                "of one that is high.",
                figure=heat_grid([1.0 - share for share in run.share_of_ones], run.gate_titles),
                data=[
                    {"gate": title, "share_of_ones": share}
                    for title, share in zip(run.gate_titles, run.share_of_ones, strict=True)
                ],
            )
        )
    header = ["equality", "stage", "how", "vectors", "seconds", "detail"]
    rows = [
        [v["check"], stage["name"], v["how"], str(v["n_vectors"] or "all"), f"{v['seconds']:.2f}",
         v["detail"]]
        for stage in stages
        for v in stage["equivalence"]["verdicts"]
    ]  # fmt: skip
    sections.append(Section(f"{prefix}equality", f"{whose}What was proved", table=[header, *rows]))
    versions = ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in metrics["seconds"].items())
    sections.append(
        Section(
            f"{prefix}again",
            f"{whose}Again",
            note=f"{versions}. Seed {metrics['seed']}, split {metrics['split']}. Took {seconds}.",
            text=run.command,
        )
    )
    return sections
