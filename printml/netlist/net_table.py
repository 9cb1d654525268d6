"""Net bits of a file while it is flattened: names, drivers, and where they were driven.

Each bit has a number and at most one driver: another bit (an assign or a port), a gate, or nothing
yet. Bits 0 and 1 are the constants.
"""

from __future__ import annotations

from bisect import bisect_right

from printml.netlist.verilog_syntax import Bus
from printml.netlist.verilog_tokens import TokenText

MAX_NETS = 1 << 22
"""A limit against files whose hierarchy multiplies without end."""
NOTHING = -1
FIRST_GATE = -2
"""Driver of a bit: another bit (itself if it is an input), `NOTHING`, or `FIRST_GATE - g`."""


class NetTable:
    """Methods raise a `NetlistError` that names the line of token `place`."""

    def __init__(self, source: TokenText) -> None:
        self.source = source
        self.driver = [0, 1]
        self.place = [0, 0]
        self.declared: list[tuple[int, str, Bus]] = []

    def add(self, path: str, bus: Bus) -> int:
        """Number the bits of a net from the least significant; returns the first number."""
        first = len(self.driver)
        if first + bus.width > MAX_NETS:
            raise self.source.error(f"the design has more than {MAX_NETS} nets", bus.place)
        self.driver += [int(bus.constant) if bus.constant else NOTHING] * bus.width
        self.place += [bus.place] * bus.width
        self.declared.append((first, path, bus))
        return first

    def make_roots(self, bits: list[int]) -> None:
        """Mark the bits of an input port of the top: they drive themselves."""
        for bit in bits:
            self.driver[bit] = bit

    def drive(self, bit: int, source: int, place: int) -> None:
        """Give a bit its driver."""
        if bit < 2:
            raise self.source.error("a constant cannot be driven", place)
        if bit == source:
            raise self.source.error(f"net {self.name(bit)} is assigned from itself", place)
        if self.driver[bit] != NOTHING:
            line = self.source.line(self.place[bit])
            raise self.source.error(
                f"net {self.name(bit)} has two drivers, the first on line {line}", place
            )
        self.driver[bit] = source
        self.place[bit] = place

    def follow(self, bit: int, place: int) -> int:
        """The constant, input bit or gate behind a bit; shortens the way for the next one."""
        driver, walked = self.driver, []
        while (source := driver[bit]) >= 0 and source != bit:
            walked.append(bit)
            bit = source
            if len(walked) > len(driver):
                raise self.source.error(f"net {self.name(bit)} is assigned from itself", place)
        end = bit if source == bit else source
        for passed in walked:
            driver[passed] = end
        return end

    def name(self, bit: int) -> str:
        """What the file calls a bit."""
        index = bisect_right(self.declared, bit, key=lambda entry: entry[0]) - 1
        if index < 0:
            return f"1'b{bit}"
        first, path, bus = self.declared[index]
        if bus.left is None or bus.right is None:
            return path + bus.name
        step = bit - first
        place = bus.right + step if bus.left >= bus.right else bus.right - step
        return f"{path}{bus.name}[{place}]"
