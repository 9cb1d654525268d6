"""Pruning: the kernels against fresh evaluation, the search against what it promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.approx.guard import FoldFront
from printml.arrays import frozen
from printml.errors import NetlistError
from printml.flow.quick_netlist import quick_netlist
from printml.liberty.locate import find_library
from printml.model.teacher import Teacher, fit_teacher
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.netlist.transform import sweep
from printml.prune import copies
from printml.prune.batch import moves_of
from printml.prune.by_share import (
    choose_by_share,
    held_losses,
    last_at,
    least_share,
    share_left,
)
from printml.prune.checkpoint import load_points, save_points
from printml.prune.choice import choose_point
from printml.prune.copies import copies_for, evidence_of, rows_seen
from printml.prune.judge import run_network
from printml.prune.memory import NOTHING, Moves, least_lost, least_prices, remember
from printml.prune.moves import count_hits
from printml.prune.network import (
    NAND,
    NOT_A_GATE,
    GateNetwork,
    netlist_of,
    network_of,
    op_areas_mm2,
    op_power_mw,
)
from printml.prune.paths import (
    PrunePath,
    Task,
    points_as_built,
    predict_network,
    run_by_share,
    run_task,
    run_tasks,
)
from printml.prune.published import class_only, gate_phi, gate_tau, prune_published
from printml.prune.row_blocks import Targets, blocks_of, judged
from printml.prune.search import LAZY_BATCHES, PrunePoint, prune_path
from printml.prune.state import (
    Evidence,
    differing_rows,
    state_of,
    targets_of,
    wrong_now,
)
from printml.prune.substitute import index_readers, roll_back, substitute
from printml.quantize.integer_model import IntegerNetwork
from printml.simulate.kernel import outputs, pack_inputs
from printml.synth.abc import REFRESH
from printml.synth.direct import map_netlist
from tests.netlists import all_vectors, full_adder, naive_values, netlists
from tests.tiny_library import tiny_library, wide_library


def class_netlist(netlist: Netlist) -> Netlist:
    """Only the port `class`, unsigned."""
    netlist = class_only(netlist)
    return replace(netlist, outputs=(replace(netlist.outputs[0], signed=False),))


def values_of(network: GateNetwork, X: np.ndarray) -> np.ndarray:
    packed = pack_inputs(network.like, X)
    values = np.zeros((network.n_nets, packed.shape[1]), np.uint64)
    values[1] = ~np.uint64(0)
    values[2 : network.like.first_gate_net] = packed
    run_network(network.op, network.a, network.b, network.like.first_gate_net, values)
    return values


@settings(deadline=None)
@given(netlists())
def test_a_netlist_survives_the_way_to_two_input_gates_and_back(netlist: Netlist) -> None:
    library = wide_library()
    network = network_of(netlist, library)
    back = netlist_of(network, library)
    X = all_vectors(netlist)
    before, after = outputs(netlist, library, X), outputs(back, library, X)
    assert {name: v.tolist() for name, v in before.items()} == {
        name: v.tolist() for name, v in after.items()
    }


@settings(deadline=None)
@given(netlists(wide=False))
def test_area_of_a_network_is_that_of_its_netlist(netlist: Netlist) -> None:
    library = tiny_library()
    network = network_of(netlist, library)
    gates = network.op[network.op != NOT_A_GATE]
    area = op_areas_mm2(library)[gates].sum()
    assert 100 * netlist_of(network, library).area_cm2(library) == pytest.approx(area)


@settings(deadline=None)
@given(netlists(wide=False), st.data())
def test_substitution_is_exact_and_can_be_undone(netlist: Netlist, data: st.DataObject) -> None:
    """The new structure answers like the old one with the net forced; undo restores every bit."""
    library = tiny_library()
    network = network_of(netlist, library)
    first, n = network.like.first_gate_net, network.n_nets
    gates = np.flatnonzero(network.op != NOT_A_GATE)
    if not len(gates):
        return
    net = int(data.draw(st.sampled_from(gates.tolist())))
    by = data.draw(st.integers(0, net - 1))
    inverted = data.draw(st.booleans())
    op, a, b, outs = (v.copy() for v in (network.op, network.a, network.b, network.outputs))
    ref, start = np.zeros(n, np.int32), np.zeros(n + 1, np.int32)
    readers, place = np.zeros(2 * n, np.int32), np.full(n, -1, np.int32)
    pending, stack, log = (
        np.zeros(n // 64 + 1, np.uint64),
        np.zeros(n, np.int32),
        np.zeros((n, 5), np.int32),
    )
    area = op_areas_mm2(library)
    index_readers(op, a, b, outs, first, ref, start, readers)
    kept = [v.copy() for v in (op, a, b, ref)]
    n_log, change = substitute(
        net, by, inverted, op, a, b, ref, outs, first, start, readers, pending, place, stack,
        np.tile(area, (n, 1)), log,
    )  # fmt: skip
    changed = replace(network, op=op.copy(), a=a.copy(), b=b.copy(), outputs=outs.copy())
    X = all_vectors(netlist)
    # Forced evaluation, gate by gate, on the network as it was.
    expected = []
    for row in X.tolist():
        bits = [0, 1]
        for value, port in zip(row, network.like.inputs, strict=True):
            bits += [value >> k & 1 for k in range(port.width)]
        for gate in range(first, n):
            state = bits[network.a[gate]] + 2 * bits[network.b[gate]]
            bits.append(int(network.op[gate]) >> state & 1)
            if gate == net:
                bits[gate] = bits[by] ^ inverted
        expected.append([bits[k] for k in network.outputs])
    found = values_of(changed, X)[changed.outputs]
    got = [[int(v[r >> 6] >> np.uint64(r & 63)) & 1 for v in found] for r in range(len(X))]
    assert got == expected
    live = op[op != NOT_A_GATE]
    before = area[kept[0][kept[0] != NOT_A_GATE]].sum()
    assert area[live].sum() - before == pytest.approx(change)
    assert 100 * netlist_of(changed, library).area_cm2(library) == pytest.approx(area[live].sum())
    assert not pending.any()
    roll_back(op, a, b, ref, place, log, n_log)
    assert all(np.array_equal(x, y) for x, y in zip(kept, (op, a, b, ref), strict=True))
    assert (place == -1).all()


@settings(deadline=None)
@given(netlists(wide=False, max_gates=40), st.integers(0, 2**16))
def test_every_point_answers_as_counted_and_is_smaller(netlist: Netlist, seed: int) -> None:
    library = tiny_library()
    netlist = class_netlist(netlist)
    X = all_vectors(netlist)
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 1 << netlist.outputs[0].width, len(X))
    weights = rng.integers(0, 3, len(X)).astype(float)
    path = prune_path(
        network_of(netlist, library), library, Evidence(X, y, weights), most_wrong=weights.sum()
    )  # fmt: skip
    for k, point in enumerate(path):
        pruned = netlist_of(point.network, library)
        wrong = outputs(pruned, library, X)["class"] != y
        assert np.array_equal(predict_network(point.network, X) != y, wrong)
        assert point.wrong == pytest.approx(float(weights @ wrong))
        assert 100 * pruned.area_cm2(library) == pytest.approx(point.area_mm2)
        assert k == 0 or point.area_mm2 < path[k - 1].area_mm2
    # Everything may go wrong, so nothing need be left: a constant answers.
    assert path[-1].area_mm2 == 0


@settings(deadline=None)
@given(netlists(wide=False, max_gates=40), st.integers(0, 2**16))
def test_moves_that_are_not_simulated_could_not_have_been_chosen(
    netlist: Netlist, seed: int
) -> None:
    """One move more at each look gives the path that simulating all of them at once gives."""
    library = tiny_library()
    netlist = class_netlist(netlist)
    rng = np.random.default_rng(seed)
    every = all_vectors(netlist)
    X = every[rng.integers(0, len(every), 100)]
    y = outputs(netlist, library, X)["class"] ^ (rng.random(100) < 0.2)
    evidence = Evidence(X, y, rng.integers(0, 3, 100).astype(float))
    network = network_of(netlist, library)

    def path(first_judged: int, hit_blocks: int = 6) -> list[PrunePoint]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("printml.prune.batch.HIT_BLOCKS", hit_blocks)
            patch.setattr("printml.prune.batch.FIRST_JUDGED", first_judged)
            patch.setattr("printml.prune.batch.MORE_JUDGED", 1.0)
            return prune_path(network, library, evidence, most_wrong=60.0)

    some, all_at_once = path(10**9), path(1)
    assert [p.changes for p in some] == [p.changes for p in all_at_once]
    assert [p.changes for p in some] == [p.changes for p in path(10**9, hit_blocks=0)]
    assert [p.wrong for p in some] == [p.wrong for p in all_at_once]
    assert all(p.n_judged <= q.n_judged for p, q in zip(some, all_at_once, strict=True))


@settings(deadline=None)
@given(
    netlists(wide=False, max_gates=40), st.integers(0, 2**16), st.floats(0.0, 20.0), st.booleans()
)
def test_moves_given_up_would_have_lost_too_much(
    netlist: Netlist, seed: int, most: float, by_hits: bool
) -> None:
    """Block by block of 64 rows: exact where it counts, and infinite only where that is true."""
    library = tiny_library()
    netlist = class_netlist(netlist)
    rng = np.random.default_rng(seed)
    every = all_vectors(netlist)
    X = every[rng.integers(0, len(every), 300)]
    y = outputs(netlist, library, X)["class"] ^ (rng.random(300) < 0.2)
    evidence = Evidence(X, y, rng.integers(0, 3, 300).astype(float))
    network = network_of(netlist, library)
    first = network.like.first_gate_net
    state, targets = state_of(network, evidence), Targets(*targets_of(network, evidence))
    net, by, inverted = moves_of(state, first)
    current = wrong_now(state, targets.labels, targets.masks, targets.weights)
    values = values_of(network, X)
    hits = np.zeros(320, np.int64)
    count_hits(
        net, by, inverted, state.op, state.a, state.b, state.outputs, state.start, state.readers,
        state.table, targets.labels, hits,
    )  # fmt: skip
    found_class = [
        forced(network, values, *move, len(X)) for move in zip(net, by, inverted, strict=True)
    ]
    right = np.flatnonzero(outputs(netlist, library, X)["class"] == y)
    for row in right:
        assert hits[row] == sum(found[row] != y[row] for found in found_class)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("printml.prune.row_blocks.WORDS_AT_ONCE", 1)
        rows = blocks_of(state, first, targets, hits if by_hits else None)
    assert len(rows) == 5
    assert sum(block.n_wrong.sum() for block in rows[2:]) == 0, "what can be mended comes first"
    found, least = judged(
        state, net, by, inverted, targets, rows, current, most=np.full(len(net), most)
    )  # fmt: skip
    for k in range(len(net)):
        wrong = evidence.weights @ (found_class[k] != y)
        if np.isfinite(found[k]):
            assert found[k] == pytest.approx(wrong) == least[k]
        else:
            assert wrong + 1e-9 >= least[k] > current + most - 1e-9


def forced(
    network: GateNetwork, values: np.ndarray, net: int, by: int, inverted: int, n_rows: int
) -> np.ndarray:
    """Class of each row with one net forced to what another carries, in plain numpy."""
    bits = np.unpackbits(values.view(np.uint8), axis=1, bitorder="little")[:, :n_rows].astype(int)
    bits[net] = bits[by] ^ inverted
    for gate in range(network.like.first_gate_net, network.n_nets):
        if gate != net and network.op[gate] != NOT_A_GATE:
            state = bits[network.a[gate]] + 2 * bits[network.b[gate]]
            bits[gate] = network.op[gate] >> state & 1
    return sum(bits[out] << k for k, out in enumerate(network.outputs))


def test_losses_of_folds_are_unknown_where_their_paths_ended() -> None:
    """A fold ended with half of its area; the whole went on to a fifth. With a point a round, six
    tenths lie six tenths of the way from three quarters to half."""
    ended = FoldFront(np.zeros(3), np.array([8.0, 6.0, 4.0]), np.array([0.0, 0.1, 0.2]), 10)
    further = FoldFront(np.zeros(2), np.array([8.0, 1.0]), np.array([0.0, 0.3]), 10)
    cost = np.array([10.0, 6.0, 2.0])
    known = held_losses([ended], np.zeros(3), cost, by_share=True)
    assert known[:2] == [0.0, 0.1]
    assert np.isnan(known[2])
    between = held_losses([replace(ended, by_round=True)], np.zeros(3), cost, by_share=True)
    assert between[:2] == pytest.approx([0.0, 0.16])
    assert np.isnan(between[2])
    assert np.isnan(held_losses([ended, further], np.zeros(3), cost, by_share=True)[2])


def test_a_memory_knows_what_moves_cost_at_least() -> None:
    def moves(net: list[int], saved: list[float]) -> Moves:
        n = len(net)
        return Moves(
            np.array(net, np.int32), np.ones(n, np.int32), np.zeros(n, np.uint8), np.array(saved)
        )

    assert np.isnan(least_lost(NOTHING, moves([7], [1.0]))).all()
    assert least_prices(NOTHING, moves([7], [1.0])).tolist() == [0.0]
    batch = moves([9, 7, 8], [1.0, 1.0, 1.0])
    memory = remember(NOTHING, batch, np.array([0.3, np.nan, -0.1]), limit=0.2)
    assert memory.limit == 0.2
    # Net 7 was not judged and 5 is new; 9 saves less now.
    now = moves([5, 7, 8, 9], [1.0, 1.0, 1.0, 0.5])
    np.testing.assert_array_equal(least_lost(memory, now), [np.nan, np.nan, -0.1, 0.3])
    assert least_prices(memory, now).tolist() == [0.0, 0.0, -0.1, 0.6]
    # What is judged again counts, and what is not stays known.
    again = remember(memory, now, np.array([np.nan, np.nan, 0.4, np.nan]), limit=0.1)
    np.testing.assert_array_equal(least_lost(again, now), [np.nan, np.nan, 0.4, 0.3])
    assert least_prices(again, now).tolist() == [0.0, 0.0, 0.4, 0.6]


def test_a_lazy_path_is_the_same_when_resumed_anywhere() -> None:
    rng = np.random.default_rng(2)
    library = find_library("egfet", 1.0)
    model = IntegerNetwork(
        family="svm-c", feature_names=tuple("abcd"), class_labels=("0", "1", "2"),
        input_bits=frozen([3, 3, 3, 3], np.int64),
        weights=(frozen(rng.integers(-9, 10, (3, 4)), np.int64),),
        intercepts=(frozen([3, -5, 1], np.int64),), decision="ovo",
    )  # fmt: skip
    X = rng.integers(0, 8, (300, 4))
    y = model.predict(X)
    network = network_of(quick_netlist(model, library), library)
    common = {
        "most_wrong": 60.0, "round_share": 0.6, "lazy": True,
        "map_again": lambda netlist: map_netlist(netlist, library, flow=REFRESH),
    }  # fmt: skip
    evidence = Evidence(X, y, np.ones(len(y)))
    path = prune_path(network, library, evidence, **common)
    assert path[-1].round > 0
    assert len(path) > 2 * LAZY_BATCHES
    whole = prune_path(network, library, evidence, **(common | {"lazy": False}))
    assert sum(p.n_judged for p in path) < 0.8 * sum(p.n_judged for p in whole)
    for n in (1, LAZY_BATCHES - 1, LAZY_BATCHES, LAZY_BATCHES + 2, len(path) - 1):
        again = prune_path(network, library, evidence, resume=path[:n], **common)
        assert [(p.wrong, p.area_mm2, p.changes) for p in again] == [
            (p.wrong, p.area_mm2, p.changes) for p in path
        ]


@pytest.mark.parametrize("tree", [False, True])
def test_paths_of_large_tables_end_where_the_choice_is_settled(
    tree: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same point is taken as from whole paths, and no path goes on for long behind it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(1)
    library = find_library("egfet", 1.0)
    weights = frozen(rng.integers(-9, 10, (3, 4)), np.int64)
    model = IntegerNetwork(
        family="svm-c", feature_names=tuple("abcd"), class_labels=("0", "1", "2"),
        input_bits=frozen([3, 3, 3, 3], np.int64), weights=(weights,),
        intercepts=(frozen([3, -5, 1], np.int64),), decision="ovo",
    )  # fmt: skip
    X = rng.integers(0, 8, (6_000, 4))
    y = np.where(rng.random(6_000) < 0.1, rng.integers(0, 3, 6_000), model.predict(X))
    netlist = quick_netlist(model, library)

    def seen(rows: slice) -> Evidence:
        bits = model.input_bits
        return evidence_of(X[rows], y[rows], bits, n_copies=4, copy_weight=1.0, seed=0)

    every, late, early = slice(None), slice(1_000, None), slice(5_000)
    ones = np.ones(1_000)
    whole_task = Task(netlist, model, seen(every), X[:0], y[:0], np.ones(0))
    folds = [
        Task(netlist, model, seen(late), X[:1_000], y[:1_000], ones),
        Task(netlist, model, seen(early), X[5_000:], y[5_000:], ones),
    ]
    common = {"max_loss": 0.01, "n_jobs": 1}
    folds = [replace(fold, by_round=not tree) for fold in folds]
    whole = run_tasks([whole_task, *folds], library, **common)
    short = run_by_share(whole_task, folds, library, **common)
    choices = [
        choose_point(
            found[0],
            found[1:],
            [1_000] * 2,
            max_loss=0.01,
            tree=tree,
            by_share=True,
            n_rows=6_000,
            exact_area_mm2=0.0,
        )
        for found in (whole, short)
    ]
    assert choices[0] == choices[1]
    assert choices[0][0] > 0
    for full, cut in zip(whole, short, strict=True):
        assert [p.changes for p in cut.points] == [
            p.changes for p in full.points[: len(cut.points)]
        ]
        assert len(cut.points) < len(full.points)
    # Without the whole path's checkpoint.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    least = 0.5 * (short[0].points[-1].cost + whole[0].points[-1].cost)
    further = replace(whole_task, until=lambda point: point.cost <= least)
    longer = run_task(further, library, max_loss=0.01, so_far=short[0].points).points
    assert len(short[0].points) < len(longer) < len(whole[0].points)
    assert longer[-2].cost > least >= longer[-1].cost
    for point, other in zip(longer, whole[0].points, strict=False):
        assert (point.changes, point.wrong) == (other.changes, other.wrong)


@settings(deadline=None)
@given(netlists(wide=False, max_gates=40))
def test_without_budget_no_right_row_turns_wrong(netlist: Netlist) -> None:
    library = tiny_library()
    netlist = class_netlist(netlist)
    X = all_vectors(netlist)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 1 << netlist.outputs[0].width, len(X))
    right = outputs(netlist, library, X)["class"] == y
    network = network_of(netlist, library)
    path = prune_path(network, library, Evidence(X, y, right.astype(float)), most_wrong=0.0)
    assert (predict_network(path[-1].network, X)[right] == y[right]).all()


def test_the_path_ends_where_the_budget_does() -> None:
    library = tiny_library()
    netlist = full_adder()
    X = all_vectors(netlist)
    y = outputs(netlist, library, X)["class"]
    evidence = Evidence(X, y, np.ones(8))
    network = network_of(netlist, library)
    assert len(prune_path(network, library, evidence, most_wrong=0.0)) == 1
    path = prune_path(network, library, evidence, most_wrong=2.0)
    assert path[-1].wrong <= 2.0
    assert path[-1].area_mm2 < path[0].area_mm2
    assert all(change["gain_mm2"] > 0 for point in path for change in point.changes)
    assert path[1].n_judged > 0


@settings(deadline=None)
@given(netlists(wide=False), st.integers(1, 200), st.data())
def test_rows_that_a_move_touches_are_counted(
    netlist: Netlist, n_rows: int, data: st.DataObject
) -> None:
    """Also where the last word of rows is not full: what stands behind the last row is no row."""
    network = network_of(netlist, tiny_library())
    every = all_vectors(netlist)
    X = every[np.arange(n_rows) % len(every)]
    state = state_of(network, Evidence(X, np.zeros(n_rows, np.int64), np.ones(n_rows)))
    nets = st.lists(st.integers(0, network.n_nets - 1), min_size=5, max_size=5)
    net, by = (np.array(data.draw(nets), np.int32) for _ in range(2))
    inverted = np.array([0, 1, 0, 1, 0], np.uint8)
    bits = np.unpackbits(state.values.view(np.uint8), axis=1, bitorder="little")[:, :n_rows]
    by_hand = [(bits[n] != (bits[b] ^ i)).sum() for n, b, i in zip(net, by, inverted, strict=True)]
    assert differing_rows(state, net, by, inverted).tolist() == by_hand


def test_power_of_functions_by_hand() -> None:
    """NAND2 of EGFET at 1.0 V: low only in state 11; an AND2 is a NAND2 and an inverter in one."""
    library = find_library("egfet", 1.0)
    power_mw = op_power_mw(library)
    nand = library.cells["NAND2X1"].leakage_nw
    assert power_mw[NAND].tolist() == pytest.approx([1e-6 * nand[3], 1e-6 * nand[:3].mean()])
    assert power_mw[NAND, 0] > 10 * power_mw[NAND, 1]
    assert not power_mw[[0, 2, 3, 15]].any()


def test_no_leap_while_small_steps_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four wrong rows at once are the best buy per mm2; two are the least that any move costs."""
    library = tiny_library()
    netlist = full_adder()
    X = np.repeat(all_vectors(netlist), [1, 1, 1, 1, 1, 1, 1, 20], axis=0)
    y = outputs(netlist, library, X)["class"]
    network = network_of(netlist, library)
    evidence = Evidence(X, y, np.ones(len(X)))
    assert prune_path(network, library, evidence, most_wrong=30.0)[1].wrong == 2.0
    monkeypatch.setattr("printml.prune.batch.MOST_STEP", 1.0)
    assert prune_path(network, library, evidence, most_wrong=30.0)[1].wrong == 4.0


