"""Train one model of one family on the training rows of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.data.dataset import Dataset, Split
from printml.data.quantizer import InputQuantizer
from printml.data.table import suggestion
from printml.data.weights import training_groups
from printml.errors import ModelError
from printml.model.ensemble import ensemble_grid, fit_ensemble
from printml.model.float_model import FloatModel
from printml.model.linear import fit_svm, svm_grid
from printml.model.mlp import fit_mlp, fit_mlp_for_search, mlp_grid
from printml.model.search import Fit, Trial, best, cross_validate
from printml.model.spec import (
    FAMILIES,
    Family,
    Params,
    Penalty,
    Spec,
    TreeOptions,
    default_hidden,
    default_penalty,
)
from printml.model.tree import fit_tree, tree_grid

MOST_HIDDEN = 64


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model and how it was chosen.

    Attributes
    ----------
    model
        Trained on the readings as the circuit sees them (`quantizer.as_fraction(X_int)`); this is
        what `quantize` takes.
    reference
        The same hyperparameters fitted on unquantised min-max scaled readings
        (`quantizer.scale(X)`): its accuracy is the "float accuracy" of a scikit-learn user.
    quantizer
        The one given to `train`.
    params
        Chosen hyperparameters as (name, value) pairs.
    search
        Every choice tried as (params, mean, std) of its cross-validated accuracy; empty without
        a search.
    notes
        What a reader of the results should know, one sentence each.
    """

    model: FloatModel
    reference: FloatModel
    quantizer: InputQuantizer
    params: Params
    search: tuple[Trial, ...]
    notes: tuple[str, ...]

    def reference_predict(self, X: FloatArray) -> IntArray:
        """Class index by the float reference, int64, shape (n_rows,).

        Parameters
        ----------
        X
            Readings in their own units, float64, shape (n_rows, n_features).
        """
        return self.reference.predict(self.quantizer.scale(X))


