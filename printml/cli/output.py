"""What commands share: progress on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.table import Table

STEP_TEXT = {
    "train": "training (cross-validated search on training rows)",
    "synth": "synthesis with Yosys and ABC",
    "simulate": "activity, power and timing",
    "approximate": "approximation",
    "verify": "verification: kernel, Icarus under cocotb, formal proof",
}


def error_console() -> Console:
    return Console(stderr=True)


@contextmanager
def step_progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A callback that shows the step under way; silent if `quiet`."""
    if quiet:
        yield lambda step: None
        return
    console = error_console()
    with console.status("starting") as status:

        def show(step: str) -> None:
            text = STEP_TEXT.get(step, step)
            status.update(text)
            if not console.is_terminal:
                console.print(f"printml: {text}")

        yield show


def print_table(table: Table) -> None:
    """Print a table at full width: a pipe or a log has no width to fit into."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=1))