def test_pruning_for_power_counts_the_time_at_each_value() -> None:
    """Two gates of one price in area: the one that is low on the rows is the one to drop."""
    library = find_library("egfet", 1.0)
    builder = NetlistBuilder("t", library=library)
    (a,), (b,), (c,) = (builder.add_input(name, 1) for name in "abc")
    low = builder.add_gate("NAND2X1", [a, b])
    high = builder.add_gate("NAND2X1", [a, c])
    builder.add_output("class", [low, high])
    network = network_of(builder.build(), library)
    X = np.array([[1, 1, 0]] * 4 + [[1, 0, 1]])
    y = outputs(builder.build(), library, X)["class"]
    evidence = Evidence(X, y, np.array([1.0, 1.0, 1.0, 1.0, 4.0]))
    area, power = (
        prune_path(network, library, evidence, most_wrong=4.0, optimize=optimize)
        for optimize in ("area", "power")
    )
    assert area[0].cost == area[0].area_mm2
    per_function = op_power_mw(library)[NAND]
    shares = np.array([0.8, 0.2]), np.array([0.2, 0.8])
    assert power[0].cost == pytest.approx(sum(float(share @ per_function) for share in shares))
    assert power[-1].cost < power[0].cost
    assert power[1].network.outputs.tolist() == [1, network.outputs[1]]
    assert power[1].changes[0]["gain_mw"] > 0


