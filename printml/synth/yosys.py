"""The adapter of Yosys, which comes with the pyosys package."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from printml.errors import ToolError
from printml.tools import ToolRun, run_tool

INSTALL_HINT = "Install it with: pip install pyosys"


def yosys_version() -> str:
    """Version of the pyosys package.

    Raises
    ------
    ToolError
        If it is not installed.
    """
    try:
        return metadata.version("pyosys")
    except metadata.PackageNotFoundError as error:
        raise ToolError("Yosys is not installed", where="pyosys", hint=INSTALL_HINT) from error


def abc_path() -> Path:
    """The `yosys-abc` program of the pyosys package; `PRINTML_ABC` names another one.

    Raises
    ------
    ToolError
        If there is none.
    """
    override = os.environ.get("PRINTML_ABC")
    if override:
        return Path(override)
    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise ToolError("Yosys is not installed", where="pyosys", hint=INSTALL_HINT)
    path = Path(spec.origin).parent / "yosys-abc"
    if not path.exists():
        raise ToolError(
            "ABC is missing from the pyosys package", where=str(path), hint=INSTALL_HINT
        )
    return path


def run_yosys(
    commands: Sequence[str], *, folder: Path, name: str, log_folder: Path, timeout_s: float
) -> ToolRun:
    """Run Yosys commands in a fresh process with `folder` as working directory.

    The script is kept beside the log as `name.ys`. File names inside commands are relative to
    `folder`, so that nothing in a log depends on the machine.

    Raises
    ------
    ToolError
        If Yosys is missing, fails or takes longer than `timeout_s` seconds.
    """
    yosys_version()
    script = log_folder / f"{name}.ys"
    script.write_text("\n".join([*commands, ""]), encoding="utf-8")
    return run_tool(
        [sys.executable, "-m", "printml.synth.yosys_worker", script.resolve()],
        tool="Yosys",
        folder=folder,
        log=log_folder / f"{name}.log",
        timeout_s=timeout_s,
        hint="Read the log; `printml doctor` shows whether Yosys works",
    )
