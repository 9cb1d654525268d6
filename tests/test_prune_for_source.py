"""A tree for a power source: pruned from its exact circuit, with what folds say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from printml.approx.guard import Budget
from printml.flow import prune_for_source
from printml.flow.build import train_only
from printml.flow.folds import make_folds
from printml.flow.power_need import least_power_mw
from printml.flow.prune_for_source import for_source, least_lost
from printml.flow.prune_paths import (
    Choice,
    Paths,
    Subject,
    paths_of,
    pruned_point,
    whole_task,
)
from printml.flow.prune_step import Pruned
from printml.flow.quick_netlist import quick_netlist
from printml.flow.recipe import Recipe
from printml.flow.run import library_of, read_json, read_run
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.network import netlist_of
from printml.prune.paths import PrunePath, Task, mended, run_task
from printml.prune.search import PrunePoint
from printml.simulate.kernel import outputs

SOURCE_MW = 0.15
CHOSEN = 0, Budget(0.0, 0.0, 0.0)
UNUSED = PrunePath((), np.empty(0), np.empty(0), Path("none"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    recipe = Recipe(
        dataset="seeds", model="tree", approx="full", max_loss=0.05, power_source_mw=SOURCE_MW
    )
    path: Path = train_only(recipe, tmp_path_factory.mktemp("tree") / "run")
    _, run, model, rows = read_run(path)
    folds = make_folds(recipe, read_json(run.model), model, rows)
    exact = quick_netlist(model, library_of(recipe))
    own = [fold.model for fold in folds]
    return Subject(recipe, exact, model, rows, folds, own, library_of(recipe), exact)


def found_for(subject: Subject) -> tuple[Pruned | None, list[str]]:
    told: list[str] = []
    paths = paths_of(subject, whole_task(subject), UNUSED, [], by_share=False)
    return for_source(subject, paths, CHOSEN, n_jobs=1, progress=told.append), told


def drawn_mw(subject: Subject, netlist: Netlist) -> float:
    return least_power_mw(netlist, subject.recipe, subject.rows.X_int[subject.rows.train])


def test_a_tree_is_pruned_from_its_exact_circuit(tree: Subject) -> None:
    found, told = found_for(tree)
    assert told == ["pruned: from the exact circuit to one that lives on 0.15 mW"]
    assert found is not None
    assert found.before is tree.exact
    assert drawn_mw(tree, found.before) > SOURCE_MW >= drawn_mw(tree, found.after)
    rows, details = tree.rows, found.details
    wrong = (
        outputs(found.after, tree.library, rows.X_int[rows.train])["class"] != rows.y[rows.train]
    )
    exact_wrong = tree.model.predict(rows.X_int[rows.train]) != rows.y[rows.train]
    # It is no constant, and it kept most of what a tree knows of rows that it saw.
    assert wrong.mean() - exact_wrong.mean() < 0.2
    assert details["n_folds"] == len(tree.folds) == 5
    assert details["n_validation"] == len(rows.train)
    lost = details["accuracy_validation_exact"] - details["accuracy_validation"]
    assert details["held_out_loss_of_folds"] == pytest.approx(lost)
    assert details["beyond_max_loss"] == (lost > 0.05)
    assert any(change["becomes"].startswith(("nand ", "nor ")) for change in found.changes)


def test_nothing_is_made_for_a_source_that_carries_the_exact_tree(tree: Subject) -> None:
    strong = replace(tree, recipe=replace(tree.recipe, power_source_mw=10.0))
    assert found_for(strong) == (None, ["pruned: the exact circuit lives on 10 mW"])


def test_a_source_that_only_just_carries_the_exact_tree_gets_another_circuit(
    tree: Subject,
) -> None:
    assert tree.exact is not None
    exact_mw = drawn_mw(tree, tree.exact)
    just = replace(tree, recipe=replace(tree.recipe, power_source_mw=1.005 * exact_mw))
    found, _ = found_for(just)
    assert found is not None
    assert drawn_mw(tree, found.after) <= 0.99 * 1.005 * exact_mw < exact_mw


def test_what_mending_makes_too_dear_for_the_source_is_passed_over(
    tree: Subject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    subject = replace(tree, exact=None, folds=[], fold_models=[])
    task = whole_task(subject)
    path = run_task(task, subject.library, max_loss=0.05)
    last = len(path.points) - 1
    netlists = [netlist_of(point.network, subject.library) for point in path.points]
    first = next(k for k, own in enumerate(netlists) if drawn_mw(subject, own) <= SOURCE_MW)
    assert 0 < first < last - 1
    paths = paths_of(subject, task, path, [], by_share=False)
    tried: list[int] = []

    def dear_once(_: Subject, paths: Paths, choice: Choice, *, max_loss: float) -> Pruned:
        found = pruned_point(subject, paths, choice, max_loss=max_loss)
        tried.append(choice[0])
        return replace(found, after=task.netlist) if len(tried) == 1 else found

    monkeypatch.setattr(prune_for_source, "pruned_point", dear_once)
    chosen = last, Budget(0.0, 0.0, 0.0)
    found = for_source(subject, paths, chosen, n_jobs=1, progress=lambda step: None)
    assert tried == [first, first + 1]
    assert found is not None
    assert drawn_mw(subject, found.after) <= SOURCE_MW
    # Where none is left that lives on it, there is no such circuit, and that is told.
    monkeypatch.setattr(
        prune_for_source, "pruned_point",
        lambda *args, **options: replace(pruned_point(*args, **options), after=task.netlist),
    )  # fmt: skip
    told: list[str] = []
    assert for_source(subject, paths, chosen, n_jobs=1, progress=told.append) is None
    assert told[-1].startswith("pruned: no other circuit that lives on 0.15 mW")


def test_a_path_goes_on_where_mending_makes_its_end_too_dear(
    tree: Subject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    subject = replace(tree, exact=None, recipe=replace(tree.recipe, max_loss=0.4))
    task = whole_task(subject)
    path = run_task(task, subject.library, max_loss=0.05)
    start = path.points[0]
    begun = replace(path, points=path.points[:1], loss=path.loss[:1])
    paths = replace(paths_of(subject, task, begun, [], by_share=False), n_held=[])
    asked: list[float] = []

    def dear_once(task: Task, point: PrunePoint, library: CellLibrary) -> PrunePoint:
        asked.append(point.area_mm2)
        return start if len(asked) == 1 else mended(task, point, library)

    monkeypatch.setattr(prune_for_source, "mended", dear_once)
    told: list[str] = []
    found = for_source(subject, paths, CHOSEN, n_jobs=1, progress=told.append)
    assert told[0].startswith("pruned: no circuit within max_loss lives on 0.15 mW")
    assert found is not None
    assert drawn_mw(subject, found.after) <= SOURCE_MW
    assert len(asked) >= 2
    assert asked[0] > asked[-1]


def test_of_points_that_lose_equally_much_the_first_is_taken() -> None:
    assert least_lost([0.02, 0.01, float("nan"), 0.01, 0.03]) == 1
    assert least_lost([float("nan")] * 3) == 0
