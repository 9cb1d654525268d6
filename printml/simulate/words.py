"""The compiled loops of the simulator: 64 vectors to a word, one word operation per gate."""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, Int32Array, IntArray
from printml.netlist.compiled import compiled

WIDE = -1
"""Opcode of cells with more than two inputs."""


@compiled
def pack_words(X: IntArray, widths: IntArray, packed: BitArray) -> None:
    """Set the bits of `packed`, zero before, from integers (n_vectors, n_ports)."""
    for row in range(X.shape[0]):
        word = row >> 6
        place = np.uint64(row & 63)
        first = 0
        for column in range(X.shape[1]):
            value = np.uint64(X[row, column])
            for bit in range(widths[column]):
                packed[first + bit, word] |= ((value >> np.uint64(bit)) & np.uint64(1)) << place
            first += widths[column]


@compiled
def read_bus_words(values: BitArray, nets: IntArray, signed: bool, result: IntArray) -> None:
    for bit in range(nets.shape[0]):
        weight = np.int64(1) << bit
        if signed and bit == nets.shape[0] - 1:
            weight = -weight
        for v in range(result.shape[0]):
            one = (values[nets[bit], v >> 6] >> np.uint64(v & 63)) & np.uint64(1)
            result[v] += weight * np.int64(one)


@compiled
def run_gates(
    opcode: Int32Array,
    kind: Int32Array,
    fanin: Int32Array,
    n_pins: Int32Array,
    truth_table: BitArray,
    packed: BitArray,
    values: BitArray,
) -> None:
    """One loop per truth table: each is a plain word operation that vectorises."""
    n_words = values.shape[1]
    ones = ~np.uint64(0)
    first = 2 + packed.shape[0]
    for w in range(n_words):
        values[0, w] = 0
        values[1, w] = ones
    for bit in range(packed.shape[0]):
        for w in range(n_words):
            values[2 + bit, w] = packed[bit, w]
    term = np.empty(n_words, dtype=np.uint64)
    for gate in range(opcode.shape[0]):
        # Unsigned, so that no index is tested for being negative.
        y = np.uint64(first + gate)
        a = np.uint64(fanin[gate, 0])
        b = np.uint64(fanin[gate, 1])
        op = opcode[gate]
        if op == 0b0111:
            for w in range(n_words):
                values[y, w] = ~(values[a, w] & values[b, w])
        elif op == 0b0001:
            for w in range(n_words):
                values[y, w] = ~(values[a, w] | values[b, w])
        elif op == 0b1000:
            for w in range(n_words):
                values[y, w] = values[a, w] & values[b, w]
        elif op == 0b1110:
            for w in range(n_words):
                values[y, w] = values[a, w] | values[b, w]
        elif op == 0b0110:
            for w in range(n_words):
                values[y, w] = values[a, w] ^ values[b, w]
        elif op == 0b1001:
            for w in range(n_words):
                values[y, w] = ~(values[a, w] ^ values[b, w])
        elif op == 0b0101:
            for w in range(n_words):
                values[y, w] = ~values[a, w]
        elif op == 0b0011:
            for w in range(n_words):
                values[y, w] = ~values[b, w]
        elif op == 0b1010:
            for w in range(n_words):
                values[y, w] = values[a, w]
        elif op == 0b1100:
            for w in range(n_words):
                values[y, w] = values[b, w]
        elif op == 0b0010:
            for w in range(n_words):
                values[y, w] = values[a, w] & ~values[b, w]
        elif op == 0b0100:
            for w in range(n_words):
                values[y, w] = ~values[a, w] & values[b, w]
        elif op == 0b1011:
            for w in range(n_words):
                values[y, w] = values[a, w] | ~values[b, w]
        elif op == 0b1101:
            for w in range(n_words):
                values[y, w] = ~values[a, w] | values[b, w]
        elif op == 0b0000:
            for w in range(n_words):
                values[y, w] = 0
        elif op == 0b1111:
            for w in range(n_words):
                values[y, w] = ones
        else:
            # A sum of minterms; every inner loop still runs over words.
            cell = kind[gate]
            for w in range(n_words):
                values[y, w] = 0
            for state in range(1 << n_pins[cell]):
                if (truth_table[cell] >> np.uint64(state)) & np.uint64(1):
                    minterm(values, fanin[gate], n_pins[cell], state, term)
                    for w in range(n_words):
                        values[y, w] |= term[w]


@compiled
def minterm(values: BitArray, fanin: Int32Array, n_pins: int, state: int, term: BitArray) -> None:
    """Fill `term` with a 1 for each vector in which the pins are in `state`."""
    for w in range(term.shape[0]):
        term[w] = ~np.uint64(0)
    for pin in range(n_pins):
        net = np.uint64(fanin[pin])
        flip = np.uint64(0) if (state >> pin) & 1 else ~np.uint64(0)
        for w in range(term.shape[0]):
            term[w] &= values[net, w] ^ flip


@compiled
def popcount(word: np.uint64) -> np.int64:
    """Ones in a uint64, as int64; compilers know this form and use the processor's own."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def low_bits(n: int) -> np.uint64:
    """uint64 with the lowest n bits set, 0 <= n <= 64."""
    if n >= 64:
        return ~np.uint64(0)
    return (np.uint64(1) << np.uint64(n)) - np.uint64(1)
