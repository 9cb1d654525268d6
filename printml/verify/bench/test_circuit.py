"""cocotb bench: drive every row of stimulus.csv and compare every output port.

All inputs are unknown before each row. So nothing of the row before is left in the circuit, and
every net changes at most once on the way to X and once from it: a gate never takes back what it
said of fewer known inputs. Without glitches a deep netlist runs many times as fast.

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


def unknown_value(port):
    """X on every bit."""
    return Logic("X") if isinstance(port.value, Logic) else LogicArray("X" * len(port))


@cocotb.test()
async def every_row(dut):
    header, rows = read_stimulus()
    assert rows, "stimulus.csv has no rows"
    ports = [(direction, getattr(dut, name)) for direction, name, _ in header]
    signed = [kind == "signed" for _, _, kind in header]
    inputs = [port for direction, port in ports if direction == "in"]
    unknown = [unknown_value(port) for port in inputs]
    for number, row in enumerate(rows):
        for values in (unknown, row):
            # Inputs come first in a row.
            for port, value in zip(inputs, values, strict=False):
                port.value = value
            await Timer(1, unit="us")
        for (direction, port), is_signed, expected in zip(ports, signed, row, strict=True):
            if direction == "out":
                found = read_port(port, is_signed)
                assert found == expected, (
                    f"row {number}: {port._name} is {found} instead of {expected}"
                )
    (HERE / f"compared_{os.environ['BENCH_KIND']}.txt").write_text(f"{len(rows)}\n")
