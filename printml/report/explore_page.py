"""The page of an exploration: fronts, how they grew, the circuits and the one to take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from printml.report.literature import Published, published_circuits, published_marks
from printml.report.page import Section, render, write_page
from printml.report.svg import Mark, scatter
from printml.report.table import source_text


def write_explore_page(path: Path, record: dict[str, Any]) -> None:
    """Write the page and its figures; `record` is `explore.json`.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    points, names = record["points"], set(record["front"])
    front = [point for point in points if _name(point) in names]
    front.sort(key=lambda point: point["area_cm2"])
    published = published_circuits(record["dataset"])
    sections = [
        _front_section(
            "accuracy_area", "Accuracy and area", points, front, published, "area_cm2",
            "area in cm2",
        ),
        _front_section(
            "accuracy_power", "Accuracy and power", points, front, published, "power_mw",
            "power in mW at the chosen supply",
        ),
        Section(
            "front",
            "The front",
            note="Chosen by cross-validation on training rows; test rows were read once, for this "
            "table. Every circuit has its run folder in circuits/.",
            table=_front_table(front),
        ),
        Section(
            "hypervolume",
            "How the front grew",
            note="Hypervolume: accuracy above the most frequent class times decades of area below "
            "1000 cm2.",
            figure=scatter(
                [
                    Mark(step["seconds"], step["hypervolume"],
                         f"{step['n_finished']} recipes after {step['seconds']:.0f} s: "
                         f"{step['hypervolume']:.3f}", 0)
                    for step in record["history"]
                ],
                x_label="seconds", y_label="hypervolume", series=(), log_x=False,
                lines=[[(step["seconds"], step["hypervolume"]) for step in record["history"]]],
            ),
            data=record["history"],
        ),
    ]  # fmt: skip
    if record["failures"]:
        rows = [[failure["name"], failure["reason"]] for failure in record["failures"]]
        sections.append(
            Section("failures", "What gave no circuit", table=[["recipe", "reason"], *rows])
        )
    sections.append(
        Section(
            "commands",
            "Again",
            note=f"printml {record['version']}; seed {record['seed']}, split {record['split']}; "
            f"stopped: {record['stopped']}.",
            text=f"{record['command']}\nprintml build --recipe circuits/NAME/recipe.toml",
        )
    )
    html = render(
        title=f"{Path(record['dataset']).stem}: {len(front)} printed circuits on the front",
        lead=f"{len(points)} verified circuits of {len({p['name'] for p in points})} recipes, "
        f"{len(record['failures'])} failures.",
        facts=_facts(record, front),
        sections=sections,
    )
    write_page(path, html, sections)


def _name(point: dict[str, Any]) -> str:
    return f"{point['name']}-{point['stage']}"


def _facts(record: dict[str, Any], front: list[dict[str, Any]]) -> list[tuple[str, str]]:
    best, least = max(front, key=lambda point: point["accuracy_validation"]), front[0]
    facts = [
        ("most accurate on validation rows, test", f"{best['accuracy_test']:.3f}"),
        (f"its area, {_name(best)}", f"{best['area_cm2']:.3f} cm2"),
        ("smallest on the front", f"{least['area_cm2']:.4f} cm2"),
        ("its test accuracy", f"{least['accuracy_test']:.3f}"),
    ]
    if record["recommendation"]:
        taken = record["recommendation"]
        facts.append(
            (
                f"recommended at {taken['corner']['vdd']:g} V: {taken['why']}",
                _name(taken["point"]),
            )
        )
        facts += [("missed", miss) for miss in taken["misses"]]
    return facts


def _front_section(
    name: str,
    title: str,
    points: list[dict[str, Any]],
    front: list[dict[str, Any]],
    published: tuple[Published, ...],
    across: str,
    label: str,
) -> Section:
    families = sorted({point["family"] for point in points})
    marks = [
        Mark(
            point[across],
            point["accuracy_test"],
            f"{_name(point)}: test {point['accuracy_test']:.3f}, "
            f"validation {point['accuracy_validation']:.3f}, {point['area_cm2']:.4f} cm2, "
            f"{point['power_mw']:.3f} mW",
            families.index(point["family"]),
        )
        for point in front
    ]
    marks += published_marks(published, across=across, series=len(families))
    data = [
        {"who": "printml", "circuit": _name(p), "accuracy_test": p["accuracy_test"],
         "area_cm2": p["area_cm2"], "power_mw": p["power_mw"], "note": p["equality"]}
        for p in front
    ] + [
        {"who": "published", "circuit": o.kind, "accuracy_test": o.accuracy,
         "area_cm2": o.area_cm2, "power_mw": o.power_mw, "note": o.note}
        for o in published
    ]  # fmt: skip
    note = "Filled: circuits of the front, accuracy on test rows. "
    note += (
        "Hollow: published, on their authors' test rows."
        if published
        else "Nothing is published on this table."
    )
    return Section(
        name,
        title,
        note=note,
        figure=scatter(
            marks,
            x_label=label,
            y_label="test accuracy",
            series=[*families, *(["published"] if published else [])],
        ),
        data=data,
    )


def _front_table(front: list[dict[str, Any]]) -> list[list[str]]:
    header = [
        "circuit", "validation", "test acc. [95 %]", "rows", "area cm2", "power mW", "least mW",
        "at V", "powered by", "equality",
    ]  # fmt: skip
    rows = []
    for point in front:
        low = min(point["corners"], key=lambda corner: corner["power_mw"])
        rows.append(
            [
                _name(point),
                f"{point['accuracy_validation']:.3f}",
                f"{point['accuracy_test']:.3f} [{point['accuracy_test_low']:.3f}, "
                f"{point['accuracy_test_high']:.3f}]",
                str(point["n_test"]),
                f"{point['area_cm2']:.4f}",
                f"{point['power_mw']:.3f}",
                f"{low['power_mw']:.3f}",
                f"{low['vdd']:g}",
                source_text(low["power_mw"]),
                point["equality"],
            ]
        )
    return [header, *rows]
