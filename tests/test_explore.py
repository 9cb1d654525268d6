"""Exploration: fronts and choices by hand, and real processes that are killed or meet."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from printml.errors import InputError, ToolError
from printml.explore.evaluate import Probe
from printml.explore.needs import Needs, area_limit_cm2, recommend
from printml.explore.points import (
    Corner,
    Point,
    hypervolume,
    pareto_front,
    point_from_table,
)
from printml.explore.promise import most_promising
from printml.explore.result import copy_circuits
from printml.explore.search import batch_seconds, explore
from printml.explore.space import configurations, finished_recipe, short_name
from printml.explore.store import clear_store, entry, in_use, key_of, store_size
from printml.explore.workers import workers
from printml.flow.recipe import Recipe
from printml.power_sources import power_limit_mw

SEEDS = Recipe(dataset="seeds", model="tree")
EXPLORE = (
    sys.executable, "-m", "printml", "explore", "seeds", "--family", "tree", "--evaluations", "2",
)  # fmt: skip


def point(name: str, accuracy: float, area: float, power: float = 1.0) -> Point:
    corners = (Corner(1.0, power, 50.0), Corner(0.6, power / 3, 100.0))
    return Point(
        name, name, "pruned", "0" * 40, accuracy, area, power, corners, 0.5, 0.4, 0.6, 10, "proved",
        100,
    )  # fmt: skip


def test_front_and_hypervolume_by_hand() -> None:
    a, b, c = point("a", 0.8, 1.0), point("b", 0.9, 10.0), point("c", 0.85, 20.0)
    assert pareto_front([c, b, a]) == [a, b]
    # Above 0.5: 0.3 at 3 decades below 1000 cm2, then 0.1 at 2 decades; c adds nothing.
    for points in ([a, b], [c, a, b]):
        found = hypervolume(
            [p.accuracy_validation for p in points],
            [p.area_cm2 for p in points],
            least_accuracy=0.5,
        )
        assert found == pytest.approx(0.3 * 3 + 0.1 * 2)
    assert hypervolume([0.5], [1.0], least_accuracy=0.5) == 0.0


def test_the_front_holds_what_draws_least_too() -> None:
    small, frugal = point("small", 0.8, 1.0, 3.0), point("frugal", 0.8, 2.0, 1.5)
    twin, worse = point("twin", 0.8, 1.0, 3.0), point("worse", 0.7, 2.5, 1.5)
    assert pareto_front([worse, twin, frugal, small]) == [small, frugal]


def test_a_circuit_without_gates_has_a_finite_hypervolume() -> None:
    assert hypervolume([0.7], [0.0], least_accuracy=0.5) == pytest.approx(0.2 * 6)


def test_power_sources_by_name_and_number() -> None:
    assert power_limit_mw("blue-spark") == 3.0
    assert power_limit_mw("Molex") == 30.0
    assert power_limit_mw("0.25") == 0.25
    for text in ("sun", "-1", "nan", "0"):
        with pytest.raises(InputError, match="power source"):
            power_limit_mw(text)


def test_limits_of_area_and_power_as_one_area() -> None:
    # At 0.6 V these draw 1 and 2 mW per cm2; the circuit without gates has no such figure.
    known = [point("a", 0.8, 1.0, 3.0), point("b", 0.8, 2.0, 12.0), point("c", 0.4, 0.0, 0.0)]
    assert area_limit_cm2(Needs(min_accuracy=0.9), known) is None
    assert area_limit_cm2(Needs(max_area_cm2=4.0), []) == 4.0
    assert area_limit_cm2(Needs(max_power_mw=3.0), []) is None
    assert area_limit_cm2(Needs(max_power_mw=3.0), known) == pytest.approx(2.0)
    assert area_limit_cm2(Needs(max_power_mw=3.0, max_area_cm2=0.5), known) == 0.5


def test_what_is_recommended() -> None:
    points = [point("small", 0.80, 0.1, 0.3), point("good", 0.90, 5.0, 6.0)]
    # On 100 rows [0.71, 0.87] and [0.82, 0.95].
    best = recommend(points, Needs())
    assert best is not None
    assert (best.point.name, best.corner.vdd, best.misses) == ("good", 0.6, ())
    frugal = recommend(points, Needs(max_power_mw=1.0))
    assert frugal is not None
    assert frugal.point.name == "small"
    least = recommend(points, Needs(min_accuracy=0.7))
    assert least is not None
    assert (least.point.name, least.corner.vdd) == ("small", 0.6)
    assert "surely accurate enough (95 %) and" in least.why
    # "small" has as much as is asked for, but not surely; nothing surely has 0.85.
    surer = recommend(points, Needs(min_accuracy=0.78))
    unsure = recommend(points, Needs(min_accuracy=0.85))
    assert surer is not None
    assert unsure is not None
    assert surer.point.name == unsure.point.name == "good"
    assert "none is surely" in unsure.why
    # At 0.6 V the path takes 100 ms, so 15 Hz needs 1 V.
    fast = recommend(points, Needs(min_accuracy=0.7, sampling_hz=15.0))
    assert fast is not None
    assert fast.corner.vdd == 1.0
    missed = recommend(points, Needs(min_accuracy=0.95, max_area_cm2=1.0))
    assert missed is not None
    # small: error 0.2 of 0.05 allowed, 4 times; good: 5 times the area.
    assert missed.point.name == "small"
    assert missed.misses == ("validation error is 4 times its limit",)
    assert recommend([], Needs()) is None


def test_names_tell_configurations_apart() -> None:
    recipes = configurations(SEEDS)
    assert len({short_name(recipe) for recipe in recipes}) == len(recipes)
    assert {recipe.model for recipe in configurations(SEEDS, ("svm-r",))} == {"svm-r"}


def test_each_family_first_then_what_adds_most() -> None:
    tree, svm = configurations(SEEDS, ("tree",))[0], configurations(SEEDS, ("svm-r",))[0]
    probes = {
        short_name(tree): Probe(short_name(tree), 0.9, 100.0, 0.4, 100),
        short_name(svm): Probe(short_name(svm), 0.7, 1e5, 0.4, 100),
    }
    first = most_promising([tree, svm], probes, [], [], least=0.4, n=2)
    assert first == [tree, svm]
    done = [(tree, [point("x", 0.95, 0.01)])]
    assert most_promising([tree, svm], probes, done, [], least=0.4, n=1) == [svm]
    # Nearer to the most frequent class than to the tree: no reason to look at SVMs.
    hopeless = probes | {short_name(svm): Probe(short_name(svm), 0.6, 1e5, 0.4, 100)}
    assert most_promising([tree, svm], hopeless, done, [], least=0.4, n=1) == [tree]
    done += [(svm, [point("y", 0.5, 1.0)])]
    assert most_promising([svm, tree], probes, done, [], least=0.4, n=1) == [tree]


def test_less_work_comes_before_a_little_more_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = configurations(SEEDS, ("svm-r",))
    probes = {
        short_name(small): Probe(short_name(small), 0.80, 100.0, 0.4, 100),
        short_name(large): Probe(short_name(large), 0.99, 1000.0, 0.4, 100),
    }
    assert most_promising([large, small], probes, [], [], least=0.4, n=1) == [small]
    monkeypatch.setattr("printml.explore.promise.WORK_PER_CM2", 0.0)
    assert most_promising([large, small], probes, [], [], least=0.4, n=1) == [large]


def test_what_reaches_a_wanted_accuracy_comes_first() -> None:
    small, large = configurations(SEEDS, ("svm-r",))
    probes = {
        short_name(small): Probe(short_name(small), 0.80, 100.0, 0.4, 100),
        short_name(large): Probe(short_name(large), 0.99, 1000.0, 0.4, 100),
    }
    first = partial(most_promising, [large, small], probes, [], [], least=0.4, n=1)
    # Both reach 0.75, the small one for less work; 0.95 only the large one.
    assert first() == first(wanted=[0.75]) == first(wanted=[0.75, 0.95]) == [small]
    assert first(wanted=[0.95]) == [large]
    # Nothing reaches it: what is nearest.
    assert first(wanted=[1.0]) == [large]


def test_what_fits_into_the_area_and_is_most_accurate_comes_first() -> None:
    small, large = configurations(SEEDS, ("svm-r",))
    probes = {
        short_name(small): Probe(short_name(small), 0.80, 100.0, 0.4, 100),
        short_name(large): Probe(short_name(large), 0.802, 500.0, 0.4, 100),
    }
    done = [(small, [replace(point("x", 0.8, 1.0), stage="exact")])]
    first = partial(most_promising, [large, small], probes, done, done[0][1], least=0.4, n=1)
    # A circuit of 0.8 and 1 cm2 is known; only the exact large one, of 5 cm2, can be better.
    assert first(within_cm2=6.0) == [large]
    assert first(within_cm2=4.0) == first() == [small]


def test_a_family_below_whatever_is_wanted_waits() -> None:
    tree, svm = configurations(SEEDS, ("tree",))[0], configurations(SEEDS, ("svm-r",))[0]
    probes = {
        short_name(tree): Probe(short_name(tree), 0.9, 100.0, 0.4, 100),
        short_name(svm): Probe(short_name(svm), 0.7, 100.0, 0.4, 100),
    }
    done = [(tree, [point("x", 0.95, 0.01)])]
    first = partial(most_promising, [tree, svm], probes, done, [], least=0.4, n=1)
    assert first() == first(wanted=[0.65]) == [svm]
    assert first(wanted=[0.85]) == [tree]


def test_a_batch_takes_as_long_as_its_longest_or_its_share() -> None:
    recipes = configurations(SEEDS, ("tree",))[:3]
    # Works of 1, 1 and 6.
    areas_mm2 = (0.0, 0.0, 1000.0)
    probes = {
        short_name(recipe): Probe(short_name(recipe), 0.9, area, 0.4, 100)
        for recipe, area in zip(recipes, areas_mm2, strict=True)
    }
    takes = partial(batch_seconds, probes=probes, pace_s=10.0)
    assert takes(recipes, n_workers=1) == 80.0
    assert takes(recipes, n_workers=2) == 60.0
    assert takes(recipes[:2], n_workers=2) == 10.0


class TwoTimedWorkers:
    """Ten seconds for a unit of work; areas and accuracies of probes as given, about 1 mm2 (no two
    alike) and 0.8 for the others."""

    n_workers = 2

    def __init__(
        self, areas_mm2: dict[str, float], accuracies: dict[str, float] | None = None
    ) -> None:
        self.areas_mm2 = areas_mm2
        self.accuracies = accuracies or {}
        self.now_s = 0.0
        self.finished: list[str] = []

    def map(self, work: object, tasks: Sequence[Recipe]) -> Iterator[Any]:
        names = [short_name(task) for task in tasks]
        probes = {
            n: Probe(
                n, self.accuracies.get(n, 0.8), self.areas_mm2.get(n, 1.0 + 1e-6 * k), 0.4, 100
            )
            for k, n in enumerate(names)
        }
        if tasks[0].approx == "none":
            yield from probes.values()
            return
        self.now_s += batch_seconds(tasks, probes=probes, pace_s=10.0, n_workers=2)
        self.finished += names
        yield from ([point(name, 0.5 + 0.01 * k, 1.0 + k)] for k, name in enumerate(names))


def test_only_what_fits_into_the_minutes_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [short_name(recipe) for recipe in configurations(SEEDS, ("tree",))]
    team = TwoTimedWorkers({names[0]: 1e4})  # 510 seconds
    monkeypatch.setattr("printml.explore.search.time.monotonic", lambda: team.now_s)
    monkeypatch.setattr("printml.explore.search.build_seconds", lambda store, points: 10.0)
    found = explore(SEEDS, Path("unused"), team, families=("tree",), seconds=100.0)
    assert names[0] not in team.finished
    assert set(names[1:]) <= set(team.finished)
    assert len(team.finished) > len(names) - 1  # there was time to refine the front
    assert team.now_s <= 100.0
    assert found.history[-1].n_finished == len(team.finished)

    for seconds in (0.001, 15.0):  # one of the smallest, however little time there is
        team = TwoTimedWorkers({names[0]: 1e4})
        found = explore(SEEDS, Path("unused"), team, families=("tree",), seconds=seconds)
        assert team.finished == [names[1]]
        assert found.stopped == f"{seconds:.0f} s"


def test_limits_that_change_nothing_are_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trees of 8 and of 32 leaves come out alike; that of other input bits is another one."""
    small, large, other = "tree-l8-b8", "tree-l32-b8", "tree-l8-b4"
    team = TwoTimedWorkers({small: 7.0, large: 7.0, other: 7.1})
    monkeypatch.setattr("printml.explore.search.build_seconds", lambda store, points: 10.0)
    told: list[str] = []
    found = explore(SEEDS, Path("unused"), team, families=("tree",), progress=told.append)
    assert f"{small}: the same model as {large}, left out" in told
    assert {large, other} <= set(team.finished)
    assert small not in {*team.finished, *(probe.name for probe in found.probes)}


