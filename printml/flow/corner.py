"""Power and timing of a netlist at one supply, as they stand in `metrics.json`."""

from __future__ import annotations

from typing import Any

from printml.liberty.library import CellLibrary
from printml.liberty.reader import has_timing
from printml.netlist.netlist import Netlist
from printml.simulate.activity import Activity
from printml.simulate.power import power
from printml.simulate.timing import critical_path, max_rate_hz


def corner_figures(
    netlist: Netlist, library: CellLibrary, activity: Activity, *, clock_ms: float
) -> dict[str, Any]:
    """Figures at the supply of `library`.

    A library without delays (its notes say so) leaves the timing fields out, not 0; a circuit of
    wires alone has no highest rate.
    """
    watts = power(netlist, library, activity, clock_ms=clock_ms)
    figures: dict[str, Any] = {
        "vdd": library.vdd,
        "power_mw": watts.power_mw,
        "static_power_mw": watts.static_power_mw,
        "active_power_mw": watts.active_power_mw,
    }
    if has_timing(library):
        delay_ms = critical_path(netlist, library).delay_ms
        figures |= {"delay_ms": delay_ms, "meets_clock": delay_ms <= clock_ms}
        if delay_ms > 0:
            figures["max_rate_hz"] = max_rate_hz(delay_ms)
    return figures
