"""Verilog-2005 text of a circuit, for people (behavioural) and for the mapper (structural).

`class` is a keyword of SystemVerilog only; Verilog-2005 allows it as a port name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from printml.circuit.ir import (
    Above,
    ArgMax,
    Circuit,
    Constant,
    DecisionTree,
    Input,
    Op,
    Relu,
    Select,
    ShiftClip,
    Sum,
    is_signed,
    width,
)
from printml.circuit.logic import Bus, Logic
from printml.verilog_names import identifiers


def comment(lines: Iterable[str]) -> list[str]:
    """Verilog comment lines; line breaks inside a line cannot end the comment."""
    return [f"// {' '.join(line.split())}".rstrip() for line in lines]


def module_head(name: str, inputs: Sequence[Bus], outputs: Sequence[Bus]) -> list[str]:
    """`module ... ;` with one port per line."""
    ports = [f"  input  {_range(len(bus.literals))}{bus.name}" for bus in inputs]
    for bus in outputs:
        sign = "signed " if bus.signed else ""
        ports.append(f"  output {sign}{_range(len(bus.literals))}{bus.name}")
    return [f"module {name} (", ",\n".join(ports), ");"]


def _range(n_bits: int) -> str:
    return f"[{n_bits - 1}:0] "


def behavioural_verilog(circuit: Circuit, *, header: Sequence[str] = ()) -> str:
    """Readable Verilog-2005: one line of arithmetic per operation.

    Inside the module every word is signed (unsigned words get a leading 0), so that no
    expression mixes signed and unsigned operands. Deterministic to the byte.
    """
    inputs = [Bus(op.name, tuple(range(op.bits))) for op in circuit.inputs]
    outputs = [
        Bus(
            name,
            tuple(range(width(circuit.ranges[index]))),
            is_signed(circuit.ranges[index]),
        )
        for name, index in circuit.outputs
    ]
    lines = [*comment(header), *module_head(circuit.name, inputs, outputs)]
    names = word_names(circuit)
    for index, op in enumerate(circuit.ops):
        low, high = circuit.ranges[index]
        n_bits = width((low, high)) + (low >= 0)
        lines.append(
            f"  wire signed {_range(n_bits)}{names[index]} = {_expression(op, names)};"
            f"  // {low} .. {high}"
        )
    for (_, index), bus in zip(circuit.outputs, outputs, strict=True):
        lines.append(f"  assign {bus.name} = {names[index]}[{len(bus.literals) - 1}:0];")
    return "\n".join([*lines, "endmodule", ""])


def word_names(circuit: Circuit) -> list[str]:
    """The wire that holds each operation's value in the behavioural Verilog."""
    return identifiers(
        [_word_name(index, op) for index, op in enumerate(circuit.ops)],
        reserved=[op.name for op in circuit.inputs] + [name for name, _ in circuit.outputs],
    )


def _word_name(index: int, op: Op) -> str:
    kinds = {
        Input: "in",
        Constant: "const",
        Sum: "sum",
        Relu: "relu",
        Above: "above",
        Select: "pick",
        ShiftClip: "clip",
        ArgMax: "argmax",
        DecisionTree: "tree",
    }
    return f"{kinds[type(op)]}_w{index}"


def _number(value: int) -> str:
    """A signed literal wide enough for its value, so that no simulator cuts it to 32 bits."""
    if -(1 << 31) < value < 1 << 31:
        return str(value)
    n_bits = width((min(value, 0), max(value, 0))) + 1
    return f"-{n_bits}'sd{-value}" if value < 0 else f"{n_bits}'sd{value}"


def _expression(op: Op, names: Sequence[str]) -> str:
    match op:
        case Input(name, _):
            return f"{{1'b0, {name}}}"
        case Constant(value):
            return _number(value)
        case Sum(terms, constant):
            text = "".join(
                f" {'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{_number(abs(c))} * '}"
                f"{names[k]}"
                for c, k in terms
            ).removeprefix(" + ")
            if constant:
                text += f" {'-' if constant < 0 else '+'} {_number(abs(constant))}"
            return text.strip()
        case Relu(operand):
            return f"{names[operand]} < 0 ? 0 : {names[operand]}"
        case Above(operand, threshold):
            return f"{names[operand]} > {_number(threshold)} ? 1 : 0"
        case Select(condition, if_true, if_false):
            return f"{names[condition]}[0] ? {names[if_true]} : {names[if_false]}"
        case ShiftClip(operand, shift, low, high):
            shifted = f"({names[operand]} >>> {shift})"
            return f"{shifted} < {low} ? {low} : {shifted} > {high} ? {high} : {shifted}"
        case ArgMax(candidates, labels):
            return _argmax_expression([names[k] for k in candidates], labels)
        case DecisionTree(inputs):
            return _tree_expression(op, [names[k] for k in inputs])
        case _:
            raise TypeError(f"no Verilog for {op!r}")


def _argmax_expression(names: Sequence[str], labels: Sequence[int]) -> str:
    """First candidate that no other beats: at least all later ones and above all earlier ones."""
    text = ""
    for k, name in enumerate(names[:-1]):
        # Earlier candidates already failed to be the maximum, so only later ones can beat this.
        beats = [f"{name} >= {other}" for other in names[k + 1 :]]
        text += f"{' && '.join(beats)} ? {labels[k]} :\n      "
    return text + str(labels[-1])


def _tree_expression(tree: DecisionTree, names: Sequence[str]) -> str:
    """Nested `?:`, one comparison a line; the branch above the threshold comes first."""
    lines = []
    stack = [(0, 2, "", "")]
    while stack:
        node, depth, before, after = stack.pop()
        pad = "\n" + "  " * depth + before
        if tree.feature[node] < 0:
            lines.append(f"{pad}{tree.leaf_class[node]}{after}")
            continue
        lines.append(f"{pad}{names[tree.feature[node]]} > {tree.threshold[node]} ?")
        stack.append((tree.left[node], depth + 1, ": (", f"){after}"))
        stack.append((tree.right[node], depth + 1, "  (", ")"))
    return "".join(lines)


def structural_verilog(logic: Logic, *, header: Sequence[str] = ()) -> str:
    """One assignment per AND: what synthesis starts from."""
    names = {0: "1'b0"}
    wires = identifiers(
        [f"n{logic.first_node + k}" for k in range(len(logic.nodes))],
        reserved=[bus.name for bus in logic.inputs + logic.outputs],
    )
    for bus in logic.inputs:
        for k, literal in enumerate(bus.literals):
            names[literal >> 1] = f"{bus.name}[{k}]"

    def text(literal: int) -> str:
        if literal <= 1:
            return f"1'b{literal}"
        return f"~{names[literal >> 1]}" if literal & 1 else names[literal >> 1]

    lines = [*comment(header), *module_head(logic.name, logic.inputs, logic.outputs)]
    for index, (a, b) in enumerate(logic.nodes, start=logic.first_node):
        names[index] = wires[index - logic.first_node]
        lines.append(f"  wire {names[index]} = {text(a)} & {text(b)};")
    for bus in logic.outputs:
        bits = ", ".join(text(literal) for literal in reversed(bus.literals))
        lines.append(f"  assign {bus.name} = {{{bits}}};")
    return "\n".join([*lines, "endmodule", ""])
