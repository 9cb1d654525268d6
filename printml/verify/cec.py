"""ABC's combinational equivalence check behind one call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from printml.synth.abc import run_abc
from printml.tools import ToolTimeoutError

GRACE_S = 30
"""ABC's own limit is loose; past this much more it is stopped."""


@dataclass(frozen=True)
class Answer:
    """What `cec` found, and all it printed (with the input pattern if they differ)."""

    verdict: Literal["equal", "different", "undecided"]
    text: str


def equivalence_of(
    first: str, second: str, *, folder: Path, name: str, log_folder: Path, timeout_s: float
) -> Answer:
    """Compare two BLIF files in `folder` on all inputs.

    Equal internal nets are found by simulation and proved by SAT from the inputs up, so circuits
    that share structure are quick.

    Raises
    ------
    ToolError
        If ABC is missing or fails; running out of time is `undecided`, not an error.
    """
    done = f"{name}_done.blif"
    compare = f"cec -T {max(1, int(timeout_s))} {first} {second}"
    try:
        run = run_abc(
            f"{compare}; read_blif {first}; write_blif {done}",
            folder=folder,
            name=name,
            log_folder=log_folder,
            output=done,
            timeout_s=timeout_s + GRACE_S,
        )
    except ToolTimeoutError:
        return Answer("undecided", "")
    if re.search(r"^Networks are NOT EQUIVALENT", run.output, re.MULTILINE):
        return Answer("different", run.output)
    if re.search(r"^Networks are equivalent", run.output, re.MULTILINE):
        return Answer("equal", run.output)
    return Answer("undecided", run.output)
