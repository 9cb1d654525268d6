"""What is explored: model families, their sizes and input bits, and how much accuracy to spend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from printml.flow.recipe import FAMILIES, Recipe

MAX_LOSS = 0.01
FURTHER_LOSSES = (0.003, 0.02, 0.04, 0.08, 0.16)
"""Each configuration is finished with these values of `max_loss`, from one search."""
BETWEEN_LOSSES = (0.006, 0.014, 0.03, 0.06, 0.12)
"""Configurations on the front are finished with these too once nothing else is left to try."""

CHOICES: tuple[dict[str, Any], ...] = (
    {"model": "svm-c"},
    {"model": "svm-c", "input_bits": 3},
    {"model": "svm-c", "input_bits": 2},
    {"model": "svm-c", "ovr": True},
    {"model": "svm-c", "ovr": True, "input_bits": 3},
    {"model": "svm-r"},
    {"model": "svm-r", "input_bits": 3},
    {"model": "mlp-c", "hidden": 2},
    {"model": "mlp-c", "hidden": 2, "input_bits": 3},
    {"model": "mlp-c", "hidden": 3},
    {"model": "mlp-c", "hidden": 3, "input_bits": 3},
    {"model": "mlp-c", "hidden": 5},
    {"model": "mlp-r", "hidden": 2},
    {"model": "mlp-r", "hidden": 4},
    {"model": "tree"},
    {"model": "tree", "input_bits": 4},
    {"model": "tree", "input_bits": 3},
    {"model": "tree", "max_leaf_nodes": 32},
    {"model": "tree", "max_leaf_nodes": 8},
    {"model": "tree", "max_leaf_nodes": 8, "input_bits": 4},
    {"model": "forest", "n_trees": 3, "max_leaf_nodes": 8},
    {"model": "forest", "n_trees": 3, "max_leaf_nodes": 8, "input_bits": 4},
    {"model": "forest", "n_trees": 5, "max_leaf_nodes": 12, "input_bits": 4},
    {"model": "forest", "n_trees": 5, "max_leaf_nodes": 64, "input_bits": 4},
    {"model": "forest", "n_trees": 5, "max_leaf_nodes": 128, "input_bits": 4},
    {"model": "forest", "n_trees": 9, "max_leaf_nodes": 32, "input_bits": 4},
    {"model": "forest", "n_trees": 9, "max_leaf_nodes": 64, "input_bits": 4},
    {"model": "forest", "n_trees": 9, "max_leaf_nodes": 128, "input_bits": 4},
    {"model": "forest", "n_trees": 9, "max_leaf_nodes": 256, "input_bits": 4},
    {"model": "boost", "n_trees": 2, "input_bits": 4},
    {"model": "boost", "n_trees": 4, "input_bits": 4},
    {"model": "boost", "n_trees": 4},
    {"model": "boost", "n_trees": 8},
)


def configurations(base: Recipe, families: Collection[str] = FAMILIES) -> tuple[Recipe, ...]:
    """The exact circuits to start from: `base` with each of `CHOICES` of these families.

    Data set, target, split, seed, library, supply, clock and synthesis are those of `base`.
    """
    return tuple(
        replace(base, approx="none", **choice) for choice in CHOICES if choice["model"] in families
    )


def finished_recipe(configuration: Recipe) -> Recipe:
    """The configuration, approximated as far as each of the losses allows."""
    return replace(configuration, approx="full", max_loss=MAX_LOSS, further_losses=FURTHER_LOSSES)


def refined_recipe(configuration: Recipe) -> Recipe:
    """The finished recipe with other losses, between those of `finished_recipe`."""
    return replace(finished_recipe(configuration), further_losses=BETWEEN_LOSSES)


def short_name(recipe: Recipe) -> str:
    """What tells one recipe of an exploration from the others, for tables and folders."""
    parts: list[str] = [recipe.model]
    if recipe.ovr:
        parts.append("ovr")
    if recipe.hidden:
        parts.append(f"h{recipe.hidden}")
    if recipe.n_trees:
        parts.append(f"n{recipe.n_trees}")
    if recipe.max_leaf_nodes:
        parts.append(f"l{recipe.max_leaf_nodes}")
    parts.append(f"b{recipe.bits}")
    return "-".join(parts)
