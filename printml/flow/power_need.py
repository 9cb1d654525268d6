"""How far a circuit must be approximated for a power source to carry it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from printml.arrays import IntArray
from printml.flow.corner import corner_figures
from printml.flow.model_search import ModelSearch
from printml.flow.quick_netlist import quick_netlist
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


def model_for_source(
    search: ModelSearch,
    exact: Netlist,
    recipe: Recipe,
    X_int: IntArray,
    progress: Callable[[str], None],
) -> ModelSearch | None:
    """The least approximated model on the way to the chosen one that the recipe's source carries.

    Parameters
    ----------
    search
        Its front is the way.
    exact
        Netlist of the unapproximated model.
    X_int
        Training rows in file order, int64, shape (n_rows, n_features).

    Returns
    -------
    ModelSearch
        `search` with that model chosen and a stage named for the source; None where the exact
        circuit lives on it, where the chosen model does not, or where no model before that does.

    Raises
    ------
    ToolError
        As mapping does.
    """
    chosen = next((k for k, row in enumerate(search.front) if row["chosen"]), None)
    if not chosen or least_power_mw(exact, recipe, X_int) <= asked_mw(recipe):
        return None
    progress(f"{search.stage}: the least approximated that {recipe.power_source_mw:g} mW carry")
    library = library_of(recipe)

    def power_mw(k: int) -> float:
        netlist = quick_netlist(search.candidates[k], library, timeout_s=recipe.timeout_s)
        return least_power_mw(netlist, recipe, X_int)

    first = first_within(power_mw, chosen, asked_mw(recipe))
    if first is None or first == chosen:
        return None
    row = search.front[first]
    base, left = search.details["accuracy_validation_exact"], row["accuracy_validation"]
    held_loss: float | None = 0.0
    if base is not None:
        held_loss = None if left is None else base - left
    return replace(
        search,
        stage=f"{search.stage}-for-{recipe.power_source_mw:g}mW",
        chosen=search.candidates[first],
        front=tuple(other | {"chosen": int(k == first)} for k, other in enumerate(search.front)),
        details=search.details
        | {
            "budget_search_loss": row["loss_search"],
            "held_out_loss_of_folds": held_loss,
            "accuracy_validation": left,
        },
    )