def test_a_netlist_with_scores_is_refused() -> None:
    builder = NetlistBuilder("t", library=tiny_library())
    (a,) = builder.add_input("a", 1)
    builder.add_output("class", [a])
    builder.add_output("score_0", [a])
    library = tiny_library()
    evidence = Evidence(np.zeros((1, 1), np.int64), np.zeros(1, np.int64), np.ones(1))
    with pytest.raises(NetlistError, match="one output is the class"):
        prune_path(network_of(builder.build(), library), library, evidence, most_wrong=1.0)


def test_evidence_weighs_rows_and_copies() -> None:
    X, bits = np.array([[0, 15], [8, 8]]), np.array([4, 4])
    evidence = evidence_of(X, np.array([0, 1]), bits, n_copies=3, copy_weight=1.0, seed=1)
    assert evidence.X_int.shape == (8, 2)
    assert evidence.weights.sum() == pytest.approx(1)
    assert evidence.weights[:2].sum() == pytest.approx(0.5)
    assert (np.abs(evidence.X_int - np.tile(X, (4, 1))) <= 1).all()
    assert evidence.X_int.min() >= 0
    assert evidence.X_int.max() <= 15
    assert evidence.y.tolist() == [0, 1] * 4


def test_copies_may_have_classes_of_their_own() -> None:
    X, bits = np.array([[0, 15], [8, 8]]), np.array([4, 4])
    evidence = evidence_of(
        X, np.array([0, 1]), bits, n_copies=3, copy_weight=1.0, seed=1,
        copies_y=np.arange(10, 16),
    )  # fmt: skip
    assert evidence.y.tolist() == [0, 1, 10, 11, 12, 13, 14, 15]


