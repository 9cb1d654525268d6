"""Approximated circuits end to end, with Yosys, ABC, Icarus and cocotb."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from printml.approx.guard import Front
from printml.circuit.estimate import estimate_area_mm2
from printml.cli import printml
from printml.errors import InputError
from printml.flow import model_for_source, model_search
from printml.flow.approximate import _as_it_was
from printml.flow.build import approximate_run, build, train_only
from printml.flow.model_search import COEFFICIENTS, _from_start, search_models
from printml.flow.power_need import asked_mw, least_power_mw
from printml.flow.prune_paths import Subject
from printml.flow.prune_step import Pruned, pruned_stage
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import Recipe, read_toml, recipe_from_table
from printml.flow.run import read_json, read_netlist, read_run
from printml.flow.rundir import RunFolder
from printml.liberty.locate import find_library
from printml.prune import choice, copies, paths
from printml.prune.by_share import choose_by_share
from printml.prune.copies import MOST_COPIES, TREE_COPIES
from printml.prune.published import class_only
from printml.quantize.model_file import from_json
from printml.simulate.kernel import outputs
from tests.models import random_network


def quiet(step: str) -> None:
    pass


def metrics_of(path: Path) -> dict[str, Any]:
    return read_json(path / "metrics.json")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("approximate") / "seeds"
    recipe = Recipe(
        dataset="seeds", model="svm-c", effort="fast", approx="full", max_loss=0.06,
        further_losses=(0.01, 0.2), power_source_mw=0.2,
    )  # fmt: skip
    return build(recipe, target, n_jobs=2, progress=quiet)


def test_stages_get_smaller_and_say_how_they_were_checked(full: Path) -> None:
    stages = metrics_of(full)["stages"]
    assert [stage["name"] for stage in stages] == ["exact", "coefficients", "pruned"]
    areas = [stage["area_cm2"] for stage in stages]
    assert areas[0] > areas[1] >= areas[2]
    for stage in stages:
        assert stage["equivalence"]["headline"] == "proved"
        benches = [v for v in stage["equivalence"]["verdicts"] if "under Icarus" in v["check"]]
        assert all(v["n_vectors"] == stage["n_test"] for v in benches)
        assert benches


def test_the_coefficient_stage_is_its_model_and_lists_its_changes(full: Path) -> None:
    _, run, exact, rows = read_run(full)
    folder = RunFolder(full / "coefficients", run.top)
    record = read_json(folder.model)
    model = from_json(record["model"])
    found = outputs(read_netlist(folder), find_library("egfet", 1.0), rows.X_int)["class"]
    assert np.array_equal(found, model.predict(rows.X_int))
    places = [
        [[*w.tolist(), int(c)] for w, c in zip(weight, intercept, strict=True)]
        for weight, intercept in zip(exact.weights, exact.intercepts, strict=True)
    ]
    for change in record["changed"]:
        column = -1 if change["input"] == "intercept" else change["input"]
        row = places[change["layer"]][change["sum"]]
        assert row[column] == change["before"] != change["after"]
        row[column] = change["after"]
    assert places == [
        [[*w.tolist(), int(c)] for w, c in zip(weight, intercept, strict=True)]
        for weight, intercept in zip(model.weights, model.intercepts, strict=True)
    ]


def test_the_pruned_stage_is_what_its_figures_say(full: Path) -> None:
    _, run, exact, rows = read_run(full)
    stage = metrics_of(full)["stages"][-1]
    netlist = read_netlist(RunFolder(full / "pruned", run.top))
    library = find_library("egfet", 1.0)
    found = outputs(netlist, library, rows.X_int)["class"]
    assert stage["accuracy_test"] == np.mean(found[rows.test] == rows.y[rows.test])
    assert stage["area_cm2"] == netlist.area_cm2(library)
    differences = json.loads((full / "pruned" / "differences.json").read_text())
    wrong = int((found[rows.test] != exact.predict(rows.X_int[rows.test])).sum())
    assert differences["test"]["n_different"] == wrong
    with (full / "pruned" / "front.csv").open() as lines:
        front = list(csv.DictReader(lines))
    assert sum(int(row["chosen"]) for row in front) == 1
    areas = [float(row["area_mm2"]) for row in front]
    assert areas == sorted(areas, reverse=True)
    with (full / "pruned" / "pruned_nets.csv").open() as lines:
        changes = list(csv.DictReader(lines))
    assert len(changes) > 0
    assert all(0.5 <= float(row["tau"]) <= 1.0 for row in changes)
    assert (full / "pruned" / "activity_before.saif").exists()
    assert (full / "pruned" / "activity.saif").exists()


def test_one_pruning_gives_a_circuit_for_every_loss(full: Path, tmp_path: Path) -> None:
    _, run, _, rows = read_run(full)
    metrics = metrics_of(full)
    names = [stage["name"] for stage in metrics["alternatives"]]
    assert names == ["pruned-at-1", "pruned-at-20", "pruned-for-0.2mW"]
    for stage in metrics["alternatives"]:
        netlist = read_netlist(RunFolder(full / stage["name"], run.top))
        found = outputs(netlist, find_library("egfet", 1.0), rows.X_int)["class"]
        assert stage["accuracy_test"] == np.mean(found[rows.test] == rows.y[rows.test])
    strict, lax, enough = metrics["alternatives"]
    _, coefficients, pruned = metrics["stages"]
    assert strict["area_cm2"] >= pruned["area_cm2"] >= lax["area_cm2"]
    # The source carries it and would not carry the circuit before pruning.
    least_mw = [
        min(corner["power_mw"] for corner in stage["corners"])
        for stage in (coefficients, enough, pruned)
    ]
    assert least_mw[0] > 0.2 >= least_mw[1] > least_mw[2]
    assert not enough["beyond_max_loss"]
    assert enough["accuracy_validation"] >= pruned["accuracy_validation"]
    kept = recipe_from_table(read_toml(full / "recipe.toml", what="recipe"), where="recipe.toml")
    assert kept.further_losses == (0.01, 0.2)
    assert kept.power_source_mw == 0.2
    again = shutil.copytree(full, tmp_path / "again")
    approximate_run(again, approx="coefficients", max_loss=0.06, progress=quiet)
    assert metrics_of(again)["alternatives"] == []
    assert not list(again.glob("pruned*"))


@pytest.mark.parametrize(
    ("limit_mw", "taught", "told"),
    [(1e-6, True, "no circuit lives on"), (100.0, False, "before pruning lives on")],
)
def test_a_source_that_asks_for_nothing_new_gives_no_circuit(
    limit_mw: float,
    taught: bool,
    told: str,
    full: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = shutil.copytree(full, tmp_path / "again")
    steps: list[str] = []
    if not taught:
        monkeypatch.setattr(Subject, "taught", False)
    approximate_run(
        again, approx="full", max_loss=0.06, power_source_mw=limit_mw, progress=steps.append
    )
    assert metrics_of(again)["alternatives"] == []
    assert not list(again.glob("pruned-for-*"))
    assert any(told in step for step in steps)


def test_a_source_too_weak_for_the_loss_gets_the_first_circuit_beyond_it(
    full: Path, tmp_path: Path
) -> None:
    again = shutil.copytree(full, tmp_path / "again")
    within = metrics_of(again)["stages"][-1]
    limit_mw = 0.9 * min(corner["power_mw"] for corner in within["corners"])
    steps: list[str] = []
    approximate_run(
        again, approx="full", max_loss=0.06, power_source_mw=limit_mw, progress=steps.append
    )
    (beyond,) = metrics_of(again)["alternatives"]
    assert beyond["name"] == f"pruned-for-{limit_mw:g}mW"
    assert beyond["beyond_max_loss"]
    assert min(corner["power_mw"] for corner in beyond["corners"]) <= limit_mw
    assert beyond["accuracy_validation"] <= within["accuracy_validation"]
    assert beyond["equivalence"]["headline"] == "proved"
    assert any("going on to one that does" in step for step in steps)
    _, run, _, rows = read_run(again)
    netlist = read_netlist(RunFolder(again / beyond["name"], run.top))
    found = outputs(netlist, find_library("egfet", 1.0), rows.X_int)["class"]
    assert beyond["accuracy_test"] == np.mean(found[rows.test] == rows.y[rows.test])


def test_a_strong_source_gets_what_loses_least_of_the_rows_that_pruning_saw(
    full: Path, tmp_path: Path
) -> None:
    again = shutil.copytree(full, tmp_path / "again")
    approximate_run(again, approx="full", max_loss=0.06, power_source_mw=100.0, progress=quiet)
    pruned = metrics_of(again)["stages"][-1]
    assert pruned["copies_labelled_by"] == "teacher"
    with (again / "pruned" / "front.csv").open() as lines:
        way = [(float(row["loss_search"]), int(row["chosen"])) for row in csv.DictReader(lines)]
    chosen = [mark for _, mark in way].index(1)
    (stage,) = metrics_of(again)["alternatives"]
    assert stage["name"] == "pruned-for-100mW"
    # At its end it is mended.
    assert stage["loss_search"] <= min(loss for loss, _ in way[1 : chosen + 1]) < 0
    assert stage["loss_search"] < pruned["loss_search"]
    assert stage["equivalence"]["headline"] == "proved"


def test_a_source_that_carries_a_model_before_the_chosen_one_gets_that(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a teacher. Seeds, 1 mW: neither the exact circuit (2.3 mW at 0.6 V) nor the chosen
    one (0.4 mW)."""
    monkeypatch.setattr(Subject, "taught", False)
    again = shutil.copytree(full, tmp_path / "again")
    approximate_run(again, approx="full", max_loss=0.06, power_source_mw=1.0, progress=quiet)
    exact, chosen, _ = metrics_of(again)["stages"]
    (enough,) = metrics_of(again)["alternatives"]
    assert enough["name"] == "coefficients-for-1mW"
    least_mw = [min(c["power_mw"] for c in stage["corners"]) for stage in (exact, enough, chosen)]
    assert least_mw[0] > 1.0 >= least_mw[1] > least_mw[2]
    assert enough["equivalence"]["headline"] == "proved"
    assert enough["budget_search_loss"] < chosen["budget_search_loss"]
    _, run, _, rows = read_run(again)
    _, _, model, _ = read_run(again / enough["name"])
    netlist = read_netlist(RunFolder(again / enough["name"], run.top))
    found = outputs(netlist, find_library("egfet", 1.0), rows.X_int)["class"]
    assert np.array_equal(found, model.predict(rows.X_int))
    with (again / enough["name"] / "front.csv").open() as lines:
        front = [int(row["chosen"]) for row in csv.DictReader(lines)]
    with (again / "coefficients" / "front.csv").open() as lines:
        front_of_chosen = [int(row["chosen"]) for row in csv.DictReader(lines)]
    assert sum(front) == 1
    assert front.index(1) < front_of_chosen.index(1)
    approximate_run(again, approx="coefficients", max_loss=0.06, progress=quiet)
    assert not list(again.glob("coefficients-for-*"))


