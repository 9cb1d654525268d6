"""Build a netlist gate by gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from printml.arrays import frozen
from printml.errors import NetlistError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist, Port

ZERO = 0
"""Net of constant 0."""
ONE = 1
"""Net of constant 1."""


class NetlistBuilder:
    """Collects ports and gates; `build` freezes them.

    Inputs come first, since their nets do. A gate may only read nets that exist already, so the
    order of the calls is a topological order.
    """

    def __init__(self, name: str, *, library: CellLibrary) -> None:
        self.name = name
        self.library = library
        self._inputs: list[Port] = []
        self._outputs: list[Port] = []
        self._next_net = 2
        self._kinds: dict[str, int] = {}
        self._gates: list[tuple[int, tuple[int, ...]]] = []

    def add_input(self, name: str, width: int, *, signed: bool = False) -> tuple[int, ...]:
        """Add an input bus; returns its nets, least significant bit first."""
        self._check_new_port(name)
        if self._gates:
            raise NetlistError(f"input {name!r} comes after a gate", where=f"netlist {self.name}")
        if width < 1:
            raise NetlistError(f"input {name!r} has width {width}", where=f"netlist {self.name}")
        port = Port(name, tuple(range(self._next_net, self._next_net + width)), signed)
        self._next_net += width
        self._inputs.append(port)
        return port.nets

    def add_gate(self, cell_name: str, fanins: Sequence[int]) -> int:
        """Add a gate with one fan-in net per pin, in the cell's pin order; returns its net."""
        cell = self.library.cells.get(cell_name)
        if cell is None:
            raise NetlistError(
                f"library {self.library.name} has no cell {cell_name!r}",
                where=f"netlist {self.name}",
                hint=f"It has {', '.join(self.library.cells)}",
            )
        if len(fanins) != cell.n_inputs:
            raise NetlistError(
                f"cell {cell_name} has {cell.n_inputs} input pins and got {len(fanins)} nets",
                where=f"netlist {self.name}, gate of net {self._next_net}",
            )
        self._check_nets(fanins, f"gate of net {self._next_net}")
        kind = self._kinds.setdefault(cell_name, len(self._kinds))
        self._gates.append((kind, tuple(fanins)))
        self._next_net += 1
        return self._next_net - 1

    def add_output(self, name: str, nets: Sequence[int], *, signed: bool = False) -> None:
        """Add an output bus that reads existing nets, least significant bit first."""
        self._check_new_port(name)
        if not nets:
            raise NetlistError(f"output {name!r} has width 0", where=f"netlist {self.name}")
        self._check_nets(nets, f"output {name}")
        self._outputs.append(Port(name, tuple(int(net) for net in nets), signed))

    def build(self) -> Netlist:
        """The netlist so far. Gates that reach no output stay in; see `sweep`."""
        n_columns = max((len(fanins) for _, fanins in self._gates), default=0)
        fanin = np.zeros((len(self._gates), n_columns), dtype=np.int32)
        for gate, (_, fanins) in enumerate(self._gates):
            fanin[gate, : len(fanins)] = fanins
        return Netlist(
            name=self.name,
            inputs=tuple(self._inputs),
            outputs=tuple(self._outputs),
            cell_names=tuple(self._kinds),
            kind=frozen([kind for kind, _ in self._gates], np.int32),
            fanin=frozen(fanin, np.int32),
        )

    def _check_new_port(self, name: str) -> None:
        if any(name == port.name for port in self._inputs + self._outputs):
            raise NetlistError(f"two ports are named {name!r}", where=f"netlist {self.name}")

    def _check_nets(self, nets: Sequence[int], user: str) -> None:
        for net in nets:
            if not 0 <= net < self._next_net:
                raise NetlistError(f"net {net} does not exist", where=f"{self.name}, {user}")
