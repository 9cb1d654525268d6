"""`model.json` and coefficient files."""

import copy
import json

import numpy as np
import pytest

from printml.data.clean import prepare
from printml.data.dataset import Dataset
from printml.data.load import datasets_folder, load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.errors import InputError, ModelError
from printml.quantize.coefficients import read_coefficients
from printml.quantize.integer_model import IntegerNetwork, IntegerTree
from printml.quantize.model_file import from_json, read_model, to_json, write_model

PUBLISHED_ACCURACY = {
    ("redwine", "mlp-c"): 0.5667,
    ("redwine", "svm-c"): 0.5687,
    ("redwine", "mlp-r"): 0.5625,
    ("redwine", "svm-r"): 0.5563,
    ("cardio", "mlp-c"): 0.8856,
    ("cardio", "svm-c"): 0.8966,
    ("cardio", "mlp-r"): 0.8307,
    ("cardio", "svm-r"): 0.8401,
}


@pytest.mark.parametrize("name", ["redwine", "cardio"])
def test_published_models_reach_their_published_accuracy(name):
    dataset = load_dataset(name)
    split = split_rows(dataset, kind="published")
    dataset = prepare(dataset, split)
    assert len(split.test) == {"redwine": 480, "cardio": 638}[name]
    for family in ("mlp-c", "svm-c", "mlp-r", "svm-r"):
        network = read_coefficients(
            datasets_folder() / "published_models.json", dataset=dataset, family=family
        )
        quantizer = InputQuantizer.fit(dataset.X[split.train], network.input_bits)
        predicted = network.predict(quantizer.transform(dataset.X[split.test]))
        accuracy = np.mean(predicted == dataset.y[split.test])
        # printed with four digits; 0.56875 and 0.55625 lie on the edge of the fourth
        assert accuracy == pytest.approx(PUBLISHED_ACCURACY[name, family], abs=0.5001e-4)


TOY = Dataset(
    "toy",
    ("a", "b"),
    ("3", "4", "5"),
    np.zeros((6, 2)),
    np.array([0, 0, 1, 1, 2, 2]),
)
ENTRY = {
    "dataset": "toy",
    "model": "svm-c",
    "input_bits": 4,
    "classes": [3, 4, 5],
    "weights": [[1, -2], [3, 4], [0, 127]],
    "intercepts": [5, -6, 7],
}
MLP_ENTRY = {
    **ENTRY,
    "model": "mlp-c",
    "weights": [[[1, 2], [3, 4]], [[1, 0], [0, 1], [1, 1]]],
    "intercepts": [[1, 2], [3, 4, 5]],
}
REGRESSOR_ENTRY = {
    **ENTRY,
    "model": "svm-r",
    "weights": [[1, 2]],
    "intercepts": [9],
    "fraction_bits": 3,
}


def read(tmp_path, document, *, family="svm-c", dataset=TOY):
    path = tmp_path / "mine.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_coefficients(path, dataset=dataset, family=family)


def test_one_entry_or_a_list(tmp_path):
    alone = read(tmp_path, ENTRY)
    listed = read(tmp_path, [REGRESSOR_ENTRY, MLP_ENTRY, ENTRY])
    for network in (alone, listed):
        assert network.decision == "ovo"
        assert network.feature_names == ("a", "b")
        assert network.class_labels == ("3", "4", "5")
        np.testing.assert_array_equal(network.weights[0], ENTRY["weights"])
        np.testing.assert_array_equal(network.intercepts[0], ENTRY["intercepts"])
        np.testing.assert_array_equal(network.input_bits, [4, 4])


def test_other_families_and_options(tmp_path):
    mlp = read(tmp_path, [ENTRY, MLP_ENTRY], family="mlp-c")
    assert [weight.shape for weight in mlp.weights] == [(2, 2), (3, 2)]
    assert mlp.decision == "argmax"
    regressor = read(tmp_path, REGRESSOR_ENTRY, family="svm-r")
    assert (regressor.fraction_bits, regressor.label_offset) == (3, 3)
    # (a + 2 b + 9) / 8 = 3.5 rounds down to the label 3, class index 0
    assert regressor.predict(np.array([[15, 2], [15, 3]])).tolist() == [0, 1]
    assert read(tmp_path, {**ENTRY, "decision": "argmax"}).decision == "argmax"
    assert read(tmp_path, {**ENTRY, "input_bits": [2, 5]}).input_bits.tolist() == [2, 5]


def test_regressor_of_text_classes_answers_the_index(tmp_path):
    words = Dataset("toy", ("a", "b"), ("low", "mid", "high"), TOY.X, TOY.y)
    entry = {**REGRESSOR_ENTRY, "classes": ["low", "mid", "high"]}
    assert read(tmp_path, entry, family="svm-r", dataset=words).label_offset == 0


