"""One pass over a netlist: search a window around every gate and write what was found in place."""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array, IntArray
from printml.netlist.compiled import compiled
from printml.polish.network import grow_window, index_network, leaf_depends_on_gate
from printml.polish.window_search import (
    MAX_LEAVES,
    MAX_NODES,
    MAX_SLOTS,
    SPARE_SLOTS,
    apply_cell,
    byte_sums,
    random_below,
    search_window,
    state_shares,
)


@compiled
def rewrite_pass(
    kind: Int32Array, fanin: Int32Array, n_pins: IntArray, ports: IntArray,
    values: BitArray, n_vectors: int, small: IntArray, choice: IntArray,
    pin_table: IntArray, leakage: FloatArray, area: FloatArray,
    price: float, max_area: float, max_leaves: int, max_gates: int,
    n_tries: int, heat: float, rng: BitArray, totals: FloatArray,
) -> int:  # fmt: skip
    """Search one window around every gate, outputs first; returns how many were rewritten.

    Works in place on `kind`, `fanin`, `ports` and `values` (by net); `totals` holds power and
    area and is kept up to date. `choice` maps the search's cells (`pin_table`, `leakage`, `area`)
    to kinds; `small` is 1 + the search's cell of a kind, 0 for one that it leaves alone.
    """
    n_nets = kind.shape[0]
    place = np.empty(n_nets, dtype=np.int32)
    order = np.empty(n_nets, dtype=np.int32)
    fan_start = np.zeros(n_nets + 1, dtype=np.int32)
    fan_list = np.empty(fanin.size, dtype=np.int32)
    stack = np.empty(n_nets, dtype=np.int32)
    seen = np.zeros(n_nets, dtype=np.int32)
    mark = np.zeros(n_nets, dtype=np.int32)
    node_of = np.zeros(n_nets, dtype=np.int32)
    net_of = np.zeros(MAX_NODES, dtype=np.int64)
    leaves = np.zeros(MAX_LEAVES + 2, dtype=np.int64)
    gates = np.zeros(MAX_SLOTS, dtype=np.int64)
    shares = np.zeros(64)
    sums = np.zeros((8, 256))
    genes = np.zeros((MAX_SLOTS, 3), dtype=np.int64)
    figures = np.zeros(4)
    is_port = np.zeros(n_nets, dtype=np.int32)
    for p in range(ports.shape[0]):
        is_port[ports[p]] = 1
    n_gates = index_network(kind, fanin, n_pins, ports, place, order, fan_start, fan_list)
    roots = order[:n_gates].copy()
    first_gate = n_nets
    for net in range(2, n_nets):
        if kind[net] >= 0:
            first_gate = net
            break
    pins = n_pins[choice]
    n_rewritten = 0
    saved, fits = 0.0, False
    for r in range(n_gates - 1, -1, -1):
        root = roots[r]
        if place[root] <= 0 or not small[kind[root]]:
            continue
        k_leaves, k_gates = grow_window(
            root, max_leaves, max_gates, kind, fanin, n_pins, small,
            place, fan_start, fan_list, leaves, gates, mark, rng,
        )  # fmt: skip
        gates[:k_gates] = gates[:k_gates][np.argsort(place[gates[:k_gates]])]
        bad = k_gates < 2 or leaf_depends_on_gate(
            leaves[:k_leaves], gates[:k_gates], kind, fanin, n_pins, place, mark, stack, seen, r + 1
        )
        if not bad:
            state_shares(values, n_vectors, leaves[:k_leaves], shares)
            byte_sums(shares, sums)
            for k in range(k_leaves):
                node_of[leaves[k]] = k
                net_of[k] = leaves[k]
            # Spare slots stand first, in the middle and last, so that new gates find room.
            n_slots = k_gates + SPARE_SLOTS
            slot = 0
            n_out = 0
            outputs = np.zeros(k_gates, dtype=np.int64)
            out_net = np.zeros(k_gates, dtype=np.int64)
            spare = 0
            for k in range(k_gates):
                if spare < SPARE_SLOTS and random_below(rng, k_gates) < SPARE_SLOTS:
                    genes[slot, 0] = 0
                    genes[slot, 1] = random_below(rng, k_leaves + slot)
                    genes[slot, 2] = random_below(rng, k_leaves + slot)
                    slot += 1
                    spare += 1
                net = gates[k]
                genes[slot, 0] = small[kind[net]] - 1
                genes[slot, 1] = node_of[fanin[net, 0]]
                genes[slot, 2] = node_of[fanin[net, n_pins[kind[net]] - 1]]
                node_of[net] = k_leaves + slot
                slot += 1
                outside = is_port[net] == 1
                for f in range(fan_start[net], fan_start[net + 1]):
                    outside |= mark[fan_list[f]] != 2
                if outside:
                    outputs[n_out] = node_of[net]
                    out_net[n_out] = net
                    n_out += 1
            n_slots = slot
            saved = search_window(
                k_leaves, n_slots, genes[:n_slots], outputs[:n_out], sums,
                pin_table, pins, leakage, area, price, n_tries, heat, rng, figures,
            )  # fmt: skip
            new_area = totals[1] + figures[3] - figures[1]
            fits = new_area <= max_area or figures[3] <= figures[1]
            if saved > 1.0 and fits:
                done = _commit(
                    k_leaves, n_slots, genes, outputs[:n_out], out_net[:n_out], net_of,
                    kind, fanin, n_pins, ports, is_port, values, choice, pin_table,
                    place, fan_start, fan_list, first_gate,
                )  # fmt: skip
                if done:
                    totals[0] += figures[2] - figures[0]
                    totals[1] = new_area
                    n_rewritten += 1
        for k in range(k_leaves):
            mark[leaves[k]] = 0
        for k in range(k_gates):
            mark[gates[k]] = 0
        if not bad and saved > 1.0 and fits:
            index_network(kind, fanin, n_pins, ports, place, order, fan_start, fan_list)
    return n_rewritten


