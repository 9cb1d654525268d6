"""The clock of printed copies: by hand, and against the nominal path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import InputError
from printml.faults.delays import delay_variation
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from printml.simulate.timing import critical_path, delays_of_copies
from tests.netlists import netlists
from tests.tiny_library import tiny_library, wide_library


def chain(n: int) -> Netlist:
    builder = NetlistBuilder("chain", library=tiny_library())
    (net,) = builder.add_input("a", 1)
    for _ in range(n):
        net = builder.add_gate("INVX1", [net])
    builder.add_output("class", [net])
    return builder.build()


def test_a_chain_by_hand() -> None:
    netlist, library = chain(3), tiny_library()
    nominal = critical_path(netlist, library).delay_ms
    steps = [step.arrival_ms for step in critical_path(netlist, library).path]
    own = np.diff([0.0, *steps])
    factors = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.0, 1.0, 0.0]])
    delays = delays_of_copies(netlist, library, factors)
    assert delays[0] == pytest.approx(nominal)
    assert delays[1] == pytest.approx(2 * nominal)
    # Only the middle gate takes time, on the edge that is its slower one.
    assert own[1] <= delays[2] <= nominal


@given(netlists(), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_copies_lie_between_the_slowest_and_the_fastest_cell(netlist: Netlist, seed: int) -> None:
    library = wide_library()
    nominal = critical_path(netlist, library).delay_ms
    factors = np.random.default_rng(seed).uniform(0.5, 3.0, (5, netlist.n_gates))
    delays = delays_of_copies(netlist, library, factors)
    if netlist.n_gates:
        assert (delays <= nominal * factors.max(axis=1) + 1e-9).all()
        assert (delays >= nominal * factors.min(axis=1) - 1e-9).all()


def test_clocks_grow_with_the_spread_and_the_share() -> None:
    found = delay_variation(chain(10), tiny_library(), spreads=(0.0, 0.1, 0.5))
    nothing, little, much = found
    assert all(clock.clock_ms == pytest.approx(nothing.nominal_ms) for clock in nothing.clocks)
    for variation in (little, much):
        clocks = [clock.clock_ms for clock in variation.clocks]
        assert clocks == sorted(clocks)
        for clock in variation.clocks:
            assert clock.clock_high_ms is not None
            assert clock.clock_high_ms >= clock.clock_ms
    assert much.clocks[-1].clock_ms > little.clocks[-1].clock_ms > little.nominal_ms
    # Ten cells in a row: the spread of the sum is near sqrt(10) / 10 of one cell's.
    assert little.clocks[0].clock_ms == pytest.approx(little.nominal_ms, rel=0.02)
    assert little.clocks[2].clock_ms < little.nominal_ms * np.exp(0.1 * 2.33)
    with pytest.raises(InputError, match="out of range"):
        delay_variation(chain(1), tiny_library(), spreads=(3.0,))
    again = delay_variation(chain(10), tiny_library(), spreads=(0.1,))
    assert again[0] == little
