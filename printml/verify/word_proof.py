"""Proof that the behavioural Verilog and the bit-level structure agree, word by word.

Both are cut at the words of the circuit. Sums: the file's linear form as Yosys reads it, and the
heap's adders, each equal to the circuit's sum by algebra. All other words: one SAT sweep over
small pieces with free operands. Equal pieces on equal operands compose to equal circuits, for
operand values in their exact ranges (sums) and beyond (the rest).
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from printml.circuit.ir import Circuit, Constant, is_signed, width
from printml.circuit.logic import Bus, LogicBuilder
from printml.circuit.lower import Word, constant_bits, lower_op, lower_words
from printml.circuit.verilog import structural_verilog
from printml.errors import CheckError
from printml.synth.synthesize import ELABORATE
from printml.synth.yosys import run_yosys
from printml.verify.cec import equivalence_of
from printml.verify.ladder import Verdict
from printml.verify.rtl_words import RtlWords, cut_words, decided_words
from printml.verify.sum_proof import unproved_sums

CHECK = "behavioural Verilog = synthesised Verilog"


def prove_words(
    circuit: Circuit, verilog: Path, *, folder: Path, log_folder: Path, timeout_s: float
) -> Verdict:
    """Prove the behavioural Verilog of `circuit` equal to its bit-level structure.

    Parameters
    ----------
    circuit
        What the file was written from and what `lower` gets.
    verilog
        The behavioural file.
    timeout_s
        Limit of each tool call.

    Returns
    -------
    Verdict
        `proved`, or `simulated` naming the words that were not proved.

    Raises
    ------
    CheckError
        If a decision differs for some operand values.
    ToolError
        If Yosys or ABC fails.
    """
    started = time.monotonic()
    (folder / "words.v").write_text(verilog.read_text(encoding="utf-8"), encoding="utf-8")
    run_yosys(
        ["read_verilog words.v", f"hierarchy -top {circuit.name}", "proc", "write_json words.json"],
        folder=folder,
        name="words_read",
        log_folder=log_folder,
        timeout_s=timeout_s,
    )
    module = json.loads((folder / "words.json").read_text(encoding="utf-8"))["modules"]
    rtl = RtlWords(module[circuit.name], circuit)
    logic, words = lower_words(circuit)
    open_words = [f"sum %{k}" for k in rtl.wrong_sums()]
    open_words += [f"heap of %{k}" for k in unproved_sums(circuit, logic, words)]
    open_words += [f"port {name}" for name in rtl.wrong_outputs()]
    decided = decided_words(circuit)
    if decided and not _decisions_proved(circuit, rtl, folder, log_folder, timeout_s):
        open_words.append(f"{len(decided)} decisions (SAT ran out of time)")
    seconds = time.monotonic() - started
    n_sums = sum(str(op).startswith("sum") for op in circuit.ops)
    if open_words:
        return Verdict(CHECK, "simulated", 0, seconds, f"not proved: {', '.join(open_words[:8])}")
    detail = f"all inputs; {n_sums} sums by algebra, {len(decided)} decisions by SAT"
    return Verdict(CHECK, "proved", 0, seconds, detail)


def _decisions_proved(
    circuit: Circuit, rtl: RtlWords, folder: Path, log_folder: Path, timeout_s: float
) -> bool:
    """SAT-sweep the cut file against the cut structure; False if time ran out."""
    cut = {"creator": "printml", "modules": {"pieces": rtl.cut_module()}}
    (folder / "pieces_spec.json").write_text(json.dumps(cut), encoding="utf-8")
    (folder / "pieces_impl.v").write_text(cut_structure(circuit), encoding="utf-8")
    for name, read in (
        ("spec", "read_json pieces_spec.json"),
        ("impl", "read_verilog pieces_impl.v"),
    ):
        run_yosys(
            [read, "hierarchy -top pieces", ELABORATE, f"write_blif pieces_{name}.blif"],
            folder=folder,
            name=f"pieces_{name}",
            log_folder=log_folder,
            timeout_s=timeout_s,
        )
    answer = equivalence_of(
        "pieces_spec.blif",
        "pieces_impl.blif",
        folder=folder,
        name="pieces_cec",
        log_folder=log_folder,
        timeout_s=timeout_s,
    )
    if answer.verdict == "different":
        differs = re.search(r"res_(\d+)", answer.text)
        word = f"word %{differs[1]}" if differs else "a word"
        raise CheckError(
            f"{word} of the behavioural Verilog differs from its bit-level structure",
            where=f"log {log_folder / 'pieces_cec.log'}",
            hint="This is a bug in printml; please report it with the run folder",
        )
    return answer.verdict == "equal"


def cut_structure(circuit: Circuit) -> str:
    """Structural Verilog of every decided word with its operands as ports."""
    logic = LogicBuilder("pieces")
    words = [
        Word(constant_bits(op.value, width(r)), is_signed(r))
        if isinstance(op, Constant)
        else Word(())
        for op, r in zip(circuit.ops, circuit.ranges, strict=True)
    ]
    for k in cut_words(circuit):
        value_range = circuit.ranges[k]
        words[k] = Word(tuple(logic.input(f"cut_{k}", width(value_range))), is_signed(value_range))
    outputs = []
    for k in decided_words(circuit):
        word = lower_op(logic, circuit.ops[k], circuit.ranges[k], words)
        outputs.append(Bus(f"res_{k}", word.extended(width(circuit.ranges[k]))))
    return structural_verilog(logic.build(outputs))