def test_wanted_accuracies_steer_an_exploration(monkeypatch: pytest.MonkeyPatch) -> None:
    large, *small = [short_name(recipe) for recipe in configurations(SEEDS, ("tree",))]
    monkeypatch.setattr("printml.explore.search.build_seconds", lambda store, points: 10.0)

    def first(**steering: Any) -> str:
        team = TwoTimedWorkers({large: 1e4}, {large: 0.95})
        explore(SEEDS, Path("unused"), team, families=("tree",), evaluations=1, **steering)
        return team.finished[0]

    assert first() in small
    assert first(wanted=[0.9]) == large
    assert first(needs=Needs(min_accuracy=0.9)) == large


def test_limits_steer_an_exploration(monkeypatch: pytest.MonkeyPatch) -> None:
    large, *small = [short_name(recipe) for recipe in configurations(SEEDS, ("tree",))]
    monkeypatch.setattr("printml.explore.search.build_seconds", lambda store, points: 10.0)
    monkeypatch.setattr("printml.explore.promise.WORK_PER_CM2", 0.0)

    def first(needs: Needs) -> str:
        team = TwoTimedWorkers({large: 1e4}, {large: 0.95} | dict.fromkeys(small, 0.7))
        explore(SEEDS, Path("unused"), team, families=("tree",), evaluations=1, needs=needs)
        return team.finished[0]

    assert first(Needs()) == first(Needs(max_area_cm2=100.0)) == large
    # However much accuracy is given up, the large one is expected to keep 0.3 cm2.
    assert first(Needs(max_area_cm2=0.2)) in small


