"""Mending: what a change is said to be worth against a fresh evaluation, and what is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.arrays import IntArray
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.prune import paths
from printml.prune.mend import few_rows, mend
from printml.prune.network import (
    AND,
    NAND,
    NOR,
    NOT_A_GATE,
    OR,
    XNOR,
    XOR,
    GateNetwork,
    netlist_of,
    network_of,
    op_areas_mm2,
)
from printml.prune.published import class_only
from printml.prune.row_blocks import Targets, bits_of
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
@given(netlists(wide=False, max_gates=40), st.integers(0, 2**16), st.sampled_from([0.1, 1.0]))
def test_changes_are_worth_what_they_are_said_to_be(
    netlist: Netlist, seed: int, share_spoilt: float
) -> None:
    """Where few rows are wrong, gates are first judged on these and some others alone."""
    library = tiny_library()
    netlist = class_only(netlist)
    netlist = replace(netlist, outputs=(replace(netlist.outputs[0], signed=False),))
    X = all_vectors(netlist)
    rng = np.random.default_rng(seed)
    spoilt = rng.random(len(X)) < share_spoilt
    wanted = rng.integers(0, 1 << netlist.outputs[0].width, len(X))
    y = np.where(spoilt, wanted, outputs(netlist, library, X)["class"])
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


def spoilt_adder() -> tuple[Netlist, GateNetwork, IntArray, IntArray]:
    """A full adder, its network with another last gate, all inputs and what the adder answers."""
    library = tiny_library()
    adder = full_adder()
    X = all_vectors(adder)
    network = network_of(adder, library)
    spoilt = network.op.copy()
    spoilt[-1] = 0b0001
    return adder, replace(network, op=spoilt), X, outputs(adder, library, X)["class"]


def test_a_pruned_adder_is_mended_without_growing() -> None:
    """A full adder whose sum was tied to its carry: 1 of 4 states of the class is lost."""
    library = tiny_library()
    _, network, X, wanted = spoilt_adder()
    wrong = float((outputs(netlist_of(network, library), library, X)["class"] != wanted).sum())
    area = float(op_areas_mm2(library)[network.op[network.op != NOT_A_GATE]].sum())
    point = PrunePoint(wrong=wrong, area_mm2=area, cost=area, network=network)
    found = mended_point(point, library, Evidence(X, wanted, np.ones(8)), lambda netlist: netlist)
    assert found.round == 1
    assert found.wrong == 0 < wrong
    assert found.area_mm2 <= area
    assert np.array_equal(outputs(netlist_of(found.network, library), library, X)["class"], wanted)
    (change,) = found.changes
    assert change["becomes"].split()[0] == "nand"
    assert change["cost"] == -wrong


def test_few_rows_are_all_wrong_ones_and_a_tenth_of_the_others() -> None:
    """64 of 1,000 rows are wrong, 100 more do not count: 64 and 83 of the 836 others."""
    library = tiny_library()
    builder = NetlistBuilder("inverter", library=library)
    x = builder.add_input("x", 10)
    builder.add_output("class", [builder.add_gate("INVX1", [x[0]])])
    X = np.arange(1_000)[:, None]
    y = 1 - X[:, 0] % 2
    y[:64] = 1 - y[:64]
    weights = np.where(np.arange(1_000) < 500, 1.0, 0.5)
    weights[900:] = 0.0
    network = network_of(builder.build(), library)
    evidence = Evidence(X, y, weights)
    state, targets = state_of(network, evidence), Targets(*targets_of(network, evidence))
    first = network.like.first_gate_net
    table, few = few_rows(state, first, targets, np.random.default_rng(0))
    rows = sum(bits_of(table[2 + bit]).astype(int) << bit for bit in range(10))
    counts = np.bitwise_count(few.masks).sum(axis=1)
    assert few.weights.tolist() == [0.5, 1.0, 5.0, 10.0]
    assert counts[:2].tolist() == [0, 64]
    assert counts[2:].sum() == 83
    own = np.bitwise_or.reduce(bits_of(few.masks).astype(bool), axis=0)
    assert set(range(64)) <= set(rows[own].tolist())
    assert len(np.unique(rows[own])) == 64 + 83
    assert rows[own].max() < 900
    for group, weight in enumerate((0.5, 1.0, 0.5, 1.0)):
        assert (weights[rows[bits_of(few.masks[group]) != 0]] == weight).all()
    np.testing.assert_array_equal(bits_of(few.labels[0])[own], y[rows[own]])
    # Half of all rows are not few.
    half = Evidence(X, np.where(np.arange(1_000) < 500, 1 - X[:, 0] % 2, X[:, 0] % 2), weights)
    targets = Targets(*targets_of(network, half))
    table, few = few_rows(state, first, targets, np.random.default_rng(0))
    assert table.shape[1] == few.labels.shape[1] == few.masks.shape[1] == 0


def test_what_is_built_is_mended_unless_it_just_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first point of a round was mended if it says what changed; of a large circuit it was
    not, and any later point of a round never is."""
    library = tiny_library()
    adder, network, X, wanted = spoilt_adder()
    point = PrunePoint(wrong=4.0, area_mm2=9.0, cost=9.0, network=network)
    mended = replace(point, round=2, changes=({"net": 1},))
    points = (point, replace(point, round=1), mended, replace(mended, wrong=5.0))
    path = paths.PrunePath(points, np.zeros(4), np.empty(0), Path("none"))
    evidence = Evidence(X, wanted, np.ones(8))
    monkeypatch.setattr(paths, "_mapping", lambda library: lambda netlist: netlist)
    task = paths.Task(adder, None, evidence, X[:0], wanted[:0], np.ones(0))
    built = [paths.finished(task, path, k, library) for k in range(4)]
    assert built[0] is point
    assert built[2] is mended
    for k in (1, 3):
        assert built[k].wrong == 0
        assert built[k].round == points[k].round + 1
    kept = replace(task, keep_right=True)
    assert paths.finished(kept, path, 3, library) is points[3]


def test_the_start_of_a_taught_path_is_mended_where_another_would_be_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, network, X, wanted = spoilt_adder()
    evidence = Evidence(X, wanted, np.ones(8))
    size = 8 * int(np.count_nonzero(network.op != NOT_A_GATE))
    for long, most, alone, taught in (
        (size, size + 1, False, True), (size + 1, size + 1, True, True), (1, size, False, False)
    ):  # fmt: skip
        monkeypatch.setattr(paths, "LONG_GATE_ROWS", long)
        monkeypatch.setattr(paths, "MENDED_START_GATE_ROWS", most)
        assert paths.mends_start(network, evidence, taught=False) == alone
        assert paths.mends_start(network, evidence, taught=True) == taught