def test_a_teacher_of_the_same_rows_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []

    def counted(X_int: np.ndarray, y: np.ndarray, bits: np.ndarray, *, seed: int) -> Teacher:
        fitted.append(seed)
        return fit_teacher(X_int, y, bits, seed=seed)

    monkeypatch.setattr(copies, "fit_teacher", counted)
    rng = np.random.default_rng(0)
    X, bits = rng.integers(0, 16, (60, 2)), np.array([4, 4])
    y = (X[:, 0] > X[:, 1]).astype(np.int64)
    first, again = (rows_seen(X, y, bits, seed=7, taught=True) for _ in range(2))
    assert fitted == [7]
    for name in ("X_int", "y", "weights"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    # What it says of the copies, not of the rows, and what a teacher of its own would say.
    np.testing.assert_array_equal(first.y[:60], y)
    own = fit_teacher(X, y, bits, seed=7)(first.X_int[60:])
    np.testing.assert_array_equal(first.y[60:], own)
    assert first.weights[:60].sum() == pytest.approx(0.25)
    rows_seen(X, y, bits, seed=8, taught=True)
    rows_seen(X, 1 - y, bits, seed=7, taught=True)
    assert fitted == [7, 8, 7]


def test_tau_and_phi_by_hand() -> None:
    """score = (a & b) in bit 1, ~a in bit 0; class reads only (a & b)."""
    library = tiny_library()
    builder = NetlistBuilder("t", library=library)
    (a,), (b,) = builder.add_input("a", 1), builder.add_input("b", 1)
    both = builder.add_gate("AND2X1", [a, b])
    not_a = builder.add_gate("INVX1", [a])
    decision = builder.add_gate("INVX1", [both])
    builder.add_output("class", [decision])
    builder.add_output("score_0", [not_a, both])
    netlist = builder.build()
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0]])
    tau, constant = gate_tau(netlist, library, X)
    assert tau.tolist() == pytest.approx([0.8, 0.6, 0.8])
    assert constant.tolist() == [0, 1, 1]
    assert gate_phi(netlist, library).tolist() == [1, 0, -1]
    points = prune_published(netlist, library, X, np.array([1, 1, 1, 0, 1]))
    # Tied gates at tau_c 80 %: {}, {decision}, {decision, both}; above 80 % none.
    assert sorted((len(p.changes), round(p.accuracy_train, 2)) for p in points) == [
        (0, 1.0), (1, 0.8), (2, 0.8),
    ]  # fmt: skip
    assert [p.area_mm2 for p in points] == sorted([p.area_mm2 for p in points], reverse=True)
    last = next(p for p in points if len(p.changes) == 2)
    assert last.changes[0] == {"net": both, "becomes": "0", "tau": pytest.approx(0.8), "phi": 1}


