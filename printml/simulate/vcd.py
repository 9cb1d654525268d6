"""A small VCD reader that counts switching activity, to check our own against a simulator's.

pywellen reads VCD too, but gives the width of a bus without its index range, and would be one more
compiled package to install for what is one pass over the changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from printml.errors import DataError
from printml.simulate.vcd_kernel import (
    FINE,
    MOST_CODE_BYTES,
    NO_NUMBER,
    SHORT,
    UNREADABLE,
    Bytes,
    code_number,
    count_changes,
)

_UNITS_FS = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_SKIPPED_TYPES = frozenset({"real", "realtime", "string", "event", "parameter"})


@dataclass
class _Header:
    """What stands before the value changes.

    Attributes
    ----------
    variables
        Number of the first bit and of bits, by identifier code.
    bits
        Number of each bit, by name; several names may share one.
    names
        First name of each bit.
    tick_fs
        Femtoseconds per time unit.
    """

    variables: dict[str, tuple[int, int]] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    tick_fs: int = 0


def count_vcd(
    source: str | Path, *, period: int, n_vectors: int | None = None
) -> dict[str, tuple[int, int, int]]:
    """T0, T1 and TC of every bit in a VCD dump, sampled at the end of each period.

    Vector k lasts from k * period up to (k + 1) * period; the value just before its end counts,
    so glitches within it do not. Bits of a bus are called `name[index]` with the index of its
    declaration; a variable without a range is `name`. Scopes are left out of the names.

    Parameters
    ----------
    source
        A file (`Path`) or the text of one (`str`).
    period
        In ns, whatever the time unit of the dump.
    n_vectors
        Number of periods to count; by default those up to the last time in the dump.

    Returns
    -------
    dict
        Name to (vectors at 0, vectors at 1, toggles between vectors).

    Raises
    ------
    DataError
        If the dump cannot be read, a bit is x or z when it is sampled, two variables of
        different scopes have the same name, or the dump ends before the vectors do.
    """
    if not isinstance(source, Path):
        return _count(source.encode(), period, n_vectors, "VCD")
    try:
        text = source.read_bytes()
    except OSError as error:
        raise DataError(
            f"the VCD dump cannot be read: {error.strerror or error}", where=str(source)
        ) from error
    return _count(text, period, n_vectors, str(source))


def _count(
    text: bytes, period: int, n_vectors: int | None, where: str
) -> dict[str, tuple[int, int, int]]:
    head, begin = _header(text, where)
    period_ticks, rest = divmod(period * _UNITS_FS["ns"], head.tick_fs)
    if period_ticks < 1 or rest:
        raise DataError(f"{period} ns is no multiple of the dump's time unit", where=where)
    numbers = {_code_number(code, where): bits for code, bits in head.variables.items()}
    codes = np.array(sorted(numbers), np.int64)
    places = np.array([numbers[code] for code in codes.tolist()], np.int64).reshape(-1, 2)
    counts = np.zeros((len(head.names), 3), np.int64)
    ended, first, second = count_changes(
        np.frombuffer(text, np.uint8), begin, codes,
        places[:, 0].copy(), places[:, 1].copy(),
        period_ticks, -1 if n_vectors is None else n_vectors, counts,
    )  # fmt: skip
    if ended == NO_NUMBER:
        raise DataError(f"{_text(text[first:second])!r} is not a number", where=where)
    if ended == UNREADABLE:
        word = _text(text[first:second])
        raise DataError(f"cannot read {word!r} in the value changes", where=where)
    if ended == SHORT:
        raise DataError(f"the dump ends after {first} of {n_vectors} vectors", where=where)
    if ended != FINE:
        value = chr(counts[first, 2])
        raise DataError(f"{head.names[first]} is {value} at the end of vector {second}")
    found = [(zeros, ones, toggles) for zeros, ones, toggles in counts.tolist()]
    return {name: found[bit] for name, bit in head.bits.items()}


def _header(text: bytes, where: str) -> tuple[_Header, int]:
    """What is declared, and where the value changes begin."""
    head = _Header()
    command: list[str] = []
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin) + 1 or len(text)
        command += _text(text[begin:end]).split()
        begin = end
        if not command or command[-1] != "$end":
            continue
        if command[0] == "$timescale":
            match = re.fullmatch(r"(1|10|100)(s|ms|us|ns|ps|fs)", "".join(command[1:-1]))
            if match is None:
                raise DataError(f"unknown time scale {' '.join(command[1:-1])!r}", where=where)
            head.tick_fs = int(match[1]) * _UNITS_FS[match[2]]
        elif command[0] == "$var" and not _SKIPPED_TYPES & {*command[1:2]}:
            _declare(head, command, where)
        elif command[0] == "$enddefinitions":
            if not head.tick_fs:
                raise DataError("the dump has no time scale", where=where)
            return head, begin
        command = []
    raise DataError("the dump has no $enddefinitions; it is truncated or not VCD", where=where)


def _declare(head: _Header, command: list[str], where: str) -> None:
    names = _bit_names(command, where)
    first, n_bits = head.variables.setdefault(command[3], (len(head.names), len(names)))
    if first == len(head.names):
        head.names += names
    if n_bits != len(names):
        raise DataError(
            f"{command[4]} has {len(names)} bits, another variable of its code {n_bits}",
            where=where,
        )
    for bit, name in enumerate(names, start=first):
        if head.bits.setdefault(name, bit) != bit:
            raise DataError(
                f"two variables are called {name}",
                where=where,
                hint="Dump one scope only, as with $dumpvars(1, instance)",
            )


def _code_number(code: str, where: str) -> int:
    spelled: Bytes = np.frombuffer(code.encode(), np.uint8)
    number = int(code_number(spelled, 0, len(spelled)))
    if number < 0:
        raise DataError(
            f"the identifier code {code!r} is not one of up to {MOST_CODE_BYTES} ASCII characters",
            where=where,
        )
    return number


def _text(part: bytes) -> str:
    return part.decode("utf-8", errors="replace")


def _bit_names(command: list[str], where: str) -> list[str]:
    """Names of the bits that `$var type size code name [range] $end` declares."""
    if len(command) < 6:
        raise DataError(f"cannot read {' '.join(command)!r}", where=where)
    size = _number(command[2], where)
    reference = command[4].removeprefix("\\")
    bounds = "".join(command[5:-1])
    if size > 1 and not bounds:
        match = re.fullmatch(r"(.*)(\[-?\d+:-?\d+\])", reference)
        reference, bounds = (match[1], match[2]) if match else (reference, f"[{size - 1}:0]")
    if not bounds:
        return [reference]
    numbers = [int(number) for number in re.findall(r"-?\d+", bounds)]
    left, right = numbers[0], numbers[-1]
    step = 1 if left <= right else -1
    names = [f"{reference}[{index}]" for index in range(left, right + step, step)]
    if len(names) != size:
        raise DataError(f"{reference}{bounds} does not have {size} bits", where=where)
    return names


def _number(text: str, where: str) -> int:
    if not text.isdecimal():
        raise DataError(f"{text!r} is not a number", where=where)
    return int(text)
