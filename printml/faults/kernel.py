"""The compiled loop of a fault campaign: only what a fault changes is evaluated again."""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, Int32Array, IntArray
from printml.compiled import compiled
from printml.simulate.words import WIDE, minterm, popcount


@compiled
def judge_faults(
    opcode: Int32Array,
    kind: Int32Array,
    fanin: Int32Array,
    n_pins: Int32Array,
    truth_table: BitArray,
    first: int,
    good: BitArray,
    nets: IntArray,
    stuck: IntArray,
    class_nets: IntArray,
    label_bits: BitArray,
    valid: BitArray,
    reachable: BitArray,
    n_right: IntArray,
    n_changed: IntArray,
) -> None:
    """Fill `n_right` and `n_changed` of each fault.

    Parameters
    ----------
    first
        Net of the first gate.
    good
        Values without a fault, uint64, shape (n_nets, n_words).
    nets, stuck
        int64, shape (n_faults, n_at_once): nets of a fault, -1 for none, and their values.
    class_nets, label_bits
        Nets of the answer and the labels' bits, uint64, shape (n_bits, n_words).
    valid, reachable
        Ones where there is a vector, and where its label fits the answer's bits, shape (n_words,).
    """
    n_gates, n_words = opcode.shape[0], good.shape[1]
    n_nets = first + n_gates
    work = good.copy()
    dirty = np.zeros(n_nets, np.bool_)
    held = np.zeros(n_nets, np.bool_)
    touched = np.empty(n_nets, np.int64)
    fresh = np.empty(n_words, np.uint64)
    term = np.empty(n_words, np.uint64)
    ones = ~np.uint64(0)
    for fault in range(nets.shape[0]):
        n_touched = 0
        start = n_nets
        for k in range(nets.shape[1]):
            net = nets[fault, k]
            if net < 0:
                continue
            value = ones if stuck[fault, k] else np.uint64(0)
            for w in range(n_words):
                work[net, w] = value
            if not dirty[net]:
                touched[n_touched] = net
                n_touched += 1
            dirty[net] = True
            held[net] = True
            start = min(start, net + 1)
        for gate in range(max(0, start - first), n_gates):
            y = first + gate
            if held[y]:
                continue
            cell = kind[gate]
            hit = False
            for pin in range(n_pins[cell]):
                hit = hit or dirty[fanin[gate, pin]]
            if not hit:
                continue
            op = opcode[gate]
            a, b = fanin[gate, 0], fanin[gate, 1]
            if op == 0b0111:
                for w in range(n_words):
                    fresh[w] = ~(work[a, w] & work[b, w])
            elif op == 0b0101:
                for w in range(n_words):
                    fresh[w] = ~work[a, w]
            elif op != WIDE:
                m0 = ones if op & 1 else np.uint64(0)
                m1 = ones if op & 2 else np.uint64(0)
                m2 = ones if op & 4 else np.uint64(0)
                m3 = ones if op & 8 else np.uint64(0)
                for w in range(n_words):
                    p, q = work[a, w], work[b, w]
                    fresh[w] = (m0 & ~p & ~q) | (m1 & p & ~q) | (m2 & ~p & q) | (m3 & p & q)
            else:
                for w in range(n_words):
                    fresh[w] = np.uint64(0)
                for state in range(1 << n_pins[cell]):
                    if (truth_table[cell] >> np.uint64(state)) & np.uint64(1):
                        minterm(work, fanin[gate], n_pins[cell], state, term)
                        for w in range(n_words):
                            fresh[w] |= term[w]
            differs = False
            for w in range(n_words):
                if fresh[w] != work[y, w]:
                    differs = True
                    break
            if differs:
                for w in range(n_words):
                    work[y, w] = fresh[w]
                dirty[y] = True
                touched[n_touched] = y
                n_touched += 1
        right, changed = np.int64(0), np.int64(0)
        for w in range(n_words):
            wrong, other = np.uint64(0), np.uint64(0)
            for bit in range(class_nets.shape[0]):
                found = work[class_nets[bit], w]
                wrong |= found ^ label_bits[bit, w]
                other |= found ^ good[class_nets[bit], w]
            right += popcount(~wrong & reachable[w])
            changed += popcount(other & valid[w])
        n_right[fault] = right
        n_changed[fault] = changed
        for k in range(n_touched):
            net = touched[k]
            dirty[net] = False
            held[net] = False
            for w in range(n_words):
                work[net, w] = good[net, w]