@settings(deadline=None)
@given(netlists(wide=False), st.integers(0, 2**16))
def test_published_grid_accuracy_is_a_fresh_evaluation(netlist: Netlist, seed: int) -> None:
    library = tiny_library()
    netlist = sweep(netlist)
    if not netlist.n_gates:
        return
    X = all_vectors(netlist)
    y = np.random.default_rng(seed).integers(0, 2, len(X))
    tau, constant = gate_tau(netlist, library, X)
    phi = gate_phi(netlist, library)
    for point in prune_published(netlist, library, X, y):
        chosen = (tau >= point.tau_percent / 100) & (phi <= point.phi)
        forced = {
            netlist.first_gate_net + int(g): bool(constant[g]) for g in np.flatnonzero(chosen)
        }
        port = next(p for p in netlist.outputs if p.name == "class")
        right = 0
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            values = naive_values(netlist, library, row, forced)
            bits = [values[net] for net in port.nets]
            code = sum(bit << k for k, bit in enumerate(bits))
            if port.signed and bits[-1]:
                code -= 1 << len(bits)
            right += code == label
        assert point.accuracy_train == pytest.approx(right / len(X))


@settings(deadline=None, max_examples=15)
@given(netlists(max_gates=40))
def test_a_netlist_mapped_again_keeps_ports_and_function(netlist: Netlist) -> None:
    library = wide_library()
    found = map_netlist(netlist, library, flow=REFRESH)
    assert [p.name for p in found.outputs] == [p.name for p in netlist.outputs]
    assert [p.width for p in found.inputs] == [p.width for p in netlist.inputs]
    X = all_vectors(netlist)
    before, after = outputs(netlist, library, X), outputs(found, library, X)
    assert {name: v.tolist() for name, v in before.items()} == {
        name: v.tolist() for name, v in after.items()
    }


