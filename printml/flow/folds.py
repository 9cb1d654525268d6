"""Models of the folds: the same training without some of the training rows.

They tell what a search costs on rows it has not seen. The unapproximated model of a fold has not
seen the left-out rows either, so that comparing the two there is fair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.data.quantizer import InputQuantizer
from printml.flow.recipe import Recipe
from printml.flow.run import Rows
from printml.model.search import deal_folds
from printml.model.spec import Spec, TreeOptions, default_hidden, default_penalty
from printml.model.start_trees import start_trees
from printml.model.train import fit_again
from printml.quantize.integer_model import IntegerModel, IntegerTree
from printml.quantize.quantize import quantize
from printml.quantize.tree import simplify_tree

ENOUGH_HELD_ROWS = 1_500
"""Folds are used until so many rows were left out once; a large set needs fewer of them."""
FEW_REPEATED = 0.05
"""Share of the training rows with the inputs of another, from which repeated rows matter."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Part of the training rows to search on, the rest to judge on, and a model of the first.

    Attributes
    ----------
    model
        Trained on the search rows, or the given one if it was not trained here.
    search, held
        int64, indices into the table's rows.
    weight
        Of each held row, mean 1; see `held_weights`.
    """

    model: IntegerModel
    search: IntArray
    held: IntArray
    weight: FloatArray


def make_folds(
    recipe: Recipe, record: dict[str, Any], model: IntegerModel, rows: Rows
) -> list[Fold]:
    """The folds of a run's training rows.

    Parameters
    ----------
    record
        `model.json`. Without `parameters` in it (coefficients from a file) nothing can be trained
        again, and every fold has the given model: the guard is then too strict, never too lax,
        where that model saw the left-out rows.
    """
    y = rows.y[rows.train]
    folds: list[Fold] = []
    n_held = 0
    for search, held in deal_folds(y, seed=recipe.seed, groups=rows.groups):
        if n_held >= ENOUGH_HELD_ROWS and len(folds) > 1:
            break
        if len(np.unique(y[search])) < 2:
            continue
        n_held += len(held)
        chosen = rows.train[search]
        own = model
        if "parameters" in record:
            own = _trained(recipe, record, model, rows, chosen)
        # Readings of one group are not met again where groups stand on one side.
        weight = np.ones(len(held))
        if rows.groups is None:
            weight = held_weights(rows.X_int[rows.train], search, held)
        folds.append(Fold(own, chosen, rows.train[held], weight))
    return folds


def held_weights(X_int: IntArray, search: IntArray, held: IntArray) -> FloatArray:
    """Weights with which as many held rows repeat a search row as new rows a training row.

    Some tables hold readings twice, and what knows its rows by heart is right on those that it
    meets again. A fold has seen fewer rows, so it meets fewer again than the whole will. How many
    the whole meets is what each training row meets of the others (leave-one-out).

    Parameters
    ----------
    X_int
        Inputs of the training rows, int64, shape (n_rows, n_features).
    search, held
        Rows of a fold, int64, indices into `X_int`.

    Returns
    -------
    FloatArray
        Shape (n_held,), mean 1; all 1 where few rows are repeated or where either kind is missing.

    Examples
    --------
    >>> X_int = np.array([[1], [1], [2], [2], [3], [4], [5], [6]])
    >>> held_weights(X_int, np.array([0, 2, 3, 5]), np.array([1, 4, 6, 7]))
    array([2.        , 0.66666667, 0.66666667, 0.66666667])
    """
    _, kind, counts = np.unique(X_int, axis=0, return_inverse=True, return_counts=True)
    kind = kind.reshape(-1)
    wanted = float(np.mean(counts[kind] > 1))
    repeats = np.isin(kind[held], kind[search])
    found = float(repeats.mean())
    if wanted < FEW_REPEATED or wanted == 1.0 or not 0.0 < found < 1.0:
        return np.ones(len(held))
    return np.where(repeats, wanted / found, (1.0 - wanted) / (1.0 - found))


def _trained(
    recipe: Recipe, record: dict[str, Any], model: IntegerModel, rows: Rows, chosen: IntArray
) -> IntegerModel:
    X_int, y = rows.X_int[chosen], rows.y[chosen]
    quantizer = _quantizer(record)
    params = tuple(record["parameters"].items())
    return quantize(
        fit_again(_spec(recipe, record, model), params, quantizer.as_fraction(X_int), y),
        quantizer=quantizer,
        coef_bits=recipe.coef_bits,
        X_train_int=X_int,
        y_train=y,
    )


def tree_starts(
    recipe: Recipe, record: dict[str, Any], model: IntegerTree, rows: Rows, chosen: IntArray
) -> list[IntegerTree]:
    """Trees of other shapes grown on the chosen rows, for the search to start from."""
    X_int, y = rows.X_int[chosen], rows.y[chosen]
    quantizer = _quantizer(record)
    grown = start_trees(
        quantizer.as_fraction(X_int),
        y,
        feature_names=model.feature_names,
        class_labels=model.class_labels,
        seed=recipe.seed,
    )
    starts = [
        quantize(
            tree, quantizer=quantizer, coef_bits=recipe.coef_bits, X_train_int=X_int, y_train=y
        )
        for tree in grown
    ]
    return [simplify_tree(tree) for tree in starts if isinstance(tree, IntegerTree)]


def _quantizer(record: dict[str, Any]) -> InputQuantizer:
    return InputQuantizer(
        *(np.array(record["quantizer"][name]) for name in ("minimum", "span", "bits"))
    )


def _spec(recipe: Recipe, record: dict[str, Any], model: IntegerModel) -> Spec:
    n_classes = len(model.class_labels)
    return Spec(
        family=recipe.model,
        feature_names=model.feature_names,
        class_labels=model.class_labels,
        seed=recipe.seed,
        hidden=recipe.hidden or default_hidden(record["dataset"]["name"], n_classes),
        ovr=recipe.ovr,
        penalty=recipe.penalty or default_penalty(len(model.feature_names)),
        tree=TreeOptions(
            recipe.max_depth or None,
            recipe.max_leaf_nodes or None,
            n_trees=recipe.n_trees or None,
        ),
    )
