"""What a move saves: carried out on the structure, logged, and undone if it was a trial.

Constants and wires run forward, dead gates go, and every net is logged before its first change,
so that the cost of a trial is the cost that the move would really leave.
"""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, FloatArray, Int32Array
from printml.compiled import compiled, inlined
from printml.prune.network import OpArray
from printml.simulate.words import popcount

NO_GATE = 255
INVERTER = 0b0101
KEPT = -1
"""`simplify`: the gate stays a gate."""


@compiled
def index_readers(
    op: OpArray, a: Int32Array, b: Int32Array, outputs: Int32Array, first_gate: int,
    ref: Int32Array, start: Int32Array, readers: Int32Array,
) -> None:  # fmt: skip
    """Count the readers of each net (gate pins and outputs) and list the gates among them.

    Dead gates (no readers, found from the back) count for nothing and become no gate.
    """
    n_nets = op.shape[0]
    ref[:] = 0
    for k in range(outputs.shape[0]):
        ref[outputs[k]] += 1
    for net in range(n_nets - 1, first_gate - 1, -1):
        if op[net] == NO_GATE:
            continue
        if ref[net] == 0:
            op[net] = NO_GATE
            continue
        ref[a[net]] += 1
        if op[net] != INVERTER:
            ref[b[net]] += 1
    start[:] = 0
    for net in range(first_gate, n_nets):
        if op[net] != NO_GATE:
            start[a[net] + 1] += 1
            if op[net] != INVERTER and b[net] != a[net]:
                start[b[net] + 1] += 1
    for net in range(n_nets):
        start[net + 1] += start[net]
    filled = start[:-1].copy()
    for net in range(first_gate, n_nets):
        if op[net] != NO_GATE:
            readers[filled[a[net]]] = net
            filled[a[net]] += 1
            if op[net] != INVERTER and b[net] != a[net]:
                readers[filled[b[net]]] = net
                filled[b[net]] += 1


@compiled
def simplify(
    gate: int, op: OpArray, a: Int32Array, b: Int32Array, start: Int32Array, readers: Int32Array,
) -> int:  # fmt: skip
    """Bring a gate into its simplest form in place; the net it is a wire to, or `KEPT`."""
    left, right, table = a[gate], b[gate], op[gate]
    if table == INVERTER:
        right = left
        table = np.uint8(0b0001)
    # Output for each value of the one net that is left, if only one is.
    zero, one, variable = np.uint8(0), np.uint8(0), -1
    if left <= 1 and right <= 1:
        return int((table >> (left + 2 * right)) & 1)
    if left <= 1:
        variable = right
        zero, one = (table >> left) & 1, (table >> (left + 2)) & 1
    elif right <= 1:
        variable = left
        zero, one = (table >> (2 * right)) & 1, (table >> (2 * right + 1)) & 1
    elif left == right:
        variable = left
        zero, one = table & 1, (table >> 3) & 1
    elif op[left] == INVERTER and a[left] == right:
        variable = right
        zero, one = (table >> 1) & 1, (table >> 2) & 1
    elif op[right] == INVERTER and a[right] == left:
        variable = left
        zero, one = (table >> 2) & 1, (table >> 1) & 1
    else:
        return KEPT
    if zero == one:
        return int(zero)
    if one:
        return int(variable)
    if op[variable] == INVERTER:
        return int(a[variable])
    for k in range(start[variable], start[variable + 1]):
        other = readers[k]
        if other >= gate:
            break
        if op[other] == INVERTER and a[other] == variable:
            return int(other)
    op[gate] = INVERTER
    a[gate] = variable
    b[gate] = 0
    return KEPT


