"""First step: recipe to integer model and quantised rows."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.data.clean import keep_columns, prepare
from printml.data.dataset import Dataset, Split
from printml.data.load import load_dataset
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows
from printml.data.table import suggestion
from printml.data.weights import training_groups, weighted_split
from printml.errors import InputError
from printml.files import write_json_atomic, write_text_atomic
from printml.flow.accuracy import measure_accuracy
from printml.flow.recipe import Recipe, recipe_to_toml
from printml.flow.run import top_name
from printml.flow.rundir import RunFolder
from printml.importers.dataset import classes_by, model_on_dataset
from printml.importers.files import load_estimator
from printml.importers.model_json import columns_of_model, load_model_json
from printml.model.train import train
from printml.quantize.coefficients import read_coefficients
from printml.quantize.integer_model import IntegerModel
from printml.quantize.model_file import to_json
from printml.quantize.quantize import quantize_with_scales


def _inputs(dataset: Dataset, recipe: Recipe) -> tuple[Dataset, IntArray]:
    """The data set without features of 0 bits, and the bits of the others."""
    asked = recipe.bits_by_feature
    unknown = sorted((set(asked) | set(recipe.range_by_feature)) - set(dataset.feature_names))
    if unknown:
        raise InputError(
            f"there is no feature {unknown[0]!r}",
            where=dataset.source,
            hint=suggestion(unknown[0], dataset.feature_names),
        )
    # A category is there or not.
    usual = {name: 1 for name in dataset.one_hot}
    bits = np.array(
        [asked.get(name, usual.get(name, recipe.bits)) for name in dataset.feature_names], np.int64
    )
    if not bits.any():
        raise InputError("every feature has 0 bits", hint="Leave at least one feature in")
    return keep_columns(dataset, bits > 0), bits[bits > 0]


def load_recipe_data(recipe: Recipe) -> Dataset:
    """The recipe's table, before anything is learned of it."""
    return load_dataset(
        recipe.dataset,
        target=recipe.target or None,
        one_hot=recipe.one_hot,
        weight_column=recipe.weight_column,
        group_column=recipe.group_column,
        test_file=recipe.test_file,
    )


def _quantizer(recipe: Recipe, dataset: Dataset, split: Split, bits: IntArray) -> InputQuantizer:
    """Ranges of the training rows, or what the recipe says of the sensor."""
    quantizer = InputQuantizer.fit(dataset.X[split.train], bits=bits)
    for name, (low, high) in recipe.range_by_feature.items():
        # Features of 0 bits or without movement are gone by now.
        if name in dataset.feature_names:
            quantizer = quantizer.with_range(dataset.feature_names.index(name), low, high)
    return quantizer


def train_step(recipe: Recipe, path: Path, *, n_jobs: int) -> None:
    """Write `recipe.toml`, `model.json` and `rows.npz`."""
    run = RunFolder(path, top_name(recipe))
    dataset = load_recipe_data(recipe)
    split = split_rows(dataset, kind=recipe.split, seed=recipe.seed)
    dataset = prepare(dataset, split)
    dataset, bits = _inputs(dataset, recipe)
    rows = len(split.train)
    split = weighted_split(dataset, split)
    if dataset.weights is not None:
        note = (
            f"by their weights {rows} training rows count as {len(split.train)}; test rows as one"
        )
        dataset = replace(dataset, notes=(*dataset.notes, note))
    quantizer = _quantizer(recipe, dataset, split, bits)
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
            quantizer = _quantizer(recipe, dataset, split, model.input_bits)
            X_int = quantizer.transform(dataset.X)
    elif recipe.estimator.endswith(".json"):
        model, quantizer = load_model_json(Path(recipe.estimator))
        _check_family(model.family, recipe)
        dataset = columns_of_model(model, dataset, where=recipe.estimator)
        X_int = quantizer.transform(dataset.X)
        record["notes"] = [
            "the model came from a file: rows it was trained on may be test rows here"
        ]
    elif recipe.estimator:
        model, scales, imported = _imported(recipe, dataset, split, quantizer, X_int)
        record |= imported
    else:
        model, scales, trained = _trained(recipe, dataset, split, quantizer, X_int, n_jobs=n_jobs)
        record |= trained
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
    arrays = {"X_int": X_int, "y": dataset.y, "train": split.train, "test": split.test}
    groups = training_groups(dataset, split)
    if groups is not None:
        arrays["groups"] = groups
    np.savez_compressed(run.rows, allow_pickle=False, **arrays)


Made = tuple[IntegerModel, tuple[FloatArray, ...], dict[str, Any]]
"""The model, its scales, and what `model.json` says of how it came to be."""


def _trained(
    recipe: Recipe,
    dataset: Dataset,
    split: Split,
    quantizer: InputQuantizer,
    X_int: IntArray,
    *,
    n_jobs: int,
) -> Made:
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
    record = {
        "float": _float_accuracy(trained.reference_predict(dataset.X), dataset, split),
        "parameters": dict(trained.params),
        "notes": list(trained.notes),
        "search": [
            {"parameters": dict(p), "cv_mean": mean, "cv_std": std}
            for p, mean, std in trained.search
        ],
    }
    return quantized.model, quantized.scales, record


def _imported(
    recipe: Recipe, dataset: Dataset, split: Split, quantizer: InputQuantizer, X_int: IntArray
) -> Made:
    """The estimator of a file; coefficients are rounded for agreement with it."""
    estimator = load_estimator(Path(recipe.estimator), allow_pickle=recipe.allow_pickle)
    float_model = model_on_dataset(estimator, dataset, quantizer)
    _check_family(float_model.family, recipe)
    original = classes_by(estimator, dataset.X, dataset)
    quantized = quantize_with_scales(
        float_model,
        quantizer=quantizer,
        coef_bits=recipe.coef_bits,
        X_train_int=X_int[split.train],
        y_train=original[split.train],
    )
    agrees = quantized.model.predict(X_int) == original
    record = {
        "float": _float_accuracy(original, dataset, split),
        "agreement": {
            part: {"share": float(agrees[rows].mean()), "n_rows": len(rows)}
            for part, rows in (("train", split.train), ("test", split.test))
        },
        "notes": [
            "the estimator came from a file: if it was fitted on test rows, accuracy on them is "
            "not that on unseen rows",
            f"circuit and estimator agree on {int(agrees.sum())} of {len(agrees)} rows",
        ],
    }
    return quantized.model, quantized.scales, record


def _check_family(family: str, recipe: Recipe) -> None:
    if family != recipe.model:
        raise InputError(
            f"the file holds a model of the family {family}, not {recipe.model}",
            where=recipe.estimator,
            hint="Leave out --model",
        )


def _float_accuracy(predicted: IntArray, dataset: Dataset, split: Split) -> dict[str, Any]:
    return {
        part: asdict(measure_accuracy(predicted[rows], dataset.y[rows]))
        for part, rows in (("train", split.train), ("test", split.test))
    }
