"""`PrintedClassifier` as scikit-learn wants it, and as a circuit."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

import printml.estimator
from printml.errors import ModelError
from printml.estimator import PrintedClassifier
from printml.liberty.locate import find_library
from printml.simulate.kernel import outputs

SKIPPED = {
    "check_array_api_input": "needs SCIPY_ARRAY_API in the environment; arrays are numpy's here",
    "check_classifier_data_not_an_array": "needs pandas, which printml does not use",
}


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_checks() -> None:
    found = check_estimator(PrintedClassifier(), on_fail=None, on_skip=None)
    failed = [(r["check_name"], str(r["exception"])) for r in found if r["status"] == "failed"]
    assert not failed
    skipped = {r["check_name"] for r in found if r["status"] == "skipped"}
    assert skipped <= set(SKIPPED)
    assert sum(r["status"] == "passed" for r in found) > 45


def test_the_examples_of_its_docstring() -> None:
    assert doctest.testmod(printml.estimator).failed == 0


def test_predictions_are_those_of_the_netlist() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    labels = np.array(["benign", "malignant"])[1 - y]
    X_train, X_test, y_train, y_test = train_test_split(X, labels, random_state=0)
    estimator = make_pipeline(StandardScaler(), LinearSVC(random_state=0))
    printed = PrintedClassifier(estimator, input_bits=6).fit(X_train, y_train)
    codes = outputs(
        printed.netlist_, find_library("egfet", 1.0), printed.quantizer_.transform(X_test)
    )["class"]
    assert np.array_equal(printed.predict(X_test), printed.classes_[codes])
    assert printed.score(X_test, y_test) == np.mean(printed.classes_[codes] == y_test) > 0.9
    assert printed.agreement_ > 0.97
    assert printed.cost_.area_cm2 == printed.netlist_.area_cm2(find_library("egfet", 1.0)) > 0
    assert printed.cost_.delay_ms is not None
    assert printed.circuit_.predict(printed.quantizer_.transform(X_test)).tolist() == codes.tolist()


def test_in_a_grid_search_and_with_a_regressor() -> None:
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        PrintedClassifier(DecisionTreeClassifier(random_state=0)),
        {"estimator__max_depth": [1, 3], "input_bits": [4]},
        cv=3,
    ).fit(X, y)
    assert search.best_params_["estimator__max_depth"] == 3
    ridge = PrintedClassifier(Ridge()).fit(X, y + 5)
    assert set(ridge.predict(X)) == {5, 6, 7}
    assert ridge.score(X, y + 5) > 0.9


@pytest.mark.tools
def test_approximation_makes_it_smaller() -> None:
    X, y = load_iris(return_X_y=True)
    exact = PrintedClassifier(LogisticRegression()).fit(X, y)
    smaller = PrintedClassifier(LogisticRegression(), approx="full", max_loss=0.03).fit(X, y)
    assert smaller.cost_.area_cm2 < 0.7 * exact.cost_.area_cm2
    assert smaller.score(X, y) > exact.score(X, y) - 0.05


def test_what_cannot_be_built_is_told() -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="one class"):
        PrintedClassifier().fit(X, np.zeros(len(y)))
    with pytest.raises(ModelError, match="PrintedClassifier cannot be made a circuit"):
        PrintedClassifier(PrintedClassifier()).fit(X, y)
