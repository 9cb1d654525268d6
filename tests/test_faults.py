"""Faults against a plain evaluation, Icarus, and cases a person can check."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.cli import printml
from printml.faults.harden import defect_cost, duplicate_gate, harden
from printml.faults.inputs import disturbed_inputs
from printml.faults.stuck_at import double_faults, run_faults, single_faults
from printml.faults.triplicate import triplicate
from printml.faults.yields import estimate_yield
from printml.flow.build import build
from printml.flow.recipe import Recipe
from printml.flow.run import library_of, read_netlist, read_run
from printml.liberty.views import verilog_cells
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import to_verilog
from printml.simulate.kernel import outputs
from tests.netlists import all_vectors, netlists
from tests.tiny_library import tiny_library, wide_library


def one_nand() -> Netlist:
    builder = NetlistBuilder("one", library=tiny_library())
    (a,), (b,) = builder.add_input("a", 1), builder.add_input("b", 1)
    builder.add_output("class", [builder.add_gate("NAND2X1", [a, b])])
    return builder.build()


def test_the_faults_of_one_nand() -> None:
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([1, 1, 1, 0])
    found = run_faults(one_nand(), tiny_library(), X, y, single_faults(one_nand()))
    assert found.accuracy_without == 1.0
    # a at 0 and 1, b at 0 and 1, the output at 0 and 1.
    assert found.accuracy.tolist() == [0.75, 0.75, 0.75, 0.75, 0.25, 0.75]
    assert found.changed.tolist() == [0.25, 0.25, 0.25, 0.25, 0.75, 0.25]


def plain_values(netlist: Netlist, X: np.ndarray, stuck: dict[int, int]) -> np.ndarray:
    """The answer with some nets held, gate by gate from the cells' truth tables."""
    library = wide_library()
    values = [np.zeros(len(X), np.int64), np.ones(len(X), np.int64)]
    for column, port in enumerate(netlist.inputs):
        values += [X[:, column] >> bit & 1 for bit in range(port.width)]
    for net, value in stuck.items():
        if net < len(values):
            values[net] = np.full(len(X), value)
    for gate, kind in enumerate(netlist.kind.tolist()):
        cell = library.cells[netlist.cell_names[kind]]
        state = sum(
            values[netlist.fanin[gate, pin]] << pin for pin in range(cell.n_inputs)
        ) + np.zeros(len(X), np.int64)
        out = np.array([cell.truth_table >> int(s) & 1 for s in state])
        net = netlist.first_gate_net + gate
        values.append(np.full(len(X), stuck[net]) if net in stuck else out)
    port = next(p for p in netlist.outputs if p.name == "class")
    return sum(values[net] << bit for bit, net in enumerate(port.nets)) + np.zeros(len(X), int)


