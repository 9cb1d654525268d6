"""The compiled passes behind `tie` and `sweep`; arrays in, arrays out.

A pass over a netlist of 2,000 gates takes some tens of microseconds, so a search may try very
many. The functions may be called from other compiled loops.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array
from printml.netlist.compiled import compiled

MATCH_PINS = 3
"""Functions of up to this many nets are looked up in the library when a gate loses inputs."""

MATCH_OFFSET = np.array([0, 2, 6, 22], dtype=np.int64)
"""Where the functions of 0, 1, 2 and 3 nets start in the match arrays (2 + 4 + 16 + 256)."""


@compiled
def tie_gates(
    kind: Int32Array,
    fanin: Int32Array,
    first_gate_net: int,
    forced: np.ndarray,
    n_pins: Int32Array,
    truth_table: BitArray,
    area: FloatArray,
    match_kind: Int32Array,
    match_pins: Int32Array,
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Propagate constants forward; returns `(kind, fanin, replaced)` in the old net numbers.

    Parameters
    ----------
    kind, fanin
        As in `Netlist`; `kind` indexes the cell arrays.
    forced
        int8, shape (n_nets,): 0 or 1 forces a net, -1 leaves it.
    n_pins, truth_table, area
        Per cell, as in `CellTables`.
    match_kind, match_pins
        Smallest cell per function (or -1) and which of the function's nets each of its pins reads.

    Returns
    -------
    tuple
        New cell and fan-in of every gate, and for every net the net (or constant 0 or 1) that
        now carries its value. Only gates whose net stands for itself are meant.
    """
    n_gates, n_columns = fanin.shape
    n_nets = first_gate_net + n_gates
    new_kind = kind.copy()
    new_fanin = np.zeros((n_gates, n_columns), dtype=np.int32)
    replaced = np.empty(n_nets, dtype=np.int32)
    # A net that is the complement of `source[net]`; a gate net that is the complement of a net.
    source = np.full(n_nets, -1, dtype=np.int32)
    inverted = np.full(n_nets, -1, dtype=np.int32)
    pin_net = np.zeros(8, dtype=np.int32)
    pin_variable = np.zeros(8, dtype=np.int32)
    pin_flip = np.zeros(8, dtype=np.int32)
    variable = np.zeros(8, dtype=np.int32)
    for net in range(first_gate_net):
        replaced[net] = net
    for gate in range(n_gates):
        out = first_gate_net + gate
        if forced[out] >= 0:
            replaced[out] = forced[out]
            continue
        cell = kind[gate]
        n = n_pins[cell]
        if n == 2:
            a = replaced[fanin[gate, 0]]
            b = replaced[fanin[gate, 1]]
            # Nothing to simplify: two different nets, neither the complement of the other.
            different = a != b and source[a] != b and source[b] != a
            if a > 1 and b > 1 and different and (source[a] < 0 or source[a] != source[b]):
                new_fanin[gate, 0] = a
                new_fanin[gate, 1] = b
                replaced[out] = out
                continue
        # The pins as literals over distinct nets.
        n_variables = 0
        for pin in range(n):
            net = replaced[fanin[gate, pin]]
            pin_net[pin] = net
            if net <= 1:
                pin_variable[pin] = -1
                pin_flip[pin] = net
                continue
            root = net
            pin_flip[pin] = 0
            if source[net] >= 0:
                root = source[net]
                pin_flip[pin] = 1
            found = n_variables
            for k in range(n_variables):
                if variable[k] == root:
                    found = k
            if found == n_variables:
                variable[found] = root
                n_variables += 1
            pin_variable[pin] = found
        table = np.uint64(0)
        for state in range(1 << n_variables):
            index = 0
            for pin in range(n):
                bit = pin_flip[pin]
                if pin_variable[pin] >= 0:
                    bit ^= (state >> pin_variable[pin]) & 1
                index |= bit << pin
            one = (truth_table[cell] >> np.uint64(index)) & np.uint64(1)
            table |= one << np.uint64(state)
        table, n_variables = _drop_unread(table, n_variables, variable)
        if n_variables == 0:
            replaced[out] = np.int32(table)
            continue
        if n_variables == 1 and table == np.uint64(2):
            replaced[out] = variable[0]
            continue
        if n_variables == 1:
            other = inverted[variable[0]]
            if other >= 0 and area[new_kind[other - first_gate_net]] <= area[cell]:
                replaced[out] = other
                continue
            source[out] = variable[0]
            if other < 0:
                inverted[variable[0]] = out
        replaced[out] = out
        if n_variables < n and n_variables <= MATCH_PINS:
            place = MATCH_OFFSET[n_variables] + np.int64(table)
            match = match_kind[place]
            if match >= 0 and area[match] <= area[cell]:
                new_kind[gate] = match
                for pin in range(n_pins[match]):
                    new_fanin[gate, pin] = variable[match_pins[place, pin]]
                continue
        for pin in range(n):
            new_fanin[gate, pin] = pin_net[pin]
    return new_kind, new_fanin, replaced


