"""The adapter of ABC and the scripts that map logic onto cells.

What is known to work on printed libraries: area recovery by resubstitution before a
structural-choice mapper. There is no timing pressure at 5 Hz, so all flows go for area.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from printml.errors import ToolError
from printml.synth.yosys import abc_path
from printml.tools import ToolRun, run_tool


@dataclass(frozen=True)
class MappingFlow:
    """A named ABC script from a network of functions to a network of cells.

    `max_nodes` bounds the network it is tried on, for flows whose time grows steeply; a bound on
    size, unlike one on time, gives the same result on every machine. `max_sum_nodes` is the same
    for networks that are mostly adders, `max_nodes` if not given.
    """

    name: str
    script: str
    max_nodes: int | None = None
    max_sum_nodes: int | None = None

    def most_nodes(self, *, mostly_sums: bool) -> int | None:
        """Of a network that it is tried on; None for all."""
        return self.max_sum_nodes if mostly_sums and self.max_sum_nodes else self.max_nodes


MOST_TREE_NODES = 15_000
"""Up to this size the flows that win on trees are tried. On six networks of SVMs and MLPs of 16,658
to 111,588 nodes they gave 4 to 24 % more area than the best of `keep` and `resub`, for more than
half of the time."""
MOST_SUM_NODES = 4_000
"""The same where adders are most of the network. On 24 networks of SVMs and MLPs of 230 to 33,561
nodes those flows gave 1.2 % or more area than the best of `keep` and `resub`, for half of the time
where they were tried. Most of what pruning leaves is smaller, and there they are tried."""

_RESUB_ROUND = "resub -K 12 -N 3 -F 2; rewrite; refactor -N 12; resub -K 10 -N 2"

KEEP = MappingFlow("keep", "strash; resub -K 6; resub -K 8; resub -K 10; resub -K 12; amap")
"""Keeps the NAND form of the adders: quick, and often the smallest where adders dominate."""
RESUB = MappingFlow("resub", "strash; ifraig; " + f"{_RESUB_ROUND}; " * 6 + "dch; amap")
"""Restructures, then maps with choices: finds what the word level cannot see."""
CHOICES = MappingFlow(
    "choices", "strash; &get -n; &syn3; &syn3; &dch; &put; map -a", MOST_TREE_NODES, MOST_SUM_NODES
)
"""Best for trees."""
DIRECT = MappingFlow("direct", "strash; map -a", MOST_TREE_NODES, MOST_SUM_NODES)
"""Only chooses cells: for comparators, whose structure is the best already."""
REMAP = MappingFlow(
    "remap", "; ".join(["strash; dch; map -a"] * 3), MOST_TREE_NODES, MOST_SUM_NODES
)
"""Choices found again on the mapped gates: quick, and often the best for trees."""
RESUB_MAP = MappingFlow(
    "resub_map",
    "strash; ifraig; " + f"{_RESUB_ROUND}; " * 3 + "dch; map -a",
    MOST_TREE_NODES,
    MOST_SUM_NODES,
)
"""Like `resub`, shorter and with the other mapper: for small trees."""
REFRESH = MappingFlow("refresh", f"strash; ifraig; {_RESUB_ROUND}; dch; amap")
"""One round of `resub`: between rounds of pruning."""
DEEP = MappingFlow(
    "deep",
    "strash; &get -n; &deepsyn -I 1 -J 3; &put; " + f"{_RESUB_ROUND}; " * 3 + "dch; amap",
    max_nodes=3_000,
)
"""Random deep restructuring: minutes, but small circuits may collapse to a fraction."""

EFFORTS: dict[str, tuple[MappingFlow, ...]] = {
    "fast": (KEEP,),
    "normal": (KEEP, RESUB, CHOICES, DIRECT, REMAP, RESUB_MAP),
    "thorough": (KEEP, RESUB, CHOICES, DIRECT, REMAP, RESUB_MAP, DEEP),
}
"""Flows tried for each effort; the smallest result is taken."""


def run_abc(
    script: str, *, folder: Path, name: str, log_folder: Path, output: str, timeout_s: float
) -> ToolRun:
    """Run an ABC script in `folder` and check that it wrote `output`.

    ABC exits with 0 after most errors, so the output file is what counts.

    Raises
    ------
    ToolError
        If ABC is missing, fails, is killed, or writes nothing; `ToolTimeoutError` past the limit.
    """
    target = folder / output
    target.unlink(missing_ok=True)
    run = run_tool(
        [abc_path(), "-c", script],
        tool="ABC",
        folder=folder,
        log=log_folder / f"{name}.log",
        timeout_s=timeout_s,
    )
    if not target.exists() or target.stat().st_size == 0:
        lines = " | ".join(run.output.splitlines()[-6:])
        raise ToolError(
            f"ABC wrote no result: {lines}",
            where=f"log {log_folder / f'{name}.log'}",
            hint="The script is the first line of the log",
        )
    return run
