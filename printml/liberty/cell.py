"""One `cell` group to a `Cell`, or to the reason why it is of no use in combinational logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.liberty.function import depends_on, is_monotone, truth_table
from printml.liberty.library import Cell, Sense
from printml.liberty.tables import load_table
from printml.liberty.tree import Group
from printml.liberty.units import UM2_PER_MM2, Units
from printml.verilog_names import is_simple

MAX_INPUTS = 4
PSEUDO_CELLS = ("_const0_", "_const1_", "_buf_")
"""Names the synthesis view adds, which a library must not use."""

_STATEFUL = ("ff", "ff_bank", "latch", "latch_bank", "statetable", "test_cell", "bus", "bundle")
_COMBINATIONAL = (None, "combinational", "combinational_rise", "combinational_fall")
_GROUND = ("VSS", "GND", "VGND", "VEE")


@dataclass(frozen=True)
class Context:
    """What cells need from the library around them."""

    units: Units
    templates: Mapping[str, Group]


@dataclass(frozen=True)
class _Shape:
    """The logic of a cell: input pin groups in file order, output pin group, truth table."""

    inputs: tuple[Group, ...]
    output: Group
    table: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(pin.label for pin in self.inputs)

    @property
    def n_states(self) -> int:
        return 1 << len(self.inputs)

    def holds(self, condition: str, where: str) -> list[bool]:
        """Whether a `when` condition, which may name the output too, is met in each input state."""
        pins = (*self.names, self.output.label)
        met = truth_table(condition, pins, where=where)
        outputs = (self.table >> state & 1 for state in range(self.n_states))
        return [
            bool(met >> (state | output << len(self.inputs)) & 1)
            for state, output in enumerate(outputs)
        ]


def read_cell(group: Group, context: Context) -> Cell | None:
    """Read a `cell` group.

    Returns
    -------
    Cell or None
        None if the cell keeps state, has not exactly one output, has no or more than four
        inputs, is three-state or marked `dont_use`, or has a function that ignores an input.

    Raises
    ------
    LibertyError
        If the cell is usable but its area, input capacitance or static power is missing or
        wrong, an expression or table is malformed, or a name is not a plain Verilog identifier.
    """
    shape = _shape(group)
    if shape is None:
        return None
    units, n = context.units, len(shape.inputs)
    for name in (group.label, *shape.names, shape.output.label):
        if not is_simple(name) or name in PSEUDO_CELLS:
            raise group.error(
                f"cell or pin name {name!r} cannot be used in Verilog",
                hint="Use letters, digits and underscores, and no reserved word",
            )
    area = group.number("area")
    if area is None or area <= 0:
        raise group.error(
            f"cell {group.label} has no area above 0", hint="Give the area of each cell in um2"
        )
    rise_t0, rise_k = _delays(shape, context, "cell_rise")
    fall_t0, fall_k = _delays(shape, context, "cell_fall")
    per_ms_pf = units.time_per_ms * units.pf_per_load
    return Cell(
        name=group.label,
        area_mm2=area / UM2_PER_MM2,
        inputs=shape.names,
        output=shape.output.label,
        truth_table=shape.table,
        leakage_nw=frozen(_leakage(group, shape) * units.nw_per_leakage, np.float64),
        input_cap_pf=frozen([_load(pin) * units.pf_per_load for pin in shape.inputs], np.float64),
        rise_t0_ms=frozen(rise_t0 / units.time_per_ms, np.float64),
        rise_k_ms_per_pf=frozen(rise_k / per_ms_pf, np.float64),
        fall_t0_ms=frozen(fall_t0 / units.time_per_ms, np.float64),
        fall_k_ms_per_pf=frozen(fall_k / per_ms_pf, np.float64),
        sense=tuple(_sense(shape.table, pin, n) for pin in range(n)),
        rise_energy_pj=frozen(_energies(shape, context, "rise_power"), np.float64),
        fall_energy_pj=frozen(_energies(shape, context, "fall_power"), np.float64),
    )


def _shape(group: Group) -> _Shape | None:
    if (group.text("dont_use") or "").lower() == "true" or group.subgroups(*_STATEFUL):
        return None
    # `pin (A, B) { ... }` describes several pins at once.
    pins = [replace(pin, args=(name,)) for pin in group.subgroups("pin") for name in pin.args]
    inputs = tuple(pin for pin in pins if pin.text("direction") == "input")
    outputs = [pin for pin in pins if pin.text("direction") == "output"]
    if len(inputs) + len(outputs) < len(pins) or len(outputs) != 1:
        return None
    output = outputs[0]
    function = output.text("function")
    if not 1 <= len(inputs) <= MAX_INPUTS or function is None or output.text("three_state"):
        return None
    names = [pin.label for pin in inputs]
    if len({*names, output.label}) != len(names) + 1:
        raise group.error(f"cell {group.label} has two pins of one name")
    table = truth_table(function, names, where=output.where)
    if not all(depends_on(table, pin, len(names)) for pin in range(len(names))):
        return None
    return _Shape(inputs, output, table)


def _sense(table: int, pin: int, n_pins: int) -> Sense:
    """From the function rather than the file's word for it, which tools do not agree on."""
    if is_monotone(table, pin, n_pins, rising=True):
        return "positive_unate"
    if is_monotone(table, pin, n_pins, rising=False):
        return "negative_unate"
    return "non_unate"