def test_points_survive_json() -> None:
    before = point("a", 0.8, 1.0)
    assert point_from_table(json.loads(json.dumps(asdict(before)))) == before


def test_keys_depend_on_what_matters() -> None:
    recipe = finished_recipe(configurations(SEEDS)[0])
    key = key_of(recipe, kind="run")
    assert key == key_of(replace(recipe, timeout_s=1.0), kind="run")
    others = [
        key_of(recipe, kind="probe"),
        key_of(replace(recipe, seed=1), kind="run"),
        key_of(replace(recipe, dataset="balance"), kind="run"),
        key_of(replace(recipe, vdd=0.6), kind="run"),
    ]
    assert len({key, *others}) == 5


def test_an_entry_is_held_by_one_and_cleared_by_none_meanwhile(tmp_path: Path) -> None:
    with entry(tmp_path, "ab" + "0" * 38) as place:
        place.write_text("x")
    with entry(tmp_path, "cd" + "0" * 38) as held:
        held.write_text("y")
        assert clear_store(tmp_path).n_entries == 2
        assert held.exists()
        assert not place.exists()
    assert store_size(tmp_path).n_entries == 1
    clear_store(tmp_path)
    assert store_size(tmp_path).n_entries == 0


def test_a_store_in_use_is_not_cleared(tmp_path: Path) -> None:
    with entry(tmp_path, "ab" + "0" * 38) as place:
        place.write_text("x")
    with in_use(tmp_path), in_use(tmp_path), pytest.raises(InputError, match="uses this store"):
        clear_store(tmp_path)
    assert place.exists()
    clear_store(tmp_path)
    assert not place.exists()


