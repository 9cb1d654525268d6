"""Formal equivalence of Verilog and mapped netlist for all inputs, by ABC's `cec`."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from printml.errors import CheckError
from printml.synth.synthesize import ELABORATE
from printml.synth.yosys import run_yosys
from printml.verify.cec import equivalence_of
from printml.verify.counterexample import (
    Counterexample,
    blif_ports,
    icarus_answer,
    words_of_pattern,
)
from printml.verify.ladder import Verdict

CHECK = "synthesised Verilog = mapped netlist"
GATES_OF_CELLS = "proc; simplemap; flatten"
"""Yosys passes from a netlist and its cells to one-bit gates: each cell once, before copies of it
take its places."""


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
    for name, sources, passes in (
        ("spec", [verilog], ELABORATE),
        ("impl", [netlist, cells], GATES_OF_CELLS),
    ):
        for source in sources:
            shutil.copyfile(source, folder / f"{name}_{source.name}")
        run_yosys(
            [
                *(f"read_verilog {name}_{source.name}" for source in sources),
                f"hierarchy -check -top {top}",
                passes,
                f"write_blif {name}.blif",
            ],
            folder=folder,
            name=f"prove_{name}",
            log_folder=log_folder,
            timeout_s=timeout_s,
        )
    answer = equivalence_of(
        "spec.blif",
        "impl.blif",
        folder=folder,
        name="prove_cec",
        log_folder=log_folder,
        timeout_s=timeout_s,
    )
    seconds = time.monotonic() - started
    if answer.verdict == "different":
        example = _counterexample(answer.text, verilog, [netlist, cells], top, folder, log_folder)
        raise CheckError(
            f"the mapped netlist is not equivalent to its Verilog: {example}",
            where=f"log {log_folder / 'prove_cec.log'}",
            hint="This is a bug in printml or in the mapper; please report it with the run folder",
        )
    if answer.verdict == "undecided":
        return Verdict(CHECK, "simulated", 0, seconds, "ABC could not decide in time")
    return Verdict(CHECK, "proved", 0, seconds, "all inputs, ABC cec")


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
