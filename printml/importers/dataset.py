"""An estimator of the user's own on a data set of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.data.dataset import Dataset
from printml.data.quantizer import InputQuantizer
from printml.errors import ModelError
from printml.importers.estimators import float_model_of
from printml.importers.onnx_model import OnnxModel
from printml.importers.scalers import unwrapped
from printml.model.float_model import FloatModel


def model_on_dataset(estimator: Any, dataset: Dataset, quantizer: InputQuantizer) -> FloatModel:
    """Convert an estimator that was fitted on this table's features and labels.

    Raises
    ------
    ModelError
        If features or classes are not those of the table, or as `float_model_of` does.
    """
    _check_features(estimator, dataset)
    first = 0.0
    if _is_regressor(estimator):
        first = _first_label(dataset)
    else:
        known = _known_classes(estimator)
        if known and known != list(dataset.class_labels):
            raise ModelError(
                f"the estimator's classes are {_shown(known)}, those of the table "
                f"{_shown(dataset.class_labels)}",
                where=dataset.source,
                hint="Fit it on the labels of this table",
            )
    return float_model_of(
        estimator,
        quantizer,
        feature_names=dataset.feature_names,
        class_labels=dataset.class_labels,
        first_label=first,
    )


def classes_by(estimator: Any, X: FloatArray, dataset: Dataset) -> IntArray:
    """Class index that the original estimator answers for raw readings, int64, shape (n_rows,)."""
    found = estimator.predict(X)
    if _is_regressor(estimator):
        index = np.ceil(np.asarray(found, float).ravel() - _first_label(dataset) - 0.5)
        return np.clip(index, 0, dataset.n_classes - 1).astype(np.int64)
    place = {label: k for k, label in enumerate(dataset.class_labels)}
    if isinstance(estimator, OnnxModel) and estimator.class_names is None:
        return np.asarray(found, np.int64)
    return np.array([place[str(label)] for label in found], np.int64)


def _known_classes(estimator: Any) -> list[str]:
    if isinstance(estimator, OnnxModel):
        return list(estimator.class_names or ())
    return [str(label) for label in getattr(unwrapped_last(estimator), "classes_", ())]


def _is_regressor(estimator: Any) -> bool:
    if isinstance(estimator, OnnxModel):
        return estimator.is_regressor
    # Not at the top: scikit-learn takes a second to load, which most commands do not need.
    from sklearn.base import is_regressor

    return bool(is_regressor(estimator))


def unwrapped_last(estimator: Any) -> Any:
    """The final estimator of a pipeline, or the estimator itself."""
    while type(estimator).__name__ == "Pipeline":
        estimator = estimator.steps[-1][1]
    return estimator


def _check_features(estimator: Any, dataset: Dataset) -> None:
    if isinstance(estimator, OnnxModel):
        return
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and list(names) != list(dataset.feature_names):
        raise ModelError(
            f"the estimator's features are {_shown(list(names))}, those of the table "
            f"{_shown(dataset.feature_names)}",
            where=dataset.source,
            hint="Give the columns in the order it was fitted on; constant columns are left out",
        )
    unwrapped(estimator, dataset.n_features)


def _first_label(dataset: Dataset) -> float:
    try:
        labels = [float(label) for label in dataset.class_labels]
    except ValueError:
        labels = []
    if not labels or any(b - a != 1 for a, b in pairwise(labels)):
        raise ModelError(
            f"a regressor needs labels that are numbers 1 apart, not "
            f"{_shown(dataset.class_labels)}",
            where=dataset.source,
        )
    return labels[0]


def _shown(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:6])) + (", ..." if len(names) > 6 else "")
