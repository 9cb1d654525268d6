"""How long each net is 0 and 1, how often it switches, and in which states the gates are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from printml.arrays import BitArray, Int32Array, IntArray, frozen
from printml.errors import DataError
from printml.liberty.library import CellLibrary
from printml.netlist.cell_tables import cells_of
from printml.netlist.compiled import compiled
from printml.netlist.netlist import Netlist
from printml.simulate.kernel import blocks
from printml.simulate.words import low_bits, minterm, popcount


@dataclass(frozen=True, eq=False)
class Activity:
    """Counts over a sequence of vectors, one clock period each.

    Attributes
    ----------
    t0, t1
        Vectors in which each net is 0 and 1, int64, shape (n_nets,).
    tc
        Toggles between consecutive vectors, int64, shape (n_nets,).
    n_vectors
        Length of the sequence, at least 1; there are n_vectors - 1 steps.
    state_counts
        Vectors in which each gate's pins are in each state (pin i at bit i), int64,
        shape (n_gates, 2**max_inputs); states that a cell does not have count 0.
    """

    t0: IntArray
    t1: IntArray
    tc: IntArray
    n_vectors: int
    state_counts: IntArray

    def __repr__(self) -> str:
        return f"Activity({len(self.t0)} nets, {self.n_vectors} vectors, {self.tc.sum()} toggles)"


def measure_activity(netlist: Netlist, library: CellLibrary, X_int: npt.ArrayLike) -> Activity:
    """Simulate the vectors in order, without delays or glitches, and count.

    Parameters
    ----------
    X_int
        Integers, shape (n_vectors, n_features), in the order they are applied.

    Raises
    ------
    DataError
        If there is no vector, or one does not fit the ports.
    NetlistError
        If the library lacks a cell.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> from printml.netlist.build import NetlistBuilder
    >>> library = find_library("egfet", 1.0)
    >>> builder = NetlistBuilder("top", library=library)
    >>> a, b = builder.add_input("a", 2)
    >>> builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    >>> activity = measure_activity(builder.build(), library, [[0], [1], [2], [3], [0]])
    >>> int(activity.t1[-1]), int(activity.tc[-1])
    (4, 2)
    """
    n_vectors = len(np.asarray(X_int))
    if n_vectors == 0:
        raise DataError("activity needs at least one vector", where=f"netlist {netlist.name}")
    n_pins = np.array([cell.n_inputs for cell in cells_of(netlist, library)], dtype=np.int64)
    gate_pins = n_pins[netlist.kind] if netlist.n_gates else np.zeros(0, dtype=np.int64)
    t1 = np.zeros(netlist.n_nets, dtype=np.int64)
    tc = np.zeros(netlist.n_nets, dtype=np.int64)
    states = np.zeros((netlist.n_gates, 1 << netlist.fanin.shape[1]), dtype=np.int64)
    last = np.zeros(netlist.n_nets, dtype=np.uint64)
    for start, n, values in blocks(netlist, library, X_int):
        ones = np.zeros(netlist.n_nets, dtype=np.int64)
        _count_nets(values, n, start > 0, last, ones, tc)
        _count_states(values, n, netlist.fanin, gate_pins, ones, states)
        t1 += ones
    return Activity(
        t0=frozen(n_vectors - t1, np.int64),
        t1=frozen(t1, np.int64),
        tc=frozen(tc, np.int64),
        n_vectors=n_vectors,
        state_counts=frozen(states, np.int64),
    )


@compiled
def _count_nets(
    values: BitArray, n: int, follows: bool, last: BitArray, ones: IntArray, tc: IntArray
) -> None:
    """Add up ones and toggles of n vectors; `last` carries each net's final bit to the next block.

    Toggle t is between vectors t and t + 1: of a word its 63 inner steps, then the step to the
    next word.
    """
    n_full = n // 64
    rest = n % 64
    for net in range(values.shape[0]):
        high = np.int64(0)
        toggles = np.int64(0)
        for w in range(n_full):
            word = values[net, w]
            high += popcount(word)
            toggles += popcount((word ^ (word >> np.uint64(1))) & low_bits(63))
        for w in range(1, n_full):
            toggles += np.int64(
                (values[net, w - 1] >> np.uint64(63)) ^ (values[net, w] & np.uint64(1))
            )
        if rest:
            word = values[net, n_full]
            high += popcount(word & low_bits(rest))
            toggles += popcount((word ^ (word >> np.uint64(1))) & low_bits(rest - 1))
            if n_full:
                toggles += np.int64(
                    (values[net, n_full - 1] >> np.uint64(63)) ^ (word & np.uint64(1))
                )
        if follows:
            toggles += np.int64(last[net] ^ (values[net, 0] & np.uint64(1)))
        last[net] = (values[net, (n - 1) // 64] >> np.uint64((n - 1) % 64)) & np.uint64(1)
        ones[net] += high
        tc[net] += toggles


@compiled
def _count_states(
    values: BitArray,
    n: int,
    fanin: Int32Array,
    gate_pins: IntArray,
    ones: IntArray,
    states: IntArray,
) -> None:
    n_words = (n + 63) // 64
    last_mask = low_bits(n - 64 * (n_words - 1))
    term = np.empty(n_words, dtype=np.uint64)
    for gate in range(fanin.shape[0]):
        if gate_pins[gate] == 2:
            # Three of the four counts follow from the ones of both nets and of their AND.
            a = np.uint64(fanin[gate, 0])
            b = np.uint64(fanin[gate, 1])
            both = np.int64(0)
            for w in range(n_words - 1):
                both += popcount(values[a, w] & values[b, w])
            both += popcount(values[a, n_words - 1] & values[b, n_words - 1] & last_mask)
            states[gate, 0] += n - ones[a] - ones[b] + both
            states[gate, 1] += ones[a] - both
            states[gate, 2] += ones[b] - both
            states[gate, 3] += both
        elif gate_pins[gate] == 1:
            states[gate, 0] += n - ones[fanin[gate, 0]]
            states[gate, 1] += ones[fanin[gate, 0]]
        else:
            for state in range(1 << gate_pins[gate]):
                minterm(values, fanin[gate], gate_pins[gate], state, term)
                term[n_words - 1] &= last_mask
                count = np.int64(0)
                for w in range(n_words):
                    count += popcount(term[w])
                states[gate, state] += count
