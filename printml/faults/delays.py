"""The clock that printed copies keep when their cells are not equally fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from printml.errors import InputError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.simulate.timing import critical_path, delays_of_copies

SPREADS = (0.1, 0.2, 0.3)
"""Standard deviation of the logarithm of a cell's delay: 0.1 is about 10 %."""
N_COPIES = 2_000
SHARES = (0.5, 0.95, 0.99)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class ClockForShare:
    """The clock period that a share of the copies keeps.

    Attributes
    ----------
    share
        Of all printed copies.
    clock_ms
        Quantile of the drawn copies.
    clock_high_ms
        One-sided 95 % upper bound of that quantile, from order statistics, whatever the
        distribution; None where so few copies cannot bound it.
    """

    share: float
    clock_ms: float
    clock_high_ms: float | None


@dataclass(frozen=True)
class DelayVariation:
    """Critical paths of drawn copies.

    Attributes
    ----------
    spread
        Standard deviation of the logarithm of each cell's delay.
    nominal_ms, mean_ms
        Critical path with the library's delays, and the mean over the copies; the latter is
        longer, since a copy's slowest path counts.
    clocks
        One for each of `SHARES`.
    n_copies
        Drawn copies.
    """

    spread: float
    nominal_ms: float
    mean_ms: float
    clocks: tuple[ClockForShare, ...]
    n_copies: int


def delay_variation(
    netlist: Netlist,
    library: CellLibrary,
    *,
    spreads: Sequence[float] = SPREADS,
    n_copies: int = N_COPIES,
    seed: int = 0,
) -> list[DelayVariation]:
    """Draw copies with lognormal delays, independent from cell to cell, and time each.

    The median cell is as fast as the library says. What all cells of a sheet have in common (a
    thicker layer of ink) is not drawn: it stretches the clock by that factor.

    Raises
    ------
    InputError
        If a spread is negative or above 2.
    LibertyError
        If a cell has no timing.
    """
    for spread in spreads:
        if not 0 <= spread <= 2:
            raise InputError(f"a delay spread of {spread:g} is out of range", hint="Use 0 to 2")
    nominal = critical_path(netlist, library).delay_ms
    rng = np.random.default_rng(seed)
    # The same draws for every spread, so that a larger one is never luckier.
    drawn = rng.standard_normal((n_copies, netlist.n_gates))
    found = []
    for spread in spreads:
        delays = np.sort(delays_of_copies(netlist, library, np.exp(spread * drawn)))
        clocks = tuple(
            ClockForShare(share, float(np.quantile(delays, share)), _upper_bound(delays, share))
            for share in SHARES
        )
        found.append(DelayVariation(spread, nominal, float(delays.mean()), clocks, n_copies))
    return found


def _upper_bound(ordered: np.ndarray, share: float) -> float | None:
    """Smallest order statistic that is at least the quantile with the stated confidence."""
    rank = int(binom.ppf(CONFIDENCE, len(ordered), share))
    return float(ordered[rank]) if rank < len(ordered) else None
