"""One-hidden-layer ReLU networks (scikit-learn's MLPClassifier and MLPRegressor).

Networks with two to five hidden neurons have many poor local minima. Inputs are therefore
centred and brought to unit mean deviation before the fit (folded back into the first layer
afterwards, exactly), and each fit is the best of several starts by training loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.errors import ModelError
from printml.model.float_model import MlpModel
from printml.model.rows import one_row_per_class
from printml.model.spec import Params, Spec, quiet_and_serial

SEARCH_STARTS = 2
FINAL_STARTS = 8
LBFGS_ITERATIONS = 300
ADAM_ITERATIONS = 100
ADAM_ABOVE_ROWS = 20_000


def mlp_grid() -> list[Params]:
    """Choices to cross-validate, the most regularised first (it wins ties)."""
    return [(("alpha", alpha),) for alpha in (10.0, 1.0, 0.01)]


def fit_mlp_for_search(spec: Spec, params: Params, X: FloatArray, y: IntArray) -> MlpModel:
    """`fit_mlp` with few starts."""
    return fit_mlp(spec, params, X, y, starts=SEARCH_STARTS)


def fit_mlp(
    spec: Spec, params: Params, X: FloatArray, y: IntArray, *, starts: int = FINAL_STARTS
) -> MlpModel:
    """Fit a classifier, or a regressor of the class index.

    Parameters
    ----------
    X, y
        Scaled readings float64 (n_rows, n_features), class index int64 (n_rows,), with at least
        two classes.
    starts
        Random starts; the one with the lowest training loss is kept, ties go to the first.

    Raises
    ------
    ModelError
        If no start ends with finite coefficients.
    """
    centre = X.mean(axis=0)
    deviation = float(X.std(axis=0).mean()) or 1.0
    with quiet_and_serial():
        fitted = [
            network
            for start in range(starts)
            if (network := _start(spec, params, (X - centre) / deviation, y, start)) is not None
        ]
    if not fitted:
        raise ModelError(
            "the network did not train: every start diverged", hint="Try another seed or model"
        )
    network = min(fitted, key=lambda candidate: candidate.loss_)
    hidden_weights = network.coefs_[0].T / deviation
    hidden_intercepts = network.intercepts_[0] - hidden_weights @ centre
    output_weights, output_intercepts = network.coefs_[1].T, network.intercepts_[1]
    if spec.family == "mlp-c":
        highest = np.maximum(hidden_intercepts + np.maximum(hidden_weights, 0).sum(axis=1), 0)
        output_weights, output_intercepts = one_row_per_class(
            output_weights,
            output_intercepts,
            present=np.unique(y),
            n_classes=spec.n_classes,
            highest_inputs=highest,
        )
    return MlpModel(
        spec.family,
        spec.feature_names,
        spec.class_labels,
        frozen(hidden_weights, np.float64),
        frozen(hidden_intercepts, np.float64),
        frozen(output_weights, np.float64),
        frozen(output_intercepts, np.float64),
        "argmax" if spec.family == "mlp-c" else "regression",
    )


def _start(spec: Spec, params: Params, X: FloatArray, y: IntArray, start: int) -> Any | None:
    """A fitted scikit-learn network, or None when it diverged."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    large = len(X) > ADAM_ABOVE_ROWS
    network = (MLPClassifier if spec.family == "mlp-c" else MLPRegressor)(
        hidden_layer_sizes=(spec.hidden,),
        alpha=dict(params)["alpha"],
        solver="adam" if large else "lbfgs",
        max_iter=ADAM_ITERATIONS if large else LBFGS_ITERATIONS,
        learning_rate_init=0.01,
        random_state=int(np.random.SeedSequence([spec.seed, start]).generate_state(1)[0]),
    )
    try:
        return network.fit(X, y)
    except ValueError as error:
        if "non-finite" in str(error):
            return None
        raise
