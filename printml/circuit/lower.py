"""Word-level circuit to bit-level logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from printml.circuit.heap import BitHeap
from printml.circuit.ir import (
    Above,
    ArgMax,
    Circuit,
    Constant,
    DecisionTree,
    Input,
    Op,
    Range,
    Relu,
    Select,
    ShiftClip,
    Sum,
    is_signed,
    width,
)
from printml.circuit.logic import FALSE, TRUE, Bus, Logic, LogicBuilder
from printml.circuit.tree import lower_tree, plain_above


@dataclass(frozen=True)
class Word:
    """Literals of a word, least significant first; the last is the sign if `signed`."""

    bits: tuple[int, ...]
    signed: bool = False

    def extended(self, n_bits: int) -> tuple[int, ...]:
        """At least `n_bits` bits of the same value."""
        fill = self.bits[-1] if self.signed else FALSE
        return self.bits + (fill,) * (n_bits - len(self.bits))


def lower(circuit: Circuit) -> Logic:
    """Bit-level logic with the same ports as `circuit` and, bit for bit, the same outputs."""
    logic, words = lower_words(circuit)
    outputs = [Bus(name, words[k].bits, words[k].signed) for name, k in circuit.outputs]
    return logic.build(outputs)


def lower_words(circuit: Circuit) -> tuple[LogicBuilder, list[Word]]:
    """The graph under construction with the word of every operation, for proofs."""
    logic = LogicBuilder(circuit.name)
    words: list[Word] = []
    for op, value_range in zip(circuit.ops, circuit.ranges, strict=True):
        words.append(lower_op(logic, op, value_range, words))
    return logic, words


def lower_op(logic: LogicBuilder, op: Op, value_range: Range, words: Sequence[Word]) -> Word:
    """The word of one operation, from the words of the operations before it."""
    signed, n_bits = is_signed(value_range), width(value_range)
    match op:
        case Input(name, bits):
            return Word(tuple(logic.input(name, bits)))
        case Constant(value):
            return Word(constant_bits(value, n_bits), signed)
        case Sum(terms, constant):
            heap = BitHeap(logic, n_bits)
            heap.constant = constant
            for coefficient, operand in terms:
                word = words[operand]
                heap.add_word(word.bits, word.signed, coefficient)
            return Word(tuple(heap.compress()), signed)
        case Relu(operand):
            *magnitude, sign = words[operand].bits
            # Bits that only a negative operand needs are 0 once it is positive.
            return Word(tuple(logic.and_(bit, sign ^ 1) for bit in magnitude[:n_bits]))
        case Above(operand, threshold):
            return Word((above_constant(logic, words[operand], threshold),))
        case Select(condition, if_true, if_false):
            return select(logic, words[condition].bits[0], words[if_true], words[if_false], n_bits)
        case ShiftClip(operand, shift, low, high):
            return _shift_clip(logic, words[operand], shift, low, high, n_bits)
        case ArgMax(candidates, labels):
            return _argmax(logic, [words[k] for k in candidates], labels, n_bits)
        case DecisionTree(inputs):
            return Word(lower_tree(logic, op, [words[k].bits for k in inputs], n_bits))
        case _:
            raise TypeError(f"no bit-level form for {op!r}")


def constant_bits(value: int, n_bits: int) -> tuple[int, ...]:
    """Literals of a constant in two's complement."""
    return tuple(TRUE if value >> k & 1 else FALSE for k in range(n_bits))


def above_constant(logic: LogicBuilder, word: Word, threshold: int) -> int:
    """Literal of `word > threshold`, one AND or OR per bit of the threshold.

    The read-once form of `plain_above`, after signed words are shifted to unsigned ones.
    """
    n_bits = max(len(word.bits), width((min(threshold, 0), max(threshold, 0))) + 1)
    bits = list(word.extended(n_bits))
    if word.signed or threshold < 0:
        # Offset binary: with the sign inverted, signed order is unsigned order.
        bits[-1] ^= 1
        threshold += 1 << (n_bits - 1)
    return plain_above(logic, bits, threshold)


def above_word(logic: LogicBuilder, first: Word, second: Word) -> int:
    """Literal of `first > second`: the carry of first + not second."""
    n_bits = max(len(first.bits), len(second.bits)) + (first.signed != second.signed)
    a, b = list(first.extended(n_bits)), list(second.extended(n_bits))
    if first.signed or second.signed:
        a[-1], b[-1] = b[-1], a[-1]
    carry = FALSE
    for p, q in zip(a, b, strict=True):
        carry = logic.majority(p, q ^ 1, carry)
    return carry


def select(logic: LogicBuilder, condition: int, if_true: Word, if_false: Word, n_bits: int) -> Word:
    """`if_true` where the literal `condition` is 1, else `if_false`."""
    pairs = zip(if_true.extended(n_bits), if_false.extended(n_bits), strict=True)
    bits = tuple(logic.select(condition, a, b) for a, b in pairs)
    return Word(bits, if_true.signed or if_false.signed)


def _shift_clip(
    logic: LogicBuilder, word: Word, shift: int, low: int, high: int, n_bits: int
) -> Word:
    # Class ranges start at 0, so what is negative is masked to 0 and what is too high set to it.
    assert low == 0, "classes are numbered from 0"
    bits = word.extended(shift + 1)[shift:]
    negative = bits[-1] if word.signed else FALSE
    magnitude = Word(bits[:-1] if word.signed else bits)
    clipped = [logic.and_(bit, negative ^ 1) for bit in magnitude.extended(n_bits)]
    over = logic.and_(above_constant(logic, magnitude, high), negative ^ 1)
    top = Word(constant_bits(high, n_bits))
    return select(logic, over, top, Word(tuple(clipped[:n_bits])), n_bits)


def _argmax(
    logic: LogicBuilder, candidates: list[Word], labels: tuple[int, ...], n_bits: int
) -> Word:
    """Knock-out rounds of neighbours; the later one must be strictly larger to win."""
    players = [
        (word, Word(constant_bits(label, n_bits)))
        for word, label in zip(candidates, labels, strict=True)
    ]
    while len(players) > 1:
        winners = []
        for (a, a_label), (b, b_label) in zip(players[::2], players[1::2], strict=False):
            second_wins = above_word(logic, b, a)
            wide = max(len(a.bits), len(b.bits)) + (a.signed != b.signed)
            value = select(logic, second_wins, b, a, wide)
            winners.append((value, select(logic, second_wins, b_label, a_label, n_bits)))
        players = winners + players[2 * len(winners) :]
    return players[0][1]