@compiled
def substitute(
    net: int, by: int, inverted: bool, op: OpArray, a: Int32Array, b: Int32Array,
    ref: Int32Array, outputs: Int32Array, first_gate: int, start: Int32Array, readers: Int32Array,
    pending: BitArray, place: Int32Array, stack: Int32Array, cost: FloatArray, log: Int32Array,
) -> tuple[int, float]:  # fmt: skip
    """Replace a net, simplify forward, drop what is dead; `(entries in the log, cost change)`.

    `cost[net, op]`, float64 (n_nets, 16), is what a gate of that function costs at that net.

    `log` takes (net, op, a, b, ref) of every net before its first change; `place` (all -1 before
    the first call) says where. `outputs` is changed too; callers that roll back keep a copy.
    A replaced gate is freed at once, so that nothing is wired to it again.
    """
    change = 0.0
    n_log = 0
    if inverted:
        # An inverse that exists already, or this gate becomes the inverter.
        found = -1
        if op[by] == INVERTER:
            found = a[by]
        else:
            for k in range(start[by], start[by + 1]):
                other = readers[k]
                if other >= net:
                    break
                if op[other] == INVERTER and a[other] == by:
                    found = other
        if by <= 1:
            found = 1 - by
        if found < 0:
            n_log = touch(net, op, a, b, ref, place, log, n_log)
            n_log = touch(by, op, a, b, ref, place, log, n_log)
            n_log = touch(a[net], op, a, b, ref, place, log, n_log)
            ref[a[net]] -= 1
            if op[net] != INVERTER:
                n_log = touch(b[net], op, a, b, ref, place, log, n_log)
                ref[b[net]] -= 1
            ref[by] += 1
            change += cost[net, INVERTER] - cost[net, op[net]]
            op[net] = INVERTER
            a[net] = by
            b[net] = 0
            by = net
        else:
            by = found
    if by != net:
        n_log = touch(net, op, a, b, ref, place, log, n_log)
        n_log = redirect(net, by, op, a, b, ref, outputs, place, log, n_log)
        last = wake(net, start, readers, pending, net >> 6)
        n_log = rewire(net, by, op, a, b, ref, start, readers, place, log, n_log)
        n_log, freed = free(net, op, a, b, ref, first_gate, place, stack, cost, log, n_log)
        change -= freed
        at = net >> 6
        while at <= last:
            waiting = pending[at]
            if not waiting:
                at += 1
                continue
            lowest = waiting & (~waiting + np.uint64(1))
            pending[at] = waiting ^ lowest
            gate = net_of_bit(at, lowest)
            if op[gate] == NO_GATE or ref[gate] <= 0:
                continue
            old_op, old_a, old_b = op[gate], a[gate], b[gate]
            wire = simplify(gate, op, a, b, start, readers)
            if wire != KEPT:
                n_log = touch(gate, op, a, b, ref, place, log, n_log)
                n_log = redirect(gate, wire, op, a, b, ref, outputs, place, log, n_log)
                last = wake(gate, start, readers, pending, last)
                n_log = rewire(gate, wire, op, a, b, ref, start, readers, place, log, n_log)
                n_log, freed = free(gate, op, a, b, ref, first_gate, place, stack, cost, log, n_log)
                change -= freed
            elif op[gate] != old_op:
                # It became an inverter.
                new_op, new_a = op[gate], a[gate]
                op[gate], a[gate], b[gate] = old_op, old_a, old_b
                n_log = touch(gate, op, a, b, ref, place, log, n_log)
                op[gate], a[gate], b[gate] = new_op, new_a, 0
                n_log = touch(old_a, op, a, b, ref, place, log, n_log)
                n_log = touch(old_b, op, a, b, ref, place, log, n_log)
                n_log = touch(new_a, op, a, b, ref, place, log, n_log)
                ref[old_a] -= 1
                ref[old_b] -= 1
                ref[new_a] += 1
                change += cost[gate, new_op] - cost[gate, old_op]
                # An inverter may turn what reads it into a wire.
                last = wake(gate, start, readers, pending, last)
    # What lost its last reader when a gate became an inverter.
    k = 0
    while k < n_log:
        n_log, freed = free(log[k, 0], op, a, b, ref, first_gate, place, stack, cost, log, n_log)
        change -= freed
        k += 1
    return n_log, change


