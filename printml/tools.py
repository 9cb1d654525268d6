"""Run external tools: argv lists, own folder, time-out, return code checked, log kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from printml.errors import ToolError, unwritable_place

LAST_LINES = 12
"""How much of a failed tool's log its error repeats."""


class ToolTimeoutError(ToolError):
    """The tool was stopped because its time was up."""


@dataclass(frozen=True)
class ToolRun:
    """A finished command: what it was, how long it took and what it printed."""

    argv: tuple[str, ...]
    seconds: float
    output: str


def run_tool(
    argv: Sequence[str | Path],
    *,
    tool: str,
    folder: Path,
    log: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    hint: str = "Run `printml doctor` to see what is installed",
) -> ToolRun:
    """Run a command to its end and keep its output in `log`.

    Parameters
    ----------
    argv
        Program and arguments; no shell is involved.
    tool
        Name for error messages ("ABC").
    folder
        Working directory of the command.
    log
        File that receives the command line and everything it printed.
    timeout_s
        Seconds after which it and all its children are killed.
    environment
        Variables to set beside those inherited.

    Raises
    ------
    ToolError
        If the program is missing, exits with another code than 0 or is killed; the message
        names the command, the log and the last lines of it.
    ToolTimeoutError
        If it takes longer than `timeout_s`.
    """
    command = tuple(str(part) for part in argv)
    started = time.monotonic()
    try:
        with log.open("w", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(command)}\n")
            stream.flush()
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                )
            except OSError as error:
                raise ToolError(
                    f"{tool} cannot be started: {error.strerror}", where=command[0], hint=hint
                ) from error
            code = _wait(process, timeout_s)
    except OSError as error:
        raise unwritable_place(log, error) from error
    seconds = time.monotonic() - started
    output = log.read_text(encoding="utf-8", errors="replace")
    if code is None:
        raise ToolTimeoutError(
            f"{tool} was stopped after {timeout_s:g} s",
            where=f"log {log}",
            hint="Allow more time with --timeout, or timeout_s in the run folder's recipe.toml",
        )
    if code != 0:
        tail = " | ".join(
            line.strip() for line in output.splitlines()[-LAST_LINES:] if line.strip()
        )
        how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise ToolError(f"{tool} {how}: {tail[-800:]}", where=f"log {log}", hint=hint)
    return ToolRun(command, seconds, output)


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Exit code, or None if time ran out; never leaves the process or a child behind."""
    expired = threading.Event()

    def expire() -> None:
        if process.returncode is None:
            expired.set()
            _kill_group(process)

    # Waiting with a time-out asks twenty times a second; most tools here need less than that.
    timer = threading.Timer(min(timeout_s, threading.TIMEOUT_MAX), expire)
    timer.daemon = True
    timer.start()
    try:
        code = process.wait()
    except BaseException:
        _kill_group(process)
        raise
    finally:
        timer.cancel()
    return None if expired.is_set() else code


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
