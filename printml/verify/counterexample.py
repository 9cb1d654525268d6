"""What ABC's `cec` says of two circuits that differ, confirmed by Icarus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from printml.files import write_text_atomic
from printml.tools import run_tool
from printml.verify.icarus import INSTALL_HINT, icarus_version
from printml.verilog_names import is_simple

_BIT = re.compile(r"(?P<name>.+?)(?:\[(?P<place>\d+)\])?\Z")


@dataclass(frozen=True)
class Counterexample:
    """Input words on which two modules differ, and what Icarus says each answers."""

    inputs: Mapping[str, int]
    expected: Mapping[str, int]
    found: Mapping[str, int]

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value}" for name, value in self.inputs.items())
        wrong = [name for name in self.expected if self.expected[name] != self.found[name]]
        answers = ", ".join(
            f"{name} is {self.found[name]} instead of {self.expected[name]}" for name in wrong
        )
        return f"for {given}: {answers or 'Icarus sees no difference'}"

    @property
    def confirmed(self) -> bool:
        """Whether the two really differ under Icarus."""
        return self.expected != self.found


def words_of_pattern(text: str, names: Sequence[str]) -> dict[str, int] | None:
    """Input words from the `Input pattern:` line of `cec`; inputs it leaves out are 0.

    Parameters
    ----------
    text
        Output of ABC.
    names
        Bit names of the inputs, `port[k]` or `port` for a one-bit port.

    Returns
    -------
    dict or None
        None if ABC printed no pattern.
    """
    line = re.search(r"^Input pattern:(.*)$", text, re.MULTILINE)
    if line is None:
        return None
    ones = {part[:-2] for part in line[1].split() if part.endswith("=1")}
    words: dict[str, int] = {}
    for name in names:
        port, place = bit_place(name)
        words[port] = words.get(port, 0) | (name in ones) << place
    return words


def bit_place(name: str) -> tuple[str, int]:
    """Port and bit number of a bit name."""
    match = _BIT.match(name)
    assert match is not None
    return match["name"], int(match["place"] or 0)


def widths(names: Sequence[str]) -> dict[str, int]:
    """Width of each port, in order of first appearance."""
    result: dict[str, int] = {}
    for name in names:
        port, place = bit_place(name)
        result[port] = max(result.get(port, 0), place + 1)
    return result


def icarus_answer(
    sources: Sequence[str],
    *,
    top: str,
    inputs: Mapping[str, int],
    input_bits: Sequence[str],
    output_bits: Sequence[str],
    folder: Path,
    log_folder: Path,
    name: str,
    timeout_s: float,
) -> dict[str, int]:
    """Value of every output word (unsigned) of module `top` for one input vector.

    `sources` are file names inside `folder`.
    """
    icarus_version()
    in_widths, out_widths = widths(input_bits), widths(output_bits)
    ports = [
        f".{_escaped(port)}({n_bits}'d{inputs[port]})" for port, n_bits in in_widths.items()
    ] + [f".{_escaped(port)}(out_{k})" for k, port in enumerate(out_widths)]
    lines = ["`timescale 1ns/1ps", "module counterexample_bench;"]
    lines += [f"  wire [{n - 1}:0] out_{k};" for k, n in enumerate(out_widths.values())]
    lines.append(f"  {top} dut ({', '.join(ports)});")
    shown = ", ".join(f"out_{k}" for k in range(len(out_widths)))
    lines += [f'  initial #1 $display("{"%0d " * len(out_widths)}", {shown});', "endmodule", ""]
    write_text_atomic(folder / f"{name}.v", "\n".join(lines))
    compile_argv = ["iverilog", "-g2005", "-s", "counterexample_bench", "-o", f"{name}.vvp"]
    for step, argv in (
        ("compile", [*compile_argv, *sources, f"{name}.v"]),
        ("run", ["vvp", "-n", f"{name}.vvp"]),
    ):
        run = run_tool(
            argv,
            tool="Icarus Verilog",
            folder=folder,
            log=log_folder / f"{name}_{step}.log",
            timeout_s=timeout_s,
            hint=INSTALL_HINT,
        )
    # The first line of a log is the command.
    values = run.output.splitlines()[1].split()
    return {port: int(value) for port, value in zip(out_widths, values, strict=True)}


def _escaped(name: str) -> str:
    return name if is_simple(name) or name == "class" else f"\\{name} "


def blif_ports(path: Path) -> tuple[list[str], list[str]]:
    """Input and output bit names of a BLIF file."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    found = {
        key: [
            name
            for line in re.findall(rf"^\.{key} (.*)$", text, re.MULTILINE)
            for name in line.split()
        ]
        for key in ("inputs", "outputs")
    }
    return found["inputs"], found["outputs"]
