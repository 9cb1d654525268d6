"""ONNX files as circuits: what scikit-learn exports, what other tools write, and broken files."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from sklearn.base import clone, is_regressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from printml.circuit.from_model import build_circuit
from printml.cli import printml
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.errors import InputError, ModelError
from printml.flow.run import read_json
from printml.importers.estimators import float_model_of
from printml.importers.files import load_estimator
from printml.importers.onnx_file import load_onnx
from printml.quantize.quantize import quantize
from tests.test_importers import ESTIMATORS, TABLES, UNSCALED_TOO_ROUGH, name_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from skl2onnx import to_onnx


REGRESSORS: list[Any] = [
    SVR(kernel="linear"),
    DecisionTreeRegressor(max_depth=4, random_state=0),
    RandomForestRegressor(n_estimators=5, max_depth=4, random_state=0),
    ExtraTreesRegressor(n_estimators=5, max_depth=4, random_state=0),
    GradientBoostingRegressor(n_estimators=10, max_depth=2, random_state=0),
]
"""Estimators that only their graphs can be read of. Not LinearRegression: Ridge is written with the
same operator, and its unregularised coefficients on wdbc need more than 8 bits (0.9895)."""
TOO_ROUGH = UNSCALED_TOO_ROUGH | {"SVC", "SVR"}
"""The exporter writes support vectors in single precision, which raw readings do not survive."""


def exported(estimator: Any, X: np.ndarray, place: Path) -> Path:
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    # skl2onnx cannot export a LinearSVC without being told so.
    options = {id(last): {"raw_scores": True}} if name_of(last) == "LinearSVC" else None
    graph = to_onnx(estimator, X[:1].astype(np.float32), options=options)
    place.write_bytes(graph.SerializeToString())
    return place


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("scaler", [None, StandardScaler(), RobustScaler()], ids=name_of)
@pytest.mark.parametrize("estimator", [*ESTIMATORS, *REGRESSORS], ids=name_of)
def test_an_exported_estimator_answers_as_the_original(
    estimator: Any, scaler: Any, table: str, tmp_path: Path
) -> None:
    X, y = TABLES[table](return_X_y=True)
    if scaler is None and name_of(estimator) in TOO_ROUGH:
        X = MinMaxScaler().fit_transform(X)
    fitted = clone(estimator) if scaler is None else make_pipeline(clone(scaler), clone(estimator))
    fitted.fit(X, y)
    loaded = load_estimator(exported(fitted, X, tmp_path / "m.onnx"))
    n_classes = len(np.unique(y))
    quantizer = InputQuantizer.fit(X, bits=8)
    model = float_model_of(
        loaded, quantizer, feature_names=tuple(f"x{k}" for k in range(X.shape[1])),
        class_labels=tuple(str(k) for k in range(n_classes)),
    )  # fmt: skip
    original, by_onnx = fitted.predict(X), loaded.predict(X)
    if is_regressor(estimator):
        original, by_onnx = (
            np.clip(np.ceil(found - 0.5), 0, n_classes - 1) for found in (original, by_onnx)
        )
    original = original.astype(np.int64)
    assert np.mean(by_onnx.astype(np.int64) == original) >= 0.99
    assert np.mean(model.predict(quantizer.scale(X)) == original) >= 0.99
    X_int = quantizer.transform(X)
    integer = quantize(model, quantizer=quantizer, coef_bits=8, X_train_int=X_int, y_train=original)
    assert np.mean(integer.predict(X_int) == original) >= 0.99
    some = X_int[:: max(1, len(X_int) // 20)]
    circuit = build_circuit(integer, name="top")
    np.testing.assert_array_equal(circuit.predict(some), integer.predict(some))


RNG = np.random.default_rng(0)
W1, B1 = RNG.normal(size=(4, 3)), RNG.normal(size=4)
W2, B2 = RNG.normal(size=(3, 4)), RNG.normal(size=3)
X3 = RNG.uniform(-1, 1, (200, 3))


def graph_file(
    place: Path, nodes: list[Any], constants: dict[str, np.ndarray], n_features: int = 3
) -> Path:
    """A graph from `x` to the last node's first output."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", n_features])],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v, np.float32), name) for name, v in constants.items()],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    place.write_bytes(model.SerializeToString())
    return place


def float_model(file: Path, n_classes: int) -> tuple[Any, Any, InputQuantizer]:
    loaded = load_onnx(file)
    quantizer = InputQuantizer.fit(X3, bits=8)
    model = float_model_of(
        loaded, quantizer, feature_names=("a", "b", "c"),
        class_labels=tuple(map(str, range(n_classes))),
    )  # fmt: skip
    return loaded, model, quantizer


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    classic = kind == "Scaler" or kind.startswith(("Linear", "SVM", "TreeEnsemble"))
    domain = attributes.pop("domain", "ai.onnx.ml" if classic else "")
    return helper.make_node(kind, inputs.split(), output.split(), domain=domain, **attributes)


