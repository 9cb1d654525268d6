"""Inputs of different widths, and features left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from printml.errors import InputError
from printml.flow.build import train_only
from printml.flow.recipe import Recipe, recipe_from_table, recipe_to_toml
from printml.flow.run import read_run


def test_features_get_their_bits_and_those_of_none_are_gone(tmp_path: Path) -> None:
    recipe = Recipe(
        dataset="seeds", model="svm-c", feature_bits=("area=2", "perimeter=0", "asymmetry=6")
    )
    train_only(recipe, tmp_path / "run", progress=lambda step: None)
    again, _, model, rows = read_run(tmp_path / "run")
    assert again == recipe
    bits = dict(zip(model.feature_names, model.input_bits.tolist(), strict=True))
    assert "perimeter" not in bits
    assert (bits["area"], bits["asymmetry"], bits["compactness"]) == (2, 6, 4)
    highest = rows.X_int.max(axis=0)
    assert np.array_equal(highest, (1 << model.input_bits) - 1)
    assert np.mean(model.predict(rows.X_int[rows.train]) == rows.y[rows.train]) > 0.85


@pytest.mark.parametrize(
    "text", ["area", "=3", "area=x", "area=17", "area=-1", "area=²", f"area={'9' * 5000}"]
)
def test_feature_bits_of_the_wrong_form(text: str) -> None:
    with pytest.raises(InputError, match="NAME=BITS"):
        Recipe(dataset="seeds", model="svm-c", feature_bits=(text,))


def test_an_unknown_feature_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    recipe = Recipe(dataset="seeds", model="svm-c", feature_bits=("Arae=2",))
    with pytest.raises(InputError, match="no feature 'Arae'") as caught:
        train_only(recipe, tmp_path / "run", progress=lambda step: None)
    assert "area" in str(caught.value.hint)
    nothing = tuple(
        f"{name}=0"
        for name in ("area", "perimeter", "compactness", "kernel_length", "kernel_width",
                     "asymmetry", "groove_length")
    )  # fmt: skip
    with pytest.raises(InputError, match="0 bits"):
        train_only(
            Recipe(dataset="seeds", model="svm-c", feature_bits=nothing), tmp_path / "run",
            progress=lambda step: None,
        )  # fmt: skip


def test_lists_in_a_recipe_file() -> None:
    recipe = Recipe(dataset="seeds", model="svm-c", feature_bits=("area=2",))
    assert 'feature_bits = ["area=2"]' in recipe_to_toml(recipe)
    table = {"dataset": "seeds", "model": "svm-c", "feature_bits": "area=2"}
    with pytest.raises(InputError, match="list of strings"):
        recipe_from_table(table, where="here")