def test_a_model_that_draws_more_than_expected_when_built_gives_way(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subject, "taught", False)
    again = shutil.copytree(full, tmp_path / "again")
    measured = model_for_source._ratio
    ratios: list[float] = []

    def at_first_too_small(drawn_mw: float, quick_mw: float) -> float:
        ratios.append(measured(drawn_mw, quick_mw))
        return ratios[-1] if len(ratios) > 1 else 0.5 * ratios[-1]

    monkeypatch.setattr(model_for_source, "_ratio", at_first_too_small)
    approximate_run(again, approx="full", max_loss=0.06, power_source_mw=1.0, progress=quiet)
    (enough,) = metrics_of(again)["alternatives"]
    assert len(ratios) > 1, "the first one built was carried"
    assert min(corner["power_mw"] for corner in enough["corners"]) <= 1.0
    recipe, run, _, rows = read_run(again)
    netlist = read_netlist(RunFolder(again / enough["name"], run.top))
    assert least_power_mw(netlist, recipe, rows.X_int[rows.train]) <= asked_mw(recipe)


def test_a_power_source_needs_pruning_and_a_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs approx 'full'"):
        Recipe(dataset="seeds", model="svm-c", power_source_mw=3.0)
    with pytest.raises(InputError, match="number of mW"):
        Recipe(dataset="seeds", model="svm-c", approx="full", power_source_mw=-1.0)
    arguments = ["build", "seeds", "--model", "svm-c", "--approx", "full", "--power-source", "sun"]
    result = CliRunner().invoke(printml, [*arguments, "--out", str(tmp_path / "run")])
    assert isinstance(result.exception, InputError)
    assert "blue-spark" in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_further_losses_need_what_gives_them() -> None:
    with pytest.raises(InputError, match="further_losses"):
        Recipe(dataset="seeds", model="tree", further_losses=(0.02,))
    with pytest.raises(InputError, match="further_losses must be shares"):
        Recipe(dataset="seeds", model="tree", approx="full", further_losses=(0.0,))
    table = {"dataset": "seeds", "model": "tree", "further_losses": ["a lot"]}
    with pytest.raises(InputError, match="list of numbers"):
        recipe_from_table(table, where="here")


