"""Candidates judged per second by the searches for cheaper models, one core.

    python -m benchmarks.search_speed

Coefficients: RedWine SVMs and MLPs, each candidate judged exactly on every training row, with the
area of its heaps. Trees: Cardio, each variant judged on every training row, with its structure's
area. Whole searches are timed, compilation left out.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from printml.approx import coefficient_search, tree_descent, tree_search
from printml.cli.output import print_table
from printml.flow.recipe import FAMILIES, Recipe
from printml.flow.run import library_of, read_run
from printml.flow.train_step import train_step
from printml.quantize.integer_model import IntegerTree


def counted(
    modules: list[Any], name: str, size: Callable[[Any, tuple[Any, ...]], int]
) -> list[int]:
    """Let a function of some modules count what it judges."""
    total = [0]
    for module in modules:
        original = getattr(module, name)

        def wrapped(*args: Any, original: Any = original, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            total[0] += size(result, args)
            return result

        setattr(module, name, wrapped)
    return total


def measure(dataset: str, family: Any, folder: Path) -> list[str]:
    """One row of the table."""
    folder.mkdir()
    recipe = Recipe(dataset=dataset, model=family)
    train_step(recipe, folder, n_jobs=1)
    _, _, model, rows = read_run(folder)
    library = library_of(recipe)
    X, y = rows.X_int[rows.train], rows.y[rows.train]

    def search() -> None:
        if isinstance(model, IntegerTree):
            tree_search.search_tree(model, X, y, library, seed=0)
        else:
            coefficient_search.search_coefficients(model, X, y, library, seed=0)

    search()
    before = JUDGED[0] + SWEPT[0]
    started = time.perf_counter()
    search()
    seconds = time.perf_counter() - started
    n = JUDGED[0] + SWEPT[0] - before
    return [f"{dataset} {family}", str(len(X)), f"{n:,}", f"{seconds:.1f}", f"{n / seconds:,.0f}"]


def _swept(_: Any, args: tuple[Any, ...]) -> int:
    # `report` counts over a whole search and begins at 0 with the next one.
    now = int(args[-1][0])
    fresh = now - LAST[0] if now >= LAST[0] else now
    LAST[0] = now
    return fresh


LAST = [0]
JUDGED = counted([tree_descent, tree_search], "judge", lambda result, _: len(result.n_right))
SWEPT = counted([coefficient_search], "descend", _swept)


@click.command()
def main() -> None:
    """Print the table."""
    table = Table("search", "rows", "judged", "s", "judged per s")
    with tempfile.TemporaryDirectory() as place:
        for family in FAMILIES[:4]:
            table.add_row(*measure("redwine", family, Path(place) / family))
        table.add_row(*measure("cardio", "tree", Path(place) / "tree"))
    print_table(table)


if __name__ == "__main__":
    main()