@inlined
def wake(net: int, start: Int32Array, readers: Int32Array, pending: BitArray, last: int) -> int:
    """Set the bits of what reads a net; the last word that has a bit set."""
    for k in range(start[net], start[net + 1]):
        reader = readers[k]
        pending[reader >> 6] |= np.uint64(1) << np.uint64(reader & 63)
        last = max(last, reader >> 6)
    return last


@inlined
def net_of_bit(word: int, bit: np.uint64) -> int:
    """The net that a word's only bit stands for."""
    return 64 * word + int(popcount(bit - np.uint64(1)))


@compiled
def touch(
    net: int, op: OpArray, a: Int32Array, b: Int32Array, ref: Int32Array, place: Int32Array,
    log: Int32Array, n_log: int,
) -> int:  # fmt: skip
    """Log a net before its first change."""
    if place[net] < 0:
        place[net] = n_log
        log[n_log, 0] = net
        log[n_log, 1] = op[net]
        log[n_log, 2] = a[net]
        log[n_log, 3] = b[net]
        log[n_log, 4] = ref[net]
        n_log += 1
    return n_log


@compiled
def redirect(
    net: int, by: int, op: OpArray, a: Int32Array, b: Int32Array, ref: Int32Array,
    outputs: Int32Array, place: Int32Array, log: Int32Array, n_log: int,
) -> int:  # fmt: skip
    """Let the outputs read `by` instead of `net`."""
    n_log = touch(by, op, a, b, ref, place, log, n_log)
    for k in range(outputs.shape[0]):
        if outputs[k] == net:
            outputs[k] = by
            ref[net] -= 1
            ref[by] += 1
    return n_log


@compiled
def rewire(
    net: int, by: int, op: OpArray, a: Int32Array, b: Int32Array, ref: Int32Array,
    start: Int32Array, readers: Int32Array, place: Int32Array, log: Int32Array, n_log: int,
) -> int:  # fmt: skip
    """Let the gates that read `net` read `by`.

    The list of readers is that of the structure before the move. A gate that came to read `net`
    during the move is not in it, but such a net was simplified before anything was wired to it.
    """
    for k in range(start[net], start[net + 1]):
        gate = readers[k]
        if op[gate] == NO_GATE:
            continue
        n_log = touch(gate, op, a, b, ref, place, log, n_log)
        if a[gate] == net:
            a[gate] = by
            ref[net] -= 1
            ref[by] += 1
        if op[gate] != INVERTER and b[gate] == net:
            b[gate] = by
            ref[net] -= 1
            ref[by] += 1
    return n_log


@compiled
def free(
    net: int, op: OpArray, a: Int32Array, b: Int32Array, ref: Int32Array, first_gate: int,
    place: Int32Array, stack: Int32Array, cost: FloatArray, log: Int32Array, n_log: int,
) -> tuple[int, float]:  # fmt: skip
    """If a gate has no readers it goes, and so do its fan-ins that only it read."""
    if net < first_gate or ref[net] > 0 or op[net] == NO_GATE:
        return n_log, 0.0
    freed = 0.0
    stack[0] = net
    depth = 1
    while depth:
        depth -= 1
        gate = stack[depth]
        freed += cost[gate, op[gate]]
        n_pins = 1 if op[gate] == INVERTER else 2
        n_log = touch(gate, op, a, b, ref, place, log, n_log)
        op[gate] = NO_GATE
        for pin in range(n_pins):
            read = a[gate] if pin == 0 else b[gate]
            n_log = touch(read, op, a, b, ref, place, log, n_log)
            ref[read] -= 1
            if ref[read] == 0 and read >= first_gate and op[read] != NO_GATE:
                stack[depth] = read
                depth += 1
    return n_log, freed


@compiled
def roll_back(
    op: OpArray, a: Int32Array, b: Int32Array, ref: Int32Array, place: Int32Array,
    log: Int32Array, n_log: int,
) -> None:  # fmt: skip
    """Undo everything in the log."""
    for k in range(n_log):
        net = log[k, 0]
        op[net] = log[k, 1]
        a[net] = log[k, 2]
        b[net] = log[k, 3]
        ref[net] = log[k, 4]
        place[net] = -1
