"""Each published circuit against a smaller one of ours that is surely as accurate.

The smallest of many circuits that just reaches an accuracy on validation rows is often a lucky
one, and falls below it elsewhere. So the whole 95 % interval must lie at or above it; where that
holds for none that is smaller, the most accurate of the smaller ones stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from printml.explore.points import Point
from printml.explore.result import circuit_name
from printml.report.literature import Published, published_circuits

DATASETS = (
    "arrhythmia", "balance", "breastcancer", "cardio", "mammographic", "pendigits", "redwine",
    "seeds", "vertebral", "whitewine",
)  # fmt: skip
HEADER = (
    "data set", "seed", "published circuit", "acc.", "cm2", "ours", "validation [95 %]", "rows",
    "test [95 %]", "rows", "ours cm2", "share", "mW at 0.6 V", "verdict",
)  # fmt: skip

Rule = Callable[[Published, Sequence[Point]], Point]
"""Which of ours stands beside a published circuit."""


def frontier_rows(
    dataset: str, seed: int, points: Sequence[Point], *, rule: Rule | None = None
) -> list[dict[str, Any]]:
    """A row per published circuit of a data set, with ours beside it (`rule`, else `chosen`)."""
    return [
        _row(dataset, seed, other, (rule or chosen)(other, points))
        for other in published_circuits(dataset)
    ]


def _row(dataset: str, seed: int, other: Published, ours: Point) -> dict[str, Any]:
    validation_low, validation_high = ours.validation_interval
    low = min(ours.corners, key=lambda corner: corner.vdd)
    share = ours.area_cm2 / other.area_cm2
    return {
        "dataset": dataset,
        "seed": seed,
        "published": f"{other.kind} {other.note}".strip(),
        "published_accuracy": other.accuracy,
        "published_cm2": other.area_cm2,
        "circuit": circuit_name(ours),
        "accuracy_validation": ours.accuracy_validation,
        "accuracy_validation_low": validation_low,
        "accuracy_validation_high": validation_high,
        "n_validation": ours.n_validation,
        "accuracy_test": ours.accuracy_test,
        "accuracy_test_low": ours.accuracy_test_low,
        "accuracy_test_high": ours.accuracy_test_high,
        "n_test": ours.n_test,
        "area_cm2": ours.area_cm2,
        "share_of_published": share,
        "power_0p6_mw": low.power_mw,
        "verdict": _verdict(other, ours, share),
    }


def chosen(other: Published, points: Sequence[Point]) -> Point:
    """Ours beside a published circuit; test rows choose nothing.

    Of those no larger and at least as accurate on validation rows the smallest whose interval is
    not below the published accuracy, else the most accurate; without any, the smallest that is at
    least as accurate, and without one, the most accurate of all.
    """
    enough = [p for p in points if p.accuracy_validation >= other.accuracy]
    smaller = [p for p in enough if p.area_cm2 <= other.area_cm2]
    sure = [p for p in smaller if p.validation_interval[0] >= other.accuracy]
    if sure or (enough and not smaller):
        return min(sure or enough, key=lambda p: (p.area_cm2, -p.accuracy_validation, p.name))
    return max(smaller or points, key=lambda p: (p.accuracy_validation, -p.area_cm2, p.name))


def _verdict(other: Published, ours: Point, share: float) -> str:
    if ours.accuracy_validation < other.accuracy:
        return f"gap: {100 * (other.accuracy - ours.accuracy_validation):.1f} points"
    if share > 1:
        return f"gap: {share:.2g} times the area"
    if ours.accuracy_test < other.accuracy:
        return f"smaller; test rows {100 * (other.accuracy - ours.accuracy_test):.1f} points below"
    return "smaller, and as accurate on test rows"


def frontier_cells(row: dict[str, Any]) -> list[str]:
    """A row of `HEADER` as text."""
    share = row["share_of_published"]
    return [
        row["dataset"],
        str(row["seed"]),
        row["published"],
        f"{row['published_accuracy']:.3f}",
        f"{row['published_cm2']:.3g}",
        row["circuit"],
        f"{row['accuracy_validation']:.3f} "
        f"[{row['accuracy_validation_low']:.3f}, {row['accuracy_validation_high']:.3f}]",
        str(row["n_validation"]),
        f"{row['accuracy_test']:.3f} "
        f"[{row['accuracy_test_low']:.3f}, {row['accuracy_test_high']:.3f}]",
        str(row["n_test"]),
        f"{row['area_cm2']:.4f}",
        f"1/{1 / share:.0f}" if 0 < share < 0.5 else f"{share:.2f}",
        f"{row['power_0p6_mw']:.3f}",
        row["verdict"],
    ]


def frontier_summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the table says in short, one line each."""
    smaller = smaller_rows(rows)
    lines = [
        f"* {len(smaller)} of {len(rows)} published points: a smaller circuit of at least that "
        f"accuracy on validation rows; {reached_on_test_rows(smaller)} of them reach it on test "
        "rows too.",
    ]
    sure = [r for r in smaller if r["accuracy_validation_low"] >= r["published_accuracy"]]
    if sure:
        lines.append(
            f"* {len(sure)} of them with the whole 95 % interval of validation rows; "
            f"{reached_on_test_rows(sure)} of these reach it on test rows too."
        )
    if smaller:
        within = sum(row["published_accuracy"] <= row["accuracy_test_high"] for row in smaller)
        lines.append(
            f"* {within} of them: the published accuracy is inside the 95 % interval of their test "
            "rows, or below it."
        )
        lines.append(f"* Their area: {mean_share(smaller):.3g} of the published (geometric mean).")
    return lines


def smaller_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in which ours is smaller and at least as accurate on validation rows."""
    return [row for row in rows if row["verdict"].startswith("smaller")]


def mean_share(rows: Sequence[dict[str, Any]]) -> float:
    """Geometric mean of our area as share of the published one; a circuit of wires counts 1e-6."""
    shares = [max(row["share_of_published"], 1e-6) for row in rows]
    return float(np.exp(np.mean(np.log(shares))))


def reached_on_test_rows(rows: Sequence[dict[str, Any]]) -> int:
    """How many rows of the table have the published accuracy on test rows."""
    return sum(row["accuracy_test"] >= row["published_accuracy"] for row in rows)


def frontier_markdown(rows: Sequence[dict[str, Any]], *, command: str) -> str:
    """The table as Markdown."""
    lines = [
        f"`{command}`: per published circuit the smallest of ours whose accuracy on validation",
        "rows (cross-validation on training rows) is at least the published one with its whole",
        "95 % interval, or else the most accurate that is smaller; with its accuracy on test rows.",
        "Authors tested on rows and splits of their own; the published approximate trees were",
        "chosen on their test rows.",
        "",
        f"| {' | '.join(HEADER)} |",
        "|" + " --- |" * len(HEADER),
        *(f"| {' | '.join(frontier_cells(row))} |" for row in rows),
        "",
        *frontier_summary(rows),
    ]
    return "\n".join([*lines, ""])
