"""Judge a mapped netlist of any tool: area, timing, power at several supplies, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from printml.errors import InputError, ToolError
from printml.flow.accuracy import Accuracy, measure_accuracy
from printml.flow.corner import corner_figures
from printml.flow.stimulus import (
    random_vectors,
    read_labels,
    read_stimulus,
    with_feature_ports,
)
from printml.liberty.library import CellLibrary
from printml.liberty.reader import has_timing
from printml.netlist.netlist import Netlist
from printml.netlist.pyverilog_check import MAX_INSTANCES, cross_check
from printml.netlist.read_verilog import VerilogNetlist, read_verilog
from printml.simulate.activity import Activity, measure_activity
from printml.simulate.kernel import outputs
from printml.simulate.timing import critical_path

RANDOM_VECTORS = 4096
RANDOM_SEED = 0


@dataclass(frozen=True)
class Stimulus:
    """What drives the netlist: files as `printml.flow.stimulus` reads them.

    Attributes
    ----------
    vectors
        One vector a line; None for random ones.
    input_bits
        Bits of each feature on a single wide input bus.
    expected
        One label a line, compared with prediction + `class_offset`.
    output
        The port that predicts; None for `class`, or the only one.
    """

    vectors: Path | None = None
    input_bits: int | None = None
    expected: Path | None = None
    class_offset: int = 0
    output: str | None = None


def evaluate(
    path: Path,
    *,
    corners: Sequence[CellLibrary],
    top: str | None = None,
    clock_ms: float,
    stimulus: Stimulus,
    check: bool | None = None,
) -> dict[str, Any]:
    """Figures of a structural Verilog netlist.

    Parameters
    ----------
    corners
        The library at one or more supplies; the last one's critical path is listed.
    clock_ms
        One vector per this many milliseconds.
    check
        Compare with pyverilog's reading; None for files below `MAX_INSTANCES` gates.

    Returns
    -------
    dict
        JSON-ready; names as in `metrics.json`.

    Raises
    ------
    NetlistError, DataError, InputError
        If the netlist, the stimulus or the request cannot be used.
    CheckError
        If pyverilog reads something else than printml.
    """
    if stimulus.expected is not None and stimulus.vectors is None:
        raise InputError(
            "expected labels need the vectors they belong to", hint="Give --stimulus FILE too"
        )
    library = corners[-1]
    read = read_verilog(path, library=library, top=top)
    figures: dict[str, Any] = {
        "netlist": str(path),
        "top": read.netlist.name,
        "library": library.name,
        "library_notes": list(library.notes),
        "area_cm2": read.netlist.area_cm2(library),
        "n_cells": read.netlist.n_gates,
        "cells": read.netlist.cell_counts(),
        "area_of_cells_cm2": {
            cell.name: count * cell.area_mm2 / 100
            for cell, count in zip(
                read.netlist.cells(library), read.netlist.cell_counts().values(), strict=True
            )
        },
        "clock_ms": clock_ms,
    }
    figures |= _checked(path, read, check)
    driven, activity, source, accuracy = _driven(read.netlist, library, stimulus)
    figures["power_rows"] = source
    figures["n_vectors"] = activity.n_vectors
    figures["corners"] = [
        corner_figures(driven, corner, activity, clock_ms=clock_ms) for corner in corners
    ]
    if has_timing(library):
        figures["critical_path"] = _path(read, library)
    if accuracy is not None:
        figures |= {
            "accuracy": accuracy.value,
            "accuracy_low": accuracy.low,
            "accuracy_high": accuracy.high,
            "balanced_accuracy": accuracy.balanced,
            "n_correct": accuracy.n_correct,
            "class_offset": stimulus.class_offset,
        }
    return figures


def prediction_port(netlist: Netlist, name: str | None) -> str:
    """The output port that predicts: `name`, else `class`, else the only one.

    Raises
    ------
    InputError
        If there is no such port; lists those there are.
    """
    names = [port.name for port in netlist.outputs]
    if name is None and "class" not in names and len(names) == 1:
        return names[0]
    wanted = name or "class"
    if wanted not in names:
        raise InputError(
            f"there is no output port {wanted!r}",
            where=f"netlist {netlist.name}",
            hint=f"Choose one with --output: {', '.join(names) or 'there are none'}",
        )
    return wanted


def _checked(path: Path, read: VerilogNetlist, check: bool | None) -> dict[str, Any]:
    n_instances = sum(len(module.instances) for module in read.modules.values())
    if check is None and n_instances >= MAX_INSTANCES:
        return {"cross_check": f"not done: {n_instances} instances; ask with --cross-check"}
    if check is False:
        return {"cross_check": "not done: --no-cross-check"}
    try:
        result = cross_check(path, read.modules)
    except ToolError as error:
        if check:
            raise
        return {"cross_check": f"not done: {error.what}"}
    if result.same:
        return {"cross_check": f"pyverilog reads the same {result.n_instances} instances"}
    return {"cross_check": f"not done: {result.note}"}


def _driven(
    netlist: Netlist, library: CellLibrary, stimulus: Stimulus
) -> tuple[Netlist, Activity, str, Accuracy | None]:
    """The netlist as driven, its activity, what drove it, and its accuracy if asked for."""
    if stimulus.vectors is None:
        cut, X = random_vectors(netlist, n_vectors=RANDOM_VECTORS, seed=RANDOM_SEED)
        source = f"{RANDOM_VECTORS} uniform random vectors (seed {RANDOM_SEED}), not real readings"
        return cut, measure_activity(cut, library, X), source, None
    X = read_stimulus(stimulus.vectors)
    cut = with_feature_ports(netlist, X, input_bits=stimulus.input_bits, path=stimulus.vectors)
    accuracy = None
    if stimulus.expected is not None:
        name = prediction_port(netlist, stimulus.output)
        labels = read_labels(stimulus.expected, n_vectors=len(X))
        # Only the port that predicts: others, e.g. all scores side by side, may be too wide.
        port = next(port for port in cut.outputs if port.name == name)
        predicted = outputs(replace(cut, outputs=(port,)), library, X)[name]
        accuracy = measure_accuracy(predicted + stimulus.class_offset, labels)
    return cut, measure_activity(cut, library, X), f"{stimulus.vectors}, in file order", accuracy


def _path(read: VerilogNetlist, library: CellLibrary) -> list[dict[str, Any]]:
    """Gates of the critical path from input to output, by their names in the file."""
    return [
        {
            "instance": read.instances[step.gate],
            "cell": step.cell,
            "edge": step.edge,
            "arrival_ms": step.arrival_ms,
        }
        for step in critical_path(read.netlist, library).path
    ]
