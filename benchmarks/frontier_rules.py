"""Which circuit should stand beside a published one: the smallest that reaches it, or a surer one?

    python -m benchmarks.frontier_rules STORE

STORE is what `printml reproduce frontier --store STORE` filled (one split). Both rules choose by
validation rows from the same finished circuits; test rows then tell which of them kept its promise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from printml.cli.output import print_table
from printml.explore.evaluate import points_of
from printml.explore.frontier import (
    chosen,
    frontier_rows,
    mean_share,
    reached_on_test_rows,
    smaller_rows,
)
from printml.explore.points import Point
from printml.flow.run import read_json, read_recipe
from printml.report.literature import Published


def smallest(other: Published, points: Sequence[Point]) -> Point:
    """The smallest at least as accurate on validation rows; the most accurate if there is none."""
    enough = [p for p in points if p.accuracy_validation >= other.accuracy]
    if not enough:
        return max(points, key=lambda p: (p.accuracy_validation, -p.area_cm2, p.name))
    return min(enough, key=lambda p: (p.area_cm2, -p.accuracy_validation, p.name))


def points_in(store: Path) -> dict[str, list[Point]]:
    """Finished circuits by data set."""
    points: dict[str, list[Point]] = defaultdict(list)
    for path in sorted(store.glob("*/*/metrics.json")):
        if not path.parent.name.startswith("."):
            recipe = read_recipe(path.parent)
            points[recipe.dataset] += points_of(read_json(path), recipe, path.parent.name)
    return points


@click.command()
@click.argument("store", type=click.Path(path_type=Path, exists=True))
def main(store: Path) -> None:
    """Print what each rule beats on validation rows, and what of that on test rows."""
    points = points_in(store)
    table = Table(
        "rule", "beaten on validation rows", "on test rows too", "test minus published, points",
        "area of the published",
    )  # fmt: skip
    for name, rule in {"smallest": smallest, "with its whole interval": chosen}.items():
        rows = [
            row
            for dataset, own in sorted(points.items())
            for row in frontier_rows(dataset, 0, own, rule=rule)
        ]
        beaten = smaller_rows(rows)
        if not beaten:
            raise click.ClickException("no circuit of the store beats a published one")
        ahead = [row["accuracy_test"] - row["published_accuracy"] for row in beaten]
        table.add_row(
            name, f"{len(beaten)} of {len(rows)}", str(reached_on_test_rows(beaten)),
            f"{100 * np.mean(ahead):+.2f}", f"{mean_share(beaten):.3g}",
        )  # fmt: skip
    print_table(table)


if __name__ == "__main__":
    main()
