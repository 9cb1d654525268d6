"""A small netlist as a drawing: gates in columns by level, inputs left, outputs right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

MOST_GATES = 120
"""Above this a drawing shows nothing that a person could follow."""
COLUMN, ROW, BOX_WIDTH, BOX_HEIGHT = 110, 34, 56, 22


@dataclass(frozen=True)
class DrawnNet:
    """A net with what drives it: an input bit, a constant or a gate.

    Attributes
    ----------
    label
        Input bit or cell name.
    level
        0 for inputs, else one more than the highest fan-in.
    fanin
        Nets it reads, as indices.
    """

    label: str
    level: int
    fanin: tuple[int, ...]


def schematic(nets: Sequence[DrawnNet], outputs: Sequence[tuple[str, int]]) -> str:
    """SVG of the nets that the outputs depend on; empty if there are too many to follow.

    Parameters
    ----------
    outputs
        Label and net of each output bit.
    """
    wanted = {net for _, net in outputs}
    for k in range(len(nets) - 1, -1, -1):
        if k in wanted:
            wanted |= set(nets[k].fanin)
    if sum(1 for k in wanted if nets[k].fanin) > MOST_GATES or not wanted:
        return ""
    place: dict[int, tuple[float, float]] = {}
    columns: dict[int, list[int]] = {}
    for k in sorted(wanted):
        columns.setdefault(nets[k].level, []).append(k)
    tallest = max(len(column) for column in columns.values())
    for level in sorted(columns):
        column = columns[level]
        # Beside what they read, so that wires stay short.
        column.sort(key=lambda k: (_mean([place[f][1] for f in nets[k].fanin if f in place]), k))
        free = (tallest - len(column)) / 2
        for position, k in enumerate(column):
            place[k] = (20 + level * COLUMN, 16 + (position + free) * ROW)
    width = 20 + (max(columns) + 2) * COLUMN
    height = 32 + tallest * ROW
    parts = []
    for k in sorted(wanted):
        x, y = place[k]
        for pin, read in enumerate(nets[k].fanin):
            from_x, from_y = place[read]
            to_y = y + BOX_HEIGHT * (pin + 1) / (len(nets[k].fanin) + 1)
            start_x, start_y = from_x + BOX_WIDTH, from_y + BOX_HEIGHT / 2
            middle = (start_x + x) / 2
            parts.append(
                f'<path class="wire" d="M{start_x:.0f} {start_y:.0f}C{middle:.0f} {start_y:.0f} '
                f'{middle:.0f} {to_y:.0f} {x:.0f} {to_y:.0f}"/>'
            )
    for k in sorted(wanted):
        x, y = place[k]
        look = "gate" if nets[k].fanin else "axis"
        parts.append(
            f'<rect class="{look}" x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="4"><title>net {k}: {escape(nets[k].label)}</title></rect>'
            f'<text class="small" x="{x + BOX_WIDTH / 2:.0f}" y="{y + 15:.0f}" '
            f'text-anchor="middle">{escape(nets[k].label[:10])}</text>'
        )
    for label, net in outputs:
        x, y = place[net]
        end = 20 + (max(columns) + 1) * COLUMN
        row = y + BOX_HEIGHT / 2
        parts.append(
            f'<path class="wire" d="M{x + BOX_WIDTH:.0f} {row:.0f}L{end:.0f} {row:.0f}"/>'
            f'<text x="{end + 4:.0f}" y="{row + 4:.0f}">{escape(label)}</text>'
        )
    return (
        f'<svg class="fig" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'style="min-width:{min(width, 640):.0f}px">{"".join(parts)}</svg>'
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
