"""Tables as users have them: tabs, Parquet, categories, weights, groups, a test file, ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printml.data.load import load_dataset
from printml.data.split import split_rows
from printml.data.weights import MOST_REPEATS, repeats, training_groups, weighted_split
from printml.errors import DataError, InputError
from printml.flow.build import build, train_only
from printml.flow.folds import make_folds
from printml.flow.recipe import Recipe, recipe_from_table, recipe_to_toml
from printml.flow.run import read_json, read_run
from printml.model.search import deal_folds

GOOD = "a,b,label\n1,2.5,x\n3,-4e1,y\n5,,x\n7,8,y\n"


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def same(one: object, other: object) -> None:
    for name in ("feature_names", "class_labels"):
        assert getattr(one, name) == getattr(other, name)
    np.testing.assert_array_equal(one.X, other.X)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(one.y, other.y)  # type: ignore[attr-defined]


def test_tabs_and_parquet_give_the_same_table(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    plain = load_dataset(write(tmp_path, GOOD))
    same(load_dataset(write(tmp_path, GOOD.replace(",", "\t"), "t.tsv")), plain)
    columns = {"a": [1, 3, 5, 7], "b": [2.5, -40.0, None, 8.0], "label": ["x", "y", "x", "y"]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    same(load_dataset(tmp_path / "t.parquet"), plain)
    columns["b"] = [2.5, -40.0, float("nan"), 8.0]
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    same(load_dataset(tmp_path / "t.parquet"), plain)


def test_parquet_that_is_none_and_text_in_it(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with pytest.raises(DataError, match="not a readable Parquet file"):
        load_dataset(write(tmp_path, GOOD, "t.parquet"))
    columns = {"a": [1, 3, 5, 7], "b": ["2", "3", "four", "5"], "label": list("xyxy")}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="four") as caught:
        load_dataset(tmp_path / "t.parquet")
    assert "row 3, column `b`" in str(caught.value.where)


COLOURED = "colour,a,kind\nred,1,x\nblue,2,y\n?,3,x\nred,4,y\n"


def test_categories_are_refused_with_the_column_or_become_columns(tmp_path: Path) -> None:
    path = write(tmp_path, COLOURED)
    with pytest.raises(DataError, match="red") as caught:
        load_dataset(path)
    assert "column `colour`" in str(caught.value.where)
    assert "--one-hot" in str(caught.value.hint)
    dataset = load_dataset(path, one_hot=["colour"])
    assert dataset.feature_names == ("a", "colour=blue", "colour=red")
    assert dataset.one_hot == ("colour=blue", "colour=red")
    nan = np.nan
    np.testing.assert_array_equal(dataset.X, [[1, 0, 1], [2, 1, 0], [3, nan, nan], [4, 0, 1]])
    many = "c,k\n" + "".join(f"t{k},{k % 2}\n" for k in range(100))
    with pytest.raises(DataError, match="100 different texts"):
        load_dataset(write(tmp_path, many, "m.csv"), one_hot=["c"])
    with pytest.raises(DataError, match="no column `color`") as caught:
        load_dataset(path, one_hot=["color"])
    assert "colour" in str(caught.value.hint)
    with pytest.raises(DataError, match="two parts"):
        load_dataset(path, one_hot=["colour"], group_column="colour")


WEIGHTED = "a,w,k\n" + "".join(f"{k},{1 + k % 3},{k % 2}\n" for k in range(30))


def test_weights_repeat_training_rows_and_only_those(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, WEIGHTED), weight_column="w")
    assert dataset.feature_names == ("a",)
    assert dataset.weights is not None
    split = split_rows(dataset, seed=0)
    weighted = weighted_split(dataset, split)
    rows, counts = np.unique(weighted.train, return_counts=True)
    np.testing.assert_array_equal(rows, np.sort(split.train))
    np.testing.assert_array_equal(counts, dataset.weights[rows])
    np.testing.assert_array_equal(weighted.test, split.test)
    groups = training_groups(dataset, weighted)
    for train, held in deal_folds(dataset.y[weighted.train], seed=0, groups=groups):
        assert not set(weighted.train[train]) & set(weighted.train[held])


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=20).filter(any))
def test_repeats_keep_proportion_and_order(weights: list[float]) -> None:
    counts = repeats(np.array(weights))
    assert counts.max() <= MOST_REPEATS
    assert ((counts == 0) == (np.array(weights) == 0)).all()
    order = np.argsort(weights)
    assert (np.diff(counts[order]) >= 0).all()
    step = max(min(w for w in weights if w), max(weights) / MOST_REPEATS)
    assert all(abs(c - w / step) <= 1.0 for c, w in zip(counts, weights, strict=True))


@pytest.mark.parametrize("weight", ["-1", "", "x", "nan"])
def test_weights_that_are_none(tmp_path: Path, weight: str) -> None:
    path = write(tmp_path, f"a,w,k\n1,1,0\n2,{weight},1\n3,1,0\n4,1,1\n")
    with pytest.raises(DataError) as caught:
        load_dataset(path, weight_column="w")
    assert "line 3, column `w`" in str(caught.value.where)


def subjects(n_groups: int) -> str:
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal() + k % 2:.3f},s{k % n_groups},{k % 2}" for k in range(120)]
    return "a,who,k\n" + "\n".join(rows) + "\n"


def test_no_subject_stands_on_both_sides(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, subjects(9)), group_column="who")
    assert dataset.groups is not None
    for seed in range(5):
        split = split_rows(dataset, seed=seed)
        assert split.kind == "groups"
        assert not set(dataset.groups[split.train]) & set(dataset.groups[split.test])
        assert 0.1 < len(split.test) / dataset.n_rows < 0.5
        own = dataset.groups[split.train]
        folds = deal_folds(dataset.y[split.train], seed=seed, groups=own)
        assert len(folds) > 1
        for train, held in folds:
            assert not set(own[train]) & set(own[held])
    with pytest.raises(DataError, match="neither test files nor groups"):
        split_rows(dataset, kind="published")
    with pytest.raises(DataError, match="every row is of the group `s0`"):
        load_dataset(write(tmp_path, subjects(1)), group_column="who")


def test_a_test_file_gives_the_test_rows_in_any_order_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path, COLOURED)
    test = write(tmp_path, "kind,a,colour\nx,9,green\ny,8,red\n", "test.csv")
    dataset = load_dataset(path, target="kind", one_hot=["colour"], test_file=test)
    assert dataset.feature_names == ("a", "colour=blue", "colour=green", "colour=red")
    np.testing.assert_array_equal(dataset.X[4:], [[9, 0, 1, 0], [8, 0, 0, 1]])
    split = split_rows(dataset)
    np.testing.assert_array_equal(split.test, [4, 5])
    np.testing.assert_array_equal(split.train, [0, 1, 2, 3])
    for text, what in (("a,kind\n1,x\n", "no column `colour`"), ("colour,kind\nred,x\n", "lacks")):
        with pytest.raises(DataError, match=what):
            load_dataset(path, target="kind", one_hot=["colour"],
                         test_file=write(tmp_path, text, "bad.csv"))  # fmt: skip
    with pytest.raises(DataError, match="also has `z`"):
        extra = write(tmp_path, "colour,a,z,kind\nred,1,2,x\n", "bad.csv")
        load_dataset(path, one_hot=["colour"], test_file=extra, target="kind")


def test_known_sets_stay_as_they_are() -> None:
    with pytest.raises(DataError, match="known data set"):
        load_dataset("seeds", group_column="area")


def test_inputs_tables_of_a_recipe() -> None:
    table = {
        "dataset": "seeds",
        "model": "tree",
        "inputs": {"area": {"min": 8, "max": 22.5, "bits": 4}, "perimeter": {"bits": 0}},
    }
    recipe = recipe_from_table(table, where="here")
    assert recipe.range_by_feature == {"area": (8.0, 22.5)}
    assert recipe.bits_by_feature == {"area": 4, "perimeter": 0}
    assert 'input_ranges = ["area=8:22.5"]' in recipe_to_toml(recipe)
    for wrong in ({"min": 8}, {"min": 9, "max": 8}, {"bits": 1.5}, {"mni": 1}, {"min": "1"}, 3):
        with pytest.raises(InputError):
            recipe_from_table(table | {"inputs": {"area": wrong}}, where="here")


def test_a_sensor_range_is_the_circuits(tmp_path: Path) -> None:
    recipe = Recipe(dataset="seeds", model="svm-c", input_ranges=("area=0:32",), input_bits=5)
    train_only(recipe, tmp_path / "run", progress=lambda step: None)
    _, _run, model, rows = read_run(tmp_path / "run")
    dataset = load_dataset("seeds")
    k = model.feature_names.index("area")
    column = dataset.X[:, dataset.feature_names.index("area")]
    np.testing.assert_array_equal(rows.X_int[:, k], np.clip(np.round(column), 0, 31))
    with pytest.raises(InputError, match="no feature 'aera'"):
        train_only(Recipe(dataset="seeds", model="tree", input_ranges=("aera=0:1",)),
                   tmp_path / "other", progress=lambda step: None)  # fmt: skip


@pytest.mark.tools
def test_a_table_with_everything_becomes_a_pruned_circuit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = ["t\tplace\twho\tw\tstate"]
    for k in range(150):
        place = ("in", "out")[k % 2]
        t = rng.normal() + 2 * (k % 3 == 0)
        state = "hot" if t > 1 and place == "in" else "fine"
        lines.append(f"{t:.2f}\t{place}\tsubject {k % 10}\t{1 + (k % 4 == 0)}\t{state}")
    path = write(tmp_path, "\n".join(lines) + "\n", "log.tsv")
    recipe = Recipe(
        dataset=str(path), model="tree", one_hot=("place",), weight_column="w",
        group_column="who", approx="full", max_loss=0.02, effort="fast",
    )  # fmt: skip
    build(recipe, tmp_path / "run", progress=lambda step: None)
    again, _, model, rows = read_run(tmp_path / "run")
    assert again == recipe
    assert model.feature_names == ("t", "place=in", "place=out")
    assert model.input_bits.tolist() == [8, 1, 1]
    groups = load_dataset(path, one_hot=["place"], weight_column="w", group_column="who").groups
    assert groups is not None
    assert not set(groups[rows.train]) & set(groups[rows.test])
    record = read_json(tmp_path / "run" / "model.json")
    assert any("by their weights" in note for note in record["dataset"]["notes"])
    for fold in make_folds(recipe, record, model, rows):
        assert not set(groups[fold.search]) & set(groups[fold.held])
    stages = read_json(tmp_path / "run" / "metrics.json")["stages"]
    assert [stage["name"] for stage in stages] == ["exact", "thresholds", "pruned"]
    assert stages[0]["accuracy_test"] > 0.8
