"""The units a Liberty file declares, as factors to printml's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from printml.errors import LibertyError
from printml.liberty.tree import Group, clip, parse_number

UM2_PER_MM2 = 1e6
"""Liberty gives area no unit; printml takes it as um2, like most open libraries."""

_QUANTITY = re.compile(r"([0-9.eE+-]+)\s*([a-zA-Z]+)\Z")
_TIME_NS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0, "ps": 1e-3}
_CAPACITANCE_PF = {"uf": 1e6, "nf": 1e3, "pf": 1.0, "ff": 1e-3}
_POWER_NW = {"w": 1e9, "mw": 1e6, "uw": 1e3, "nw": 1.0, "pw": 1e-3}
_VOLTAGE_V = {"v": 1.0, "mv": 1e-3}


@dataclass(frozen=True)
class Units:
    """Factors between a number of the file and ms, pF, nW, V or pJ."""

    # A divisor, as 1e6 (for a file in ns) is an exact double and 1e-6 is not.
    time_per_ms: float
    pf_per_load: float
    nw_per_leakage: float
    v_per_voltage: float

    @property
    def pj_per_energy(self) -> float:
        """Liberty's internal-power tables are in load unit times voltage unit squared."""
        return self.pf_per_load * self.v_per_voltage**2


def read_units(library: Group) -> Units:
    """Units of a `library` group.

    Raises
    ------
    LibertyError
        If one is missing (none is guessed) or cannot be understood.
    """
    return Units(
        time_per_ms=1e6 / _factor(library, "time_unit", _TIME_NS),
        pf_per_load=_load_factor(library),
        nw_per_leakage=_factor(library, "leakage_power_unit", _POWER_NW),
        v_per_voltage=_factor(library, "voltage_unit", _VOLTAGE_V),
    )


def _factor(library: Group, name: str, factors: dict[str, float]) -> float:
    text = library.text(name)
    if text is None:
        raise library.error(f"{name} is missing", hint="Declare the unit in the library group")
    match = _QUANTITY.match(text.strip())
    if match is None or match.group(2).lower() not in factors:
        raise library.error(f"{name} {clip(text)} is not a known unit", hint=_examples(factors))
    count = parse_number(match.group(1), what=name, where=library.where)
    return _positive(count, name, library.where) * factors[match.group(2).lower()]


def _load_factor(library: Group) -> float:
    name = "capacitive_load_unit"
    attribute = library.attribute(name)
    if attribute is None:
        raise library.error(f"{name} is missing", hint=f"Add {name} (1, pf);")
    if len(attribute.values) != 2 or attribute.values[1].strip().lower() not in _CAPACITANCE_PF:
        raise library.error(
            f"{name} ({', '.join(attribute.values)}) is not a known unit",
            attribute.line,
            hint=f"Write it as {name} (1, pf);",
        )
    where = f"{library.source}:{attribute.line}"
    count = parse_number(attribute.values[0].strip(), what=name, where=where)
    return _positive(count, name, where) * _CAPACITANCE_PF[attribute.values[1].strip().lower()]


def _positive(count: float, name: str, where: str) -> float:
    if count <= 0:
        raise LibertyError(f"{name} must be above 0, not {count:g}", where=where)
    return count


def _examples(factors: dict[str, float]) -> str:
    return "Known units: " + ", ".join(f"1{unit}" for unit in factors)
