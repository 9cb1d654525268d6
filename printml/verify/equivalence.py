"""Formal equivalence of Verilog and mapped netlist for all inputs, by ABC's `cec`."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from printml.errors import CheckError
from printml.synth.abc import run_abc
from printml.synth.synthesize import ELABORATE
from printml.synth.yosys import run_yosys
from printml.tools import ToolTimeoutError
from printml.verify.counterexample import (
    Counterexample,
    blif_ports,
    icarus_answer,
    words_of_pattern,
)
from printml.verify.ladder import Verdict

CHECK = "synthesised Verilog = mapped netlist"


def prove_equivalence(
    verilog: Path,
    netlist: Path,
    cells: Path,
    *,
    top: str,
    folder: Path,
    log_folder: Path,
    timeout_s: float,
) -> Verdict:
    """Prove that two Verilog modules of the same ports answer alike on every input.

    Both are read by Yosys in runs of their own, so the reader of the netlist is not the one
    that wrote it; ABC then sweeps the pair for equal internal nets and calls SAT for the rest.

    Parameters
    ----------
    verilog, netlist, cells
        Verilog files of the specification, of the mapped netlist, and of the cells.
    timeout_s
        Limit of each tool call.

    Returns
    -------
    Verdict
        `proved`, or `simulated` with the reason if time ran out.

    Raises
    ------
    CheckError
        If a counterexample was found.
    ToolError
        If a tool fails.
    """
    started = time.monotonic()
    for name, sources in (("spec", [verilog]), ("impl", [netlist, cells])):
        for source in sources:
            shutil.copyfile(source, folder / f"{name}_{source.name}")
        run_yosys(
            [
                *(f"read_verilog {name}_{source.name}" for source in sources),
                f"hierarchy -check -top {top}",
                ELABORATE,
                f"write_blif {name}.blif",
            ],
            folder=folder,
            name=f"prove_{name}",
            log_folder=log_folder,
            timeout_s=timeout_s,
        )
    limit = max(1, int(timeout_s))
    try:
        run = run_abc(
            f"cec -T {limit} spec.blif impl.blif; read_blif spec.blif; write_blif cec_done.blif",
            folder=folder,
            name="prove_cec",
            log_folder=log_folder,
            output="cec_done.blif",
            timeout_s=timeout_s + 30,
        )
    except ToolTimeoutError:
        return Verdict(CHECK, "simulated", 0, time.monotonic() - started, "proof ran out of time")
    if re.search(r"^Networks are NOT EQUIVALENT", run.output, re.MULTILINE):
        example = _counterexample(run.output, verilog, [netlist, cells], top, folder, log_folder)
        raise CheckError(
            f"the mapped netlist is not equivalent to its Verilog: {example}",
            where=f"log {log_folder / 'prove_cec.log'}",
            hint="This is a bug in printml or in the mapper; please report it with the run folder",
        )
    if not re.search(r"^Networks are equivalent", run.output, re.MULTILINE):
        reason = "ABC could not decide"
        return Verdict(CHECK, "simulated", 0, time.monotonic() - started, reason)
    return Verdict(CHECK, "proved", 0, time.monotonic() - started, "all inputs, ABC cec")


def _counterexample(
    text: str, verilog: Path, implementation: list[Path], top: str, folder: Path, log_folder: Path
) -> str:
    """The vector ABC found, in words, with what Icarus answers for both sides."""
    inputs, outputs = blif_ports(folder / "spec.blif")
    words = words_of_pattern(text, inputs)
    if words is None:
        return "ABC printed no input pattern"
    answers = [
        icarus_answer(
            [f"{side}_{source.name}" for source in sources],
            top=top,
            inputs=words,
            input_bits=inputs,
            output_bits=outputs,
            folder=folder,
            log_folder=log_folder,
            name=f"counterexample_{side}",
            timeout_s=60,
        )
        for side, sources in (("spec", [verilog]), ("impl", implementation))
    ]
    return str(Counterexample(words, *answers))