def test_the_bench_of_the_pruned_netlist_runs_where_it_stands(full: Path) -> None:
    sim = full / "pruned" / "sim"
    run = subprocess.run(
        [sys.executable, "run_bench.py", "netlist"], cwd=sim, capture_output=True, timeout=120
    )
    assert run.returncode == 0, run.stdout.decode()


def test_published_methods_on_an_existing_run_and_same_result_again(full: Path) -> None:
    results = []
    for jobs in (1, 2):
        approximate_run(
            full, approx="published", max_loss=0.06, n_jobs=jobs, report=jobs == 1, progress=quiet
        )
        # Without a page of its own, that of the circuit before must not stay.
        assert (full / "report.html").exists() == (jobs == 1)
        metrics = metrics_of(full)
        assert [s["name"] for s in metrics["stages"]] == ["exact", "coefficients", "pruned"]
        results.append(
            [(s["area_cm2"], s["accuracy_test"], s["n_cells"]) for s in metrics["stages"]]
        )
        results[-1].append((full / "pruned" / "netlist" / "seeds_svm_c.v").read_text())
    assert results[0] == results[1]
    assert "DATE 2022" in metrics["stages"][1]["method"]


def test_where_no_gate_is_pruned_the_netlist_stays(full: Path, tmp_path: Path) -> None:
    again = shutil.copytree(full, tmp_path / "again")
    recipe, run, model, rows = read_run(again)
    library = find_library("egfet", 1.0)
    start = class_only(read_netlist(run))
    # What pruning hands on when it found nothing is mapped in haste and may be larger.
    hasty = quick_netlist(model, library, name=start.name)
    nothing = Pruned(before=hasty, after=hasty, changes=(), front=({"chosen": 1},), details={})
    kept = _as_it_was(nothing, start)
    assert kept.before is start
    stage = pruned_stage(recipe, again / "pruned", model, rows, kept, n_jobs=1, progress=quiet)
    assert stage["area_cm2"] <= start.area_cm2(library)
    assert np.array_equal(
        outputs(read_netlist(RunFolder(again / "pruned", run.top)), library, rows.X_int)["class"],
        model.predict(rows.X_int),
    )


