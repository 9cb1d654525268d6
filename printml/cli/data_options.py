"""Options that say what the columns and rows of a user's table are, for every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def none_if_empty(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """A repeatable option that is not there must not overrule a recipe file."""
    return value or None


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--target`, `--one-hot` and their like: how to read a table."""
    options: list[Decorator] = [
        click.option("--target", metavar="COL", help="Label column [default: the set's own; last]"),
        click.option(
            "--one-hot",
            metavar="COL",
            multiple=True,
            callback=none_if_empty,
            help="Column of categories: a one-bit input for each. May be repeated.",
        ),
        click.option("--weight-column", metavar="COL", help="Column of sample weights."),
        click.option(
            "--group-column",
            metavar="COL",
            help="Column of subjects or batches: no split or fold tears one apart.",
        ),
        click.option("--test-file", metavar="FILE", help="The test rows, in a file of their own."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`table_options` and the ranges of sensors; all names are those of a `Recipe`."""
    return table_options(
        click.option(
            "--input-range",
            "input_ranges",
            metavar="NAME=MIN:MAX",
            multiple=True,
            callback=none_if_empty,
            help="Range of one sensor in its unit, instead of that of the training rows. "
            "May be repeated.",
        )(function)
    )
