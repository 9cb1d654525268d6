"""Printed power sources that printed circuits are judged by.

Figures as used in Henkel et al., ICCAD 2022, and the papers it surveys.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PowerSource:
    """A printed battery or harvester and the power it can give."""

    name: str
    power_mw: float


SOURCES = (
    PowerSource("harvester", 0.1),
    PowerSource("Blue Spark", 3.0),
    PowerSource("Zinergy", 15.0),
    PowerSource("Molex", 30.0),
)
"""Weakest first."""


def weakest_source(power_mw: float) -> PowerSource | None:
    """The weakest source that still gives `power_mw`; None if no single one does."""
    return next((source for source in SOURCES if source.power_mw >= power_mw), None)