def changed(entry, path, value):
    """A copy of the entry with one value replaced."""
    entry = copy.deepcopy(entry)
    place = entry
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return entry


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["weights", 0, 1], 1.5, ["weights[0][1]", "expected an integer, found the number 1.5"]),
        (["weights", 0, 1], 2.0, ["weights[0][1]", "the number 2.0"]),
        (["weights", 2, 0], True, ["weights[2][0]", "found true"]),
        (["weights", 2, 0], None, ["weights[2][0]", "found null"]),
        (["weights", 2, 0], "7", ["weights[2][0]", "text `7`"]),
        (["weights", 1, 1], 2**31, ["weights[1][1]", "2147483648 is out of range"]),
        (["weights", 1, 1], -(10**400), ["weights[1][1]", "401 digits is out of range"]),
        (["weights", 1], [1, 2, 3], ["weights[1]", "expected 2 numbers, found 3"]),
        (["weights", 1], 5, ["weights[1]", "expected an array"]),
        (["weights"], [[1, 2], [3, 4]], ["weights", "expected 3 rows, found 2"]),
        (["weights"], {}, ["weights", "expected an array, found an object"]),
        (["intercepts"], [1, 2], ["intercepts", "expected 3 numbers, found 2"]),
        (["intercepts", 0], 10**19, ["intercepts[0]", "out of range"]),
        (["input_bits"], 0, ["input_bits", "out of range"]),
        (["input_bits"], 17, ["input_bits", "Use 1 to 16"]),
        (["input_bits"], [4], ["input_bits", "expected 2 numbers, found 1"]),
        (["classes"], [3, 4], ["classes 3, 4 are not those of toy", "Expected 3, 4, 5"]),
        (["classes"], [5, 4, 3], ["classes 5, 4, 3 are not"]),
        (["classes"], [3, "4", 5], ["classes[0]", "expected text"]),
        (["decision"], "vote", ["decision", "`vote` is not known", "ovo, argmax"]),
        (["colour"], 1, ["unknown key `colour`"]),
        (["dataset"], "other", ["no entry for toy svm-c", "other svm-c"]),
        (["model"], 3, ["model", "expected text"]),
    ],
)
def test_bad_entries_are_refused_with_their_path(tmp_path, path, value, parts):
    document = [MLP_ENTRY, changed(ENTRY, path, value)]
    with pytest.raises(ModelError) as caught:
        read(tmp_path, document)
    message = str(caught.value)
    assert "mine.json" in message
    for part in parts:
        assert part in message
    if "[" in parts[0]:
        assert f"[1].{parts[0]}" in message


@pytest.mark.parametrize("key", list(ENTRY))
def test_missing_keys(tmp_path, key):
    entry = {name: value for name, value in ENTRY.items() if name != key}
    with pytest.raises(ModelError, match=f"the key `{key}` is missing"):
        read(tmp_path, entry)


def test_network_shapes_must_fit_each_other(tmp_path):
    for path, value, message in (
        (["weights"], MLP_ENTRY["weights"][:1], "expected 2 layers, found 1"),
        (["intercepts"], [[1, 2]], "expected 2 layers, found 1"),
        (["weights", 1, 0], [1, 2, 3], r"expected 2 numbers, found 3.*weights\[1\]\[0\]"),
        (["weights", 0], [], r"at least one row"),
        (["intercepts", 0], [1], r"expected 2 numbers, found 1"),
    ):
        with pytest.raises(ModelError, match=message):
            read(tmp_path, changed(MLP_ENTRY, path, value), family="mlp-c")


def test_regressors_need_fraction_bits_and_consecutive_labels(tmp_path):
    without = {k: v for k, v in REGRESSOR_ENTRY.items() if k != "fraction_bits"}
    with pytest.raises(ModelError, match="`fraction_bits` is missing"):
        read(tmp_path, without, family="svm-r")
    gaps = Dataset("toy", ("a", "b"), ("1", "3", "4"), TOY.X, TOY.y)
    with pytest.raises(ModelError, match="consecutive integers"):
        read(tmp_path, {**REGRESSOR_ENTRY, "classes": [1, 3, 4]}, family="svm-r", dataset=gaps)
    with pytest.raises(ModelError, match="`argmax` is not known"):
        read(tmp_path, {**REGRESSOR_ENTRY, "decision": "argmax"}, family="svm-r")


