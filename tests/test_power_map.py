"""Rewriting for power keeps the function, the ports and the bounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import DataError, InputError, LibertyError
from printml.liberty.library import CellLibrary
from printml.liberty.views import verilog_cells
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.netlist.verilog import to_verilog
from printml.polish.power_map import Round, optimize_power, static_power_nw
from printml.verify.equivalence import prove_equivalence
from tests.netlists import (
    all_vectors,
    full_adder,
    naive_outputs,
    naive_values,
    netlists,
    same_netlist,
)
from tests.tiny_library import tiny_library, wide_library

QUICK = (Round(2.0, 4, 6, 300, 8000.0), Round(0.5, 6, 10, 300, 8000.0))


def area_mm2(netlist: Netlist, library: CellLibrary) -> float:
    return 100 * netlist.area_cm2(library)


def random_netlist(*, seed: int, n_gates: int) -> Netlist:
    """Deep and reconvergent: each gate reads two of the twenty latest nets."""
    library = tiny_library()
    cells = [c for c in library.cells.values() if c.n_inputs in (1, 2)]
    rng = np.random.default_rng(seed)
    builder = NetlistBuilder("big", library=library)
    nets = [net for k in range(3) for net in builder.add_input(f"x{k}", 4)]
    for _ in range(n_gates):
        cell = cells[rng.integers(len(cells))]
        nets.append(builder.add_gate(cell.name, rng.choice(nets[-20:], cell.n_inputs).tolist()))
    builder.add_output("class", nets[-10:])
    return builder.build()


@settings(max_examples=15, deadline=None)
@given(netlist=netlists(max_gates=40), growth=st.sampled_from([0.0, 0.03, 0.5]), data=st.data())
def test_function_kept_power_not_higher_area_bounded(
    netlist: Netlist, growth: float, data: st.DataObject
) -> None:
    library = wide_library()
    every = all_vectors(netlist)
    picks = data.draw(st.lists(st.integers(0, len(every) - 1), min_size=1, max_size=12))
    rows = every[picks]
    result = optimize_power(netlist, library, rows, max_area_growth=growth, rounds=QUICK)
    assert naive_outputs(result, library, every) == naive_outputs(netlist, library, every)
    assert (result.name, result.inputs) == (netlist.name, netlist.inputs)
    assert [(p.name, p.width, p.signed) for p in result.outputs] == [
        (p.name, p.width, p.signed) for p in netlist.outputs
    ]
    before, after = (static_power_nw(n, library, rows) for n in (netlist, result))
    assert after <= before
    bound = (1 + growth) * area_mm2(netlist, library)
    assert area_mm2(result, library) <= bound * (1 + 1e-9)
    fanin_order = result.fanin.max(axis=1, initial=0)
    assert (fanin_order < result.first_gate_net + np.arange(result.n_gates)).all()


def test_large_netlist_gets_better_and_repeats() -> None:
    library = tiny_library()
    netlist = random_netlist(seed=3, n_gates=400)
    rows = all_vectors(netlist)
    first = optimize_power(netlist, library, rows[::7], rounds=QUICK)
    again = optimize_power(netlist, library, rows[::7], rounds=QUICK)
    assert same_netlist(first, again)
    assert static_power_nw(first, library, rows[::7]) < 0.9 * static_power_nw(
        netlist, library, rows[::7]
    )
    assert naive_outputs(first, library, rows) == naive_outputs(netlist, library, rows)


def test_abc_proves_the_rewritten_netlist(tmp_path: Path) -> None:
    library = tiny_library()
    netlist = random_netlist(seed=5, n_gates=200)
    result = optimize_power(netlist, library, all_vectors(netlist)[::5], rounds=QUICK)
    assert not same_netlist(netlist, result)
    files = {"spec.v": to_verilog(netlist, library=library) + verilog_cells(library)}
    files |= {"impl.v": to_verilog(result, library=library), "cells.v": verilog_cells(library)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    verdict = prove_equivalence(
        tmp_path / "spec.v",
        tmp_path / "impl.v",
        tmp_path / "cells.v",
        top="big",
        folder=tmp_path,
        log_folder=tmp_path,
        timeout_s=60,
    )
    assert verdict.how == "proved"


def test_or_of_inverters_becomes_one_nand() -> None:
    library = tiny_library()
    builder = NetlistBuilder("nand", library=library)
    (a,), (b,) = builder.add_input("a", 1), builder.add_input("b", 1)
    inverted = [builder.add_gate("INVX1", [net]) for net in (a, b)]
    builder.add_output("class", [builder.add_gate("OR2X1", inverted)])
    netlist = builder.build()
    result = optimize_power(netlist, library, all_vectors(netlist), max_area_growth=0.0)
    assert [result.cell_names[k] for k in result.kind] == ["NAND2X1"]


def test_nine_nand_adder_has_three_low_stages_in_every_state() -> None:
    # Why permuting or complementing the inputs of an adder saves nothing.
    library = tiny_library()
    netlist = full_adder()
    rows = all_vectors(netlist)
    for row in rows.tolist():
        assert naive_values(netlist, library, row)[netlist.first_gate_net :].count(0) == 3


def test_static_power_of_one_inverter() -> None:
    library = tiny_library()
    builder = NetlistBuilder("inv", library=library)
    builder.add_output("class", [builder.add_gate("INVX1", builder.add_input("a", 1))])
    leakage = library.cells["INVX1"].leakage_nw
    got = static_power_nw(builder.build(), library, [[0], [1], [1], [1]])
    assert got == pytest.approx(leakage[0] / 4 + 3 * leakage[1] / 4)


def test_netlist_without_gates_comes_back() -> None:
    library = tiny_library()
    builder = NetlistBuilder("wire", library=library)
    builder.add_output("class", builder.add_input("a", 2))
    netlist = builder.build()
    assert optimize_power(netlist, library, [[1]]) is netlist


def test_errors() -> None:
    library, netlist = tiny_library(), full_adder()
    with pytest.raises(DataError, match="at least one training row"):
        optimize_power(netlist, library, np.zeros((0, 3), dtype=np.int64))
    with pytest.raises(InputError, match="must not be negative"):
        optimize_power(netlist, library, [[0, 0, 0]], max_area_growth=-0.1)
    with pytest.raises(InputError, match="at most"):
        optimize_power(netlist, library, [[0, 0, 0]], reference_area_mm2=1.0)
    inverter = library.cells["INVX1"]
    broken = replace(inverter, leakage_nw=np.full(2, np.nan))
    bad = replace(library, cells={**library.cells, "INVX1": broken})
    with pytest.raises(LibertyError, match="INVX1 has no static power"):
        optimize_power(netlist, bad, [[0, 0, 0]])