def sums_netlist(n_bits: int) -> Netlist:
    """A ripple adder of two words; its sum is the class."""
    builder = NetlistBuilder("adder", library=tiny_library())
    a, b = builder.add_input("a", n_bits), builder.add_input("b", n_bits)
    carry, total = 0, []
    for left, right in zip(a, b, strict=True):
        half = xor(builder, left, right)
        total.append(xor(builder, half, carry))
        first = builder.add_gate("NAND2X1", [left, right])
        second = builder.add_gate("NAND2X1", [half, carry])
        carry = builder.add_gate("NAND2X1", [first, second])
    builder.add_output("class", [*total, carry])
    return sweep(builder.build())


def xor(builder: NetlistBuilder, left: int, right: int) -> int:
    both = builder.add_gate("NAND2X1", [left, right])
    return builder.add_gate(
        "NAND2X1",
        [builder.add_gate("NAND2X1", [left, both]), builder.add_gate("NAND2X1", [both, right])],
    )


def same_points(left: list[PrunePoint], right: list[PrunePoint]) -> bool:
    return len(left) == len(right) and all(
        (a.wrong, a.area_mm2, a.round, a.n_judged, a.changes)
        == (b.wrong, b.area_mm2, b.round, b.n_judged, b.changes)
        and np.array_equal(a.network.op, b.network.op)
        and np.array_equal(a.network.a, b.network.a)
        and np.array_equal(a.network.b, b.network.b)
        for a, b in zip(left, right, strict=True)
    )


