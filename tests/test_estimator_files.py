"""`printml build --estimator`: files of fitted estimators, and files that must not be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from click.testing import CliRunner
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from printml.cli import printml
from printml.data.load import load_dataset
from printml.errors import InputError, ModelError, PrintmlError
from printml.flow.run import read_run
from printml.importers.files import load_estimator

SEEDS = load_dataset("seeds")
LABELS = np.array(SEEDS.class_labels)[SEEDS.y]


class Evil:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def saved(estimator: Any, place: Path, y: np.ndarray = LABELS) -> Path:
    fitted = estimator.fit(SEEDS.X, y)
    if place.suffix == ".skops":
        skops.io.dump(fitted, place)
    else:
        joblib.dump(fitted, place)
    return place


def train(*arguments: str) -> Any:
    return CliRunner().invoke(printml, ["train", "seeds", *arguments])


@pytest.mark.parametrize(
    ("estimator", "family", "bits"),
    [
        (make_pipeline(StandardScaler(), LinearSVC(random_state=0)), "svm-c", 4),
        (DecisionTreeClassifier(random_state=0), "tree", 8),
    ],
)
def test_a_skops_file_becomes_a_run(estimator: Any, family: str, bits: int, tmp_path: Path) -> None:
    file = saved(estimator, tmp_path / "mine.skops")
    out = tmp_path / "run"
    result = train("--estimator", str(file), "--out", str(out))
    assert result.exit_code == 0, result.output
    recipe, _, model, _ = read_run(out)
    assert (recipe.model, model.family, int(model.input_bits[0])) == (family, family, bits)
    record = json.loads((out / "model.json").read_text())
    assert record["agreement"]["train"]["share"] > 0.9
    assert any("fitted on test rows" in note for note in record["notes"])


def test_a_regressor_on_numbered_labels(tmp_path: Path) -> None:
    file = saved(Ridge(), tmp_path / "mine.skops", LABELS.astype(float))
    result = train("--estimator", str(file), "--out", str(tmp_path / "run"))
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "run" / "model.json").read_text())
    assert record["agreement"]["train"]["share"] > 0.9


def error_of(*arguments: str) -> str:
    result = train(*arguments)
    assert isinstance(result.exception, PrintmlError), result.output
    assert result.exception.exit_code == 2
    return str(result.exception)


def test_a_pickle_is_not_opened_unless_allowed(tmp_path: Path) -> None:
    trace, file = tmp_path / "trace", tmp_path / "evil.joblib"
    joblib.dump(Evil(trace), file)
    assert "--allow-pickle" in error_of("--estimator", str(file), "--out", str(tmp_path / "r"))
    assert not trace.exists()
    # A recipe or flow from somebody else cannot allow it either.
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'dataset = "seeds"\nmodel = "tree"\nestimator = "{file}"\nallow_pickle = true\n'
    )
    assert "cannot be said by a file" in error_of(
        "--recipe", str(recipe), "--out", str(tmp_path / "r")
    )
    assert not trace.exists()
    kept = saved(DecisionTreeClassifier(), tmp_path / "mine.joblib")
    with pytest.warns(UserWarning, match="may run any code"):
        result = train("--estimator", str(kept), "--allow-pickle", "--out", str(tmp_path / "r"))
    assert result.exit_code == 0, result.output
    assert "allow_pickle" not in (tmp_path / "r" / "recipe.toml").read_text()
    with pytest.warns(UserWarning, match="may run any code"):
        assert load_estimator(kept, allow_pickle=True).n_features_in_ == SEEDS.n_features


def test_a_skops_file_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    trace, file = tmp_path / "trace", tmp_path / "evil.skops"
    skops.io.dump(Evil(trace), file)
    found = error_of("--estimator", str(file), "--out", str(tmp_path / "r"))
    assert "not known to be safe" in found or "not a readable" in found
    assert not trace.exists()


def test_files_that_do_not_fit_are_told(tmp_path: Path) -> None:
    out = str(tmp_path / "r")
    assert "cannot be found" in error_of("--estimator", str(tmp_path / "no.skops"), "--out", out)
    (tmp_path / "junk.skops").write_bytes(b"PK\x03\x04 not a zip")
    assert "not a readable skops file" in error_of(
        "--estimator", str(tmp_path / "junk.skops"), "--out", out
    )
    (tmp_path / "model.h5").write_bytes(b"")
    assert ".skops" in error_of("--estimator", str(tmp_path / "model.h5"), "--out", out)
    file = saved(GaussianNB(), tmp_path / "nb.skops")
    assert "Supported" in error_of("--estimator", str(file), "--out", out)
    file = saved(LinearSVC(), tmp_path / "two.skops", np.where(SEEDS.y > 0, "a", "b"))
    assert "classes" in error_of("--estimator", str(file), "--out", out)
    file = saved(LinearSVC(), tmp_path / "fine.skops")
    assert "family svm-c" in error_of("--estimator", str(file), "--model", "tree", "--out", out)
    assert not Path(out).exists()


@pytest.mark.parametrize("family", ["svm-c", "tree", "boost"])
def test_the_model_of_a_run_folder_answers_the_same_on_other_rows(
    family: str, tmp_path: Path
) -> None:
    first = train("--model", family, "--out", str(tmp_path / "first"))
    assert first.exit_code == 0, first.output
    _, _, model, rows = read_run(tmp_path / "first")
    # The same rows behind shuffled columns, with one more and without a seed in common.
    order = np.random.default_rng(0).permutation(len(SEEDS.feature_names))
    names = [SEEDS.feature_names[k] for k in order]
    lines = [",".join([*names, "extra", "label"])]
    lines += [
        ",".join([*(repr(float(x[k])) for k in order), str(i % 7), label])
        for i, (x, label) in enumerate(zip(SEEDS.X, LABELS, strict=True))
    ]
    (tmp_path / "other.csv").write_text("\n".join(lines) + "\n")
    arguments = ["train", str(tmp_path / "other.csv"), "--seed", "5", "--out", str(tmp_path / "b"),
                 "--estimator", str(tmp_path / "first" / "model.json")]  # fmt: skip
    second = CliRunner().invoke(printml, arguments)
    assert second.exit_code == 0, second.output
    _, _, again, moved = read_run(tmp_path / "b")
    assert again.feature_names == model.feature_names
    np.testing.assert_array_equal(again.predict(moved.X_int), model.predict(rows.X_int))
    wrong = CliRunner().invoke(printml, [*arguments[:-4], "--model", "mlp-r", *arguments[-2:]])
    assert isinstance(wrong.exception, InputError)
    assert "not mlp-r" in str(wrong.exception)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"quantizer": None}, "expected an object"),
        ({"quantizer": {"minimum": [0], "span": [1], "bits": [4]}}, "expected 7 finite numbers"),
        ({"model": 3}, "expected an object"),
    ],
)
def test_a_model_file_that_is_none(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    assert train("--model", "tree", "--out", str(tmp_path / "run")).exit_code == 0
    record = json.loads((tmp_path / "run" / "model.json").read_text()) | change
    (tmp_path / "bad.json").write_text(json.dumps(record))
    found = train("--estimator", str(tmp_path / "bad.json"), "--out", str(tmp_path / "other"))
    assert isinstance(found.exception, ModelError)
    assert what in str(found.exception)
    iris = CliRunner().invoke(
        printml, ["train", "iris", "--estimator", str(tmp_path / "run" / "model.json"),
                  "--out", str(tmp_path / "iris")]
    )  # fmt: skip
    assert isinstance(iris.exception, ModelError)
    assert "does not have" in str(iris.exception)
