"""The words of a behavioural Verilog file as Yosys reads them.

Yosys parses the file and `proc` leaves word-level cells. Here a sum's wire is followed through
`$add`, `$sub`, `$mul`, `$neg` and `$pos` back to the wires of other words, which gives its linear
form by Verilog's own rules of width and sign; every other word is cut out with its operands as
free inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from printml.circuit.ir import Circuit, Constant, Input, Range, Sum, width
from printml.circuit.verilog import word_names

Bit = int | str
Bits = tuple[Bit, ...]


class NotLinearError(Exception):
    """A sum's wire is driven by something else than a linear form that cannot overflow."""


@dataclass(frozen=True)
class Linear:
    """`constant + sum(coefficient * word)` with the interval of its exact value."""

    terms: Mapping[int, int]
    constant: int
    low: int
    high: int


class RtlWords:
    """A module of Yosys JSON (after `proc`) seen as the words of `circuit`."""

    def __init__(self, module: Mapping[str, Any], circuit: Circuit) -> None:
        self.module = module
        self.circuit = circuit
        netnames = module["netnames"]
        self.bits: list[Bits] = [tuple(netnames[name]["bits"]) for name in word_names(circuit)]
        self.word_of = {bits: k for k, bits in enumerate(self.bits)}
        self.driver: dict[Bit, tuple[str, int]] = {}
        for name, cell in module["cells"].items():
            for place, bit in enumerate(cell["connections"]["Y"]):
                self.driver[bit] = (name, place)

    def wrong_sums(self) -> list[int]:
        """Sums whose wire in the file does not have the circuit's linear form."""
        return [
            k
            for k, op in enumerate(self.circuit.ops)
            if isinstance(op, Sum) and not self._is(k, op)
        ]

    def _is(self, index: int, op: Sum) -> bool:
        n_bits = len(self.bits[index])
        try:
            found = self._driven(self.bits[index], n_bits)
        except NotLinearError:
            return False
        modulus = 1 << n_bits
        expected = {operand: coefficient for coefficient, operand in op.terms}
        keys = expected.keys() | found.terms.keys()
        return (found.constant - op.constant) % modulus == 0 and all(
            (expected.get(k, 0) - found.terms.get(k, 0)) % modulus == 0 for k in keys
        )

    def _value(self, bits: Bits, signed: bool, n_bits: int) -> Linear:
        """Linear form of an operand whose value counts modulo 2**n_bits."""
        if all(isinstance(bit, str) for bit in bits):
            return self._constant(bits, signed)
        if bits in self.word_of and signed:
            k = self.word_of[bits]
            low, high = self.circuit.ranges[k]
            return Linear({k: 1}, 0, low, high)
        if not signed:
            raise NotLinearError
        return self._driven(bits, n_bits)

    def _constant(self, bits: Bits, signed: bool) -> Linear:
        value = sum(1 << place for place, bit in enumerate(bits) if bit == "1")
        if any(bit not in ("0", "1") for bit in bits):
            raise NotLinearError
        if signed and bits[-1] == "1":
            value -= 1 << len(bits)
        return Linear({}, value, value, value)

    def _driven(self, bits: Bits, n_bits: int) -> Linear:
        """Linear form of what drives `bits`, exact or at least right modulo 2**n_bits."""
        name, place = self.driver.get(bits[0], ("", 0))
        if not name:
            raise NotLinearError
        cell = self.module["cells"][name]
        if place != 0 or tuple(cell["connections"]["Y"])[: len(bits)] != bits:
            raise NotLinearError
        parameters = {key: int(str(value), 2) for key, value in cell["parameters"].items()}
        operands = [
            self._value(tuple(cell["connections"][pin]), bool(parameters[f"{pin}_SIGNED"]), n_bits)
            for pin in ("A", "B")
            if pin in cell["connections"]
        ]
        result = _apply(cell["type"], operands)
        fits = -(1 << (len(bits) - 1)) <= result.low and result.high < 1 << (len(bits) - 1)
        if len(bits) < n_bits and not fits:
            raise NotLinearError
        return result

    def cut_module(self) -> dict[str, Any]:
        """The non-linear words as outputs `res_k`, every operand word a free input `cut_k`."""
        fresh = 1 + max(bit for bits in self._all_bits() for bit in bits if isinstance(bit, int))
        renamed: dict[Bit, Bit] = {}
        ports: dict[str, Any] = {}
        for k in cut_words(self.circuit):
            n_bits = width(self.circuit.ranges[k])
            new = list(range(fresh, fresh + n_bits))
            fresh += n_bits
            ports[f"cut_{k}"] = {"direction": "input", "bits": new}
            for place, bit in enumerate(self.bits[k]):
                if isinstance(bit, int):
                    # The leading bit of an unsigned word is 0 for every value it can have.
                    renamed[bit] = new[place] if place < n_bits else "0"
        cells = {}
        for name, cell in self.module["cells"].items():
            connections = {
                pin: bits if pin == "Y" else [renamed.get(bit, bit) for bit in bits]
                for pin, bits in cell["connections"].items()
            }
            cells[name] = {**cell, "connections": connections}
        for k in decided_words(self.circuit):
            # An unsigned word's leading bit is left out: 0 for every value in its range.
            bits = self.bits[k][: width(self.circuit.ranges[k])]
            ports[f"res_{k}"] = {"direction": "output", "bits": list(bits)}
        return {"attributes": {"top": "1"}, "ports": ports, "cells": cells, "netnames": {}}

    def _all_bits(self) -> Sequence[Sequence[Bit]]:
        return [
            *(net["bits"] for net in self.module["netnames"].values()),
            *(bits for c in self.module["cells"].values() for bits in c["connections"].values()),
        ]

    def wrong_outputs(self) -> list[str]:
        """Output ports that are not the low bits of their word."""
        ports = self.module["ports"]
        return [
            name
            for name, k in self.circuit.outputs
            if tuple(ports[name]["bits"]) != self.bits[k][: width(self.circuit.ranges[k])]
        ]


def _apply(kind: str, operands: Sequence[Linear]) -> Linear:
    if kind == "$pos":
        return operands[0]
    if kind == "$neg":
        return _combine(_ZERO, operands[0], -1)
    if kind == "$add":
        return _combine(operands[0], operands[1], 1)
    if kind == "$sub":
        return _combine(operands[0], operands[1], -1)
    if kind == "$mul":
        for factor, other in (operands, operands[::-1]):
            if not factor.terms:
                return _combine(_ZERO, other, factor.constant)
    raise NotLinearError


_ZERO = Linear({}, 0, 0, 0)


def _combine(first: Linear, second: Linear, factor: int) -> Linear:
    terms = dict(first.terms)
    for k, coefficient in second.terms.items():
        terms[k] = terms.get(k, 0) + factor * coefficient
    ends: Range = (min(factor * second.low, factor * second.high),
                   max(factor * second.low, factor * second.high))  # fmt: skip
    return Linear(
        terms,
        first.constant + factor * second.constant,
        first.low + ends[0],
        first.high + ends[1],
    )


def decided_words(circuit: Circuit) -> list[int]:
    """Operations that are neither inputs, constants nor sums."""
    return [k for k, op in enumerate(circuit.ops) if not isinstance(op, Input | Constant | Sum)]


def cut_words(circuit: Circuit) -> list[int]:
    """Words that such operations read, constants left in place."""
    read = {k for index in decided_words(circuit) for k in circuit.ops[index].operands}
    return sorted(k for k in read if not isinstance(circuit.ops[k], Constant))
