"""The bit-parallel kernel against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printml.errors import DataError, NetlistError
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Port
from printml.simulate import kernel
from printml.simulate.kernel import outputs, pack_inputs, predict, read_bus, simulate
from tests.netlists import all_vectors, full_adder, naive_outputs, naive_values, netlists
from tests.tiny_library import INV, make_cell, make_library, tiny_library, wide_library


def test_full_adder_adds():
    rows = all_vectors(full_adder())
    assert rows.shape == (8, 3)
    np.testing.assert_array_equal(predict(full_adder(), tiny_library(), rows), rows.sum(axis=1))


@settings(deadline=None)  # the first call compiles
@given(netlists(), st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_kernel_is_plain_evaluation(netlist, seed, n_vectors):
    library = wide_library()
    rng = np.random.default_rng(seed)
    highs = [1 << port.width for port in netlist.inputs]
    rows = rng.integers(0, highs, size=(n_vectors, len(highs)))
    values = simulate(netlist, library, pack_inputs(netlist, rows))
    assert values.shape == (netlist.n_nets, -(-n_vectors // 64))
    bits = values[:, np.arange(n_vectors) // 64] >> (np.arange(n_vectors) % 64).astype(np.uint64)
    expected = np.array([naive_values(netlist, library, row) for row in rows.tolist()])
    np.testing.assert_array_equal(bits & np.uint64(1), expected.T)
    found = {name: bus.tolist() for name, bus in outputs(netlist, library, rows).items()}
    assert found == naive_outputs(netlist, library, rows)


@pytest.mark.parametrize("truth_table", range(16))
def test_every_function_of_two_inputs(truth_table):
    cell = make_cell(
        "F", area_mm2=1.0, truth_table=truth_table, leakage_nw=[1.0] * 4, sense="non_unate"
    )
    library = make_library(INV, cell)
    builder = NetlistBuilder("top", library=library)
    builder.add_input("x", 2)
    builder.add_output("class", [builder.add_gate("F", [2, 3])])
    rows = np.arange(4)[:, None]
    expected = [truth_table >> state & 1 for state in range(4)]
    assert predict(builder.build(), library, rows).tolist() == expected


def test_blocks_give_what_one_piece_gives(monkeypatch):
    netlist, library = full_adder(), tiny_library()
    rows = np.random.default_rng(5).integers(0, 2, size=(1500, 3))
    monkeypatch.setattr(kernel, "BLOCK_BYTES", 1)
    sizes = [(start, n) for start, n, _ in kernel.blocks(netlist, library, rows)]
    assert sizes == [(0, 512), (512, 512), (1024, 476)]
    np.testing.assert_array_equal(predict(netlist, library, rows), rows.sum(axis=1))


def test_pack_puts_vector_v_in_bit_v():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_input("a", 2)
    builder.add_input("b", 1)
    rows = np.zeros((66, 2), dtype=np.int8)
    rows[1] = [2, 1]
    rows[65] = [1, 0]
    packed = pack_inputs(builder.build(), rows)
    assert packed.tolist() == [[0, 2], [2, 0], [2, 0]]


def test_signed_busses():
    library = tiny_library()
    builder = NetlistBuilder("top", library=library)
    nets = builder.add_input("x", 3, signed=True)
    builder.add_output("same", nets, signed=True)
    builder.add_output("raw", nets)
    rows = np.arange(-4, 4)[:, None]
    found = outputs(builder.build(), library, rows)
    assert found["same"].tolist() == [-4, -3, -2, -1, 0, 1, 2, 3]
    assert found["raw"].tolist() == [4, 5, 6, 7, 0, 1, 2, 3]


def test_constant_outputs_and_no_vectors():
    library = tiny_library()
    builder = NetlistBuilder("top", library=library)
    builder.add_input("x", 1)
    builder.add_output("class", [1, 0, 1])
    netlist = builder.build()
    assert predict(netlist, library, np.zeros((70, 1), dtype=int)).tolist() == [5] * 70
    assert predict(netlist, library, np.zeros((0, 1), dtype=int)).tolist() == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((4, 2), dtype=int), r"shape \(4, 2\); expected \(n_vectors, 3\)"),
        (np.zeros(3, dtype=int), r"shape \(3,\)"),
        (np.zeros((4, 3)), "type float64; expected integers"),
        (np.array([[0, 1, 0], [0, 2, 0]]), r"row 1 has 2 for port b; it takes 0 \.\. 1"),
        (np.array([[0, 0, -1]]), "row 0 has -1 for port c"),
    ],
)
def test_vectors_that_do_not_fit(rows, message):
    with pytest.raises(DataError, match=message):
        predict(full_adder(), tiny_library(), rows)
    with pytest.raises(DataError, match=message):
        pack_inputs(full_adder(), rows)


def test_packed_words_of_another_netlist():
    with pytest.raises(NetlistError, match=r"expected \(3, n_words\) and uint64"):
        simulate(full_adder(), tiny_library(), np.zeros((2, 1), dtype=np.uint64))
    with pytest.raises(NetlistError, match="type int64"):
        simulate(full_adder(), tiny_library(), np.zeros((3, 1), dtype=np.int64))


def test_netlist_without_class():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_output("score", builder.add_input("x", 1))
    with pytest.raises(NetlistError, match=r"no output port class .* score"):
        predict(builder.build(), tiny_library(), np.zeros((1, 1), dtype=int))


def test_busses_beyond_int64():
    builder = NetlistBuilder("top", library=tiny_library())
    builder.add_output("class", builder.add_input("x", 64))
    with pytest.raises(DataError, match="port x has 64 bits"):
        predict(builder.build(), tiny_library(), np.zeros((1, 1), dtype=int))
    with pytest.raises(NetlistError, match="port p has 64 bits"):
        read_bus(np.zeros((70, 1), dtype=np.uint64), Port("p", tuple(range(64))), n_vectors=1)