def test_full_is_the_same_with_one_and_two_workers(full: Path) -> None:
    texts = []
    for jobs in (1, 2):
        approximate_run(full, approx="full", max_loss=0.06, n_jobs=jobs, progress=quiet)
        texts.append((full / "pruned" / "netlist" / "seeds_svm_c.v").read_text())
    assert texts[0] == texts[1]


def test_a_killed_approximation_goes_on_and_gives_the_same(full: Path, tmp_path: Path) -> None:
    approximate_run(full, approx="full", max_loss=0.06, n_jobs=1, progress=quiet)
    wanted = (full / "pruned" / "netlist" / "seeds_svm_c.v").read_text()
    before = sorted(path.name for path in full.iterdir())
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "printml", "approximate", str(full), "--max-loss", "0.06"]
    victim = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    checkpoints = tmp_path / "printml" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("*.npz")):
        assert victim.poll() is None, "it ended before a checkpoint was seen"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    victim.kill()
    victim.wait()
    assert sorted(path.name for path in full.iterdir()) == before
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=300)
    assert (full / "pruned" / "netlist" / "seeds_svm_c.v").read_text() == wanted
    assert not list(checkpoints.glob("*.npz"))


@pytest.mark.parametrize("model", ["svm-r", "tree"])
def test_without_budget_every_right_training_row_stays_right(model: Any, tmp_path: Path) -> None:
    recipe = Recipe(dataset="seeds", model=model, effort="fast", approx="full", max_loss=0.0)
    path = build(recipe, tmp_path / "run", progress=quiet)
    _, run, exact, rows = read_run(path)
    X, y = rows.X_int[rows.train], rows.y[rows.train]
    right = exact.predict(X) == y
    library = find_library("egfet", 1.0)
    stages = metrics_of(path)["stages"]
    assert stages[-1]["area_cm2"] < stages[0]["area_cm2"]
    for stage in stages[1:]:
        netlist = read_netlist(RunFolder(path / stage["name"], run.top))
        assert (outputs(netlist, library, X)["class"][right] == y[right]).all()


