"""Stimulus and expected labels of a netlist, from text files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from printml.arrays import IntArray
from printml.errors import DataError, InputError
from printml.files import read_text
from printml.netlist.netlist import Netlist, Port

MAX_FEATURE_BITS = 63


def read_stimulus(path: Path) -> IntArray:
    """One vector a line: unsigned integers separated by blanks or commas.

    Returns
    -------
    IntArray
        int64, shape (n_vectors, n_features), at least one vector.

    Raises
    ------
    DataError
        If a line has another number of values than the first or something else than an unsigned
        integer; names the line.
    """
    rows: list[list[int]] = []
    for number, line in _lines(path, "stimulus"):
        where = f"{path}, line {number}"
        row = [_integer(word, where) for word in re.split(r"\s*,\s*|\s+", line.strip())]
        if min(row) < 0:
            raise DataError(f"{min(row)} is negative", where=where, hint="Inputs are unsigned")
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"the vector has {len(row)} values, the first one {len(rows[0])}", where=where
            )
        rows.append(row)
    return np.array(rows, dtype=np.int64)


def read_labels(path: Path, *, n_vectors: int) -> IntArray:
    """One integer a line, as many as there are vectors; int64, shape (n_vectors,).

    Raises
    ------
    DataError
        If there are more or fewer, or one is no integer; names the line.
    """
    labels = [
        _integer(line.strip(), f"{path}, line {number}") for number, line in _lines(path, "label")
    ]
    if len(labels) != n_vectors:
        raise DataError(
            f"there are {len(labels)} labels for {n_vectors} vectors",
            where=f"{path}, line {min(len(labels), n_vectors) + 1}",
            hint="One label a line, in the order of the stimulus",
        )
    return np.array(labels, dtype=np.int64)


def with_feature_ports(
    netlist: Netlist, X_int: IntArray, *, input_bits: int | None, path: Path
) -> Netlist:
    """The netlist with one input port per column of `X_int`, every value checked to fit it.

    A single wide port is cut into pieces of `input_bits`: feature i is at bits
    [B*i+B-1 : B*i]. Several ports take one feature each.

    Raises
    ------
    DataError
        If columns and ports do not match, or a value is too large; names the line.
    """
    n_features = X_int.shape[1]
    n_ports = len(netlist.inputs)
    if n_ports == 1 and (n_features > 1 or input_bits is not None):
        port = netlist.inputs[0]
        if input_bits is None:
            raise InputError(
                f"input bus {port.name} takes {n_features} features together",
                where=str(path),
                hint="Say how wide each is with --input-bits",
            )
        if n_features * input_bits != port.width:
            raise DataError(
                f"{n_features} features of {input_bits} bits do not fill input bus {port.name} of "
                f"{port.width} bits",
                where=f"{path}, line 1",
            )
        netlist = cut_inputs(netlist, input_bits)
    elif n_features != n_ports:
        raise DataError(
            f"a vector has {n_features} values, the netlist {n_ports} input ports",
            where=f"{path}, line 1",
            hint="One value per port in the order of the ports, or one wide bus with --input-bits",
        )
    for column, port in enumerate(netlist.inputs):
        width = min(port.width, input_bits or port.width)
        if port.width > MAX_FEATURE_BITS:
            raise DataError(f"input {port.name} has {port.width} bits; at most 63 can be driven")
        high = (1 << width) - 1
        outside = X_int[:, column] > high
        if outside.any():
            row = int(np.argmax(outside))
            raise DataError(
                f"value {column + 1} is {X_int[row, column]}; input {port.name} takes 0 .. {high}",
                where=f"{path}, line {row + 1}",
            )
    # Features are unsigned bits, whatever sign the port was declared with.
    return replace(netlist, inputs=tuple(replace(port, signed=False) for port in netlist.inputs))


def cut_inputs(netlist: Netlist, bits: int) -> Netlist:
    """The same gates with every input port cut into unsigned ports of at most `bits` bits."""
    ports = []
    for port in netlist.inputs:
        for low in range(0, port.width, bits):
            nets = port.nets[low : low + bits]
            ports.append(Port(f"{port.name}[{low + len(nets) - 1}:{low}]", nets))
    return replace(netlist, inputs=tuple(ports))


def random_vectors(netlist: Netlist, *, n_vectors: int, seed: int) -> tuple[Netlist, IntArray]:
    """Independent fair input bits: the netlist cut into one-bit inputs, and their values."""
    cut = cut_inputs(netlist, 1)
    rng = np.random.default_rng(seed)
    return cut, rng.integers(0, 2, size=(n_vectors, len(cut.inputs)), dtype=np.int64)


def _lines(path: Path, what: str) -> list[tuple[int, str]]:
    """Numbered lines without blank ones at the end."""
    try:
        lines = read_text(path, what=f"{what} file").splitlines()
    except InputError as error:
        raise DataError(error.what, where=error.where, hint=error.hint) from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"the {what} file is empty", where=str(path))
    return list(enumerate(lines, start=1))


def _integer(word: str, where: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", word):
        what = f"{word[:40]!r} is not an integer" if word else "a value is missing"
        raise DataError(what, where=where)
    return int(word)
