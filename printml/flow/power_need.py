"""How far a circuit must be approximated for a power source to carry it."""

from __future__ import annotations

from collections.abc import Callable

from printml.arrays import IntArray
from printml.flow.corner import corner_figures
from printml.flow.recipe import Recipe
from printml.flow.run import corners_of, library_of
from printml.netlist.netlist import Netlist
from printml.simulate.activity import measure_activity

SOURCE_MARGIN = 0.01
"""Share of a source left over: new rows toggle the gates a little more or less often than the
training rows that are asked."""


def asked_mw(recipe: Recipe) -> float:
    """What a circuit may draw on training rows for the recipe's power source to carry it."""
    return recipe.power_source_mw * (1 - SOURCE_MARGIN)


def least_power_mw(netlist: Netlist, recipe: Recipe, X_int: IntArray) -> float:
    """What a netlist draws at the supply where it draws least and meets the recipe's clock.

    Parameters
    ----------
    X_int
        Rows in the order they are applied, int64, shape (n_rows, n_features).

    Returns
    -------
    float
        mW; infinite if it meets the clock at no supply.
    """
    activity = measure_activity(netlist, library_of(recipe), X_int)
    figures = [
        corner_figures(netlist, library, activity, clock_ms=recipe.clock_ms)
        for library in corners_of(recipe)
    ]
    in_time = [corner["power_mw"] for corner in figures if corner.get("meets_clock", True)]
    return float(min(in_time, default=float("inf")))


def first_within(power_mw: Callable[[int], float], last: int, limit_mw: float) -> int | None:
    """The first of the points 0 .. `last` that draws at most `limit_mw`; None if the last does not.

    By bisection: power falls along a path, but for noise.

    Examples
    --------
    >>> powers = [9.0, 7.0, 4.0, 2.0, 1.0]
    >>> [first_within(lambda k: powers[k], 4, limit) for limit in (10, 4, 3, 1, 0.5)]
    [0, 2, 3, 4, None]
    """
    if power_mw(last) > limit_mw:
        return None
    if power_mw(0) <= limit_mw:
        return 0
    over, within = 0, last
    while within - over > 1:
        middle = (over + within) // 2
        if power_mw(middle) <= limit_mw:
            within = middle
        else:
            over = middle
    return within
