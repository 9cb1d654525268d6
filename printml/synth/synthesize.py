"""Verilog and a cell library to a mapped netlist."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed

from printml.errors import InputError, ToolError
from printml.liberty.library import CellLibrary
from printml.liberty.views import genlib_view, verilog_cells
from printml.netlist.netlist import Netlist
from printml.netlist.yosys_json import from_yosys_json
from printml.synth.abc import EFFORTS, MappingFlow, run_abc
from printml.synth.yosys import run_yosys
from printml.tools import ToolTimeoutError

ELABORATE = "proc; flatten; opt_expr; opt_clean; alumacc; maccmap -unmap; techmap; opt_clean"
"""Yosys passes from Verilog to one-bit gates, without its built-in mapping by ABC."""


@dataclass(frozen=True)
class FlowResult:
    """What one mapping flow gave: the summed cell area, or why there is none."""

    flow: str
    area_mm2: float | None
    seconds: float
    note: str = ""


@dataclass(frozen=True, eq=False)
class Synthesis:
    """The smallest netlist, the flow that made it, and all that were tried."""

    netlist: Netlist
    flow: str
    tried: tuple[FlowResult, ...]


def synthesize(
    verilog: Path,
    *,
    top: str,
    library: CellLibrary,
    folder: Path,
    log_folder: Path,
    effort: str = "normal",
    mostly_sums: bool = False,
    timeout_s: float = 300.0,
    n_jobs: int = 1,
) -> Synthesis:
    """Map a combinational Verilog module onto the cells of `library` for least area.

    Parameters
    ----------
    verilog
        Verilog-2005 file with module `top`.
    folder, log_folder
        Existing folders for intermediate files, and for scripts and logs of every command.
    effort
        A key of `printml.synth.abc.EFFORTS`.
    mostly_sums
        The design is a network of adders: flows that win on trees are tried on small ones only.
    timeout_s
        Limit of each command. A mapping flow that takes longer is left out and noted.
    n_jobs
        Mapping flows that run side by side; the result does not depend on it.

    Raises
    ------
    InputError
        If the effort is unknown.
    ToolError
        If Yosys fails, or every mapping flow does.
    """
    if effort not in EFFORTS:
        raise InputError(f"unknown effort {effort!r}", hint=f"Choose one of {', '.join(EFFORTS)}")
    (folder / "cells.genlib").write_text(genlib_view(library), encoding="utf-8")
    (folder / "cells.v").write_text(verilog_cells(library), encoding="utf-8")
    (folder / "design.v").write_text(verilog.read_text(encoding="utf-8"), encoding="utf-8")
    run_yosys(
        [
            "read_verilog design.v",
            f"hierarchy -check -top {top}",
            ELABORATE,
            "write_blif logic.blif",
            "delete */c:*",
            "write_json ports.json",
        ],
        folder=folder,
        name="elaborate",
        log_folder=log_folder,
        timeout_s=timeout_s,
    )
    tried = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_map)(
            flow, flow.most_nodes(mostly_sums=mostly_sums), library, folder, log_folder, timeout_s
        )
        for flow in EFFORTS[effort]
    )
    areas = [(result.area_mm2, k) for k, result in enumerate(tried) if result.area_mm2 is not None]
    if not areas:
        notes = "; ".join(f"{result.flow}: {result.note}" for result in tried)
        raise ToolError(
            f"no mapping flow finished: {notes}",
            where=f"logs in {log_folder}",
            hint="Allow more time with --timeout or use --effort fast",
        )
    best = tried[min(areas)[1]]
    netlist = _read_back(f"mapped_{best.flow}.blif", top, library, folder, log_folder, timeout_s)
    return Synthesis(netlist, best.flow, tuple(tried))


def _map(
    flow: MappingFlow,
    most_nodes: int | None,
    library: CellLibrary,
    folder: Path,
    log_folder: Path,
    timeout_s: float,
) -> FlowResult:
    n_nodes = _blif_nodes(folder / "logic.blif")
    if most_nodes is not None and n_nodes > most_nodes:
        note = f"skipped: {n_nodes} nodes, tried up to {most_nodes}"
        return FlowResult(flow.name, None, 0.0, note)
    output = f"mapped_{flow.name}.blif"
    script = f"read_genlib cells.genlib; read_blif logic.blif; {flow.script}; write_blif {output}"
    try:
        run = run_abc(
            script,
            folder=folder,
            name=f"map_{flow.name}",
            log_folder=log_folder,
            output=output,
            timeout_s=timeout_s,
        )
    except ToolTimeoutError:
        return FlowResult(flow.name, None, timeout_s, f"stopped after {timeout_s:g} s")
    return FlowResult(flow.name, _blif_area_mm2(folder / output, library), run.seconds)


def _blif_nodes(path: Path) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum(line.startswith(".names ") for line in lines)


def _blif_area_mm2(path: Path, library: CellLibrary) -> float:
    """Summed area of the `.gate` lines; pseudo cells of the mapper have none."""
    with path.open(encoding="utf-8") as lines:
        gates = Counter(line.split(maxsplit=2)[1] for line in lines if line.startswith(".gate "))
    return sum(
        count * library.cells[name].area_mm2
        for name, count in sorted(gates.items())
        if name in library.cells
    )


PSEUDO_CELLS = """
module _const0_ (output Y); assign Y = 1'b0; endmodule
module _const1_ (output Y); assign Y = 1'b1; endmodule
module _buf_ (input A, output Y); assign Y = A; endmodule
"""


def _read_back(
    mapped: str, top: str, library: CellLibrary, folder: Path, log_folder: Path, timeout_s: float
) -> Netlist:
    (folder / "pseudo_cells.v").write_text(PSEUDO_CELLS, encoding="utf-8")
    run_yosys(
        [
            "read_verilog -lib cells.v",
            "read_verilog pseudo_cells.v",
            f"read_blif -wideports {mapped}",
            f"hierarchy -check -top {top}",
            "flatten",
            "opt_clean",
            "check -assert",
            "write_json mapped.json",
        ],
        folder=folder,
        name="read_back",
        log_folder=log_folder,
        timeout_s=timeout_s,
    )
    data = json.loads((folder / "mapped.json").read_text(encoding="utf-8"))
    ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
    restore_ports(data["modules"][top], ports["modules"][top])
    return from_yosys_json(data, library=library, top=top)


def restore_ports(mapped: dict[str, Any], source: dict[str, Any]) -> None:
    """Give the mapped module's ports the order and signs of the source (BLIF has neither)."""
    mapped["ports"] = {
        name: {**mapped["ports"][name], "signed": int(port.get("signed", 0))}
        for name, port in source["ports"].items()
    }
