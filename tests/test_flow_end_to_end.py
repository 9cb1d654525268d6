"""Real builds with Yosys, ABC, Icarus and cocotb, on small real data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from printml.data.load import datasets_folder
from printml.errors import CheckError
from printml.files import write_json_atomic
from printml.flow.build import build, rebuild, remeasure, reverify, train_only
from printml.flow.recipe import Recipe
from printml.flow.run import read_json, read_netlist, read_run
from printml.liberty.locate import find_library
from printml.netlist.json_file import netlist_to_json
from printml.netlist.verilog import to_verilog

pytestmark = pytest.mark.tools

FAMILIES = ("svm-c", "svm-r", "mlp-c", "mlp-r", "tree")
STAGE_KEYS = {
    "name",
    "accuracy_train",
    "accuracy_test",
    "n_test",
    "balanced_accuracy_test",
    "area_cm2",
    "power_mw",
    "static_power_mw",
    "delay_ms",
    "n_cells",
    "cells",
    "vdd",
    "clock_ms",
    "equivalence",
}


def silent(step: str) -> None:
    pass


@pytest.fixture(scope="module")
def seeds_runs(tmp_path_factory) -> dict[str, Path]:
    """The five families on the seeds data set."""
    root = tmp_path_factory.mktemp("runs")
    return {
        family: build(
            Recipe(dataset="seeds", model=family, keep_scores=family == "svm-c"),
            root / family,
            progress=silent,
        )
        for family in FAMILIES
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_folder_holds_what_it_promises(family, seeds_runs):
    path = seeds_runs[family]
    top = f"seeds_{family.replace('-', '_')}"
    for name in (
        "model.json",
        f"rtl/{top}.v",
        f"rtl/{top}_structure.v",
        f"netlist/{top}.v",
        f"netlist/{top}.json",
        "cells.v",
        "activity.saif",
        "sim/stimulus.csv",
        "sim/run_bench.py",
        "logs/elaborate.log",
        "recipe.toml",
        "metrics.json",
    ):
        assert (path / name).stat().st_size > 0, name
    assert not (path / "scratch").exists()
    metrics = read_json(path / "metrics.json")
    assert [stage["name"] for stage in metrics["stages"]] == ["exact"]
    assert metrics["stages"][0].keys() >= STAGE_KEYS
    assert metrics["stages"][0]["n_test"] == 63
    assert metrics["versions"].keys() >= {"printml", "pyosys", "iverilog"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rung_of_the_ladder_was_climbed(family, seeds_runs):
    record = read_json(seeds_runs[family] / "metrics.json")["stages"][0]["equivalence"]
    checks = {(v["check"], v["how"], v["detail"]): v["n_vectors"] for v in record["verdicts"]}
    assert record["headline"] == "proved"
    ladder = "integer model = word-level circuit = netlist kernel"
    assert checks[ladder, "exact", "every row of the data set"] == 210
    assert checks[ladder, "exact", "random vectors"] == 65_536
    for kind in ("rtl", "netlist"):
        name = f"{kind} under Icarus = integer model"
        assert checks[name, "simulated", "cocotb, every test row"] == 63


@pytest.mark.parametrize("family", FAMILIES)
def test_power_density_is_that_of_the_technology(family, seeds_runs):
    stage = read_json(seeds_runs[family] / "metrics.json")["stages"][0]
    assert 2.2 < stage["power_mw"] / stage["area_cm2"] < 6.0
    assert stage["power_mw"] == pytest.approx(stage["static_power_mw"] + stage["active_power_mw"])
    assert 0.85 < stage["static_power_mw"] / stage["power_mw"] < 1.0


def test_ports_are_named_after_features(seeds_runs):
    text = (seeds_runs["tree"] / "netlist/seeds_tree.v").read_text()
    assert "[7:0] kernel_width" in re.sub(r" +", " ", text)
    assert "class" in text


def test_kept_scores_are_ports_and_checked(seeds_runs):
    header = (seeds_runs["svm-c"] / "sim/stimulus.csv").read_text().splitlines()[0]
    for k in range(3):
        assert f"out:score_{k}:" in header


def test_no_path_of_this_machine_is_in_the_results(seeds_runs):
    path = seeds_runs["tree"]
    for name in ("rtl/seeds_tree.v", "netlist/seeds_tree.v", "metrics.json", "model.json"):
        assert str(path.parent) not in (path / name).read_text()


def test_the_bench_left_behind_runs_by_hand(seeds_runs):
    for kind in ("rtl", "netlist"):
        subprocess.run(
            [sys.executable, "run_bench.py", kind],
            cwd=seeds_runs["mlp-r"] / "sim",
            check=True,
            capture_output=True,
        )


def test_same_recipe_same_bytes(seeds_runs, tmp_path):
    for family in ("mlp-c", "tree"):
        again = build(
            Recipe(dataset="seeds", model=family), tmp_path / family, n_jobs=2, progress=silent
        )
        top = f"seeds_{family.replace('-', '_')}"
        for name in (
            "model.json",
            "recipe.toml",
            f"rtl/{top}.v",
            f"rtl/{top}_structure.v",
            f"netlist/{top}.v",
            "activity.saif",
            "sim/stimulus.csv",
        ):
            assert (again / name).read_bytes() == (seeds_runs[family] / name).read_bytes(), name


def test_steps_one_by_one_give_the_same_netlist(seeds_runs, tmp_path):
    path = train_only(Recipe(dataset="seeds", model="mlp-r"), tmp_path / "r", progress=silent)
    assert not (path / "metrics.json").exists()
    rebuild(path, progress=silent)
    stage = remeasure(path, progress=silent)
    whole = read_json(seeds_runs["mlp-r"] / "metrics.json")["stages"][0]
    for key in ("area_cm2", "power_mw", "delay_ms", "accuracy_test"):
        assert stage[key] == whole[key]
    assert (path / "netlist/seeds_mlp_r.v").read_bytes() == (
        seeds_runs["mlp-r"] / "netlist/seeds_mlp_r.v"
    ).read_bytes()


def test_a_broken_netlist_is_refused_by_every_judge(tmp_path):
    """Swap one NAND for a NOR, in the arrays and in the Verilog: both must be caught."""
    path = build(Recipe(dataset="seeds", model="tree"), tmp_path / "run", progress=silent)
    recipe, run, _, _ = read_run(path)
    library = find_library("egfet", 1.0)
    netlist = read_netlist(run)
    nand = netlist.cell_names.index("NAND2X1")
    kind = netlist.kind.copy()
    names = list(netlist.cell_names)
    if "NOR2X1" not in names:
        names.append("NOR2X1")
    # The last gates are nearest the output, where a change is hardest to hide.
    victim = int(np.nonzero(kind == nand)[0][-1])
    kind[victim] = names.index("NOR2X1")
    broken = type(netlist)(
        netlist.name, netlist.inputs, netlist.outputs, tuple(names), kind, netlist.fanin
    )
    record = json.loads(run.netlist_json.read_text())
    good_verilog = run.netlist_verilog.read_text()
    run.netlist_verilog.write_text(to_verilog(broken, library=library))
    with pytest.raises(CheckError, match="netlist under Icarus differs"):
        reverify(path, progress=silent)
    run.netlist_verilog.write_text(good_verilog)
    write_json_atomic(run.netlist_json, record | {"netlist": netlist_to_json(broken)})
    with pytest.raises(CheckError, match="mapped netlist differs"):
        reverify(path, progress=silent)
    assert recipe.model == "tree"


@pytest.mark.parametrize(
    ("dataset", "model", "accuracy"),
    [
        ("redwine", "svm-r", 267 / 480),
        ("redwine", "mlp-r", 270 / 480),
        ("cardio", "svm-r", 536 / 638),
    ],
)
def test_published_models_reach_the_published_accuracy(dataset, model, accuracy, tmp_path):
    recipe = Recipe(
        dataset=dataset,
        model=model,
        coefficients=str(datasets_folder() / "published_models.json"),
        split="published",
        keep_scores=True,
        effort="fast",
    )
    stage = read_json(build(recipe, tmp_path / "run", progress=silent) / "metrics.json")["stages"][
        0
    ]
    assert stage["accuracy_test"] == accuracy
    published_cm2 = {"redwine svm-r": 4.0, "redwine mlp-r": 7.1, "cardio svm-r": 6.8}
    assert stage["area_cm2"] <= 0.72 * published_cm2[f"{dataset} {model}"]


def test_auto_supply_takes_the_least_power_that_meets_the_clock(seeds_runs, tmp_path):
    known = read_json(seeds_runs["svm-r"] / "metrics.json")["stages"][0]["corners"]
    delays = {corner["vdd"]: corner["delay_ms"] for corner in known}
    # A clock that 0.6 V misses and 0.8 V meets.
    clock_ms = (delays[0.6] + delays[0.8]) / 2
    recipe = Recipe(dataset="seeds", model="svm-r", vdd=0.0, clock_ms=clock_ms)
    path = build(recipe, tmp_path / "run", progress=silent)
    stage = read_json(path / "metrics.json")["stages"][0]
    corners = {corner["vdd"]: corner for corner in stage["corners"]}
    assert len(corners) == 8
    in_time = [vdd for vdd, corner in corners.items() if corner["meets_clock"]]
    assert stage["vdd"] == min(in_time, key=lambda vdd: corners[vdd]["power_mw"])
    assert not corners[0.6]["meets_clock"]
    assert stage["power_mw"] == corners[stage["vdd"]]["power_mw"]
    assert 'vdd = "auto"' in (path / "recipe.toml").read_text()


def test_power_is_traded_for_at_most_three_percent_of_area(seeds_runs, tmp_path):
    recipe = Recipe(dataset="seeds", model="tree", optimize="power")
    path = build(recipe, tmp_path / "run", progress=silent)
    stage = read_json(path / "metrics.json")["stages"][0]
    plain = read_json(seeds_runs["tree"] / "metrics.json")["stages"][0]
    assert stage["area_cm2"] <= 1.03 * plain["area_cm2"]
    assert stage["power_mw"] < plain["power_mw"]
    assert stage["equivalence"]["headline"] == "proved"


def test_a_library_without_delays_has_no_timing_fields(tmp_path):
    recipe = Recipe(dataset="seeds", model="svm-r", library="cnt", vdd=3.0)
    stage = read_json(build(recipe, tmp_path / "run", progress=silent) / "metrics.json")["stages"][
        0
    ]
    assert "delay_ms" not in stage
    assert any("order of magnitude" in note for note in stage["library_notes"])


@pytest.mark.parametrize("model", ["tree", "svm-c"])
def test_a_circuit_without_gates_is_built_too(model, tmp_path):
    """One class in 40 rows is so rare that nothing beats always saying the other."""
    rng = np.random.default_rng(2)
    rows = [f"{a:.2f},{a:.2f},{int(k in (3, 7))}" for k, a in enumerate(rng.random(40))]
    (tmp_path / "rare.csv").write_text("\n".join(["a,b,label", *rows, ""]))
    limit = {"max_leaf_nodes": 2} if model == "tree" else {}
    recipe = Recipe(dataset=str(tmp_path / "rare.csv"), model=model, input_bits=1, **limit)
    stage = read_json(build(recipe, tmp_path / "run", progress=silent) / "metrics.json")["stages"][
        0
    ]
    assert stage["n_cells"] == sum(stage["cells"].values())


def test_a_users_table_and_library(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{a:.3f},{b:.3f},{'high' if a + b > 1 else 'low'}" for a, b in rng.random((80, 2))]
    (tmp_path / "my.csv").write_text("\n".join(["first reading,2nd,grade", *rows, ""]))
    recipe = Recipe(
        dataset=str(tmp_path / "my.csv"),
        target="grade",
        model="svm-c",
        liberty=find_library("egfet", 0.6).path,
    )
    path = build(recipe, tmp_path / "run", progress=silent)
    stage = read_json(path / "metrics.json")["stages"][0]
    assert stage["vdd"] == 0.6
    assert stage["accuracy_test"] > 0.8
    text = (path / "rtl/my_svm_c.v").read_text()
    assert "first_reading" in text
    assert "x_2nd" in text
