"""Intervals of a share of independent trials."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, norm


def clopper_pearson(n_correct: int, n_rows: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided binomial interval of a share."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, n_correct, n_rows - n_correct + 1)) if n_correct else 0.0
    high = (
        float(beta.ppf(1 - tail, n_correct + 1, n_rows - n_correct)) if n_correct < n_rows else 1.0
    )
    return low, high


def surely_at_least(share: float, n_rows: int, *, level: float = 0.95) -> float:
    """The smallest share of `n_rows` whose Clopper-Pearson interval begins at `share` or above.

    Returns
    -------
    float
        1 if not even all rows are enough.

    Examples
    --------
    >>> surely_at_least(0.5, 100), clopper_pearson(61, 100)[0] > 0.5 > clopper_pearson(60, 100)[0]
    (0.61, True)
    """
    right = np.arange(1, n_rows + 1)
    low = np.concatenate([[0.0], beta.ppf((1 - level) / 2, right, n_rows - right + 1)])
    enough = np.flatnonzero(low >= share)
    return float(enough[0] / n_rows) if len(enough) else 1.0


def wilson(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a share (Wilson, JASA 22 (1927))."""
    z = float(norm.ppf(0.5 + level / 2))
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
