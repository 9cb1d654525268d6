"""Verilog text: deterministic, named after features, and what Icarus makes of it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from printml.circuit.from_model import build_circuit
from printml.circuit.ir import Circuit
from printml.circuit.lower import lower
from printml.circuit.verilog import behavioural_verilog, comment, structural_verilog
from printml.verilog_names import identifiers
from tests.models import all_inputs, network, random_network, random_tree


def test_behavioural_text_of_a_tiny_circuit() -> None:
    model = network([[[3, -1]]], [[5]], decision="regression", n_classes=3, bits=2, fraction_bits=2)
    assert behavioural_verilog(build_circuit(model, name="tiny"), header=["by hand"]) == (
        "// by hand\n"
        "module tiny (\n"
        "  input  [1:0] x0,\n"
        "  input  [1:0] x1,\n"
        "  output [1:0] class\n"
        ");\n"
        "  wire signed [2:0] in_w0 = {1'b0, x0};  // 0 .. 3\n"
        "  wire signed [2:0] in_w1 = {1'b0, x1};  // 0 .. 3\n"
        "  wire signed [4:0] sum_w2 = 3 * in_w0 - in_w1 + 6;  // 3 .. 15\n"
        "  wire signed [2:0] clip_w3 = (sum_w2 >>> 2) < 0 ? 0 : (sum_w2 >>> 2) > 2 ? 2 : "
        "(sum_w2 >>> 2);  // 0 .. 2\n"
        "  assign class = clip_w3[1:0];\n"
        "endmodule\n"
    )


def test_a_line_break_cannot_end_a_comment() -> None:
    assert comment(["a\nmodule evil;"]) == ["// a module evil;"]


def test_identifiers_are_simple_distinct_and_close_to_the_names() -> None:
    names = ["alcohol", "free SO2", "free_SO2", "2nd", "wire", "_x", "", "class"]
    expected = ["alcohol", "free_SO2", "free_SO2_2", "x_2nd", "x_wire", "x_x", "x_", "x_class"]
    assert identifiers(names, reserved=["class"]) == expected


def icarus_outputs(verilog: str, circuit: Circuit, X: np.ndarray, folder: Path) -> list[list[int]]:
    """Outputs of each row, by a plain bench."""
    ins = [op.name for op in circuit.inputs]
    outs = [name for name, _ in circuit.outputs]
    lines = ["module bench; integer unused;"]
    lines += [f"reg [{op.bits - 1}:0] i_{op.name};" for op in circuit.inputs]
    lines += [f"wire signed [63:0] o_{name};" for name in outs]
    ports = [f".{n}(i_{n})" for n in ins] + [f".{n}(o_{n})" for n in outs]
    lines.append(f"{circuit.name} dut ({', '.join(ports)}); initial begin")
    for row in X.tolist():
        lines += [f"i_{n} = {v};" for n, v in zip(ins, row, strict=True)]
        shown = ", ".join(f"dut.{n}" for n in outs)
        lines.append(f'#1 $display("{" ".join(["%0d"] * len(outs))}", {shown});')
    lines.append("end endmodule")
    (folder / "t.v").write_text(verilog + "\n".join(lines))
    subprocess.run(
        ["iverilog", "-g2005", "-s", "bench", "-o", "t.vvp", "t.v"], cwd=folder, check=True
    )
    text = subprocess.run(
        ["vvp", "-n", "t.vvp"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    return [[int(cell) for cell in line.split()] for line in text.splitlines()]


@pytest.mark.tools
@pytest.mark.parametrize("style", ["behavioural", "structural"])
@pytest.mark.parametrize("kind", ["ovo", "argmax", "regression", "tree"])
@pytest.mark.parametrize("seed", range(4))
def test_icarus_answers_as_the_circuit(style: str, kind: str, seed: int, tmp_path: Path) -> None:
    model = random_tree(seed) if kind == "tree" else random_network(seed, decision=kind)
    circuit = build_circuit(model, name="dut_module", keep_scores=kind != "tree")
    text = (
        behavioural_verilog(circuit)
        if style == "behavioural"
        else structural_verilog(lower(circuit))
    )
    X = all_inputs(model.n_features, 3)[:: 1 if model.n_features < 3 else 3]
    expected = circuit.evaluate(X)
    columns = [expected[name] for name, _ in circuit.outputs]
    found = icarus_outputs(text, circuit, X, tmp_path)
    np.testing.assert_array_equal(np.array(found), np.stack(columns, axis=1))


@pytest.mark.tools
def test_intercepts_beyond_32_bits_survive_icarus(tmp_path: Path) -> None:
    model = network([[[3]]], [[-(1 << 40)]], decision="regression", n_classes=3, fraction_bits=3)
    circuit = build_circuit(model, name="wide", keep_scores=True)
    X = all_inputs(1, 4)
    found = icarus_outputs(behavioural_verilog(circuit), circuit, X, tmp_path)
    np.testing.assert_array_equal(np.array(found)[:, 1], circuit.evaluate(X)["score_0"])
