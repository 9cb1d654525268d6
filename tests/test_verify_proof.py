"""Proofs: what is right is proved, what is wrong is refused with a vector Icarus confirms."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.circuit.from_model import build_circuit
from printml.circuit.ir import Circuit, Sum
from printml.circuit.lower import lower, lower_words
from printml.circuit.verilog import behavioural_verilog, structural_verilog
from printml.errors import CheckError
from printml.verify.equivalence import prove_equivalence
from printml.verify.sum_proof import unproved_sums
from printml.verify.word_proof import prove_words
from tests.models import network, random_network, random_tree


@pytest.mark.parametrize("decision", ["ovo", "argmax", "regression"])
@given(seed=st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_every_heap_is_proved(decision: str, seed: int) -> None:
    circuit = build_circuit(random_network(seed, decision=decision, largest=90), name="c")
    logic, words = lower_words(circuit)
    assert unproved_sums(circuit, logic, words) == []


@pytest.mark.parametrize("change", ["constant", "coefficient", "swap"])
def test_a_wrong_sum_is_not_proved(change: str) -> None:
    circuit = build_circuit(
        network([[[3, -5, 9]]], [[7]], decision="regression", n_classes=4, fraction_bits=5),
        name="c",
        keep_scores=True,
    )
    logic, words = lower_words(circuit)
    index = next(k for k, op in enumerate(circuit.ops) if isinstance(op, Sum))
    terms, constant = circuit.ops[index].terms, circuit.ops[index].constant
    wrong = {
        "constant": Sum(terms, constant + 1),
        "coefficient": Sum(((terms[0][0] + 1, terms[0][1]), *terms[1:]), constant),
        "swap": Sum(
            tuple((c, k) for (c, _), (_, k) in zip(terms, terms[::-1], strict=True)), constant
        ),
    }[change]
    ops = tuple(wrong if k == index else op for k, op in enumerate(circuit.ops))
    assert unproved_sums(dataclasses.replace(circuit, ops=ops), logic, words) == [index]


def run_words(circuit: Circuit, text: str, folder: Path):
    (folder / "rtl.v").write_text(text)
    return prove_words(circuit, folder / "rtl.v", folder=folder, log_folder=folder, timeout_s=60)


@pytest.mark.tools
@pytest.mark.parametrize("keep_scores", [False, True])
@pytest.mark.parametrize("kind", ["ovo", "argmax", "regression", "tree"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_are_proved(kind: str, keep_scores: bool, seed: int, tmp_path: Path) -> None:
    model = random_tree(seed) if kind == "tree" else random_network(seed, decision=kind)
    circuit = build_circuit(model, name="c", keep_scores=keep_scores)
    verdict = run_words(circuit, behavioural_verilog(circuit), tmp_path)
    assert verdict.how == "proved", verdict.detail


def two_layer() -> Circuit:
    model = network(
        [[[3, -5], [7, 2]], [[9, -4], [-3, 6], [1, 2]]],
        [[4, -9], [5, -6, 20]],
        decision="argmax",
        n_classes=3,
    )
    return build_circuit(model, name="c")


@pytest.mark.tools
@pytest.mark.parametrize(
    ("old", "new"), [("7 * in_w0", "6 * in_w0"), ("- 9", "- 8"), ("+ 4;", "+ 5;")]
)
def test_a_wrong_coefficient_in_the_file_is_not_proved(old, new, tmp_path) -> None:
    circuit = two_layer()
    text = behavioural_verilog(circuit)
    assert text.count(old) >= 1
    verdict = run_words(circuit, text.replace(old, new, 1), tmp_path)
    assert verdict.how == "simulated"
    assert "not proved: sum %" in verdict.detail


@pytest.mark.tools
@pytest.mark.parametrize(("old", "new"), [("< 0 ? 0", "< 1 ? 1"), (">=", ">")])
def test_a_wrong_decision_in_the_file_is_refused(old, new, tmp_path) -> None:
    circuit = two_layer()
    text = behavioural_verilog(circuit)
    assert old in text
    with pytest.raises(CheckError, match=r"word %\d+ of the behavioural Verilog differs"):
        run_words(circuit, text.replace(old, new, 1), tmp_path)


@pytest.mark.tools
def test_a_sum_that_overflows_its_wire_is_not_proved(tmp_path) -> None:
    circuit = two_layer()
    text = behavioural_verilog(circuit)
    # A product kept in 4 bits wraps, so the linear form no longer holds.
    line = next(line for line in text.splitlines() if "3 * in_w0" in line)
    narrow = "  wire signed [3:0] narrow = 3 * in_w0;\n" + line.replace("3 * in_w0", "narrow")
    (tmp_path / "rtl.v").write_text(text.replace(line, narrow))
    verdict = prove_words(
        circuit, tmp_path / "rtl.v", folder=tmp_path, log_folder=tmp_path, timeout_s=60
    )
    assert verdict.how == "simulated"


@pytest.mark.tools
def test_a_broken_netlist_is_refused_with_a_vector_that_icarus_confirms(tmp_path: Path) -> None:
    circuit = two_layer()
    good = structural_verilog(lower(circuit))
    (tmp_path / "good.v").write_text(good)
    (tmp_path / "cells.v").write_text("")
    places = [match.start() for match in re.finditer(" & ", good)]
    middle = places[len(places) // 2]
    (tmp_path / "bad.v").write_text(good[:middle] + " | " + good[middle + 3 :])
    arguments = {"top": "c", "folder": tmp_path, "log_folder": tmp_path, "timeout_s": 60}
    verdict = prove_equivalence(
        tmp_path / "good.v", tmp_path / "good.v", tmp_path / "cells.v", **arguments
    )
    assert verdict.how == "proved"
    with pytest.raises(CheckError, match=r"for x0 = \d+, x1 = \d+: class is \d instead of \d"):
        prove_equivalence(
            tmp_path / "good.v", tmp_path / "bad.v", tmp_path / "cells.v", **arguments
        )