def test_large_tables_stop_at_a_share_of_the_area(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search gains on its rows all the way, so the exact model is the front's first row."""
    monkeypatch.setattr(model_search, "COEFFICIENTS", replace(COEFFICIENTS, most_rows=100))
    monkeypatch.setattr(copies, "LARGE_TABLE", 100)
    monkeypatch.setattr(model_search, "LARGE_TABLE", 100)
    recipe = Recipe(
        dataset="seeds", model="svm-c", effort="fast", approx="full", max_loss=0.1, seed=3
    )
    path = build(recipe, tmp_path / "run", report=False, progress=quiet)
    assert not (path / "report.html").exists()
    exact, coefficients, pruned = metrics_of(path)["stages"]
    assert exact["area_cm2"] > coefficients["area_cm2"] > pruned["area_cm2"]
    assert coefficients["held_out_loss_of_folds"] <= 0.05
    assert pruned["held_out_loss_of_folds"] <= 0.075
    assert pruned["n_copies"] == MOST_COPIES
    with (path / "coefficients" / "front.csv").open() as file:
        front = list(csv.DictReader(file))
    areas = [float(row["area_estimate_mm2"]) for row in front]
    assert areas == sorted(areas, reverse=True)
    assert sum(int(row["chosen"]) for row in front) == 1


@pytest.mark.parametrize("family", ["forest", "tree"])
def test_trees_of_large_tables_are_pruned_from_their_exact_circuit_to_a_share_of_it(
    family: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The front's held losses are those at each point's share, and the chosen one is allowed."""
    monkeypatch.setattr(model_search, "COEFFICIENTS", replace(COEFFICIENTS, most_rows=100))
    monkeypatch.setattr(model_search, "TREE_ROWS", 100)
    chosen_by_share = []

    def noted(*arguments: Any, **options: Any) -> Any:
        chosen_by_share.append(choose_by_share(*arguments, **options))
        return chosen_by_share[-1]

    monkeypatch.setattr(choice, "choose_by_share", noted)
    recipe = Recipe(
        dataset="seeds", model=family, n_trees=3, effort="fast", approx="full", max_loss=0.1
    )
    path = build(recipe, tmp_path / "run", progress=quiet)
    exact, pruned = metrics_of(path)["stages"]
    assert exact["area_cm2"] > pruned["area_cm2"]
    assert pruned["held_out_loss_of_folds"] <= paths.AIM_SHARE * 0.1
    assert pruned["n_copies"] == {"forest": MOST_COPIES, "tree": TREE_COPIES}[family]
    ((k, budget),) = chosen_by_share
    assert pruned["held_out_loss_of_folds"] == budget.held_loss
    with (path / "pruned" / "front.csv").open() as file:
        assert [int(row["chosen"]) for row in csv.DictReader(file)].index(1) == k


def test_a_front_that_leaves_the_exact_model_out_gets_it_back() -> None:
    model = random_network(0, decision="argmax")
    library = find_library("egfet", 1.0)
    area = estimate_area_mm2(model, library)
    better = random_network(1, decision="argmax")
    front = Front(np.array([-0.1]), np.array([0.5 * area]), (better,))
    whole = _from_start(front, model, library)
    assert whole.area_mm2.tolist() == [area, 0.5 * area]
    assert whole.loss.tolist() == [0, -0.1]
    assert whole.candidates == (model, better)
    assert _from_start(whole, model, library) is whole


def test_a_choice_that_is_larger_after_synthesis_gives_way_to_the_exact_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Recipe(dataset="seeds", model="tree", max_depth=2, effort="fast", approx="coefficients")
    large = replace(small, max_depth=0, approx="none")
    _, _, grown, _ = read_run(train_only(large, tmp_path / "large", progress=quiet))

    def misled(*arguments: Any, **options: Any) -> Any:
        return replace(search_models(*arguments, **options), chosen=grown)

    monkeypatch.setattr("printml.flow.approximate.search_models", misled)
    path = build(small, tmp_path / "small", progress=quiet)
    exact, thresholds = metrics_of(path)["stages"]
    assert thresholds["area_cm2"] == exact["area_cm2"]
    assert thresholds["accuracy_test"] == exact["accuracy_test"]
    assert "larger after synthesis" in thresholds["kept_exact"]
    assert thresholds["budget_search_loss"] is None


def test_a_run_without_exact_circuit_is_refused(tmp_path: Path) -> None:
    path = train_only(Recipe(dataset="seeds", model="svm-c"), tmp_path / "t", progress=quiet)
    with pytest.raises(InputError, match="no exact circuit"):
        approximate_run(path, approx="full", max_loss=0.01, progress=quiet)
    result = CliRunner().invoke(printml, ["approximate", str(tmp_path / "nowhere")])
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_max_loss_out_of_range(value: float) -> None:
    with pytest.raises(InputError, match="max_loss"):
        Recipe(dataset="seeds", model="svm-c", max_loss=value)