def test_a_killed_path_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    library = tiny_library()
    netlist = sums_netlist(5)
    X = all_vectors(netlist)
    y = outputs(netlist, library, X)["class"]
    evidence = Evidence(X, y, np.full(len(X), 1 / len(X)))
    kept = tmp_path / "path.npz"

    def run(resume: list[PrunePoint], stop_after: int) -> list[PrunePoint]:
        def progress(points: list[PrunePoint]) -> None:
            save_points(kept, points)
            if len(points) >= stop_after:
                raise KeyboardInterrupt

        return prune_path(
            network_of(netlist, library), library, evidence, most_wrong=0.95,
            map_again=lambda n: map_netlist(n, library, flow=REFRESH), resume=resume,
            progress=progress,
        )  # fmt: skip

    whole = run([], 1_000)
    assert whole[-1].round >= 2
    for point in whole:
        assert point.wrong == pytest.approx(np.mean(predict_network(point.network, X) != y))
    for stop_after in (2, len(whole) // 2, len(whole) - 1):
        with pytest.raises(KeyboardInterrupt):
            run([], stop_after)
        assert same_points(run(load_points(kept), 1_000), whole)


def test_what_is_no_whole_checkpoint_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    assert load_points(path) == []
    library = tiny_library()
    netlist = full_adder()
    X = all_vectors(netlist)
    y = outputs(netlist, library, X)["class"]
    points = prune_path(
        network_of(netlist, library), library, Evidence(X, y, np.ones(8)), most_wrong=4.0
    )
    save_points(path, points)
    assert same_points(load_points(path), points)
    whole = path.read_bytes()
    for n in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:n])
        assert load_points(path) == []


def test_small_and_large_tables_get_most_copies() -> None:
    assert [copies_for(n) for n in (100, 2400, 4000, 5000, 5001, 10**6)] == [4, 4, 2, 1, 4, 4]
    trees = [copies_for(n, large_tree=True) for n in (3_428, 5_000, 7_694, 10**6)]
    assert trees == [8, 7, 4, 4]
    taught = [copies_for(n, taught=True) for n in (100, 1_488, 3_428, 5_000)]
    assert taught == [12, 12, 6, 3]


def path_of(cost: list[float], loss: list[float], held_loss: list[float]) -> PrunePath:
    builder = NetlistBuilder("empty", library=tiny_library())
    (a,) = builder.add_input("a", 1)
    builder.add_output("class", [a])
    network = network_of(builder.build(), tiny_library())
    points = [
        PrunePoint(wrong=w, area_mm2=c, cost=c, network=network)
        for c, w in zip(cost, loss, strict=True)
    ]
    return PrunePath(tuple(points), np.array(loss), np.array(held_loss), Path("none"))


def test_large_tables_choose_by_the_share_that_is_left() -> None:
    # The search gains on its own rows all the way, and loses on others from the third point on.
    cost, gains = [100.0, 60.0, 30.0, 10.0], [0.002, -0.001, -0.004, -0.005]
    whole = path_of([200.0, 130.0, 61.0, 55.0, 20.0], [0.002, -0.002, -0.005, -0.006, -0.007], [])
    folds = [path_of(cost, gains, [0.002, 0.004, 0.006, 0.03]),
             path_of(cost, gains, [0.003, 0.005, 0.008, 0.04])]  # fmt: skip
    common = {"max_loss": 0.01, "tree": False, "by_share": True, "exact_area_mm2": 1e9}
    large, budget = choose_point(whole, folds, [100, 100], n_rows=8000, **common)
    # 0.007 at 30 % is allowed; the last point with so much left is 61 of 200, and 55 is below it.
    assert large == 2
    assert budget.held_loss == pytest.approx(0.007)
    assert budget.loss == -0.005
    nothing = [path_of(cost, gains, [0.1, 0.1, 0.1, 0.1])] * 2
    assert choose_point(whole, nothing, [100, 100], n_rows=8000, **common)[0] == 0
    # Ensembles of trees choose alike.
    trees = choose_point(whole, folds, [100, 100], n_rows=8000, **(common | {"tree": True}))
    assert trees == (large, budget)