def test_a_scheduler_that_does_not_answer_is_an_error_of_tools() -> None:
    with (
        pytest.raises(ToolError, match="does not answer"),
        workers(n_jobs=1, scheduler="tcp://127.0.0.1:9"),
    ):
        pass


def _front(folder: Path) -> list[dict[str, str]]:
    with (folder / "front.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def _run(out: Path, store: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*EXPLORE, "--out", str(out), "--store", str(store), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _ended_well(process: subprocess.Popen[bytes]) -> str:
    text = process.communicate(timeout=600)[0].decode()
    assert process.returncode == 0, text
    return text


def _finished(store: Path) -> dict[str, float]:
    return {str(p): p.stat().st_mtime for p in store.glob("??/*/metrics.json")}


def _wait_until(condition: object, process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert process.poll() is None
        assert time.monotonic() - begun < 300
        time.sleep(0.05)


@pytest.mark.tools
def test_killed_and_met_explorations_give_the_same_front(tmp_path: Path) -> None:
    """One store: two at once, one of them killed, and a third that only reads what is there."""
    store, out = tmp_path / "store", tmp_path / "a"
    killed = _run(out, store, "-j", "2")
    beside = _run(tmp_path / "b", store, "-j", "1")
    _wait_until(lambda: _finished(store), killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    text = _ended_well(beside)
    assert "take tree-" in text
    before = _finished(store)
    assert len(before) == 2
    _ended_well(_run(out, store, "-j", "2", "--power-source", "harvester"))
    assert _finished(store) == before
    front = _front(out)
    assert front == _front(tmp_path / "b")
    for row in front:
        name = row["circuit"].removesuffix(f"-{row['stage']}")
        assert (out / "circuits" / name / "metrics.json").exists()
    record = json.loads((out / "explore.json").read_text())
    assert record["recommendation"]["corner"]["power_mw"] <= 0.1
    page = (out / "report.html").read_text()
    assert len(page) < 5_000_000
    assert "http://www.w3.org" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "tree-" in page
    assert (out / "report_figures" / "accuracy_area.svg").exists()


@pytest.mark.tools
def test_what_is_on_the_front_is_finished_again_with_more_losses(tmp_path: Path) -> None:
    base = replace(SEEDS, effort="fast")
    store, folder = tmp_path / "store", tmp_path / "out"
    with workers(n_jobs=2, scheduler="") as team:
        found = explore(base, store, team, families=("svm-r",))
    assert found.stopped == "nothing left to try"
    circuits = [(point.name, point.stage) for point in found.points]
    assert len(set(circuits)) == len(circuits)
    names = {point.name for point in found.front}
    for name in names:
        losses = {stage for other, stage in circuits if other == name}
        assert {"exact", "pruned", "pruned-at-2", "pruned-at-3"} <= losses
    folder.mkdir()
    copy_circuits(folder, store, found)
    for point in found.front:
        places = [folder / "circuits" / point.name, folder / "circuits" / f"{point.name}-further"]
        stages = [place if point.stage == "exact" else place / point.stage for place in places]
        assert any((stage / "netlist").exists() for stage in stages)


@pytest.mark.tools
def test_a_cluster_that_loses_a_worker_gives_the_same_front(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    port = address.rpartition(":")[2]
    script = "from distributed.cli import dask_{0} as m; m.main()"
    scheduler = subprocess.Popen(
        [sys.executable, "-c", script.format("scheduler"), "--host", "127.0.0.1", "--port", port,
         "--no-dashboard", "--no-show"],
        **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    team = [
        subprocess.Popen(
            [sys.executable, "-c", script.format("worker"), address, "--nthreads", "1",
             "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
             "--local-directory", str(tmp_path / f"worker{k}")],
            start_new_session=True,
            **quiet,  # type: ignore[call-overload]
        )
        for k in range(2)
    ]  # fmt: skip
    try:
        store = tmp_path / "store"
        exploring = _run(tmp_path / "cluster", store, "--scheduler", address)
        # In the middle: somebody works on a circuit, nobody has finished one.
        _wait_until(lambda: list(store.glob("??/.*.building.*")), exploring)
        os.killpg(team[0].pid, signal.SIGKILL)
        _ended_well(exploring)
        _ended_well(_run(tmp_path / "here", tmp_path / "store2", "-j", "1"))
        assert _front(tmp_path / "cluster") == _front(tmp_path / "here")
    finally:
        for process in (*team, scheduler):
            process.kill()
            process.wait()
