"""Figures as SVG text: colours by CSS class, so that one drawing serves light, dark and paper.

Every mark has a title, which browsers show on hover and screen readers read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 48

STYLE = """
.fig{font:12px system-ui,sans-serif;max-width:100%;height:auto}
.fig text{fill:var(--ink,#222)} .fig .axis,.fig .grid{stroke:var(--line,#bbb);fill:none}
.fig .grid{stroke-dasharray:2 4} .fig .s0{fill:#0a7ea4;stroke:#0a7ea4}
.fig .s1{fill:#d1603d;stroke:#d1603d} .fig .s2{fill:#5b8c3a;stroke:#5b8c3a}
.fig .s3{fill:#8d5bb5;stroke:#8d5bb5} .fig .s4{fill:#c29a1b;stroke:#c29a1b}
.fig .s5{fill:#777;stroke:#777} .fig .s6{fill:#c2407f;stroke:#c2407f}
.fig .s7{fill:var(--ink,#222);stroke:var(--ink,#222)} .fig .hollow{fill:none;stroke-width:1.5}
.fig .path{fill:none;stroke-width:1.5} .fig .wire{stroke:var(--line,#999);fill:none}
.fig .gate{fill:var(--paper,#fff);stroke:var(--ink,#222)} .fig .small{font-size:10px}
"""
"""Used in the page and written into figures that stand alone."""

N_SERIES = 8
"""Seven model families and what was published, each of its own colour."""


@dataclass(frozen=True)
class Mark:
    """A point of a scatter plot; hollow marks are other people's."""

    x: float
    y: float
    title: str
    series: int
    hollow: bool = False


def standalone(figure: str) -> str:
    """The figure with its own style in the colours for paper, for a file."""
    head, _, rest = figure.partition(">")
    text = f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}'
    # Many programs that read SVG know no CSS variables.
    return re.sub(r"var\(--[a-z]+,([^)]+)\)", r"\1", text)


def scatter(
    marks: Sequence[Mark],
    *,
    x_label: str,
    y_label: str,
    series: Sequence[str],
    lines: Sequence[Sequence[tuple[float, float]]] = (),
    log_x: bool = True,
) -> str:
    """Marks over a logarithmic (or linear) x axis; `lines` join (x, y) corners as steps."""
    usable = [mark for mark in marks if mark.x > 0 or not log_x]
    if not usable:
        return _empty("nothing to draw")
    to_axis = math.log10 if log_x else float
    low_x, high_x = _padded([to_axis(m.x) for m in usable])
    low_y, high_y = _padded([m.y for m in usable])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (to_axis(x) - low_x) / (high_x - low_x)
        up = (y - low_y) / (high_y - low_y)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (
            HEIGHT - TOP - BOTTOM
        )

    parts = [_frame(x_label, y_label)]
    for value, text in _log_ticks(low_x, high_x) if log_x else _ticks(low_x, high_x):
        x = place(value, low_y)[0]
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{text}</text>'
        )
    for value, text in _ticks(low_y, high_y):
        y = HEIGHT - BOTTOM - (value - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for line in lines:
        corners = [place(x, y) for x, y in line if x > 0 or not log_x]
        text = "".join(
            f"L{x:.1f} {corners[k - 1][1]:.1f}L{x:.1f} {y:.1f}" if k else f"M{x:.1f} {y:.1f}"
            for k, (x, y) in enumerate(corners)
        )
        parts.append(f'<path class="path s0" d="{text}"/>')
    for mark in usable:
        x, y = place(mark.x, mark.y)
        look = f"s{mark.series % N_SERIES}" + (" hollow" if mark.hollow else "")
        parts.append(
            f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="4.5" tabindex="0">'
            f"<title>{escape(mark.title)}</title></circle>"
        )
    parts.append(_legend(series, {m.series for m in usable if m.hollow}))
    return _figure(parts, HEIGHT)


def bars(values: Sequence[tuple[str, float]], *, unit: str, series: int = 0) -> str:
    """Horizontal bars from 0, largest value spanning the width."""
    if not values:
        return _empty("nothing to draw")
    row, label = 26, 150
    most = max(value for _, value in values) or 1.0
    parts = []
    for k, (name, value) in enumerate(values):
        y, length = k * row + 4, value / most * (WIDTH - label - 120)
        shown = f"{value:.4g} {unit}".strip()
        parts.append(
            f'<text x="{label - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="s{series}" x="{label}" y="{y}" width="{max(length, 1):.1f}" height="18">'
            f"<title>{escape(name)}: {shown}</title></rect>"
            f'<text x="{label + max(length, 1) + 6:.1f}" y="{y + 13}">{shown}</text>'
        )
    return _figure(parts, len(values) * row + 8)


def matrix(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], *, what: str
) -> str:
    """A heat map with its numbers; opacity runs from 0 to the largest value."""
    if not values:
        return _empty("nothing to draw")
    cell, label = min(56, (WIDTH - 120) // max(1, len(columns))), 100
    most = max(max(row) for row in values) or 1.0
    parts = [
        f'<text class="small" x="{label + (j + 0.5) * cell:.1f}" y="14" text-anchor="middle">'
        f"{escape(name[:9])}</text>"
        for j, name in enumerate(columns)
    ]
    for i, row in enumerate(values):
        y = 22 + i * cell
        parts.append(
            f'<text x="{label - 8}" y="{y + cell / 2 + 4:.1f}" text-anchor="end">'
            f"{escape(rows[i][:14])}</text>"
        )
        for j, value in enumerate(row):
            x = label + j * cell
            parts.append(
                f'<rect class="s0" x="{x}" y="{y}" width="{cell - 2}" height="{cell - 2}" '
                f'fill-opacity="{0.06 + 0.6 * value / most:.2f}" stroke="none">'
                f"<title>{escape(rows[i])} / {escape(columns[j])}: {value:g} {what}</title></rect>"
                f'<text class="small" x="{x + cell / 2 - 1:.1f}" y="{y + cell / 2 + 4:.1f}" '
                f'text-anchor="middle">{value:g}</text>'
            )
    return _figure(parts, 30 + len(values) * cell)


def heat_grid(values: Sequence[float], titles: Sequence[str]) -> str:
    """Small squares in reading order, opacity by a value from 0 to 1."""
    if not values:
        return _empty("no gates")
    n_columns = max(16, min(80, math.ceil(math.sqrt(2 * len(values)))))
    side = WIDTH / n_columns
    parts = [
        f'<rect class="s1" x="{k % n_columns * side:.1f}" y="{k // n_columns * side:.1f}" '
        f'width="{side - 0.5:.1f}" height="{side - 0.5:.1f}" stroke="none" '
        f'fill-opacity="{0.05 + 0.95 * value:.2f}"><title>{escape(titles[k])}</title></rect>'
        for k, value in enumerate(values)
    ]
    return _figure(parts, math.ceil(len(values) / n_columns) * side + 1)


def _figure(parts: Sequence[str], height: float) -> str:
    return (
        f'<svg class="fig" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'preserveAspectRatio="xMinYMin">{"".join(parts)}</svg>'
    )


def _empty(text: str) -> str:
    return _figure([f'<text x="{LEFT}" y="30">{escape(text)}</text>'], 48)


def _frame(x_label: str, y_label: str) -> str:
    middle = (HEIGHT - BOTTOM + TOP) / 2
    return (
        f'<rect class="axis" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/>'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(y_label)}</text>'
    )


def _legend(series: Sequence[str], hollow: set[int]) -> str:
    """A row above the frame, where no mark can be."""
    parts = []
    x, y = LEFT + 6, TOP - 14
    for k, name in enumerate(series):
        look = f"s{k % N_SERIES}" + (" hollow" if k in hollow else "")
        parts.append(
            f'<circle class="{look}" cx="{x}" cy="{y - 4}" r="4.5"/>'
            f'<text x="{x + 10}" y="{y}">{escape(name)}</text>'
        )
        x += 28 + 7 * len(name)
    return "".join(parts)


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.5 * abs(low) or 0.5
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    first = math.ceil(low / step)
    return [
        (k * step, f"{k * step:.10g}")
        for k in range(first, math.floor(high / step) + 1)
    ]  # fmt: skip


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Values (not logarithms) at 1, 2 and 5 of each decade, or at decades if there are many."""
    steps = (1,) if high - low > 3 else (1, 2, 5) if high - low < 1.5 else (1, 3)
    found = []
    for decade in range(math.floor(low), math.ceil(high) + 1):
        for step in steps:
            value = step * 10.0**decade
            if low <= math.log10(value) <= high:
                found.append((value, f"{value:g}"))
    return found
