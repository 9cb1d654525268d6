"""Area of a hardwired multiplier x * w for every coefficient w, from our own synthesis.

The table depends on the cell library and the input's width only, so it is kept in the user's
cache folder, keyed by what it was made of.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from printml import __version__
from printml.arrays import FloatArray, frozen
from printml.circuit.build import CircuitBuilder
from printml.circuit.logic import Logic
from printml.circuit.lower import lower
from printml.errors import InputError
from printml.files import cache_folder, write_json_atomic
from printml.liberty.library import CellLibrary
from printml.synth.abc import KEEP
from printml.synth.direct import map_logics


def multiplier_areas_mm2(
    input_bits: int, largest: int, library: CellLibrary, *, cache: Path | None = None
) -> FloatArray:
    """Area in mm2 of x * w, float64, shape (2 * largest + 1,): w = -largest .. largest.

    Parameters
    ----------
    input_bits
        Width of the unsigned x.
    largest
        Largest |w|.
    cache
        Folder of kept tables; left out, that of the user. A table that cannot be read is made
        again, one that cannot be written is not kept.

    Raises
    ------
    ToolError
        If ABC fails.
    """
    key = hashlib.sha256(
        json.dumps([library.sha256, input_bits, largest, KEEP.script, __version__]).encode()
    ).hexdigest()[:32]
    path = (cache or cache_folder()) / f"multipliers-{key}.json"
    kept = _read(path, 2 * largest + 1)
    if kept is not None:
        return kept
    values = [w for w in range(-largest, largest + 1) if w != 0]
    netlists = map_logics([_multiplier(w, input_bits) for w in values], library)
    areas = np.zeros(2 * largest + 1)
    for w, netlist in zip(values, netlists, strict=True):
        areas[w + largest] = 100 * netlist.area_cm2(library)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json_atomic(path, areas.tolist())
    except (OSError, InputError):
        # A read-only home costs time, not results.
        pass
    return frozen(areas, np.float64)


def _multiplier(w: int, input_bits: int) -> Logic:
    builder = CircuitBuilder("multiplier")
    x = builder.input("x", input_bits)
    builder.output("product", builder.sum([(w, x)], 0))
    return lower(builder.build())


def _read(path: Path, n: int) -> FloatArray | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        areas = np.array(values, np.float64)
    except (OSError, ValueError, TypeError):
        return None
    if areas.shape != (n,) or not (np.isfinite(areas) & (areas >= 0)).all():
        return None
    return frozen(areas, np.float64)
