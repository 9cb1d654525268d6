"""A netlist by net, as cells and fan-ins: its order, its users, and windows of it."""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, Int32Array, IntArray
from printml.netlist.compiled import compiled
from printml.polish.window_search import random_below


@compiled
def index_network(
    kind: Int32Array,
    fanin: Int32Array,
    n_pins: IntArray,
    ports: IntArray,
    place: Int32Array,
    order: Int32Array,
    fan_start: Int32Array,
    fan_list: Int32Array,
) -> int:
    """Order what the ports reach, free what they do not, list the users; returns the gate count.

    `place` is a gate's position in topological order from 1, 0 for inputs and constants, -1 for
    what is not reached; `order` lists the gates.
    """
    n_nets = kind.shape[0]
    place[:] = -1
    stack = np.empty(n_nets + 1, dtype=np.int32)
    pin = np.zeros(n_nets, dtype=np.int32)
    n = 0
    for port in range(ports.shape[0]):
        if place[ports[port]] >= 0:
            continue
        stack[0] = ports[port]
        depth = 1
        while depth:
            net = stack[depth - 1]
            cell = kind[net]
            if cell < 0:
                place[net] = 0
                depth -= 1
            elif pin[net] < n_pins[cell]:
                read = fanin[net, pin[net]]
                pin[net] += 1
                if place[read] < 0:
                    stack[depth] = read
                    depth += 1
            else:
                order[n] = net
                n += 1
                place[net] = n
                depth -= 1
    fan_start[:] = 0
    for k in range(n):
        net = order[k]
        for p in range(n_pins[kind[net]]):
            fan_start[fanin[net, p] + 1] += 1
    for net in range(n_nets):
        fan_start[net + 1] += fan_start[net]
    filled = fan_start[:-1].copy()
    for k in range(n):
        net = order[k]
        for p in range(n_pins[kind[net]]):
            read = fanin[net, p]
            fan_list[filled[read]] = net
            filled[read] += 1
    return n


@compiled
def grow_window(
    root: int, max_leaves: int, max_gates: int,
    kind: Int32Array, fanin: Int32Array, n_pins: IntArray, small: IntArray,
    place: Int32Array, fan_start: Int32Array, fan_list: Int32Array,
    leaves: IntArray, gates: IntArray, mark: Int32Array, rng: BitArray,
) -> tuple[int, int]:  # fmt: skip
    """Gates and leaves around `root`; `mark` is 1 for leaves and 2 for gates, else 0.

    The leaf that adds the fewest new leaves becomes a gate (ties at random) as long as there is
    room; then gates join that read nothing but the window.
    """
    gates[0] = root
    n_gates, n_leaves = 1, 0
    mark[root] = 2
    for p in range(n_pins[kind[root]]):
        net = fanin[root, p]
        if mark[net] == 0:
            mark[net] = 1
            leaves[n_leaves] = net
            n_leaves += 1
    while n_gates < max_gates:
        best, best_new, ties = -1, 99, 0
        for k in range(n_leaves):
            net = leaves[k]
            if kind[net] < 0 or not small[kind[net]]:
                continue
            new = -1
            for p in range(n_pins[kind[net]]):
                if mark[fanin[net, p]] == 0 and (p == 0 or fanin[net, p] != fanin[net, 0]):
                    new += 1
            if n_leaves + new > max_leaves:
                continue
            if new < best_new:
                best, best_new, ties = k, new, 1
            elif new == best_new:
                ties += 1
                if random_below(rng, ties) == 0:
                    best = k
        if best < 0:
            break
        net = leaves[best]
        n_leaves -= 1
        leaves[best] = leaves[n_leaves]
        mark[net] = 2
        gates[n_gates] = net
        n_gates += 1
        for p in range(n_pins[kind[net]]):
            read = fanin[net, p]
            if mark[read] == 0:
                mark[read] = 1
                leaves[n_leaves] = read
                n_leaves += 1
    grown = True
    while grown and n_gates < max_gates:
        grown = False
        for k in range(n_leaves + n_gates):
            net = leaves[k] if k < n_leaves else gates[k - n_leaves]
            if fan_start[net + 1] - fan_start[net] > 40:
                continue
            for f in range(fan_start[net], fan_start[net + 1]):
                user = fan_list[f]
                if mark[user] or n_gates >= max_gates or not small[kind[user]]:
                    continue
                inside = True
                for p in range(n_pins[kind[user]]):
                    inside &= mark[fanin[user, p]] > 0
                if inside:
                    mark[user] = 2
                    gates[n_gates] = user
                    n_gates += 1
                    grown = True
    return n_leaves, n_gates


@compiled
def leaf_depends_on_gate(
    leaves: IntArray, gates: IntArray, kind: Int32Array, fanin: Int32Array, n_pins: IntArray,
    place: Int32Array, mark: Int32Array, stack: Int32Array, seen: Int32Array, stamp: int,
) -> bool:  # fmt: skip
    """Whether a way leaves the window and comes back into it; rewriting could close a loop."""
    lowest = place[gates[0]]
    for k in range(gates.shape[0]):
        lowest = min(lowest, place[gates[k]])
    depth = 0
    for k in range(leaves.shape[0]):
        if place[leaves[k]] > lowest:
            seen[leaves[k]] = stamp
            stack[depth] = leaves[k]
            depth += 1
            seen[leaves[k]] = stamp
    while depth:
        depth -= 1
        net = stack[depth]
        for p in range(n_pins[kind[net]]):
            read = fanin[net, p]
            if mark[read] == 2:
                return True
            if place[read] > lowest and seen[read] != stamp:
                seen[read] = stamp
                stack[depth] = read
                depth += 1
    return False
