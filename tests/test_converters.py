"""Converters by hand."""

from __future__ import annotations

import pytest

from printml.converters import converters_of
from printml.netlist.build import NetlistBuilder
from tests.models import random_tree
from tests.tiny_library import tiny_library


def test_only_the_bits_that_are_read_need_levels() -> None:
    builder = NetlistBuilder("top", library=tiny_library())
    whole, upper, _ = (builder.add_input(name, 4) for name in "abc")
    builder.add_output("class", [builder.add_gate("NAND2X1", [whole[0], upper[2]])])
    found = converters_of(builder.build())
    assert found.comparators == (15, 3, 0)
    assert found.area_cm2 == pytest.approx(0.17 * 18 / 15)
    assert found.power_mw == pytest.approx(1.3 * 18 / 15)


def test_a_tree_needs_a_level_per_threshold() -> None:
    tree = random_tree(1)
    builder = NetlistBuilder("top", library=tiny_library())
    ports = [builder.add_input(f"x{k}", 3) for k in range(3)]
    nets = [builder.add_gate("NAND2X1", [port[0], port[1]]) for port in ports]
    builder.add_output("class", nets)
    n_thresholds = {(f, t) for f, t in zip(tree.feature, tree.threshold, strict=True) if f >= 0}
    found = converters_of(builder.build(), tree)
    assert sum(found.comparators) == len(n_thresholds)
    assert all(n <= 7 for n in found.comparators)
