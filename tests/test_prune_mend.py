"""Mending: what a change is said to be worth against a fresh evaluation, and what is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.prune.mend import mend
from printml.prune.network import (
    AND,
    NAND,
    NOR,
    NOT_A_GATE,
    OR,
    XNOR,
    XOR,
    netlist_of,
    network_of,
    op_areas_mm2,
)
from printml.prune.published import class_only
from printml.prune.row_blocks import Targets
from printml.prune.search import PrunePoint, mended_point
from printml.prune.state import Costs, Evidence, state_of, targets_of, wrong_now
from printml.simulate.kernel import outputs
from tests.netlists import all_vectors, full_adder, netlists
from tests.tiny_library import tiny_library


@pytest.mark.parametrize(
    ("dear", "becomes", "wrong"),
    [((), AND, 0.0), ((AND,), XNOR, 1.0), ((AND, XNOR), NOR, 2.0), ((AND, XNOR, NOR), NAND, 4.0)],
)
def test_a_gate_becomes_the_best_that_costs_no_more(
    dear: tuple[int, ...], becomes: int, wrong: float
) -> None:
    """A NAND where AND is wanted. Of 4 rows XNOR would be wrong for 1, NOR for 2, OR for 2 too."""
    library = tiny_library()
    builder = NetlistBuilder("nand", library=library)
    x, y = builder.add_input("x", 1)[0], builder.add_input("y", 1)[0]
    builder.add_output("class", [builder.add_gate("NAND2X1", [x, y])])
    netlist = builder.build()
    X = all_vectors(netlist)
    network = network_of(netlist, library)
    evidence = Evidence(X, X[:, 0] & X[:, 1], np.ones(4))
    state = state_of(network, evidence)
    targets = Targets(*targets_of(network, evidence))
    cost = np.ones((network.n_nets, 16))
    cost[:, [OR, XOR, *dear]] = 2.0
    found = mend(state, network.like.first_gate_net, cost, targets, seed=0)
    assert state.op[-1] == becomes
    assert found.added.sum() == wrong - 4.0
    assert wrong_now(state, targets.labels, targets.masks, targets.weights) == wrong


@settings(deadline=None)
@given(netlists(wide=False, max_gates=40), st.integers(0, 2**16))
def test_changes_are_worth_what_they_are_said_to_be(netlist: Netlist, seed: int) -> None:
    library = tiny_library()
    netlist = class_only(netlist)
    netlist = replace(netlist, outputs=(replace(netlist.outputs[0], signed=False),))
    X = all_vectors(netlist)
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 1 << netlist.outputs[0].width, len(X))
    weights = rng.integers(0, 3, len(X)).astype(float)
    evidence = Evidence(X, y, weights)
    network = network_of(netlist, library)
    state = state_of(network, evidence)
    targets = Targets(*targets_of(network, evidence))
    areas = op_areas_mm2(library)
    before = wrong_now(state, targets.labels, targets.masks, targets.weights)
    found = mend(
        state, network.like.first_gate_net, Costs(areas, None).of_nets(state), targets, seed=seed
    )
    assert (found.added < 0).all()
    assert (found.gain >= -1e-9).all()
    changed = replace(network, op=state.op, a=state.a, b=state.b, outputs=state.outputs)
    live = np.flatnonzero(state.op != NOT_A_GATE)
    assert (state.a[live] < live).all()
    assert (state.b[live] < live).all()
    # A fresh simulation of the changed structure, which shares nothing with the one in place.
    mended = netlist_of(changed, library)
    wrong = float(weights @ (outputs(mended, library, X)["class"] != y))
    assert wrong == pytest.approx(before + found.added.sum())
    assert wrong == wrong_now(state, targets.labels, targets.masks, targets.weights)
    area = areas[network.op[network.op != NOT_A_GATE]].sum()
    assert 100 * mended.area_cm2(library) <= area - found.gain.sum() + 1e-6


def test_a_pruned_adder_is_mended_without_growing() -> None:
    """A full adder whose sum was tied to its carry: 1 of 4 states of the class is lost."""
    library = tiny_library()
    adder = full_adder()
    X = all_vectors(adder)
    wanted = outputs(adder, library, X)["class"]
    network = network_of(adder, library)
    spoilt = network.op.copy()
    spoilt[-1] = 0b0001
    network = replace(network, op=spoilt)
    wrong = float((outputs(netlist_of(network, library), library, X)["class"] != wanted).sum())
    area = float(op_areas_mm2(library)[spoilt[spoilt != NOT_A_GATE]].sum())
    point = PrunePoint(wrong=wrong, area_mm2=area, cost=area, network=network)
    found = mended_point(point, library, Evidence(X, wanted, np.ones(8)), lambda netlist: netlist)
    assert found.round == 1
    assert found.wrong == 0 < wrong
    assert found.area_mm2 <= area
    assert np.array_equal(outputs(netlist_of(found.network, library), library, X)["class"], wanted)
    (change,) = found.changes
    assert change["becomes"].split()[0] == "nand"
    assert change["cost"] == -wrong
