"""Run folders: whole or not at all, locked, never over a user's files."""

import contextlib
import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from printml.errors import CheckError, InputError
from printml.flow.accuracy import measure_accuracy, new_rows
from printml.flow.recipe import Recipe, recipe_from_table, recipe_to_toml
from printml.flow.rundir import MARKER, _locked, staged
from printml.intervals import clopper_pearson


def make_run(target: Path, text: str) -> None:
    with staged(target) as scratch:
        (scratch / MARKER).write_text(text)


def test_the_folder_appears_whole(tmp_path):
    target = tmp_path / "a" / "run"
    with staged(target) as scratch:
        (scratch / MARKER).write_text("one")
        assert not target.exists()
    assert (target / MARKER).read_text() == "one"
    assert sorted(p.name for p in target.parent.iterdir()) == ["run"]


def test_an_older_run_is_replaced_only_at_the_end(tmp_path):
    target = tmp_path / "run"
    make_run(target, "one")
    with staged(target) as scratch:
        (scratch / MARKER).write_text("two")
        assert (target / MARKER).read_text() == "one"
    assert (target / MARKER).read_text() == "two"


def test_an_error_leaves_the_old_run(tmp_path):
    target = tmp_path / "run"
    make_run(target, "one")
    with pytest.raises(InputError, match="broken"), staged(target):
        raise InputError("broken")
    assert (target / MARKER).read_text() == "one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_a_failed_check_keeps_its_evidence_and_names_it(tmp_path):
    target = tmp_path / "run"
    with pytest.raises(CheckError, match=r"run\.failed/logs/x\.log"), staged(target) as scratch:
        (scratch / "logs").mkdir()
        (scratch / "logs/x.log").write_text("why")
        raise CheckError("differs", where=f"log {scratch / 'logs/x.log'}")
    assert (tmp_path / "run.failed/logs/x.log").read_text() == "why"
    assert not target.exists()


def test_a_full_disk_is_an_input_error_that_names_the_place(tmp_path):
    with pytest.raises(InputError, match="No space left"), staged(tmp_path / "run"):
        raise OSError(errno.ENOSPC, "No space left on device", "model.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == []


def test_two_at_once_are_refused(tmp_path):
    target = tmp_path / "run"
    with staged(target) as scratch:
        (scratch / MARKER).write_text("one")
        with pytest.raises(InputError, match="another printml"), staged(target):
            pass
    assert (target / MARKER).exists()


def test_a_lock_whose_file_goes_with_its_holder_is_never_held_twice(tmp_path):
    """Eight threads hold it 25 times each; a holder makes a file that must not be there yet."""
    target, inside = tmp_path / "run", tmp_path / "inside"

    def hold(_):
        n_held = 0
        while n_held < 25:
            with contextlib.suppress(InputError), _locked(target):
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
                inside.unlink()
                n_held += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(8)))
    assert not list(tmp_path.iterdir())


def test_what_a_dead_process_left_is_cleaned_and_a_replaced_run_comes_back(tmp_path):
    (tmp_path / ".run.building.dead").mkdir()
    old = tmp_path / ".run.building.gone.old"
    old.mkdir()
    (old / MARKER).write_text("precious")
    with pytest.raises(InputError), staged(tmp_path / "run"):
        assert (tmp_path / "run" / MARKER).read_text() == "precious"
        raise InputError("stop here")
    assert (tmp_path / "run" / MARKER).read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_recipe_survives_its_toml():
    import tomllib

    recipe = Recipe(dataset='odd "name".csv', model="mlp-r", vdd=0.6, ovr=True, hidden=3)
    table = tomllib.loads(recipe_to_toml(recipe))
    assert recipe_from_table(table, where="test") == recipe


def test_clopper_pearson_against_tabulated_values():
    # 8 of 10 and 0 of 10, the textbook 95 % intervals.
    assert clopper_pearson(8, 10) == pytest.approx((0.4439, 0.9748), abs=5e-5)
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 0.3085), abs=5e-5)
    assert clopper_pearson(10, 10) == pytest.approx((0.6915, 1.0), abs=5e-5)


def test_rows_are_new_where_no_training_row_has_their_inputs() -> None:
    X = np.array([[1, 2], [3, 4], [1, 2], [2, 1], [3, 4], [5, 5]])
    found = new_rows(X, train=np.array([0, 1]), test=np.array([2, 3, 4, 5]))
    assert found.tolist() == [False, True, False, True]
    assert new_rows(X, train=np.array([5]), test=np.array([5])).tolist() == [False]


def test_balanced_accuracy_is_the_mean_recall():
    accuracy = measure_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert accuracy.value == 0.75
    assert accuracy.balanced == pytest.approx((1.0 + 0.5) / 2)
