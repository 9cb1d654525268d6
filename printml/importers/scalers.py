"""Pipelines taken apart: scalers become one affine map per feature, to be folded into a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import FloatArray
from printml.errors import ModelError

SCALERS = ("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler")


@dataclass(frozen=True, eq=False)
class Affine:
    """`z = factor * x + offset` per feature, both float64, shape (n_features,)."""

    factor: FloatArray
    offset: FloatArray

    def then(self, factor: FloatArray, offset: FloatArray) -> Affine:
        """This map followed by another one."""
        return Affine(self.factor * factor, self.offset * factor + offset)


def unwrapped(estimator: Any, n_features: int) -> tuple[Any, Affine]:
    """The final estimator of a pipeline and what its scalers do to the features before.

    Raises
    ------
    ModelError
        If a step in front of the estimator is no supported scaler, or clips.
    """
    affine = Affine(np.ones(n_features), np.zeros(n_features))
    while type(estimator).__name__ == "Pipeline":
        *before, (_, last) = estimator.steps
        for name, step in before:
            if step is None or step == "passthrough":
                continue
            affine = affine.then(*_factor_and_offset(step, name, n_features))
        estimator = last
    return estimator, affine


def _factor_and_offset(step: Any, name: str, n_features: int) -> tuple[FloatArray, FloatArray]:
    kind = type(step).__name__
    zeros, ones = np.zeros(n_features), np.ones(n_features)
    if kind == "StandardScaler":
        scale = ones if step.scale_ is None else step.scale_
        return 1.0 / scale, (zeros if step.mean_ is None else -step.mean_ / scale)
    if kind == "MinMaxScaler" and not step.clip:
        return step.scale_, step.min_
    if kind == "RobustScaler":
        scale = ones if step.scale_ is None else step.scale_
        return 1.0 / scale, (zeros if step.center_ is None else -step.center_ / scale)
    if kind == "MaxAbsScaler" and not getattr(step, "clip", False):
        return 1.0 / step.scale_, zeros
    what = f"the step {name!r} ({kind}) cannot be folded into a circuit"
    if kind in SCALERS:
        raise ModelError(what + ": it clips", hint="Fit it with clip=False")
    raise ModelError(what, hint=f"Supported in front of an estimator: {', '.join(SCALERS)}")
