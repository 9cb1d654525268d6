"""What approximation cost on rows that neither training nor any choice has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from printml.arrays import IntArray
from printml.intervals import wilson


@dataclass(frozen=True)
class PairedLoss:
    """Accuracy of two classifiers on the same rows.

    Attributes
    ----------
    only_exact, only_approximate
        Rows that one of them gets right and the other wrong.
    loss, low, high
        Accuracy lost, with its 95 % interval (Newcombe, Statistics in Medicine 17 (1998), the
        score-based method for paired proportions).
    p_value
        Exact McNemar test of no difference, two-sided binomial (McNemar, Psychometrika 12 (1947)).
    """

    n_rows: int
    only_exact: int
    only_approximate: int
    loss: float
    low: float
    high: float
    p_value: float


def paired_loss(exact: IntArray, approximate: IntArray, y: IntArray) -> PairedLoss:
    """Compare the classes two circuits answer with the labels, all int64, shape (n_rows,).

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1])
    >>> loss = paired_loss(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), y)
    >>> loss.loss, loss.only_exact, loss.low < loss.loss < loss.high
    (0.25, 1, True)
    """
    right, also = exact == y, approximate == y
    both = int((right & also).sum())
    first = int((right & ~also).sum())
    second = int((~right & also).sum())
    n = len(y)
    low, high = _newcombe(both, first, second, n - both - first - second)
    differing = first + second
    p_value = float(binomtest(first, differing).pvalue) if differing else 1.0
    return PairedLoss(n, first, second, (first - second) / n, low, high, p_value)


def _newcombe(a: int, b: int, c: int, d: int) -> tuple[float, float]:
    """Interval of (a + b) / n - (a + c) / n for the table [[a, b], [c, d]], method 10."""
    n = a + b + c + d
    difference = (b - c) / n
    p1, p2 = (a + b) / n, (a + c) / n
    low1, high1 = wilson(a + b, n)
    low2, high2 = wilson(a + c, n)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    correlation = 0.0
    if margins:
        product = float(a * d - b * c)
        # Continuity correction where the correlation is positive, as Newcombe has it.
        if product > 0:
            product = max(product - n / 2, 0)
        correlation = product / np.sqrt(float(margins))
    down = (p1 - low1) ** 2 - 2 * correlation * (p1 - low1) * (high2 - p2) + (high2 - p2) ** 2
    up = (high1 - p1) ** 2 - 2 * correlation * (high1 - p1) * (p2 - low2) + (p2 - low2) ** 2
    return (
        float(difference - np.sqrt(max(down, 0.0))),
        float(difference + np.sqrt(max(up, 0.0))),
    )
