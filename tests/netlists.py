"""Small netlists, random netlists, and a plain evaluation that shares nothing with the kernel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from printml.liberty.library import CellLibrary
from printml.netlist.build import NetlistBuilder
from printml.netlist.netlist import Netlist
from tests.tiny_library import tiny_library, wide_library


def full_adder() -> Netlist:
    """Nine NAND2: `total` is a + b + c."""
    builder = NetlistBuilder("full_adder", library=tiny_library())
    (a,), (b,), (c,) = (builder.add_input(name, 1) for name in "abc")

    def nand(x: int, y: int) -> int:
        return builder.add_gate("NAND2X1", [x, y])

    ab = nand(a, b)
    half = nand(nand(a, ab), nand(b, ab))
    hc = nand(half, c)
    total = nand(nand(half, hc), nand(c, hc))
    builder.add_output("class", [total, nand(ab, hc)])
    return builder.build()


@st.composite
def netlists(draw: st.DrawFn, *, wide: bool = True, max_gates: int = 25) -> Netlist:
    """Random netlists of `wide_library` (or `tiny_library`).

    They have constants as fan-ins, dead gates, and gates that read a net twice.
    """
    library = wide_library() if wide else tiny_library()
    builder = NetlistBuilder("random", library=library)
    n_nets = 2
    for index in range(draw(st.integers(1, 3))):
        n_nets += len(builder.add_input(f"x{index}", draw(st.integers(1, 3))))
    for _ in range(draw(st.integers(0, max_gates))):
        cell = draw(st.sampled_from(sorted(library.cells)))
        # Mostly recent nets, so that the circuits become deep.
        nets = st.one_of(st.integers(0, n_nets - 1), st.integers(max(0, n_nets - 5), n_nets - 1))
        builder.add_gate(cell, [draw(nets) for _ in library.cells[cell].inputs])
        n_nets += 1
    for index in range(draw(st.integers(1, 2))):
        width = draw(st.integers(1, 4))
        nets_read = [draw(st.integers(0, n_nets - 1)) for _ in range(width)]
        name = "class" if index == 0 else "score"
        builder.add_output(name, nets_read, signed=draw(st.booleans()))
    return builder.build()


def all_vectors(netlist: Netlist) -> np.ndarray:
    """Every input vector, int64, shape (2**n_input_bits, n_ports)."""
    number = np.arange(1 << netlist.n_input_bits)
    columns = []
    for port in netlist.inputs:
        columns.append(number & ((1 << port.width) - 1))
        number = number >> port.width
    return np.stack(columns, axis=1)


def naive_values(
    netlist: Netlist,
    library: CellLibrary,
    row: list[int],
    forced: Mapping[int, bool] | None = None,
) -> list[int]:
    """Value of every net on one vector, gate by gate in plain Python."""
    forced = forced or {}
    values = [0, 1]
    for value, port in zip(row, netlist.inputs, strict=True):
        values += [value >> bit & 1 for bit in range(port.width)]
    for gate in range(netlist.n_gates):
        cell = library.cells[netlist.cell_names[netlist.kind[gate]]]
        pins = [values[netlist.fanin[gate, pin]] for pin in range(cell.n_inputs)]
        state = sum(value << pin for pin, value in enumerate(pins))
        value = cell.truth_table >> state & 1
        values.append(int(forced.get(netlist.first_gate_net + gate, value)))
    return values


def naive_outputs(
    netlist: Netlist,
    library: CellLibrary,
    rows: np.ndarray,
    forced: Mapping[int, bool] | None = None,
) -> dict[str, list[int]]:
    """Integer on every output port for every row."""
    result: dict[str, list[int]] = {port.name: [] for port in netlist.outputs}
    for row in rows.tolist():
        values = naive_values(netlist, library, row, forced)
        for port in netlist.outputs:
            number = sum(values[net] << bit for bit, net in enumerate(port.nets))
            if port.signed and values[port.nets[-1]]:
                number -= 1 << port.width
            result[port.name].append(number)
    return result


def same_netlist(left: Netlist, right: Netlist) -> bool:
    """Equal in every field."""
    return (
        (left.name, left.inputs, left.outputs, left.cell_names)
        == (right.name, right.inputs, right.outputs, right.cell_names)
        and left.fanin.shape == right.fanin.shape
        and np.array_equal(left.kind, right.kind)
        and np.array_equal(left.fanin, right.fanin)
    )
