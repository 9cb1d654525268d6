"""A second opinion on a Verilog netlist: pyverilog reads it too, and both must say the same."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from printml.errors import CheckError, ToolError
from printml.netlist.verilog_expression import Expression, Piece
from printml.netlist.verilog_syntax import Module
from printml.tools import run_tool

MAX_INSTANCES = 5_000
"""pyverilog is slow; larger files are only checked on request."""


@dataclass(frozen=True)
class CrossCheck:
    """`same` if pyverilog agreed on `n_instances`; otherwise `note` says why it could not."""

    same: bool
    n_instances: int
    note: str


def cross_check(
    path: Path, modules: Mapping[str, Module], *, timeout_s: float = 300.0
) -> CrossCheck:
    """Compare every instance and assign that our reader found with what pyverilog finds.

    Parameters
    ----------
    path
        The Verilog file.
    modules
        As in `VerilogNetlist.modules`.

    Raises
    ------
    CheckError
        If they differ; names the module and the instance.
    ToolError
        If pyverilog is not installed or runs out of time. A file that it cannot read, e.g. for an
        attribute, is no error: the note says so.
    """
    if importlib.util.find_spec("pyverilog") is None:
        raise ToolError(
            "pyverilog is not installed",
            hint="Install it with: pip install pyverilog, or use --no-cross-check",
        )
    with tempfile.TemporaryDirectory(prefix="printml-pyverilog-") as scratch:
        folder = Path(scratch)
        (folder / "design.v").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        run_tool(
            [sys.executable, "-m", "printml.netlist.pyverilog_worker", "design.v", "design.json"],
            tool="pyverilog",
            folder=folder,
            log=folder / "pyverilog.log",
            timeout_s=timeout_s,
            hint="Use --no-cross-check to go without it",
        )
        answer = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    if "error" in answer:
        return CrossCheck(False, 0, f"pyverilog cannot read it: {answer['error'][:200]}")
    theirs = {module["name"]: module for module in answer["modules"]}
    n_instances = 0
    for name, module in modules.items():
        if name not in theirs:
            raise CheckError(f"pyverilog finds no module {name}", where=str(path))
        _compare(module, theirs[name], str(path))
        n_instances += len(module.instances)
    return CrossCheck(True, n_instances, "")


def _compare(module: Module, theirs: Mapping[str, Any], path: str) -> None:
    ours_by_name = {instance.name: _instance(instance) for instance in module.instances}
    theirs_by_name = {instance[1]: instance for instance in theirs["instances"]}
    for name in sorted(ours_by_name.keys() | theirs_by_name.keys()):
        ours, other = ours_by_name.get(name), theirs_by_name.get(name)
        if ours != other:
            raise CheckError(
                f"two readers differ on instance {name}: printml {ours}, pyverilog {other}",
                where=f"{path}, module {module.name}",
                hint="Please report it with the file",
            )
    assigns = sorted([_texts(target), _texts(value)] for target, value, _ in module.assigns)
    if assigns != sorted(theirs["assigns"]):
        ours_only = [pair for pair in assigns if pair not in theirs["assigns"]]
        theirs_only = [pair for pair in theirs["assigns"] if pair not in assigns]
        raise CheckError(
            f"two readers differ on assigns: printml {ours_only[:3]}, pyverilog {theirs_only[:3]}",
            where=f"{path}, module {module.name}",
            hint="Please report it with the file",
        )


def _instance(instance: Any) -> list[Any]:
    pins = [[connection.pin, _texts(connection.value)] for connection in instance.connections]
    return [instance.cell, instance.name, pins]


def _texts(value: Expression) -> list[str]:
    return [_text(piece) for piece in value]


def _text(piece: Piece) -> str:
    if not piece.name:
        if piece.sized:
            return f"{len(piece.bits)}'b{piece.bits}"
        return str(int(piece.bits, 2))
    if piece.left is None:
        return piece.name
    if piece.left == piece.right:
        return f"{piece.name}[{piece.left}]"
    return f"{piece.name}[{piece.left}:{piece.right}]"
