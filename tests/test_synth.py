"""Synthesis: behavioural and structural Verilog, efforts, time-outs, same result every time."""

from pathlib import Path

import numpy as np
import pytest

from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.circuit.verilog import behavioural_verilog, structural_verilog
from printml.errors import InputError, ToolError
from printml.liberty.locate import find_library
from printml.netlist.verilog import to_verilog
from printml.simulate.kernel import outputs
from printml.synth.abc import EFFORTS
from printml.synth.synthesize import Synthesis, synthesize
from tests.models import all_inputs, network, random_network, random_tree

pytestmark = pytest.mark.tools


def run(text: str, folder: Path, **options) -> Synthesis:
    work, logs = folder / "work", folder / "logs"
    work.mkdir(parents=True)
    logs.mkdir()
    (folder / "a.v").write_text(text)
    return synthesize(
        folder / "a.v",
        top="c",
        library=find_library("egfet", 1.0),
        folder=work,
        log_folder=logs,
        **options,
    )


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("kind", ["ovo", "argmax", "regression", "tree"])
def test_the_netlist_answers_as_the_circuit(kind, effort, tmp_path):
    model = random_tree(5, n_inner=12) if kind == "tree" else random_network(5, decision=kind)
    circuit = build_circuit(model, name="c", keep_scores=kind != "tree")
    result = run(structural_verilog(lower(circuit)), tmp_path, effort=effort)
    library = find_library("egfet", 1.0)
    X = all_inputs(model.n_features, 3)
    expected = circuit.evaluate(X)
    found = outputs(result.netlist, library, X)
    assert list(found) == [name for name, _ in circuit.outputs]
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    areas = {tried.flow: tried.area_mm2 for tried in result.tried if tried.area_mm2 is not None}
    assert result.netlist.area_cm2(library) * 100 == pytest.approx(min(areas.values()))
    assert areas[result.flow] == min(areas.values())


def test_behavioural_verilog_gives_the_same_function_but_a_larger_circuit(tmp_path):
    weights = [[45, -37, 21], [11, 29, -53], [-19, 33, 27]]
    model = network([weights], [[-50, 40, 10]], decision="argmax", n_classes=3, bits=3)
    circuit = build_circuit(model, name="c")
    library = find_library("egfet", 1.0)
    plain = run(behavioural_verilog(circuit), tmp_path / "plain").netlist
    structured = run(structural_verilog(lower(circuit)), tmp_path / "structured").netlist
    X = all_inputs(model.n_features, 3)
    np.testing.assert_array_equal(outputs(plain, library, X)["class"], circuit.predict(X))
    assert structured.area_cm2(library) < plain.area_cm2(library)


def test_workers_do_not_change_the_result(tmp_path):
    text = structural_verilog(lower(build_circuit(random_network(7, decision="ovo"), name="c")))
    library = find_library("egfet", 1.0)
    one, two = (run(text, tmp_path / str(n), n_jobs=n) for n in (1, 2))
    assert one.flow == two.flow
    assert to_verilog(one.netlist, library=library) == to_verilog(two.netlist, library=library)


def test_unknown_effort_lists_the_known(tmp_path):
    with pytest.raises(InputError, match="fast, normal, thorough"):
        run("module c; endmodule", tmp_path, effort="heroic")


def test_verilog_that_yosys_refuses_names_the_log(tmp_path):
    with pytest.raises(ToolError, match=r"Yosys failed .*elaborate\.log"):
        run("module c (input a, output y); assign y = ; endmodule", tmp_path)


def test_all_flows_out_of_time_is_an_error_that_says_so(tmp_path, monkeypatch):
    slow = tmp_path / "slow-abc"
    slow.write_text("#!/bin/sh\nsleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PRINTML_ABC", str(slow))
    text = "module c (input a, input b, output y); assign y = a & b; endmodule"
    with pytest.raises(ToolError, match="no mapping flow finished: keep: stopped after 3 s"):
        run(text, tmp_path / "run", effort="fast", timeout_s=3.0)


def test_large_networks_skip_the_steep_flow_and_say_so(tmp_path, monkeypatch):
    import dataclasses

    from printml.synth import abc

    steep = dataclasses.replace(abc.DEEP, max_nodes=5)
    monkeypatch.setitem(abc.EFFORTS, "thorough", (abc.KEEP, steep))
    text = structural_verilog(lower(build_circuit(random_network(7, decision="ovo"), name="c")))
    result = run(text, tmp_path, effort="thorough")
    assert result.flow == "keep"
    assert "skipped" in result.tried[1].note


def test_networks_of_sums_skip_the_flows_of_trees_sooner(tmp_path, monkeypatch):
    import dataclasses

    from printml.synth import abc

    small = dataclasses.replace(abc.DIRECT, max_sum_nodes=5)
    monkeypatch.setitem(abc.EFFORTS, "thorough", (abc.KEEP, small))
    text = structural_verilog(lower(build_circuit(random_network(7, decision="ovo"), name="c")))
    for mostly_sums in (False, True):
        folder = tmp_path / str(mostly_sums)
        folder.mkdir()
        result = run(text, folder, effort="thorough", mostly_sums=mostly_sums)
        assert ("skipped" in result.tried[1].note) == mostly_sums
