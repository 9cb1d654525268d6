"""Activity counts and SAIF."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import DataError
from printml.netlist.build import NetlistBuilder
from printml.netlist.verilog import net_names
from printml.simulate import kernel
from printml.simulate.activity import measure_activity
from printml.simulate.saif import read_saif, write_saif
from tests.netlists import all_vectors, full_adder, naive_values, netlists
from tests.tiny_library import tiny_library, wide_library


def naive_activity(netlist, library, rows):
    values = np.array([naive_values(netlist, library, row) for row in rows.tolist()])
    states = np.zeros((netlist.n_gates, 1 << netlist.fanin.shape[1]), dtype=int)
    for gate in range(netlist.n_gates):
        cell = library.cells[netlist.cell_names[netlist.kind[gate]]]
        for row in values:
            state = sum(row[netlist.fanin[gate, pin]] << pin for pin in range(cell.n_inputs))
            states[gate, state] += 1
    return values.sum(axis=0), (values[1:] != values[:-1]).sum(axis=0), states


def assert_counts(netlist, library, rows):
    activity = measure_activity(netlist, library, rows)
    t1, tc, states = naive_activity(netlist, library, rows)
    np.testing.assert_array_equal(activity.t1, t1)
    np.testing.assert_array_equal(activity.t0, len(rows) - t1)
    np.testing.assert_array_equal(activity.tc, tc)
    np.testing.assert_array_equal(activity.state_counts, states)
    assert activity.n_vectors == len(rows)


def test_inverter_by_hand():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_output("class", [builder.add_gate("INVX1", builder.add_input("x", 1))])
    rows = np.array([0, 1, 1, 0, 1])[:, None]
    activity = measure_activity(builder.build(), tiny_library(), rows)
    assert activity.t0.tolist() == [5, 0, 2, 3]
    assert activity.t1.tolist() == [0, 5, 3, 2]
    assert activity.tc.tolist() == [0, 0, 3, 3]
    assert activity.state_counts.tolist() == [[2, 3]]
    assert repr(activity) == "Activity(4 nets, 5 vectors, 6 toggles)"


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(
    netlists(max_gates=10),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 63, 64, 65, 127, 128, 129, 150]),
)
def test_counts_are_plain_counts(netlist, seed, n_vectors):
    rng = np.random.default_rng(seed)
    highs = [1 << port.width for port in netlist.inputs]
    rows = rng.integers(0, highs, size=(n_vectors, len(highs)))
    assert_counts(netlist, wide_library(), rows)


@pytest.mark.parametrize("n_vectors", [511, 512, 513, 1024, 1100])
def test_counts_across_blocks(monkeypatch, n_vectors):
    monkeypatch.setattr(kernel, "BLOCK_BYTES", 1)
    rows = np.random.default_rng(3).integers(0, 2, size=(n_vectors, 3))
    assert_counts(full_adder(), tiny_library(), rows)


def test_toggle_between_words_and_blocks_is_counted(monkeypatch):
    monkeypatch.setattr(kernel, "BLOCK_BYTES", 1)
    for step in (63, 64, 511, 512):
        rows = (np.arange(700) >= step).astype(int)[:, None] * [1, 0, 0]
        assert measure_activity(full_adder(), tiny_library(), rows).tc[2] == 1


def test_no_vectors():
    with pytest.raises(DataError, match="at least one vector"):
        measure_activity(full_adder(), tiny_library(), np.zeros((0, 3), dtype=int))


SAIF = r"""(SAIFILE
  (SAIFVERSION "2.0")
  (DIRECTION "backward")
  (DESIGN "top")
  (VENDOR "printml")
  (PROGRAM_NAME "printml")
  (VERSION "0.1.0")
  (DIVIDER / )
  (TIMESCALE 1 ns)
  (DURATION 800000000)
  (INSTANCE top
    (NET
      (x\[0\] (T0 600000000) (T1 200000000) (TX 0) (TC 1) (IG 0))
      (x\[1\] (T0 400000000) (T1 400000000) (TX 0) (TC 3) (IG 0))
      (n4 (T0 200000000) (T1 600000000) (TX 0) (TC 1) (IG 0))
      (class (T0 200000000) (T1 600000000) (TX 0) (TC 1) (IG 0))
    )
  )
)
"""


def nand_with_activity():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_output("class", [builder.add_gate("NAND2X1", builder.add_input("x", 2))])
    rows = np.array([0, 2, 0, 3])[:, None]
    return builder.build(), measure_activity(builder.build(), tiny_library(), rows)


def test_saif_text():
    netlist, activity = nand_with_activity()
    # x = 0, 2, 0, 3: the low bit rises once, the high bit toggles at every step.
    assert write_saif(netlist, activity, clock_ms=200) == SAIF


@settings(deadline=None, max_examples=30)
@given(netlists())
def test_saif_round_trip(netlist):
    activity = measure_activity(netlist, wide_library(), all_vectors(netlist))
    counts = read_saif(write_saif(netlist, activity, clock_ms=0.001))
    for net, name in net_names(netlist).items():
        expected = (activity.t0[net] * 1000, activity.t1[net] * 1000, activity.tc[net])
        assert counts[name] == expected
    for port in netlist.outputs:
        for bit, net in enumerate(port.nets):
            name = port.name if port.width == 1 else f"{port.name}[{bit}]"
            assert counts[name][2] == activity.tc[net]


def test_saif_of_wrong_activity_or_clock():
    netlist, activity = nand_with_activity()
    with pytest.raises(DataError, match="the activity has 5 nets, the netlist 14"):
        write_saif(full_adder(), activity, clock_ms=200)
    with pytest.raises(DataError, match="below 1 ns"):
        write_saif(netlist, activity, clock_ms=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a SAIF file"),
        ("(OTHER)", "not a SAIF file"),
        (SAIF[:-3], "ends inside a parenthesis"),
        (SAIF + ")", "a closing parenthesis too many"),
        (SAIF.replace("(TC 3)", ""), r"net x\[1\] lacks T0, T1 or TC"),
        (SAIF.replace("(TC 3)", "(TC two)"), r"net x\[1\] lacks"),
        (SAIF.replace("(TC 3)", "(TC)"), r"net x\[1\] lacks"),
        (SAIF.replace("class", "n4"), "net n4 is there twice"),
        (SAIF.replace("(NET", "(NET word"), "not a net"),
        (SAIF.replace('"2.0"', '"2.0'), "cannot read|inside a parenthesis|not a SAIF"),
    ],
)
def test_saif_that_is_malformed(text, message):
    with pytest.raises(DataError, match=message):
        read_saif(text)
