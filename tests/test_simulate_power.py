"""Power and timing by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from printml.arrays import frozen
from printml.errors import DataError, LibertyError, NetlistError
from printml.netlist.build import NetlistBuilder
from printml.simulate.activity import measure_activity
from printml.simulate.power import power, published_rule_power
from printml.simulate.timing import PathStep, critical_path, max_rate_hz
from tests.netlists import full_adder
from tests.tiny_library import INV, NAND2, NOR2, XOR2, make_library, tiny_library


def single(cell_name, rows, library=None):
    library = library or tiny_library()
    builder = NetlistBuilder("top", library=library)
    nets = builder.add_input("x", library.cells[cell_name].n_inputs)
    builder.add_output("class", [builder.add_gate(cell_name, nets)])
    netlist = builder.build()
    return netlist, library, measure_activity(netlist, library, np.array(rows)[:, None])


def test_inverter_power():
    # Output low (19,000 nW) in 3 of 4 vectors; 2 toggles of 15,000 pJ in 4 periods of 100 ms.
    found = power(*single("INVX1", [1, 0, 1, 1]), clock_ms=100)
    assert found.static_power_mw == pytest.approx((3 * 19_000 + 500) / 4 * 1e-6)
    assert found.active_power_mw == pytest.approx(2 * 15_000 / 400 * 1e-6)
    assert found.power_mw == pytest.approx(found.static_power_mw + found.active_power_mw)
    assert found.passive_power_mw == 0
    assert repr(found) == "Power(0.01445 mW = 0.014375 static + 7.5e-05 active)"


def test_power_of_every_gate_adds_up():
    rows = np.random.default_rng(0).integers(0, 2, size=(100, 3))
    netlist, library = full_adder(), tiny_library()
    activity = measure_activity(netlist, library, rows)
    found = power(netlist, library, activity, clock_ms=200)
    leakage = library.cells["NAND2X1"].leakage_nw
    expected = [counts @ leakage / 100 * 1e-6 for counts in activity.state_counts]
    np.testing.assert_allclose(found.gate_static_mw, expected)
    assert found.gate_active_mw.shape == (9,)


def test_published_rule_counts_blocked_input_toggles():
    # x0 toggles 3 times; x1 is 1 throughout, so NOR2 stays low whatever x0 does.
    netlist, library, activity = single("NOR2X1", [2, 3, 2, 3])
    ours = power(netlist, library, activity, clock_ms=200)
    published = published_rule_power(netlist, library, activity, clock_ms=200)
    assert ours.active_power_mw == 0
    assert published.static_power_mw == ours.static_power_mw
    expected_mw = 3 * (19_300 + 19_600) / 2 * 30.0 / (4 * 200) * 1e-6
    assert published.passive_power_mw == pytest.approx(expected_mw)
    assert published.power_mw == pytest.approx(ours.power_mw + expected_mw)
    assert "passive" in repr(published)


@pytest.mark.parametrize("cell_name", ["INVX1", "XOR2X1"])
def test_published_rule_adds_nothing_where_every_toggle_passes(cell_name):
    arguments = single(cell_name, [0, 1, 0, 1, 1])
    assert published_rule_power(*arguments, clock_ms=200).passive_power_mw == 0


def test_netlist_without_gates_has_no_power_and_no_delay():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_output("class", builder.add_input("x", 1))
    netlist = builder.build()
    activity = measure_activity(netlist, tiny_library(), np.array([[0], [1]]))
    assert power(netlist, tiny_library(), activity, clock_ms=200).power_mw == 0
    assert published_rule_power(netlist, tiny_library(), activity, clock_ms=200).power_mw == 0
    timing = critical_path(netlist, tiny_library())
    assert (timing.delay_ms, timing.path) == (0, ())


@pytest.mark.parametrize("clock_ms", [0, -1, math.nan])
def test_clock_must_be_positive(clock_ms):
    with pytest.raises(DataError, match="clock period"):
        power(*single("INVX1", [0, 1]), clock_ms=clock_ms)


def test_activity_of_another_netlist():
    _, library, activity = single("INVX1", [0, 1])
    with pytest.raises(DataError, match="another netlist"):
        power(full_adder(), library, activity, clock_ms=200)


@pytest.mark.parametrize(
    ("field", "message"),
    [("leakage_nw", "INVX1 has no static power"), ("fall_energy_pj", "no switching energy")],
)
def test_missing_figures(field, message):
    figures = np.array(getattr(INV, field))
    figures[0] = math.nan
    library = make_library(replace(INV, **{field: frozen(figures, np.float64)}), NAND2)
    with pytest.raises(LibertyError, match=message):
        power(*single("INVX1", [0, 1], library), clock_ms=200)
    # Nothing is asked of a cell that is not used.
    assert power(*single("NAND2X1", [0, 1], library), clock_ms=200).power_mw > 0


def chain(library=None):
    """x -> INV (net 3) -> NAND2 (net 4, both pins) -> class."""
    library = library or tiny_library()
    builder = NetlistBuilder("top", library=library)
    (x,) = builder.add_input("x", 1)
    inverted = builder.add_gate("INVX1", [x])
    builder.add_output("class", [builder.add_gate("NAND2X1", [inverted, inverted])])
    return builder.build()


def test_chain_by_hand():
    timing = critical_path(chain(), tiny_library())
    # Net 3 carries two pins of 90 pF: rise 1 + 0.01 * 180, fall 0.5 + 0.002 * 180.
    assert timing.rise_ms[3] == pytest.approx(2.8)
    assert timing.fall_ms[3] == pytest.approx(0.86)
    # The NAND inverts and its output has no load: it falls 0.5 after its inputs rise.
    assert timing.fall_ms[4] == pytest.approx(2.8 + 0.5)
    assert timing.rise_ms[4] == pytest.approx(0.86 + 1.0)
    assert timing.delay_ms == timing.fall_ms[4]
    assert timing.path == (
        PathStep(0, "INVX1", 3, timing.rise_ms[3], "rise"),
        PathStep(1, "NAND2X1", 4, timing.fall_ms[4], "fall"),
    )
    assert repr(timing) == "Timing(3.3 ms through 2 gates)"
    assert timing.rise_ms[:3].tolist() == [-math.inf, -math.inf, 0]


def test_senses():
    builder = NetlistBuilder("top", library=tiny_library())
    x = builder.add_input("x", 2)
    inverted = builder.add_gate("INVX1", [x[0]])
    both = builder.add_gate("AND2X1", [inverted, x[1]])
    other = builder.add_gate("XOR2X1", [inverted, x[1]])
    builder.add_output("class", [both, other])
    timing = critical_path(builder.build(), tiny_library())
    rise, fall = timing.rise_ms, timing.fall_ms
    assert rise[inverted] == pytest.approx(1 + 0.01 * (100 + 190))
    assert fall[inverted] == pytest.approx(0.5 + 0.002 * (100 + 190))
    assert rise[both] == pytest.approx(rise[inverted] + 1.5)
    assert fall[both] == pytest.approx(fall[inverted] + 0.5)
    assert rise[other] == pytest.approx(rise[inverted] + 3)
    assert fall[other] == pytest.approx(rise[inverted] + 4)
    assert [step.edge for step in timing.path] == ["rise", "fall"]


def test_negative_delays_are_clipped():
    fast = replace(INV, rise_t0_ms=frozen([-5.0], np.float64))
    timing = critical_path(chain(make_library(fast, NAND2)), make_library(fast, NAND2))
    assert timing.rise_ms[3] == 0
    assert timing.delay_ms == pytest.approx(0.86 + 1.0)


def test_constants_start_no_path():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_input("x", 1)
    dead = builder.add_gate("INVX1", [0])
    builder.add_output("class", [builder.add_gate("NAND2X1", [dead, 1]), 1])
    timing = critical_path(builder.build(), tiny_library())
    assert timing.delay_ms == 0
    assert timing.path == ()


def test_only_outputs_count():
    builder = NetlistBuilder("top", library=tiny_library())
    (x,) = builder.add_input("x", 1)
    first = builder.add_gate("INVX1", [x])
    builder.add_gate("INVX1", [first])
    builder.add_output("class", [first])
    timing = critical_path(builder.build(), tiny_library())
    assert timing.delay_ms == timing.rise_ms[first] == pytest.approx(2.0)


def test_no_timing_in_the_library():
    blind = replace(NAND2, fall_k_ms_per_pf=frozen([0.0, math.nan], np.float64))
    library = make_library(INV, blind)
    with pytest.raises(LibertyError, match="NAND2X1 has no timing"):
        critical_path(chain(library), library)


def test_library_without_the_cell():
    with pytest.raises(NetlistError, match="has no cell 'NAND2X1'"):
        critical_path(chain(), make_library(INV, NOR2, XOR2))


def test_rate():
    assert max_rate_hz(200) == 5
    assert max_rate_hz(0) == math.inf
