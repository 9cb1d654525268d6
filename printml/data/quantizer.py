"""The circuit's view of a reading: what the analogue-to-digital converter hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from printml.arrays import FloatArray, IntArray, frozen
from printml.errors import DataError

MOST_BITS = 16


@dataclass(frozen=True, eq=False)
class InputQuantizer:
    """Min-max scaling on the training rows, then `clip(round(x * 2**bits), 0, 2**bits - 1)`.

    Rounding is numpy's: halves go to the even neighbour.

    Attributes
    ----------
    minimum, span
        Smallest reading and largest minus smallest over the training rows, in the unit of each
        feature, float64, shape (n_features,).
    bits
        Bits of each input, int64, shape (n_features,).

    Examples
    --------
    >>> quantizer = InputQuantizer.fit(np.array([[0.0], [8.0]]), bits=2)
    >>> quantizer.transform(np.array([[-1.0], [1.9], [8.0]])).ravel().tolist()
    [0, 1, 3]
    """

    minimum: FloatArray
    span: FloatArray
    bits: IntArray

    @classmethod
    def fit(cls, X_train: FloatArray, bits: int | IntArray) -> InputQuantizer:
        """Take minimum and span from the training rows.

        Parameters
        ----------
        X_train
            Finite readings, shape (n_rows, n_features).
        bits
            One number for all inputs or one per feature, 1..16.

        Raises
        ------
        DataError
            If a reading is not finite or the bits are out of range.
        """
        X_train = _checked(X_train)
        all_bits = np.broadcast_to(np.asarray(bits), (X_train.shape[1],))
        wrong = [b for b in all_bits.tolist() if not isinstance(b, int) or not 1 <= b <= MOST_BITS]
        if wrong:
            raise DataError(
                f"{wrong[0]} input bits are out of range",
                hint=f"Use whole numbers from 1 to {MOST_BITS}",
            )
        minimum = X_train.min(axis=0)
        with np.errstate(over="ignore"):
            span = X_train.max(axis=0) - minimum
        if not np.isfinite(span).all():
            raise DataError(
                "readings are too large to be scaled",
                where=f"column {int(np.flatnonzero(~np.isfinite(span))[0]) + 1}",
                hint="Express the reading in a larger unit",
            )
        return cls(
            frozen(minimum, np.float64), frozen(span, np.float64), frozen(all_bits, np.int64)
        )

    def with_range(self, feature: int, low: float, high: float) -> InputQuantizer:
        """The same with the range that a sensor states for one feature, in the feature's unit.

        Readings outside are clipped to it, as the converter does.

        Raises
        ------
        DataError
            If the range is empty or not finite.
        """
        if not (np.isfinite(low) and np.isfinite(high) and np.isfinite(high - low) and low < high):
            raise DataError(
                f"the input range {low:g} to {high:g} is empty or not finite",
                hint="Give the smallest reading first",
            )
        minimum, span = self.minimum.copy(), self.span.copy()
        minimum[feature], span[feature] = low, high - low
        return InputQuantizer(frozen(minimum, np.float64), frozen(span, np.float64), self.bits)

    def scale(self, X: FloatArray) -> FloatArray:
        """Min-max scaled readings; 0..1 on the training rows, not clipped elsewhere.

        A feature without span is 0 everywhere.
        """
        X = _checked(X)
        moves = self.span > 0
        with np.errstate(over="ignore"):
            return np.where(moves, (X - self.minimum) / np.where(moves, self.span, 1.0), 0.0)

    def transform(self, X: FloatArray) -> IntArray:
        """Input integers of the circuit, int64, shape as `X`."""
        levels = np.exp2(self.bits)
        with np.errstate(over="ignore"):
            return np.clip(np.round(self.scale(X) * levels), 0, levels - 1).astype(np.int64)

    def as_fraction(self, X_int: IntArray) -> FloatArray:
        """`x_int / 2**bits`: the scaled reading as the circuit sees it, exact in float64."""
        return X_int / np.exp2(self.bits)

    def to_json(self) -> dict[str, Any]:
        """Plain lists, for the run folder."""
        return {
            "minimum": self.minimum.tolist(),
            "span": self.span.tolist(),
            "bits": self.bits.tolist(),
        }


def _checked(X: FloatArray) -> FloatArray:
    X = np.asarray(X, dtype=np.float64)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise DataError(
            "a reading is missing or not finite",
            where=f"row {row + 1}, column {column + 1}",
            hint="Fill missing readings first (`prepare`)",
        )
    return X