def _load(pin: Group) -> float:
    """Upper end of the pin's capacitance, which is what published tools load a net with."""
    ranges = [pin.attribute(f"{edge}_capacitance_range") for edge in ("rise", "fall")]
    ends = [max(pin.numbers(found), default=0.0) for found in ranges if found is not None]
    if not ends:
        single = [pin.number("rise_capacitance"), pin.number("fall_capacitance")]
        ends = [value for value in single if value is not None]
    if not ends:
        ends = [value for value in [pin.number("capacitance")] if value is not None]
    if not ends or min(ends) < 0:
        raise pin.error(
            f"input pin {pin.label} has no capacitance, or one below 0",
            hint="Give capacitance, or rise_capacitance_range and fall_capacitance_range",
        )
    return max(ends)


def _leakage(cell: Group, shape: _Shape) -> FloatArray:
    """Static power per state: the first `when` that is met, else one without, else the cell's."""
    default = cell.number("cell_leakage_power")
    leakage = np.full(shape.n_states, np.nan)
    for group in cell.subgroups("leakage_power"):
        if _is_ground(group):
            continue
        value, when = group.number("value"), group.text("when")
        if value is None:
            raise group.error("leakage_power has no value")
        if when is None:
            default = value
            continue
        met = np.array(shape.holds(when, group.where))
        leakage[met & np.isnan(leakage)] = value
    missing = np.isnan(leakage)
    if missing.any() and default is None:
        state = int(np.flatnonzero(missing)[0])
        names = [name if state >> k & 1 else f"!{name}" for k, name in enumerate(shape.names)]
        raise cell.error(
            f"cell {cell.label} has no static power for the state {' '.join(names)}",
            hint="Add a leakage_power group for it, or cell_leakage_power",
        )
    leakage[missing] = default
    if (leakage < 0).any():
        raise cell.error(f"cell {cell.label} has a static power below 0")
    return leakage


def _related(shape: _Shape, kind: str) -> list[tuple[int, Group]]:
    """`(input index, group)` of the output pin's groups of one kind, in file order."""
    found = []
    for group in shape.output.subgroups(kind):
        for name in (group.text("related_pin") or "").split():
            if name not in shape.names:
                raise group.error(
                    f"related_pin {name!r} is not an input",
                    hint=f"The inputs are {', '.join(shape.names)}",
                )
            found.append((shape.names.index(name), group))
    return found


def _delays(shape: _Shape, context: Context, edge: str) -> tuple[FloatArray, FloatArray]:
    """`t0` and `k` per input in the file's units: the slowest arc when driving such an input."""
    lines: list[list[tuple[float, float]]] = [[] for _ in shape.inputs]
    for pin, group in _related(shape, "timing"):
        if group.text("timing_type") not in _COMBINATIONAL:
            continue
        for table in group.subgroups(edge):
            line = load_table(table, context.templates).line()
            if not np.isfinite(line).all():
                raise table.error(f"no line can be put through {edge}: loads too close together")
            lines[pin].append(line)
    load = max(_load(pin) for pin in shape.inputs)
    t0, k = np.full(len(lines), np.nan), np.full(len(lines), np.nan)
    for pin, arcs in enumerate(lines):
        if arcs:
            t0[pin], k[pin] = max(arcs, key=lambda arc: arc[0] + arc[1] * load)
    return t0, k


def _energies(shape: _Shape, context: Context, edge: str) -> FloatArray:
    """pJ per input: the mean over the states of the other inputs that the file lists.

    Only states in which the input decides the output count, and tables with a load or slew
    axis are read at their smallest load and slew.
    """
    n = len(shape.inputs)
    listed = np.full((n, shape.n_states), np.nan)
    default = np.full(n, np.nan)
    for pin, group in _related(shape, "internal_power"):
        tables = group.subgroups(edge) or group.subgroups("power")
        if _is_ground(group) or not tables:
            continue
        energy = load_table(tables[0], context.templates).at_least_load()
        when = group.text("when")
        if when is None:
            default[pin] = energy
            continue
        met = np.array(shape.holds(when, group.where))
        listed[pin, met & np.isnan(listed[pin])] = energy
    result = np.full(n, np.nan)
    for pin in range(n):
        energies = []
        for state in range(shape.n_states):
            other = state | 1 << pin
            if other == state or not (shape.table >> state ^ shape.table >> other) & 1:
                continue
            both = listed[pin, [state, other]]
            found = both[~np.isnan(both)]
            energies.append(float(found[0]) if found.size else float(default[pin]))
        known = [energy for energy in energies if not np.isnan(energy)]
        if known:
            result[pin] = np.mean(known)
    return result * context.units.pj_per_energy


def _is_ground(group: Group) -> bool:
    """Whether the group is about a ground pin: printml counts what the supply delivers."""
    pin = group.text("related_pg_pin")
    return pin is not None and pin.upper() in _GROUND
