"""cocotb bench: drive every row of stimulus.csv and compare every output port.

Between two rows the input bits that change are unknown. On the way to X and on the way from it a
net changes once at most, for a gate never takes back what it said of fewer known inputs: without
glitches a deep netlist runs up to twice as fast.

Run it with `python run_bench.py rtl` or `python run_bench.py netlist`.
"""

import csv
import os
from pathlib import Path

import cocotb
from cocotb.triggers import Timer
from cocotb.types import Logic, LogicArray

HERE = Path(os.environ.get("BENCH_FOLDER", Path(__file__).resolve().parent))


def read_stimulus():
    """Port names with direction, and the rows as integers."""
    with (HERE / "stimulus.csv").open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(stream)
        header = [cell.split(":") for cell in next(rows)]
        return header, [[int(cell) for cell in row] for row in rows]


def read_port(port, is_signed):
    """Value of a port as an integer; an X or Z bit raises."""
    value = port.value
    if isinstance(value, Logic):
        return int(value)
    return value.to_signed() if is_signed else value.to_unsigned()


def between(port, old, new):
    """The value of an input port with X for each bit in which two integers differ."""
    if isinstance(port.value, Logic):
        return Logic("X")
    digits = f"{new:0{len(port)}b}"
    differs = f"{old ^ new:0{len(port)}b}"
    return LogicArray("".join("X" if d == "1" else n for n, d in zip(digits, differs, strict=True)))


@cocotb.test()
async def every_row(dut):
    header, rows = read_stimulus()
    assert rows, "stimulus.csv has no rows"
    ports = [(direction, getattr(dut, name)) for direction, name, _ in header]
    signed = [kind == "signed" for _, _, kind in header]
    inputs = [port for direction, port in ports if direction == "in"]
    n_inputs = len(inputs)
    for number, row in enumerate(rows):
        last = rows[max(0, number - 1)]
        for port, old, new in zip(inputs, last[:n_inputs], row[:n_inputs], strict=True):
            if old != new:
                port.value = between(port, old, new)
        await Timer(1, unit="us")
        for port, new in zip(inputs, row[:n_inputs], strict=True):
            port.value = new
        await Timer(1, unit="us")
        for (direction, port), is_signed, expected in zip(ports, signed, row, strict=True):
            if direction == "out":
                found = read_port(port, is_signed)
                assert found == expected, (
                    f"row {number}: {port._name} is {found} instead of {expected}"
                )
    (HERE / f"compared_{os.environ['BENCH_KIND']}.txt").write_text(f"{len(rows)}\n")
