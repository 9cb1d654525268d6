"""Estimators of scikit-learn as circuits: every supported one, alone and behind every scaler."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import is_regressor
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import (
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier

from printml.circuit.from_model import build_circuit
from printml.data.quantizer import InputQuantizer
from printml.errors import ModelError
from printml.importers.estimators import float_model_of, supported_estimators
from printml.quantize.quantize import quantize

ESTIMATORS: list[Any] = [
    LinearSVC(max_iter=20_000, random_state=0),
    SVC(kernel="linear"),
    LinearSVR(max_iter=20_000, random_state=0),
    LogisticRegression(max_iter=5_000),
    Ridge(),
    RidgeClassifier(),
    Perceptron(),
    SGDClassifier(random_state=0),
    MLPClassifier(hidden_layer_sizes=(5,), max_iter=2_000, random_state=0),
    MLPRegressor(hidden_layer_sizes=(5,), max_iter=2_000, random_state=0),
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(n_estimators=5, random_state=0),
    ExtraTreesClassifier(n_estimators=5, random_state=0),
    GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0),
]
SCALERS: list[Any] = [None, StandardScaler(), MinMaxScaler(), RobustScaler(), MaxAbsScaler()]
TABLES = {"iris": load_iris, "wine": load_wine, "wdbc": load_breast_cancer}


def imported(estimator: Any, X: np.ndarray, y: np.ndarray, bits: int = 8) -> tuple[Any, ...]:
    """The float model, the integer model, input integers and the original's classes."""
    quantizer = InputQuantizer.fit(X, bits=bits)
    n_classes = len(np.unique(y))
    float_model = float_model_of(
        estimator,
        quantizer,
        feature_names=tuple(f"x{k}" for k in range(X.shape[1])),
        class_labels=tuple(str(k) for k in range(n_classes)),
    )
    original = estimator.predict(X)
    if is_regressor(estimator):
        original = np.clip(np.ceil(original - 0.5), 0, n_classes - 1)
    X_int = quantizer.transform(X)
    model = quantize(
        float_model, quantizer=quantizer, coef_bits=8, X_train_int=X_int,
        y_train=original.astype(np.int64),
    )  # fmt: skip
    return float_model, model, quantizer, X_int, original.astype(np.int64)


def name_of(value: Any) -> str:
    return type(value).__name__


def test_the_matrix_has_every_supported_estimator() -> None:
    assert {name_of(e) for e in ESTIMATORS} == set(supported_estimators())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("scaler", SCALERS, ids=name_of)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_an_imported_estimator_answers_as_the_original(
    estimator: Any, scaler: Any, table: str
) -> None:
    X, y = TABLES[table](return_X_y=True)
    if scaler is None and name_of(estimator) in UNSCALED_TOO_ROUGH:
        X = MinMaxScaler().fit_transform(X)
    fitted = (make_pipeline(scaler, estimator) if scaler is not None else estimator).fit(X, y)
    float_model, model, quantizer, X_int, original = imported(fitted, X, y)
    # The conversion itself is exact up to rounding: on unquantised readings nothing changes.
    assert np.mean(float_model.predict(quantizer.scale(X)) == original) >= 0.995
    assert np.mean(model.predict(X_int) == original) >= 0.99
    some = X_int[:: max(1, len(X_int) // 40)]
    circuit = build_circuit(model, name="top")
    assert np.array_equal(circuit.predict(some), model.predict(some))


UNSCALED_TOO_ROUGH = {"SGDClassifier", "Perceptron", "MLPClassifier", "MLPRegressor", "LinearSVR"}
"""Fits on raw readings do not converge; on scaled ones they are what users have."""


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier cannot be made a circuit"),
        (SVC(kernel="rbf"), "kernel 'rbf'"),
        (MLPClassifier(hidden_layer_sizes=(3, 3), max_iter=50), "2 hidden layers"),
        (MLPClassifier(hidden_layer_sizes=(3,), activation="tanh", max_iter=50), "tanh"),
        (make_pipeline(PolynomialFeatures(), LinearSVC()), "polynomialfeatures"),
        (make_pipeline(MinMaxScaler(clip=True), LinearSVC()), "clips"),
        (GradientBoostingClassifier(loss="exponential", n_estimators=2), "loss"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_a_circuit_is_refused_with_what_can(estimator: Any, message: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    with pytest.raises(ModelError, match=message):
        imported(estimator.fit(X, y), X, y)


def test_an_unfitted_estimator_is_refused() -> None:
    X, _ = load_iris(return_X_y=True)
    with pytest.raises(ModelError, match="not fitted"):
        float_model_of(LinearSVC(), InputQuantizer.fit(X, bits=4), feature_names=tuple("abcd"),
                       class_labels=tuple("xyz"))  # fmt: skip
