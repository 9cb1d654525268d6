"""`printml doctor`: each tool, the version found, the version needed, and what mends it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata

import click
from rich.table import Table

from printml.blas import KERNEL, kernel_in_use
from printml.cli.output import print_json, print_table
from printml.errors import ToolError
from printml.synth.yosys import abc_path
from printml.verify.icarus import INSTALL_HINT, icarus_version

PACKAGES = (
    ("scikit-learn", "1.6"),
    ("numpy", "2.0"),
    ("numba", "0.61"),
    ("pyosys", "0.60"),
    ("cocotb", "2.0"),
)


@dataclass(frozen=True)
class Finding:
    """One tool: what was found and whether that is enough."""

    tool: str
    found: str
    needed: str
    ok: bool
    mend: str


def _version_key(text: str) -> tuple[int, ...]:
    parts = []
    for part in text.split("."):
        digits = "".join(c for c in part if c.isdigit())
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def examine() -> list[Finding]:
    """Look at the interpreter and every tool."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    mend = "" if ok else "install Python 3.11 or newer"
    findings = [Finding("Python", python, "3.11", ok, mend)]
    for name, needed in PACKAGES:
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "missing"
        ok = _version_key(found) >= _version_key(needed)
        mend = "" if ok else f"pip install '{name}>={needed}'"
        findings.append(Finding(name, found, needed, ok, mend))
    # Not its fault if it is another: models are trained to other coefficients then.
    findings.append(Finding("BLAS kernels", kernel_in_use(), f"any, best {KERNEL}", True, ""))
    findings.append(_tool("ABC", "from pyosys", lambda: abc_path().name, "pip install pyosys"))
    mend = INSTALL_HINT.removeprefix("Install it with: ")
    findings.append(_tool("Icarus Verilog", "11.0", icarus_version, mend))
    return findings


def _tool(name: str, needed: str, version: Callable[[], str], mend: str) -> Finding:
    try:
        found = version()
    except ToolError as error:
        return Finding(name, error.what, needed, False, mend)
    ok = not needed[0].isdigit() or _version_key(found) >= _version_key(needed)
    return Finding(name, found, needed, ok, "" if ok else mend)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor_command(as_json: bool) -> None:
    """List each tool with the version found, the version needed and the line that mends it."""
    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("tool", "found", "needed", "ok", "mend with", title="printml doctor")
        for finding in findings:
            table.add_row(
                finding.tool,
                finding.found,
                f">= {finding.needed}" if finding.needed[0].isdigit() else finding.needed,
                "yes" if finding.ok else "NO",
                finding.mend,
            )
        print_table(table)
    bad = [finding.tool for finding in findings if not finding.ok]
    if bad:
        raise ToolError(f"not ready: {', '.join(bad)}", hint="Run the lines in `mend with`")