@compiled
def _commit(
    n_leaves: int, n_slots: int, genes: IntArray, outputs: IntArray, out_net: IntArray,
    net_of: IntArray, kind: Int32Array, fanin: Int32Array, n_pins: IntArray, ports: IntArray,
    is_port: Int32Array, values: BitArray, choice: IntArray, pin_table: IntArray,
    place: Int32Array, fan_start: Int32Array, fan_list: Int32Array, first_gate: int,
) -> bool:  # fmt: skip
    """Write the window's new gates. An output keeps its net unless another one became it."""
    used = np.zeros(MAX_NODES, dtype=np.int64)
    for k in range(outputs.shape[0]):
        used[outputs[k]] = 1
    for slot in range(n_slots - 1, -1, -1):
        net_of[n_leaves + slot] = -1
        if used[n_leaves + slot]:
            used[genes[slot, 1]] = 1
            if n_pins[choice[genes[slot, 0]]] == 2:
                used[genes[slot, 2]] = 1
    for k in range(outputs.shape[0]):
        if net_of[outputs[k]] < 0:
            net_of[outputs[k]] = out_net[k]
    free = first_gate
    for slot in range(n_slots):
        if used[n_leaves + slot] and net_of[n_leaves + slot] < 0:
            while free < kind.shape[0] and place[free] >= 0:
                free += 1
            if free == kind.shape[0]:
                return False
            net_of[n_leaves + slot] = free
            free += 1
    for slot in range(n_slots):
        if used[n_leaves + slot]:
            net = net_of[n_leaves + slot]
            cell, p, q = genes[slot, 0], genes[slot, 1], genes[slot, 2]
            a, b = net_of[p], net_of[q]
            kind[net] = choice[cell]
            fanin[net] = 0
            fanin[net, 0] = a
            if n_pins[kind[net]] == 2:
                fanin[net, 1] = b
            for w in range(values.shape[1]):
                values[net, w] = apply_cell(pin_table[cell], values[a, w], values[b, w])
    for k in range(outputs.shape[0]):
        old, new = out_net[k], net_of[outputs[k]]
        if old != new:
            for f in range(fan_start[old], fan_start[old + 1]):
                user = fan_list[f]
                for p in range(fanin.shape[1]):
                    if p < n_pins[kind[user]] and fanin[user, p] == old:
                        fanin[user, p] = new
            for p in range(ports.shape[0]):
                if ports[p] == old:
                    ports[p] = new
                    is_port[new] = 1
            is_port[old] = 0
    return True
