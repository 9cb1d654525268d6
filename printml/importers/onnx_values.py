"""What a value of an ONNX graph is, in terms of the readings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from printml.arrays import FloatArray, IntArray
from printml.errors import ModelError

MOST_SUMS = 2_000
"""Features, hidden neurons or scores: far beyond what can be printed, and matrices stay small."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Weighted sums of the readings, or of one hidden ReLU layer of them.

    Attributes
    ----------
    weights, intercepts
        float64, shapes (n_sums, n_inputs) and (n_sums,).
    hidden
        Weights and intercepts of the hidden layer, or None.
    squashed
        Behind a sigmoid, softmax or norm: order is kept, values are not, so nothing may be added.
    """

    weights: FloatArray
    intercepts: FloatArray
    hidden: tuple[FloatArray, FloatArray] | None = None
    squashed: bool = False

    def __post_init__(self) -> None:
        check_width(self.width)
        if not (np.isfinite(self.weights).all() and np.isfinite(self.intercepts).all()):
            raise ModelError("a weight is not a finite number")

    @property
    def width(self) -> int:
        return len(self.intercepts)

    def dense(self, weights: FloatArray, intercepts: FloatArray) -> Sums:
        """A further layer without activation: weights (n_sums, n_before), intercepts (n_sums,)."""
        if weights.shape[1] != self.width:
            raise ModelError(f"a layer takes {weights.shape[1]} values and gets {self.width}")
        check_width(len(weights))
        with np.errstate(over="ignore", invalid="ignore"):  # refused right after
            return replace(
                self,
                weights=weights @ self.weights,
                intercepts=weights @ self.intercepts + intercepts,
            )

    def rectified(self) -> Sums:
        """Behind a ReLU."""
        if self.hidden is not None:
            raise ModelError(
                "more than one hidden layer cannot be made a circuit", hint="Use one hidden layer"
            )
        layer = (self.weights, self.intercepts)
        return Sums(np.eye(self.width), np.zeros(self.width), hidden=layer)

    def beside(self, other: Sums) -> Sums:
        """Both, one after the other."""
        same = self.hidden is other.hidden or (
            self.hidden is not None
            and other.hidden is not None
            and all(np.array_equal(a, b) for a, b in zip(self.hidden, other.hidden, strict=True))
        )
        if not same or self.squashed != other.squashed:
            raise ModelError("sums of different layers stand side by side in the graph")
        return replace(
            self,
            weights=np.vstack([self.weights, other.weights]),
            intercepts=np.concatenate([self.intercepts, other.intercepts]),
        )


def check_width(width: int) -> None:
    """Refuse a layer that no circuit has, before memory is taken for it."""
    if width > MOST_SUMS:
        raise ModelError(
            f"{width} values per row are too many", hint=f"At most {MOST_SUMS} are supported"
        )


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees on affine readings `z = factor * x + offset`, each adding to the scores of classes.

    Attributes
    ----------
    factor, offset
        float64, shape (n_features,).
    roots, feature, left, right, threshold, values, intercepts
        As in `ForestModel`, thresholds on z; a regressor has a single score, the prediction.
    boosted
        Sums of leaf values rather than averages of shares.
    regressor
        The score is rounded to the class.
    """

    factor: FloatArray
    offset: FloatArray
    roots: IntArray
    feature: IntArray
    left: IntArray
    right: IntArray
    threshold: FloatArray
    values: FloatArray
    intercepts: FloatArray
    boosted: bool
    regressor: bool = False

    @property
    def width(self) -> int:
        return len(self.intercepts)


@dataclass(frozen=True, eq=False)
class Pairs:
    """One sum per pair of classes, in the order (0, 1), (0, 2) ...; above 0 is the first."""

    of: Sums
    n_classes: int

    @property
    def width(self) -> int:
        return self.n_classes


@dataclass(frozen=True, eq=False)
class Label:
    """The class with the highest score, by its name if the graph has names, else its index."""

    of: Sums | Trees | Pairs
    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor of the file."""

    value: np.ndarray


Value = Sums | Trees | Pairs | Label | Constant
