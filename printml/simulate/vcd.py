"""A small VCD reader that counts switching activity, to check our own against a simulator's.

pywellen reads VCD too, but gives the width of a bus without its index range, and would be one more
compiled package to install for what is one pass over the changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from printml.errors import DataError

_UNITS_FS = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_SKIPPED_TYPES = frozenset({"real", "realtime", "string", "event", "parameter"})


@dataclass
class _Bit:
    """A bit while it is counted: its value since vector `since`, and what came before."""

    value: str = "x"
    since: int = 0
    zeros: int = 0
    ones: int = 0
    toggles: int = 0
    sampled: str = ""

    def change(self, value: str, vector: int, name: str) -> None:
        """Close the run of vectors that ended with the old value."""
        length = vector - self.since
        if length > 0:
            if self.value == "0":
                self.zeros += length
            elif self.value == "1":
                self.ones += length
            else:
                raise DataError(f"{name} is {self.value} at the end of vector {self.since}")
            self.toggles += self.sampled not in ("", self.value)
            self.sampled = self.value
            self.since = vector
        self.value = value


@dataclass(frozen=True)
class _Variable:
    """The bits behind one identifier code, most significant first, and the name of each."""

    bits: tuple[_Bit, ...]
    names: tuple[str, ...]


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
        return _count(source.splitlines(), period, n_vectors, "VCD")
    try:
        with source.open(encoding="utf-8", errors="replace") as stream:
            return _count(stream, period, n_vectors, str(source))
    except OSError as error:
        raise DataError(
            f"the VCD dump cannot be read: {error.strerror or error}", where=str(source)
        ) from error


def _count(
    lines: Iterable[str], period: int, n_vectors: int | None, where: str
) -> dict[str, tuple[int, int, int]]:
    rows = iter(lines)
    by_code, by_name, tick_fs = _header(rows, where)
    period_ticks, rest = divmod(period * _UNITS_FS["ns"], tick_fs)
    if period_ticks < 1 or rest:
        raise DataError(f"{period} ns is no multiple of the dump's time unit", where=where)
    time = 0
    for row in rows:
        words = iter(row.split())
        for word in words:
            first = word[0]
            if first in "01xXzZ":
                code, value = word[1:], first.lower()
            elif first in "bB":
                code, value = next(words, ""), word[1:].lower()
            elif first in "rRsS":
                next(words, "")
                continue
            elif first == "#":
                time = _number(word[1:], where)
                continue
            elif first == "$":
                if word == "$comment":
                    break
                continue
            else:
                raise DataError(f"cannot read {word!r} in the value changes", where=where)
            variable = by_code.get(code)
            if variable is None:
                continue
            bits = variable.bits
            if len(value) < len(bits):
                value = ("0" if value[:1] in ("0", "1") else value[:1]) * (
                    len(bits) - len(value)
                ) + value
            if len(value) < len(bits):
                raise DataError(f"cannot read {word!r} in the value changes", where=where)
            vector = time // period_ticks
            if n_vectors is not None and vector >= n_vectors:
                continue
            for bit, name, new in zip(bits, variable.names, value[-len(bits) :], strict=True):
                if new != bit.value:
                    bit.change(new, vector, name)
    n_seen = -(-time // period_ticks)
    n = n_seen if n_vectors is None else n_vectors
    if n_seen < n:
        raise DataError(f"the dump ends after {n_seen} of {n} vectors", where=where)
    for variable in by_code.values():
        for bit, name in zip(variable.bits, variable.names, strict=True):
            bit.change(bit.value, n, name)
    return {name: (bit.zeros, bit.ones, bit.toggles) for name, bit in by_name.items()}


def _header(rows: Iterable[str], where: str) -> tuple[dict[str, _Variable], dict[str, _Bit], int]:
    """Variables by identifier code, bits by name, and femtoseconds per time unit."""
    by_code: dict[str, _Variable] = {}
    by_name: dict[str, _Bit] = {}
    tick_fs = 0
    command: list[str] = []
    for row in rows:
        command += row.split()
        if not command or command[-1] != "$end":
            continue
        if command[0] == "$timescale":
            match = re.fullmatch(r"(1|10|100)(s|ms|us|ns|ps|fs)", "".join(command[1:-1]))
            if match is None:
                raise DataError(f"unknown time scale {' '.join(command[1:-1])!r}", where=where)
            tick_fs = int(match[1]) * _UNITS_FS[match[2]]
        elif command[0] == "$var" and not _SKIPPED_TYPES & {*command[1:2]}:
            names = _bit_names(command, where)
            variable = by_code.setdefault(
                command[3], _Variable(tuple(_Bit() for _ in names), tuple(names))
            )
            for name, bit in zip(names, variable.bits, strict=True):
                if by_name.setdefault(name, bit) is not bit:
                    raise DataError(
                        f"two variables are called {name}",
                        where=where,
                        hint="Dump one scope only, as with $dumpvars(1, instance)",
                    )
        elif command[0] == "$enddefinitions":
            if not tick_fs:
                raise DataError("the dump has no time scale", where=where)
            return by_code, by_name, tick_fs
        command = []
    raise DataError("the dump has no $enddefinitions; it is truncated or not VCD", where=where)


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
