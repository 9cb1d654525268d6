"""First step: recipe to integer model and quantised rows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.data.clean import keep_columns, prepare
from printml.data.dataset import Dataset
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.data.table import suggestion
from printml.errors import InputError
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.accuracy import measure_accuracy
from printml.flow.recipe import Recipe, recipe_to_toml
from printml.flow.run import top_name
from printml.flow.rundir import RunFolder
from printml.model.train import train
from printml.quantize.coefficients import read_coefficients
from printml.quantize.integer_model import IntegerModel
from printml.quantize.model_file import to_json
from printml.quantize.quantize import quantize_with_scales


def _inputs(dataset: Dataset, recipe: Recipe) -> tuple[Dataset, IntArray]:
    """The data set without features of 0 bits, and the bits of the others."""
    asked = recipe.bits_by_feature
    unknown = sorted(set(asked) - set(dataset.feature_names))
    if unknown:
        raise InputError(
            f"there is no feature {unknown[0]!r}",
            where=dataset.source,
            hint=suggestion(unknown[0], dataset.feature_names),
        )
    bits = np.array([asked.get(name, recipe.bits) for name in dataset.feature_names], np.int64)
    if not bits.any():
        raise InputError("every feature has 0 bits", hint="Leave at least one feature in")
    return keep_columns(dataset, bits > 0), bits[bits > 0]


def train_step(recipe: Recipe, path: Path, *, n_jobs: int) -> None:
    """Write `recipe.toml`, `model.json` and `rows.npz`."""
    run = RunFolder(path, top_name(recipe))
    dataset = load_dataset(recipe.dataset, target=recipe.target or None)
    split = split_rows(dataset, kind=recipe.split, seed=recipe.seed)
    dataset = prepare(dataset, split)
    dataset, bits = _inputs(dataset, recipe)
    quantizer = InputQuantizer.fit(dataset.X[split.train], bits=bits)
    X_int = quantizer.transform(dataset.X)
    record: dict[str, Any] = {}
    scales: tuple[FloatArray, ...] = ()
    if recipe.coefficients:
        model: IntegerModel = read_coefficients(
            Path(recipe.coefficients), dataset=dataset, family=recipe.model
        )
        if not np.array_equal(model.input_bits, bits):
            if recipe.input_bits:
                raise InputError(
                    f"the coefficients are for {int(model.input_bits[0])} input bits",
                    where=recipe.coefficients,
                    hint="Leave out --input-bits",
                )
            quantizer = InputQuantizer.fit(dataset.X[split.train], bits=model.input_bits)
            X_int = quantizer.transform(dataset.X)
    else:
        trained = train(
            dataset,
            split,
            family=recipe.model,
            quantizer=quantizer,
            seed=recipe.seed,
            hidden=recipe.hidden or None,
            ovr=recipe.ovr,
            penalty=recipe.penalty or None,
            max_depth=recipe.max_depth or None,
            max_leaf_nodes=recipe.max_leaf_nodes or None,
            n_trees=recipe.n_trees or None,
            n_jobs=n_jobs,
        )
        quantized = quantize_with_scales(
            trained.model,
            quantizer=quantizer,
            coef_bits=recipe.coef_bits,
            X_train_int=X_int[split.train],
            y_train=dataset.y[split.train],
        )
        model, scales = quantized.model, quantized.scales
        predicted = trained.reference_predict(dataset.X)
        record["float"] = {
            part: asdict(measure_accuracy(predicted[rows], dataset.y[rows]))
            for part, rows in (("train", split.train), ("test", split.test))
        }
        record["parameters"] = dict(trained.params)
        record["notes"] = list(trained.notes)
        record["search"] = [
            {"parameters": dict(p), "cv_mean": mean, "cv_std": std}
            for p, mean, std in trained.search
        ]
    record |= {
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "notes": list(dataset.notes),
            "n_rows": dataset.n_rows,
            "feature_names": list(dataset.feature_names),
            "class_labels": list(dataset.class_labels),
        },
        "quantizer": {
            "minimum": quantizer.minimum.tolist(),
            "span": quantizer.span.tolist(),
            "bits": quantizer.bits.tolist(),
        },
    }
    write_text_atomic(run.recipe, recipe_to_toml(recipe))
    write_json_atomic(run.model, {"model": to_json(model, scales=scales), **record})
    np.savez_compressed(run.rows, X_int=X_int, y=dataset.y, train=split.train, test=split.test)
