"""`PrintedClassifier`: a scikit-learn classifier whose answers are those of a printed circuit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_regressor
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from printml.circuit.from_model import build_circuit
from printml.data.quantizer import InputQuantizer
from printml.flow.corner import corner_figures
from printml.flow.model_run import approximate_model
from printml.flow.quick_netlist import quick_netlist
from printml.importers.estimators import float_model_of
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.model.float_model import FloatModel, ForestModel, TreeModel
from printml.netlist.netlist import Netlist
from printml.power_sources import weakest_source
from printml.quantize.quantize import quantize
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import outputs


@dataclass(frozen=True)
class CircuitCost:
    """What a circuit takes.

    Attributes
    ----------
    power_mw
        At the supply and clock asked for, with the activity of the training rows.
    delay_ms
        Critical path; None where the library has no delays.
    power_source
        Weakest printed source that gives the power; empty if none does.
    """

    n_cells: int
    area_cm2: float
    power_mw: float
    delay_ms: float | None
    power_source: str


class PrintedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit an estimator, make it a printed circuit, and answer as the circuit does.

    Parameters
    ----------
    estimator
        Unfitted scikit-learn classifier or regressor, alone or in a Pipeline after scalers; see
        `printml.importers.supported_estimators`. A regressor learns the class index. None is a
        `DecisionTreeClassifier`.
    input_bits
        Bits of each input, 1..16; None for 8 (trees and their ensembles) or 4.
    coef_bits
        Bits of each coefficient, sign included.
    approx
        `none`, or `full`: cheaper coefficients and gate pruning within `max_loss`.
    max_loss
        Accuracy that approximation may cost, as share of rows.
    library
        Built-in cell library.
    vdd, clock_ms
        Supply in volts and clock period that `cost_` is for.
    random_state
        Seed of the approximation; the estimator has its own.

    Attributes
    ----------
    classes_
        Labels, in the order of the circuit's codes.
    estimator_
        The fitted estimator.
    model_
        `IntegerNetwork`, `IntegerTree` or `IntegerForest`, before approximation.
    circuit_
        Word-level circuit of `model_`.
    netlist_
        Gates, approximated if asked for.
    quantizer_
        Ranges of the inputs, from the training rows.
    cost_
        `CircuitCost` of `netlist_`.
    agreement_
        Share of training rows on which circuit and estimator agree.
    n_features_in_, feature_names_in_
        As scikit-learn has them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> printed = PrintedClassifier(DecisionTreeClassifier(max_depth=3, random_state=0)).fit(X, y)
    >>> bool(printed.score(X, y) > 0.95)
    True
    >>> bool(printed.cost_.area_cm2 < 0.5)
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        input_bits: int | None = None,
        coef_bits: int = 8,
        approx: Literal["none", "full"] = "none",
        max_loss: float = 0.01,
        library: str = "egfet",
        vdd: float = 1.0,
        clock_ms: float = 200.0,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.input_bits = input_bits
        self.coef_bits = coef_bits
        self.approx = approx
        self.max_loss = max_loss
        self.library = library
        self.vdd = vdd
        self.clock_ms = clock_ms
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> PrintedClassifier:
        """Fit the estimator and build the circuit.

        Parameters
        ----------
        X
            Readings, shape (n_rows, n_features), finite.
        y
            Labels, shape (n_rows,), at least two different ones.

        Raises
        ------
        ModelError
            If the estimator cannot be made a circuit.
        ValueError
            As scikit-learn does for unusable rows, and if there is a single class.
        """
        checked, labels_given = validate_data(self, X, y, dtype=np.float64)
        X = np.asarray(checked, np.float64)
        check_classification_targets(labels_given)
        self.classes_, codes = np.unique(labels_given, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("there is one class only; a circuit needs at least two")
        estimator = (
            DecisionTreeClassifier(random_state=0)
            if self.estimator is None
            else (clone(self.estimator))
        )
        self.estimator_ = estimator.fit(X, codes)
        names = tuple(
            str(name)
            for name in getattr(self, "feature_names_in_", [f"x{k}" for k in range(X.shape[1])])
        )
        labels = tuple(str(label) for label in self.classes_)
        ranges = InputQuantizer.fit(X, bits=8)
        float_model = float_model_of(
            self.estimator_, ranges, feature_names=names, class_labels=_distinct(labels)
        )
        self.quantizer_ = InputQuantizer.fit(X, bits=self.input_bits or _default_bits(float_model))
        X_int = self.quantizer_.transform(X)
        original = self._codes_of_estimator(X)
        self.model_ = quantize(
            float_model,
            quantizer=self.quantizer_,
            coef_bits=self.coef_bits,
            X_train_int=X_int,
            y_train=original,
        )
        self.circuit_ = build_circuit(self.model_, name="printed")
        library = find_library(self.library, self.vdd)
        self.netlist_ = quick_netlist(self.model_, library, name="printed")
        if self.approx != "none":
            with tempfile.TemporaryDirectory(prefix="printml-") as folder:
                self.netlist_ = approximate_model(
                    self.model_,
                    X_int,
                    codes.astype(np.int64),
                    Path(folder) / "run",
                    approx=self.approx,
                    max_loss=self.max_loss,
                    library=self.library,
                    seed=self.random_state,
                )
        self.cost_ = self._cost(library, X_int)
        self.agreement_ = float(np.mean(self._codes(X) == original))
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Label that the circuit answers for each row, shape (n_rows,)."""
        check_is_fitted(self)
        checked = np.asarray(validate_data(self, X, reset=False, dtype=np.float64), np.float64)
        # An approximated circuit may answer a code that is no class; the highest class stands in.
        codes = np.minimum(self._codes(checked), len(self.classes_) - 1)
        found: npt.NDArray[Any] = self.classes_[codes]
        return found

    def _codes(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        library = find_library(self.library, self.vdd)
        return outputs(self.netlist_, library, self.quantizer_.transform(X))["class"]

    def _codes_of_estimator(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        found = self.estimator_.predict(X)
        if is_regressor(self.estimator_):
            found = np.clip(np.ceil(found - 0.5), 0, len(self.classes_) - 1)
        codes: npt.NDArray[np.int64] = np.asarray(found).astype(np.int64)
        return codes

    def _cost(self, library: CellLibrary, X_int: npt.NDArray[np.int64]) -> CircuitCost:
        netlist: Netlist = self.netlist_
        activity = measure_activity(netlist, library, X_int)
        figures = corner_figures(netlist, library, activity, clock_ms=self.clock_ms)
        source = weakest_source(figures["power_mw"])
        return CircuitCost(
            n_cells=netlist.n_gates,
            area_cm2=netlist.area_cm2(library),
            power_mw=figures["power_mw"],
            delay_ms=figures.get("delay_ms"),
            power_source=source.name if source else "",
        )


def _default_bits(model: FloatModel) -> int:
    return 8 if isinstance(model, TreeModel | ForestModel) else 4


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of different types may print alike; the circuit only needs that they differ."""
    if len(set(labels)) == len(labels):
        return labels
    return tuple(f"{label}#{k}" for k, label in enumerate(labels))