def test_ambiguous_and_hopeless_files(tmp_path):
    with pytest.raises(ModelError, match="2 entries for toy svm-c"):
        read(tmp_path, [ENTRY, ENTRY])
    with pytest.raises(ModelError, match="The file has nothing"):
        read(tmp_path, [])
    for text in ("", "{", "[1,", "[" * 100_000, "[" + "9" * 5000 + "]"):
        with pytest.raises(ModelError, match="is not JSON"):
            read(tmp_path, text)
    for document in (3, "text", None, [3]):
        with pytest.raises(ModelError, match="expected an object"):
            read(tmp_path, json.dumps(document))
    with pytest.raises(InputError, match="cannot be read"):
        read_coefficients(tmp_path / "absent.json", dataset=TOY, family="svm-c")
    with pytest.raises(ModelError, match="cannot be given for the model `tree`"):
        read(tmp_path, ENTRY, family="tree")


def test_coefficients_whose_sums_overflow(tmp_path):
    big = 2**31 - 1
    entry = changed(MLP_ENTRY, ["weights", 0], [[big, big], [big, big]])
    entry = changed(entry, ["weights", 1, 0], [big, big])
    with pytest.raises(ModelError, match="layer 2 could reach"):
        read(tmp_path, {**entry, "input_bits": 16}, family="mlp-c")


NETWORK = IntegerNetwork(
    "mlp-c",
    ("a b", "c"),
    ("p", "q"),
    np.array([4, 5]),
    (np.array([[1, -2], [3, 4]]), np.array([[5, 6], [7, -8]])),
    (np.array([9, -10]), np.array([2**40, 12])),
    "argmax",
)
TREE = IntegerTree(
    "tree",
    ("a b", "c"),
    ("p", "q"),
    np.array([8, 8]),
    np.array([1, -1, -1]),
    np.array([77, 0, 0]),
    np.array([1, -1, -1]),
    np.array([2, -1, -1]),
    np.array([-1, 1, 0]),
)


@pytest.mark.parametrize("model", [NETWORK, TREE], ids=["network", "tree"])
def test_model_file_round_trip(tmp_path, model):
    path = tmp_path / "model.json"
    write_model(path, model)
    again = read_model(path)
    assert to_json(again) == to_json(model)
    assert type(again) is type(model)
    X_int = np.random.default_rng(0).integers(0, 16, (50, 2))
    np.testing.assert_array_equal(again.predict(X_int), model.predict(X_int))
    assert path.read_text() == json.dumps(to_json(model), indent=1) + "\n"


def test_scales_are_kept_for_the_reader():
    written = to_json(NETWORK, scales=(np.array([1.5, 2.0]), np.array([3.0, 3.0])))
    assert written["scales"] == [[1.5, 2.0], [3.0, 3.0]]
    assert to_json(from_json(written)) == to_json(NETWORK)


@pytest.mark.parametrize(
    ("model", "path", "value", "message"),
    [
        (NETWORK, ["format"], "printml-model-0", "format"),
        (NETWORK, ["family"], "jungle", "`jungle` is not known"),
        (NETWORK, ["decision"], "ovo", "`ovo` does not go with mlp-c"),
        (NETWORK, ["decision"], "regression", "does not go with mlp-c"),
        (NETWORK, ["fraction_bits"], -1, "fraction_bits"),
        (NETWORK, ["weights", 1, 1, 0], 0.5, r"weights\[1\]\[1\]\[0\]"),
        (NETWORK, ["feature_names"], ["a", "a"], "occurs twice"),
        (NETWORK, ["feature_names"], [], "at least 1 names"),
        (NETWORK, ["class_labels"], ["p"], "at least 2 names"),
        (NETWORK, ["input_bits"], [4, 99], r"input_bits\[1\]"),
        (TREE, ["feature"], [], "at least one node"),
        (TREE, ["feature", 0], 2, r"feature\[0\]"),
        (TREE, ["left", 0], 0, r"child comes after.*left\[0\]"),
        (TREE, ["left", 0], 2, "exactly one parent"),
        (TREE, ["right", 1], 2, r"right\[1\]"),
        (TREE, ["leaf_class", 1], -1, r"exactly the leaves.*leaf_class\[1\]"),
        (TREE, ["leaf_class", 1], 2, r"leaf_class\[1\]"),
        (TREE, ["threshold"], [1, 2], "expected 3 numbers"),
    ],
)
def test_bad_model_files(tmp_path, model, path, value, message):
    file = tmp_path / "model.json"
    file.write_text(json.dumps(changed(to_json(model), path, value)))
    with pytest.raises(ModelError, match=message) as caught:
        read_model(file)
    assert "model.json" in str(caught.value)


def test_model_file_without_a_key():
    for model in (NETWORK, TREE):
        for key in to_json(model):
            value = {name: entry for name, entry in to_json(model).items() if name != key}
            with pytest.raises(ModelError, match=r"is missing|unknown key"):
                from_json(value)
    with pytest.raises(ModelError, match="expected an object, found an array"):
        from_json([])