def train(
    dataset: Dataset,
    split: Split,
    *,
    family: Family,
    quantizer: InputQuantizer,
    seed: int,
    hidden: int | None = None,
    ovr: bool = False,
    penalty: Penalty | None = None,
    max_depth: int | None = None,
    max_leaf_nodes: int | None = None,
    min_samples_leaf: int = 1,
    ccp_alpha: float = 0.0,
    search: bool = False,
    n_trees: int | None = None,
    n_jobs: int = 1,
) -> Trained:
    """Search hyperparameters by cross-validation and fit the winner; training rows only.

    Parameters
    ----------
    dataset
        Prepared (`data.prepare`): no missing values.
    family
        `svm-c`, `svm-r`, `mlp-c`, `mlp-r`, `tree`, `forest` or `boost`. Regressors learn the
        class index.
    quantizer
        Fitted on the same training rows.
    seed
        Seed of folds, starts and ties, 0 .. 2**32 - 1.
    hidden
        Hidden neurons of an MLP, 1..64; None for the published or stated default.
    ovr
        One-vs-rest instead of one-vs-one voting (svm-c).
    penalty
        `l2`, or `l1` for sparse coefficients (svm-c); None for l1 above 100 features, else l2.
    max_depth, max_leaf_nodes, min_samples_leaf, ccp_alpha, search
        Limits of a tree, as in `TreeOptions`; the default is fully grown.
    n_trees
        Trees of a forest or rounds of boosting; None for the stated default.
    n_jobs
        Worker processes of the search; the result does not depend on it.

    Raises
    ------
    ModelError
        If an option is out of range or the training rows hold a single class.
    DataError
        If a reading is missing.
    """
    spec = Spec(
        family=family,
        feature_names=dataset.feature_names,
        class_labels=dataset.class_labels,
        seed=seed,
        hidden=default_hidden(dataset.name, dataset.n_classes) if hidden is None else hidden,
        ovr=ovr,
        penalty=penalty or default_penalty(dataset.n_features),
        tree=TreeOptions(max_depth, max_leaf_nodes, min_samples_leaf, ccp_alpha, search, n_trees),
    )
    y = dataset.y[split.train]
    _check(spec, quantizer, dataset, n_training_classes=len(np.unique(y)))
    X = quantizer.as_fraction(quantizer.transform(dataset.X[split.train]))
    fit: Fit
    fit_for_search: Fit
    if family in ("svm-c", "svm-r"):
        grid, fit, fit_for_search = svm_grid(spec), fit_svm, fit_svm
    elif family in ("mlp-c", "mlp-r"):
        grid, fit, fit_for_search = mlp_grid(), fit_mlp, fit_mlp_for_search
    elif family in ("forest", "boost"):
        grid, fit, fit_for_search = ensemble_grid(spec), fit_ensemble, fit_ensemble
    else:
        grid, fit, fit_for_search = tree_grid(spec, X, y), fit_tree, fit_tree
    trials = cross_validate(
        fit_for_search,
        spec,
        grid,
        X,
        y,
        groups=training_groups(dataset, split),
        n_jobs=n_jobs,
    )
    params = best(trials, otherwise=grid[len(grid) // 2])
    return Trained(
        model=fit(spec, params, X, y),
        reference=fit(spec, params, quantizer.scale(dataset.X[split.train]), y),
        quantizer=quantizer,
        params=params,
        search=trials,
        notes=_notes(spec, searched=bool(trials), can_search=len(grid) > 1),
    )


def fit_again(spec: Spec, params: Params, X: FloatArray, y: IntArray) -> FloatModel:
    """Fit known hyperparameters on other rows, as a fold of a cross-validation does.

    Parameters
    ----------
    X, y
        float64 (n_rows, n_features), readings as the circuit sees them, and int64 (n_rows,).
    """
    if spec.family in ("svm-c", "svm-r"):
        return fit_svm(spec, params, X, y)
    if spec.family in ("mlp-c", "mlp-r"):
        return fit_mlp_for_search(spec, params, X, y)
    if spec.family in ("forest", "boost"):
        return fit_ensemble(spec, params, X, y)
    return fit_tree(spec, params, X, y)


def _check(
    spec: Spec, quantizer: InputQuantizer, dataset: Dataset, *, n_training_classes: int
) -> None:
    if spec.family not in FAMILIES:
        raise ModelError(
            f"unknown model family `{spec.family}`", hint=suggestion(spec.family, FAMILIES)
        )
    if not 1 <= spec.hidden <= MOST_HIDDEN:
        raise ModelError(
            f"{spec.hidden} hidden neurons are out of range", hint=f"Use 1 to {MOST_HIDDEN}"
        )
    if spec.penalty not in ("l1", "l2"):
        raise ModelError(f"unknown penalty `{spec.penalty}`", hint="Choose l1 or l2")
    if not 0 <= spec.seed < 2**32:
        raise ModelError(
            f"seed {spec.seed} is out of range", hint="Use a seed from 0 to 4294967295"
        )
    limits = (spec.tree.max_depth, spec.tree.min_samples_leaf, spec.tree.n_trees)
    if any(limit is not None and limit < 1 for limit in limits) or spec.tree.ccp_alpha < 0:
        raise ModelError("a limit of the tree is out of range", hint="Use limits of at least 1")
    if spec.tree.max_leaf_nodes is not None and spec.tree.max_leaf_nodes < 2:
        raise ModelError("a tree needs at least 2 leaves", hint="Raise the limit of leaf nodes")
    if len(quantizer.bits) != dataset.n_features:
        raise ModelError(
            f"the quantiser has {len(quantizer.bits)} inputs, the data {dataset.n_features}",
            hint="Fit the quantiser on the prepared data",
        )
    if n_training_classes < 2:
        raise ModelError(
            "the training rows hold a single class",
            where=dataset.source,
            hint="Use a stratified split or more rows",
        )


def _notes(spec: Spec, *, searched: bool, can_search: bool) -> tuple[str, ...]:
    notes = []
    if spec.family == "svm-c" and spec.penalty == "l1":
        notes.append("sparse l1 penalty: a hardwired coefficient costs area")
    if can_search and not searched:
        notes.append("no hyperparameter search: too few training rows")
    return tuple(notes)
