"""`printml evaluate` and `printml resynth`: other people's netlists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from printml.cli.output import print_json, print_table, step_progress
from printml.errors import InputError
from printml.flow.evaluate import Stimulus, evaluate
from printml.flow.resynth import resynthesize, write_resynthesis
from printml.flow.run import corner_vdds
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.netlist.read_verilog import read_verilog
from printml.synth.abc import EFFORTS

EGFET_VDDS = (0.6, 0.8, 1.0)
"""The supplies that printed power sources give; shown side by side."""
PATH_GATES = 12
"""Gates of the critical path that the table shows."""

file_path = click.Path(path_type=Path)
netlist_argument = click.argument("netlist", type=file_path)
top_option = click.option("--top", metavar="NAME", help="Module to read [default: the only top].")
library_option = click.option(
    "--library", default="egfet", show_default=True, help="Built-in cell library."
)
liberty_option = click.option("--liberty", metavar="FILE", help="Your own Liberty file instead.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("evaluate")
@netlist_argument
@top_option
@library_option
@liberty_option
@click.option(
    "--vdd",
    "vdds",
    type=float,
    multiple=True,
    help="Supply in volts, may be repeated [default: 0.6, 0.8 and 1.0; other libraries: all].",
)
@click.option("--clock-ms", type=float, default=200.0, show_default=True, help="Clock period.")
@click.option("--stimulus", type=file_path, help="One vector a line, unsigned integers.")
@click.option(
    "--input-bits", type=click.IntRange(1, 63), help="Bits of each feature on one wide bus."
)
@click.option("--expected", type=file_path, help="One label a line, compared with predictions.")
@click.option(
    "--class-offset", type=int, default=0, show_default=True, help="Added to each prediction."
)
@click.option("--output", metavar="PORT", help="Port that predicts [default: class; the only one].")
@click.option(
    "--cross-check/--no-cross-check",
    default=None,
    help="Compare with pyverilog's reading [default: below 5,000 instances].",
)
@json_option
def evaluate_command(
    netlist: Path,
    top: str | None,
    library: str,
    liberty: str | None,
    vdds: tuple[float, ...],
    clock_ms: float,
    stimulus: Path | None,
    input_bits: int | None,
    expected: Path | None,
    class_offset: int,
    output: str | None,
    cross_check: bool | None,
    as_json: bool,
) -> None:
    """Area, timing, power and accuracy of a structural Verilog netlist made by any tool.

    It must consist of cells of the library. Without --stimulus, power is that under uniform
    random vectors.
    """
    figures = evaluate(
        netlist,
        corners=_corners(library, liberty, vdds),
        top=top,
        clock_ms=clock_ms,
        stimulus=Stimulus(stimulus, input_bits, expected, class_offset, output),
        check=cross_check,
    )
    if as_json:
        print_json(figures)
        return
    _show(figures)


@click.command("resynth")
@netlist_argument
@click.option(
    "-o", "--out", type=file_path, required=True, help="Verilog file to write; never the input."
)
@top_option
@library_option
@liberty_option
@click.option("--vdd", type=float, help="Supply in volts [default: 1.0, else the lowest].")
@click.option("--effort", type=click.Choice(list(EFFORTS)), default="normal", show_default=True)
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds per call.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True)
@json_option
def resynth_command(
    netlist: Path,
    out: Path,
    top: str | None,
    library: str,
    liberty: str | None,
    vdd: float | None,
    effort: str,
    timeout: float,
    jobs: int,
    as_json: bool,
) -> None:
    """Map a netlist's function again, keep what is smaller, and prove it equal."""
    if out.resolve() == netlist.resolve():
        raise InputError(
            "the output would replace the input", where=str(out), hint="Choose another file"
        )
    cells = _corners(library, liberty, (vdd,) if vdd is not None else ())[-1]
    with step_progress(as_json) as progress:
        progress("reading")
        original = read_verilog(netlist, library=cells, top=top).netlist
        progress("synthesis with Yosys and ABC, then proof")
        result = resynthesize(original, cells, effort=effort, timeout_s=timeout, n_jobs=jobs)
        write_resynthesis(out, result, library=cells)
    before, after = original.area_cm2(cells), result.after.area_cm2(cells)
    facts: dict[str, Any] = {
        "netlist": str(netlist),
        "out": str(out),
        "library": cells.name,
        "area_before_cm2": before,
        "area_after_cm2": after,
        "cells_before": original.n_gates,
        "cells_after": result.after.n_gates,
        "flow": result.flow,
        "equality": result.verdict.how,
        "equality_detail": result.verdict.detail,
    }
    if as_json:
        print_json(facts)
        return
    table = Table("", "before", "after", title=str(out))
    table.add_row("area cm2", f"{before:.5g}", f"{after:.5g}")
    table.add_row("cells", str(original.n_gates), str(result.after.n_gates))
    table.add_row("made by", "", result.flow)
    table.add_row("equality", "", f"{result.verdict.how}: {result.verdict.detail}")
    print_table(table)


def _corners(library: str, liberty: str | None, vdds: tuple[float, ...]) -> list[CellLibrary]:
    """The library at each supply asked for, ascending; else at those worth comparing."""
    if liberty is not None:
        return [find_library(Path(liberty), vdd) for vdd in vdds or (None,)]
    chosen = vdds or (EGFET_VDDS if library == "egfet" else corner_vdds(library)) or (1.0,)
    return [find_library(library, vdd) for vdd in sorted(set(chosen))]


def _show(figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title=f"{figures['netlist']}: {figures['top']}")
    table.add_row("area cm2", f"{figures['area_cm2']:.5g}")
    table.add_row("cells", str(figures["n_cells"]))
    for cell, count in figures["cells"].items():
        table.add_row(f"  {cell}", f"{count}  ({figures['area_of_cells_cm2'][cell]:.5g} cm2)")
    for corner in figures["corners"]:
        parts = [
            f"{corner['power_mw']:.5g} mW ({corner['static_power_mw']:.4g} static + "
            f"{corner['active_power_mw']:.4g} active)"
        ]
        if "delay_ms" in corner:
            late = "" if corner["meets_clock"] else f", LATE for {figures['clock_ms']:g} ms"
            parts.append(f"delay {corner['delay_ms']:.4g} ms{late}")
        table.add_row(f"at {corner['vdd']:g} V", ", ".join(parts))
    table.add_row("power under", figures["power_rows"])
    steps = figures.get("critical_path", [])
    if steps:
        shown = [escape(f"{step['instance']} ({step['cell']})") for step in steps[-PATH_GATES:]]
        dots = "... " if len(steps) > PATH_GATES else ""
        path = f"{len(steps)} gates: {dots}{' > '.join(shown)}"
        table.add_row(f"critical path at {figures['corners'][-1]['vdd']:g} V", path)
    if "accuracy" in figures:
        table.add_row(
            "accuracy",
            f"{figures['accuracy']:.4f}, {figures['n_correct']} of {figures['n_vectors']} "
            f"(95 % interval {figures['accuracy_low']:.4f} .. {figures['accuracy_high']:.4f})",
        )
    table.add_row("second reader", escape(figures["cross_check"]))
    for note in figures["library_notes"]:
        table.add_row("note", note)
    print_table(table)