@compiled
def _drop_unread(table: np.uint64, n_variables: int, variable: Int32Array) -> tuple[np.uint64, int]:
    """Remove variables that the function does not depend on; shortens `variable` in place."""
    position = n_variables - 1
    while position >= 0:
        reads = False
        for state in range(1 << n_variables):
            flipped = state ^ (1 << position)
            differ = (table >> np.uint64(state)) ^ (table >> np.uint64(flipped))
            if differ & np.uint64(1):
                reads = True
        if not reads:
            shorter = np.uint64(0)
            for state in range(1 << (n_variables - 1)):
                low = state & ((1 << position) - 1)
                full = ((state >> position) << (position + 1)) | low
                shorter |= ((table >> np.uint64(full)) & np.uint64(1)) << np.uint64(state)
            table = shorter
            for k in range(position, n_variables - 1):
                variable[k] = variable[k + 1]
            n_variables -= 1
        position -= 1
    return table, n_variables


@compiled
def sweep_gates(
    kind: Int32Array,
    fanin: Int32Array,
    first_gate_net: int,
    replaced: Int32Array,
    output_nets: Int32Array,
    n_pins: Int32Array,
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Keep the gates that reach an output; returns `(kind, fanin, net_map)`, renumbered.

    Parameters
    ----------
    kind, fanin, replaced
        From `tie_gates`, or the netlist's own with `replaced` the identity.
    output_nets
        int32, old net of every output bit.
    n_pins
        Per cell; too large a number is harmless, since unused pins read net 0.

    Returns
    -------
    tuple
        `net_map` is int32, shape (n_nets,): the new net that carries the value of an old one,
        or -1 if there is none any more.
    """
    n_gates, n_columns = fanin.shape
    n_nets = first_gate_net + n_gates
    live = np.zeros(n_nets, dtype=np.uint8)
    for k in range(output_nets.shape[0]):
        live[replaced[output_nets[k]]] = 1
    n_live = 0
    for gate in range(n_gates - 1, -1, -1):
        if live[first_gate_net + gate]:
            n_live += 1
            for pin in range(n_pins[kind[gate]]):
                live[fanin[gate, pin]] = 1
    new_kind = np.empty(n_live, dtype=np.int32)
    new_fanin = np.zeros((n_live, n_columns), dtype=np.int32)
    net_map = np.empty(n_nets, dtype=np.int32)
    for net in range(first_gate_net):
        net_map[net] = net
    n_live = 0
    for gate in range(n_gates):
        out = first_gate_net + gate
        if replaced[out] != out:
            # What replaces a net comes before it.
            net_map[out] = net_map[replaced[out]]
        elif live[out]:
            new_kind[n_live] = kind[gate]
            for pin in range(n_pins[kind[gate]]):
                new_fanin[n_live, pin] = net_map[fanin[gate, pin]]
            net_map[out] = first_gate_net + n_live
            n_live += 1
        else:
            net_map[out] = -1
    return new_kind, new_fanin, net_map