@pytest.mark.parametrize("end", ["", "Softmax", "ArgMax"])
def test_a_network_as_other_frameworks_write_it(end: str, tmp_path: Path) -> None:
    nodes = [
        node("Sub", "x mean", "centred"),
        node("Div", "centred std", "z"),
        node("Gemm", "z w1 b1", "h", transB=1),
        node("Relu", "h", "r"),
        node("Gemm", "r w2 b2", "s", transB=1, alpha=2.0, beta=2.0),
    ]
    if end:
        nodes.append(node(end, "s", "out", axis=1))
    mean, std = np.array([0.1, -0.2, 0.3]), np.array([0.5, 2.0, 1.0])
    constants = {"mean": mean, "std": std, "w1": W1, "b1": B1, "w2": W2, "b2": B2}
    loaded, model, quantizer = float_model(graph_file(tmp_path / "m.onnx", nodes, constants), 3)
    assert loaded.family == "mlp-c"
    scores = np.maximum((X3 - mean) / std @ W1.T + B1, 0) @ W2.T + B2
    np.testing.assert_array_equal(model.predict(quantizer.scale(X3)), np.argmax(scores, axis=1))
    np.testing.assert_array_equal(loaded.predict(X3).astype(int), np.argmax(scores, axis=1))


def test_a_single_probability_decides_between_two_classes(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "m"), node("Add", "m b", "s"), node("Sigmoid", "s", "p")]
    file = graph_file(tmp_path / "m.onnx", nodes, {"w": W1[:1].T, "b": B1[:1]})
    loaded, model, quantizer = float_model(file, 2)
    assert loaded.family == "svm-c"
    wanted = (X3 @ W1[0] + B1[0] > 0).astype(int)
    np.testing.assert_array_equal(model.predict(quantizer.scale(X3)), wanted)
    np.testing.assert_array_equal(loaded.predict(X3).astype(int), wanted)


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
def test_every_comparison_at_its_threshold(mode: str, tmp_path: Path) -> None:
    stump = node(
        "TreeEnsembleClassifier", "x", "label scores",
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[1, 0, 0],
        nodes_values=[0.25, 0.0, 0.0], nodes_modes=[mode, "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[0, 1], class_weights=[1.0, 1.0],
        classlabels_int64s=[0, 1], post_transform="NONE",
    )  # fmt: skip
    loaded = load_onnx(graph_file(tmp_path / "m.onnx", [stump], {}))
    assert loaded.family == "tree"
    # The reading is u itself.
    quantizer = InputQuantizer.fit(np.array([[0.0] * 3, [1.0] * 3]), bits=8)
    model = float_model_of(
        loaded, quantizer, feature_names=("a", "b", "c"), class_labels=("0", "1")
    )
    rows = np.array([[0.0, value, 0.0] for value in (0.0, 0.25, 0.2500001, 0.5)])
    holds = {"BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less, "BRANCH_GT": np.greater,
             "BRANCH_GTE": np.greater_equal}[mode]  # fmt: skip
    wanted = (~holds(rows[:, 1], 0.25)).astype(int)
    np.testing.assert_array_equal(model.predict(rows), wanted)
    np.testing.assert_array_equal(loaded.predict(rows).astype(int), wanted)


def two_leaves(kind: str, what: str, values: dict[int, float], **more: Any) -> Any:
    """A stump on the second feature; nodes 1 and 2 have values of column 0."""
    return node(
        kind, "x", "y scores" if kind.endswith("Classifier") else "y",
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[1, 0, 0],
        nodes_values=[0.25, 0.0, 0.0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        **{f"{what}_treeids": [0] * len(values), f"{what}_nodeids": list(values),
           f"{what}_ids": [0] * len(values), f"{what}_weights": list(values.values())}, **more,
    )  # fmt: skip


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC"])
@pytest.mark.parametrize("base", [[], [0.25]])
def test_a_single_score_is_a_share_or_a_sum(
    transform: str, base: list[float], tmp_path: Path
) -> None:
    values = {1: 0.125, 2: 0.5} if transform == "NONE" else {1: -0.5, 2: 0.5}
    more: dict[str, Any] = {"base_values": base} if base else {}
    stump = two_leaves("TreeEnsembleClassifier", "class", values, classlabels_int64s=[0, 1],
                       post_transform=transform, **more)  # fmt: skip
    loaded, model, quantizer = float_model(graph_file(tmp_path / "m.onnx", [stump], {}), 2)
    np.testing.assert_array_equal(
        model.predict(quantizer.scale(X3)), loaded.predict(X3).astype(int)
    )
    right = X3[:, 1] > 0.25
    shift = base[0] if base else 0.0
    score = np.where(right, values[2], values[1]) + shift
    wanted = score > (0.5 if transform == "NONE" else 0.0)
    np.testing.assert_array_equal(model.predict(quantizer.scale(X3)), wanted)


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE"])
def test_predictions_of_trees_are_rounded_to_the_nearest_class(
    aggregate: str, tmp_path: Path
) -> None:
    """Two stumps on steps of a quarter, so that predictions halfway between classes occur."""
    many = np.random.default_rng(3).integers(-8, 16, (2, 2)) / 4
    stumps = {
        "nodes_treeids": [0, 0, 0, 1, 1, 1], "nodes_nodeids": [0, 1, 2] * 2,
        "nodes_featureids": [0, 0, 0, 2, 0, 0], "nodes_values": [0.1, 0, 0, -0.2, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"] * 2,
        "nodes_truenodeids": [1, 0, 0] * 2, "nodes_falsenodeids": [2, 0, 0] * 2,
        "target_treeids": [0, 0, 1, 1], "target_nodeids": [1, 2, 1, 2], "target_ids": [0] * 4,
        "target_weights": many.ravel().tolist(),
    }  # fmt: skip
    trees = node("TreeEnsembleRegressor", "x", "y", n_targets=1, base_values=[0.5],
                 aggregate_function=aggregate, **stumps)  # fmt: skip
    loaded = load_onnx(graph_file(tmp_path / "m.onnx", [trees], {}))
    assert (loaded.family, loaded.is_regressor) == ("boost", True)
    quantizer = InputQuantizer.fit(X3, bits=8)
    for first in (0.0, -1.0):
        model = float_model_of(loaded, quantizer, feature_names=tuple("abc"),
                               class_labels=tuple("wxyz"), first_label=first)  # fmt: skip
        sums = many[0, (X3[:, 0] > 0.1).astype(int)] + many[1, (X3[:, 2] > -0.2).astype(int)]
        value = sums / (2 if aggregate == "AVERAGE" else 1) + 0.5
        np.testing.assert_allclose(loaded.predict(X3), value, rtol=1e-6)
        wanted = np.clip(np.ceil(value - first - 0.5), 0, 3)
        np.testing.assert_array_equal(model.predict(quantizer.scale(X3)), wanted)


def hidden_twice() -> list[Any]:
    return [
        node("Gemm", "x w1 b1", "h"), node("Relu", "h", "r"), node("Gemm", "r w3 b1", "h2"),
        node("Relu", "h2", "r2"), node("Gemm", "r2 w4", "s"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "what"),
    [
        ([node("Conv", "x w1", "y")], "Conv cannot be made a circuit"),
        ([node("Gemm", "x w1 b1", "h"), node("Tanh", "h", "y")], "Tanh"),
        (hidden_twice(), "more than one hidden layer"),
        ([node("Gemm", "x w3", "y")], "takes 4 values and gets 3"),
        ([node("Mul", "x x", "y")], "both depend on the readings"),
        ([node("Add", "z w1", "z")], "from nowhere, or from itself"),
        ([node("Softmax", "x", "p"), node("Add", "p b1", "y")], "something other than weighted"),
        ([node("ArgMax", "x", "y", axis=0)], "over the scores of a row"),
        ([node("Scaler", "x", "y", offset=[1.0, 2.0], scale=[1.0])], "does not fit 3 sums"),
        ([node("Relu", "x", "y", domain="com.example")], "of the domain 'com.example'"),
        ([node("Concat", "x x", "c0", axis=1)]
         + [node("Concat", f"c{k} c{k}", f"c{k + 1}", axis=1) for k in range(40)], "too many"),
        ([node("MatMul", "x w1", "s"), node("Cast", "s", "y", to=TensorProto.INT64)],
         "other than floating point"),
        ([node("MatMul", "x w1", "s"), node("Reshape", "s turned", "y")], "changes nothing"),
        ([node("MatMul", "x w1", "s"), node("Squeeze", "s", "y")], "several values per row"),
        ([node("Flatten", "x", "y", axis=0)], "Flatten of rows"),
        ([node("LinearRegressor", "x", "y", coefficients=[1.0, float("nan"), 0.0])],
         "not a finite number"),
        ([node("MatMul", "x wide", "s")], "too many"),
        ([node("SVMRegressor", "x", "y", kernel_type="RBF", coefficients=[1.0], rho=[0.0],
               support_vectors=[1.0, 2.0, 3.0], n_supports=1)], "RBF"),
        ([two_leaves("TreeEnsembleRegressor", "target", {1: 1.0, 2: 2.0}, n_targets=1,
                     aggregate_function="MAX")], "MAX"),
        ([two_leaves("TreeEnsembleRegressor", "target", {1: 1.0, 2: 2.0}, n_targets=2)],
         "several targets"),
        ([two_leaves("TreeEnsembleRegressor", "target", {1: 1.0, 2: float("inf")})],
         "not a finite number"),
        ([two_leaves("TreeEnsembleClassifier", "class", {1: 1.0, 2: 2.0},
                     classlabels_int64s=[0, 1], post_transform="SOFTMAX_ZERO")], "SOFTMAX_ZERO"),
        ([node("TreeEnsembleRegressor", "x", "y")], "nodes_treeids"),
        ([helper.make_node("If", ["x"], ["y"], then_branch=helper.make_graph([], "t", [], []))],
         "graphs inside"),
    ],
)  # fmt: skip
def test_what_no_circuit_can_be_made_of(nodes: list[Any], what: str, tmp_path: Path) -> None:
    constants = {"w1": W1.T, "b1": B1, "w3": np.eye(4), "w4": W2.T, "turned": np.array([4, -1]),
                 "wide": np.zeros((3, 2_001))}  # fmt: skip
    with pytest.raises(ModelError, match=what) as caught:
        load_onnx(graph_file(tmp_path / "m.onnx", nodes, constants))
    assert "m.onnx" in str(caught.value.where)


def test_tensors_in_other_files_are_not_read(tmp_path: Path) -> None:
    file = graph_file(tmp_path / "m.onnx", [node("MatMul", "x w", "y")], {"w": W1.T})
    model = onnx.load(file)
    onnx.save_model(model, file, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert (tmp_path / "w.bin").exists()
    with pytest.raises(ModelError, match="lies in another file"):
        load_onnx(file)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "m.onnx"
    with pytest.raises(ModelError, match="at most 2000"):
        load_onnx(graph_file(place, [node("Relu", "x", "y")], {}, n_features=60_000))
    nodes = [node("Identity", f"v{k}" if k else "x", f"v{k + 1}") for k in range(1_001)]
    with pytest.raises(ModelError, match="1001 nodes"):
        load_onnx(graph_file(place, nodes, {}))
    with place.open("wb") as stream:
        stream.truncate(100_000_001)
    with pytest.raises(InputError, match="larger than 100 MB"):
        load_onnx(place)


def test_loops_of_nodes_that_no_tree_needs_are_refused_too(tmp_path: Path) -> None:
    stump = node(
        "TreeEnsembleRegressor", "x", "y", n_targets=1, nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.0, 0.5, 0.5],
        nodes_modes=["LEAF", "BRANCH_LEQ", "BRANCH_LEQ"], nodes_truenodeids=[0, 2, 1],
        nodes_falsenodeids=[0, 2, 1], target_treeids=[0], target_nodeids=[0], target_ids=[0],
        target_weights=[1.0],
    )  # fmt: skip
    with pytest.raises(ModelError, match="reached twice or never"):
        load_onnx(graph_file(tmp_path / "m.onnx", [stump], {}))


def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    place = graph_file(tmp_path / "m.onnx", [node("Relu", "x", "y")], {})
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "from printml.cli import main\n"
        f"sys.argv[1:] = ['train', 'seeds', '--estimator', {str(place)!r}, '--out', 'r']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Install printml[onnx]" in done.stderr


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seeds = load_dataset("seeds")
    labels = np.array(seeds.class_labels)[seeds.y]
    fitted = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    return exported(fitted.fit(seeds.X, labels), seeds.X, tmp_path_factory.mktemp("o") / "m.onnx")


def test_an_onnx_file_on_the_command_line(file: Path, tmp_path: Path) -> None:
    arguments = ["train", "seeds", "--estimator", str(file), "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(printml, arguments)
    assert done.exit_code == 0, done.output
    record = read_json(tmp_path / "run" / "model.json")
    assert record["model"]["family"] == "tree"
    assert record["agreement"]["test"]["share"] > 0.95
    iris = CliRunner().invoke(printml, ["train", "iris", "--estimator", str(file),
                                        "--out", str(tmp_path / "iris")])  # fmt: skip
    assert isinstance(iris.exception, ModelError)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_still_a_model(
    data: st.DataObject, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    place = tmp_path_factory.getbasetemp() / "damaged.onnx"
    place.write_bytes(content)
    try:
        loaded = load_onnx(place)
        quantizer = InputQuantizer.fit(np.array([[0.0] * loaded.n_features] * 2), bits=4)
        names = tuple(f"x{k}" for k in range(loaded.n_features))
        float_model_of(loaded, quantizer, feature_names=names, class_labels=("1", "2", "3"))
    except (InputError, ModelError):
        pass