def test_sums_become_no_smaller_than_experience_goes() -> None:
    """At one point 240 times smaller than the exact circuit, at two points 480 times."""
    loss = [-0.014, -0.013, -0.012, -0.011]
    whole = path_of([200.0, 50.0, 9.0, 2.0], loss, [])
    folds = [path_of([200.0, 50.0, 9.0, 2.0], loss, [0.0, 0.002, 0.004, 0.006])] * 2

    def chosen(
        exact_area_mm2: float, max_loss: float = 0.01, tree: bool = False
    ) -> tuple[int, float]:
        k, budget = choose_point(
            whole, folds, [100, 100],
            max_loss=max_loss, tree=tree, by_share=False, n_rows=2_000,
            exact_area_mm2=exact_area_mm2,
        )  # fmt: skip
        return k, budget.held_loss

    assert chosen(0.0) == (3, 0.006)
    assert chosen(480.0) == (3, 0.006)
    # What the folds lose at the budget is lost by smaller circuits than the one taken.
    assert chosen(481.0) == (2, 0.004)
    assert chosen(2161.0) == (1, 0.002)
    assert chosen(2161.0, max_loss=0.02) == (2, 0.004)
    assert chosen(2161.0, tree=True) == (3, 0.006)
    # Nothing is that large: the circuit stays as it came.
    assert chosen(1e9) == (0, 0.0)


def test_share_of_area_that_folds_allow() -> None:
    """Two folds of equal size; at half of the area they lose 1 and 3 %, at a quarter 5 and 3 %."""
    areas = np.array([8.0, 4.0, 2.0])
    folds = [
        FoldFront(np.zeros(3), areas, np.array([0, 0.01, 0.05]), 50),
        FoldFront(np.zeros(3), 10 * areas, np.array([0, 0.03, 0.03]), 50),
    ]
    whole = np.array([40.0, 23.0, 12.0, 3.0]), np.array([0, -0.1, -0.2, 0.1])
    assert choose_by_share(folds, *whole, max_loss=0.02)[0] == 1
    assert choose_by_share(folds, *whole, max_loss=0.019)[0] == 0
    k, budget = choose_by_share(folds, *whole, max_loss=0.04)
    assert (k, budget.loss) == (2, -0.2)
    assert budget.held_loss == pytest.approx(0.04)
    cost = np.array([4.0, 2.0, 1.2, 1.0])
    found = held_losses(folds, np.zeros(4), cost, by_share=True)
    assert found == pytest.approx([0.0, 0.02, 0.02, 0.04])
    # By loss on search rows, of which each point here has none, the folds' smallest count.
    assert held_losses(folds, np.zeros(4), cost, by_share=False) == pytest.approx([0.04] * 4)
    assert held_losses([], np.zeros(4), cost, by_share=True) == [0.0] * 4


def test_a_hump_is_passed_where_two_rounds_in_a_row_are_allowed() -> None:
    """Losses of 1, 3, 1 and 0 % at 80, 50, 30 and 20 % of the area; a round takes a fifth of it."""
    area = np.array([10.0, 8.0, 5.0, 3.0, 2.0])
    folds = [FoldFront(np.zeros(5), area, np.array([0.0, 0.01, 0.03, 0.01, 0.0]), 50)]
    assert least_share(folds, max_loss=0.01).left == 0.8
    by_round = [replace(front, by_round=True) for front in folds]
    humped = least_share(by_round, max_loss=0.01)
    assert (humped.left, humped.held_loss) == (0.2, 0.0)
    # A round before, at 25 %, 0.5 % are lost.
    assert least_share(by_round, max_loss=0.004).left == 1.0


def test_points_that_have_just_been_mended_are_judged() -> None:
    """Rounds of two batches: the second begins with mapping alone, the third and fourth mend."""
    change = ({"net": 1, "becomes": "0"},)
    first = path_of([10.0, 9.0, 8.0, 7.5, 7.0, 6.0, 5.0, 4.0], [0.0] * 8, [0.0] * 8)
    rounds = [0, 0, 1, 1, 2, 2, 3, 3]
    changes = [(), change, (), change, change, change, change, change]
    points = tuple(
        replace(point, round=number, changes=own)
        for point, number, own in zip(first.points, rounds, changes, strict=True)
    )
    assert points_as_built(points) == [0, 1, 2, 3, 4, 6]
    path = replace(first, points=points, held_loss=np.arange(8.0), by_round=True)
    front = path.fold_front(5)
    assert front.area_mm2.tolist() == [10.0, 9.0, 8.0, 7.5, 7.0, 5.0]
    assert front.held_loss.tolist() == [0, 1, 2, 3, 4, 6]
    assert front.by_round
    assert len(replace(path, by_round=False).fold_front(5).loss) == 8
    # Without mending every point stands for itself.
    assert points_as_built(first.points) == list(range(8))


def test_what_is_left_never_grows_again() -> None:
    np.testing.assert_array_equal(share_left(np.array([4.0, 2.0, 3.0, 1.0])), [1, 0.5, 0.5, 0.25])
    np.testing.assert_array_equal(share_left(np.array([0.0, 0.0])), [1, 1])
    assert last_at(np.array([1, 0.5, 0.5, 0.25]), 0.5) == 2
