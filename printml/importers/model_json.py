"""A finished integer model from the `model.json` of a run folder, for other rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.data.dataset import Dataset
from printml.data.quantizer import InputQuantizer
from printml.data.table import suggestion
from printml.errors import ModelError
from printml.quantize.integer_model import IntegerModel
from printml.quantize.json_checks import Place, load_json
from printml.quantize.model_file import from_json


def load_model_json(path: Path) -> tuple[IntegerModel, InputQuantizer]:
    """The integer model and the input ranges it was made for.

    Raises
    ------
    InputError
        If the file cannot be read.
    ModelError
        If it is not the `model.json` of a run folder; the message has the path inside the file.
    """
    value = load_json(path, what="model file")
    place = Place(value, file=str(path))
    if not isinstance(value, dict) or "model" not in value or "quantizer" not in value:
        raise place.error(
            "expected the model and quantizer of a run folder", hint="Use RUN/model.json"
        )
    model = from_json(value["model"], file=f"{path}, model")
    ranges = place["quantizer"].object(required=("minimum", "span", "bits"))
    n = len(model.feature_names)
    quantizer = InputQuantizer(
        _numbers(ranges["minimum"], n), _numbers(ranges["span"], n), model.input_bits
    )
    if (quantizer.span < 0).any() or ranges["bits"].value != model.input_bits.tolist():
        raise ranges.error("the ranges do not fit the model's inputs")
    return model, quantizer


def columns_of_model(model: IntegerModel, dataset: Dataset, *, where: str) -> Dataset:
    """The data set with the columns that the model reads, in its order.

    Raises
    ------
    ModelError
        If a column is missing or the classes are others.
    """
    for name in model.feature_names:
        if name not in dataset.feature_names:
            raise ModelError(
                f"the model reads `{name}`, which the table does not have (any more)",
                where=where,
                hint=suggestion(name, dataset.feature_names),
            )
    if model.class_labels != dataset.class_labels:
        raise ModelError(
            f"the model's classes are {', '.join(model.class_labels)}, those of the table "
            f"{', '.join(dataset.class_labels)}",
            where=where,
            hint="Use rows with the same labels",
        )
    columns = [dataset.feature_names.index(name) for name in model.feature_names]
    return replace(
        dataset, feature_names=model.feature_names, X=frozen(dataset.X[:, columns], np.float64)
    )


def _numbers(place: Place, length: int) -> FloatArray:
    items = place.items()
    values = [item.value for item in items]
    plain = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    if len(values) != length or not plain or not np.isfinite(np.array(values, float)).all():
        raise place.error(f"expected {length} finite numbers")
    return frozen(values, np.float64)