@given(netlists(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_single_and_double_faults_are_those_of_a_plain_evaluation(
    netlist: Netlist, seed: int
) -> None:
    X = np.abs(all_vectors(netlist))
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, len(X))
    for faults in (single_faults(netlist), double_faults(netlist, n_faults=20, seed=seed)):
        found = run_faults(netlist, wide_library(), X, y, faults)
        good = plain_values(netlist, X, {})
        for k in range(len(faults[0])):
            stuck = dict(zip(faults[0][k].tolist(), faults[1][k].tolist(), strict=True))
            answer = plain_values(netlist, X, stuck)
            assert found.accuracy[k] == pytest.approx(np.mean(answer == y))
            assert found.changed[k] == pytest.approx(np.mean(answer != good))


@given(netlists(wide=False), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_copies_do_not_change_the_function(netlist: Netlist, seed: int) -> None:
    library = tiny_library()
    X = np.abs(all_vectors(netlist))
    wanted = outputs(netlist, library, X)["class"]
    tripled = triplicate(netlist, library)
    assert np.array_equal(outputs(tripled, library, X)["class"], wanted)
    if netlist.n_gates:
        copied = duplicate_gate(netlist, seed % netlist.n_gates)
        assert copied.n_gates == netlist.n_gates + 1
        assert np.array_equal(outputs(copied, library, X)["class"], wanted)


def test_three_copies_bear_every_fault_in_one_of_them() -> None:
    library, netlist = tiny_library(), one_nand()
    tripled = triplicate(netlist, library)
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = outputs(netlist, library, X)["class"]
    found = run_faults(tripled, library, X, y, single_faults(tripled))
    copies = slice(2 * netlist.n_input_bits, 2 * netlist.n_input_bits + 6)
    assert (found.accuracy[copies] == 1.0).all()


def test_yield_without_and_with_certain_defects() -> None:
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([1, 1, 1, 0])
    none = estimate_yield(one_nand(), tiny_library(), X, y, rate=0.0)
    assert (none.works, none.mean_accuracy) == (1.0, 1.0)
    every = estimate_yield(one_nand(), tiny_library(), X, y, rate=1.0, tolerance=0.5)
    # Its one cell is stuck at 1 (right on three of four rows) or at 0, half of the time each.
    assert every.works == pytest.approx(0.5, abs=0.05)
    assert every.low < 0.5 < every.high
    assert every.mean_accuracy == pytest.approx(0.5, abs=0.03)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("faults") / "seeds"
    recipe = Recipe(dataset="seeds", model="svm-c", effort="fast", approx="full", max_loss=0.03)
    return build(recipe, target, n_jobs=2, progress=lambda step: None)


@pytest.mark.tools
def test_icarus_agrees_on_fifty_faults(run: Path, tmp_path: Path) -> None:
    recipe, folder, _, rows = read_run(run)
    netlist, library = read_netlist(folder), library_of(recipe)
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    faults = single_faults(netlist)
    found = run_faults(netlist, library, X, y, faults)
    chosen = np.random.default_rng(0).choice(len(faults[0]), 50, replace=False)
    (tmp_path / "netlist.v").write_text(to_verilog(netlist, library=library))
    (tmp_path / "cells.v").write_text(verilog_cells(library))
    names = wire_names(netlist)
    ports = ", ".join(f".\\{p.name} (\\{p.name} )" for p in netlist.inputs)
    bench = ["module bench;", "integer right;"]
    for port in netlist.inputs:
        bench.append(f"reg [{port.width - 1}:0] \\{port.name} ;")
    width = netlist.outputs[0].width
    bench.append(f"wire [{width - 1}:0] answer;")
    bench.append(f"\\{netlist.name} dut ({ports}, .\\class (answer));")
    bench.append("task rows; begin right = 0;")
    for x, label in zip(X.tolist(), y.tolist(), strict=True):
        sets = "".join(f"\\{p.name} = {v}; " for p, v in zip(netlist.inputs, x, strict=True))
        bench.append(f"{sets}#1000; if (answer == {label}) right = right + 1;")
    bench.append("end endtask")
    bench.append("initial begin")
    for k in chosen:
        name = names[int(faults[0][k, 0])]
        bench.append(
            f'force dut.{name} = 1\'b{faults[1][k, 0]}; rows; $display("%0d", right); '
            f"release dut.{name};"
        )
    bench += ["$finish; end", "endmodule", ""]
    (tmp_path / "bench.v").write_text("\n".join(bench))
    sources = ["bench.v", "netlist.v", "cells.v"]
    subprocess.run(["iverilog", "-g2012", "-o", "sim", *sources], cwd=tmp_path, check=True)
    text = subprocess.run(["vvp", "sim"], cwd=tmp_path, check=True, capture_output=True).stdout
    counted = [int(line) for line in text.decode().split() if line.isdigit()]
    assert counted == np.rint(found.accuracy[chosen] * len(y)).astype(int).tolist()


def wire_names(netlist: Netlist) -> dict[int, str]:
    """How `to_verilog` calls each net."""
    names = {}
    for port in netlist.inputs:
        for bit, net in enumerate(port.nets):
            names[net] = f"\\{port.name} [{bit}]" if port.width > 1 else f"\\{port.name} "
    for gate in range(netlist.n_gates):
        net = netlist.first_gate_net + gate
        names[net] = f"n{net}"
    return names


@pytest.mark.tools
def test_hardening_buys_what_it_says(run: Path) -> None:
    recipe, folder, model, rows = read_run(run)
    netlist, library = read_netlist(folder), library_of(recipe)
    X, y = rows.X_int[rows.train], rows.y[rows.train]
    before = run_faults(netlist, library, X, y, single_faults(netlist))
    for share in (0.05, 3.0):
        found = harden(netlist, library, X, y, area_share=share)
        assert found.area_cm2(library) <= (1 + share) * netlist.area_cm2(library) + 1e-9
        after = run_faults(found, library, X, y, single_faults(found))
        assert defect_cost(after, found) <= defect_cost(before, netlist)
    assert defect_cost(after, found) < 0.2 * defect_cost(before, netlist)
    noisy = disturbed_inputs(netlist, library, X, y, model.input_bits, n_repeats=3)
    assert noisy[0].mean >= noisy[3].mean
    assert all(d.worst <= d.mean <= before.accuracy_without + 0.05 for d in noisy)


@pytest.mark.tools
def test_faults_and_guarantees_on_the_command_line(run: Path) -> None:
    from click.testing import CliRunner

    result = CliRunner().invoke(printml, ["faults", str(run), "--harden", "0.1", "--rate", "0.01"])
    assert result.exit_code == 0, result.output
    figures = json.loads((run / "faults" / "faults.json").read_text())
    assert [f["circuit"] for f in figures] == [
        "exact", "coefficients", "pruned", "pruned, hardened",
    ]  # fmt: skip
    assert (
        len((run / "faults" / "exact.csv").read_text().splitlines()) == figures[0]["n_single"] + 1
    )
    assert (run / "faults" / "seeds_svm_c_hardened.v").exists()
    result = CliRunner().invoke(printml, ["guarantee", str(run)])
    assert result.exit_code == 0, result.output
    stages = json.loads((run / "guarantees.json").read_text())
    assert [s["stage"] for s in stages] == ["coefficients", "pruned"]
    assert stages[0]["sums"]
    assert not stages[1]["sums"]
    assert stages[1]["loss"]["low"] <= stages[1]["loss"]["loss"] <= stages[1]["loss"]["high"]
