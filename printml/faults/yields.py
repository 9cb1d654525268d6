"""Share of printed circuits that work, from what single and double faults cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from printml.faults.stuck_at import FaultCampaign

RATES = (1e-4, 1e-3, 1e-2)
"""Defects per cell."""


@dataclass(frozen=True)
class Yield:
    """Circuits that lose at most `tolerance` of their accuracy, at a defect rate per cell.

    Attributes
    ----------
    faultless
        Share of circuits without a defect.
    least
        Share that works at least: circuits with more than two defects count as failed.
    mean_accuracy
        Expected accuracy, circuits with more than two defects counted as those with two.
    """

    rate: float
    tolerance: float
    faultless: float
    least: float
    mean_accuracy: float


def estimate_yield(
    single: FaultCampaign,
    double: FaultCampaign,
    n_cells: int,
    *,
    rate: float,
    tolerance: float = 0.01,
) -> Yield:
    """Yield when each cell is defective independently, its output stuck at 0 or 1 alike.

    The number of defects is binomial; faults of inputs in the campaigns are left out, since the
    rate is one per cell.

    Parameters
    ----------
    single, double
        Campaigns on the same rows; `double` may be a sample.
    rate
        Probability that a cell is defective.
    """
    if n_cells == 0:
        return Yield(rate, tolerance, 1.0, 1.0, single.accuracy_without)
    none, one, two = binom.pmf([0, 1, 2], n_cells, rate)
    works, means = [], []
    for campaign in (single, double):
        inside = (campaign.nets >= single.nets.max() + 1 - n_cells).all(axis=1)
        accuracy = campaign.accuracy[inside] if inside.any() else np.array([0.0])
        works.append(float(np.mean(accuracy >= campaign.accuracy_without - tolerance - 1e-12)))
        means.append(float(accuracy.mean()))
    least = none + one * works[0] + two * works[1]
    mean = none * single.accuracy_without + one * means[0] + (1 - none - one) * means[1]
    return Yield(rate, tolerance, float(none), float(least), float(mean))
