"""Printed power sources that printed circuits are judged by.

Figures as used in Henkel et al., ICCAD 2022, and the papers it surveys.
"""

from __future__ import annotations

from dataclasses import dataclass

from printml.errors import InputError


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


def power_limit_mw(text: str) -> float:
    """mW of a power source by name ("blue-spark", "Molex"), or a number of mW.

    Raises
    ------
    InputError
        If it is neither.
    """
    wanted = text.lower().replace("-", " ").replace("_", " ").strip()
    for source in SOURCES:
        if source.name.lower() == wanted:
            return source.power_mw
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        names = ", ".join(source.name.lower().replace(" ", "-") for source in SOURCES)
        raise InputError(
            f"{text!r} is no power source", hint=f"Choose one of {names}, or a number of mW"
        )
    return limit
